/* The memory map: steps from left to right, addresses of the arena from bottom to top, a rectangle a tensor. A title
 * element names each, which browsers show under the pointer; the table below the map says the same for print. */
#include "emit/measure.h"

#include <string.h>

enum { LEFT = 76, TOP = 12, HEIGHT = 340, RIGHT = 14, WIDTH = 1276, NAMED_STEPS = 64, NAME_LENGTH = 20 };

typedef struct {
    const Report *report;
    Buf *out;
    double step_width, total; /* of the drawing without its margins */
    size_t bytes;             /* at the top of the drawing */
} Drawing;

const char *kind_class(Kind k)
{
    switch (k) {
    case KIND_CONV:
    case KIND_DEPTHWISE:
    case KIND_QCONV:
    case KIND_QDEPTHWISE:
    case KIND_QCONV_WIDE:
        return "conv";
    case KIND_GEMM:
    case KIND_MATMUL:
    case KIND_QGEMM:
    case KIND_QGEMM_WIDE:
    case KIND_QMATMUL:
    case KIND_RECURRENT:
    case KIND_TREES:
        return "gemm";
    case KIND_MAXPOOL:
    case KIND_AVGPOOL:
    case KIND_QAVGPOOL:
    case KIND_REDUCE:
    case KIND_SCAN:
        return "pool";
    case KIND_SOFTMAX:
    case KIND_LOGSOFTMAX:
    case KIND_QSOFTMAX:
    case KIND_LAYERNORM:
    case KIND_GROUPNORM:
        return "norm";
    case KIND_COPY:
    case KIND_FILL:
    case KIND_TOPK:
    case KIND_GATHER:
    case KIND_GATHER_ELEMENTS:
    case KIND_GATHER_ROWS:
    case KIND_SCATTER_ELEMENTS:
    case KIND_SCATTER_ROWS:
    case KIND_RESIZE:
        return "move";
    default:
        return "elem";
    }
}

static double x_of(const Drawing *m, double step)
{
    return LEFT + step * m->step_width;
}

static double y_of(const Drawing *m, size_t offset)
{
    return TOP + HEIGHT - (m->bytes ? (double)offset * HEIGHT / (double)m->bytes : 0);
}

/* Lines at round addresses, at most six. */
static void grid(const Drawing *m)
{
    size_t unit = 16;
    while (unit < m->bytes / 5)
        unit *= 2;
    for (size_t at = 0; at <= m->bytes; at += unit) {
        if (m->bytes > at && m->bytes - at < unit / 3 && at)
            break; /* its label would lie on that of the top */
        buf_printf(m->out, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", LEFT, y_of(m, at),
                   LEFT + m->total, y_of(m, at));
        buf_printf(m->out, "<text class=\"ax\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                   y_of(m, at) + 4, with_unit(at));
        if (at == m->bytes)
            return;
    }
    buf_printf(m->out, "<text class=\"ax end\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
               y_of(m, m->bytes) + 4, with_unit(m->bytes));
}

static void peak(const Drawing *m)
{
    const Report *r = m->report;
    if (r->peak < 0)
        return;
    buf_printf(m->out, "<rect class=\"peak\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>",
               x_of(m, r->peak), TOP, m->step_width, HEIGHT);
    html_text(m->out, r->layers[r->peak].step->name);
    buf_printf(m->out, ": the most is in use here, %s bytes</title></rect>\n",
               with_commas((int64_t)r->layers[r->peak].live_bytes));
}

static void mark_peak(const Drawing *m)
{
    if (m->report->peak >= 0)
        buf_printf(m->out, "<rect class=\"mark\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n",
                   x_of(m, m->report->peak), TOP, m->step_width, HEIGHT);
}

static void label(const Drawing *m, const Block *b, double x, double y, double width, double height)
{
    if (width < (b->scratch ? 56 : 44) || height < 12)
        return;
    buf_printf(m->out, "<text class=\"in\" x=\"%.1f\" y=\"%.1f\">", x + 5, y + height / 2 + 4);
    html_short(m->out, b->scratch ? "scratch" : b->name, (size_t)((width - 8) / 6.4));
    buf_puts(m->out, "</text>");
}

static void block(const Drawing *m, const Block *b)
{
    double from = b->first + (b->takes_over ? 0.5 : 0), to = b->last + (b->handed_over ? 0.5 : 1);
    double x = x_of(m, from), width = x_of(m, to) - x, y = y_of(m, b->offset + b->bytes);
    double height = y_of(m, b->offset) - y;
    buf_printf(m->out, "<g class=\"%s\"><title>", b->scratch ? "scratch" : kind_class(b->step->kind));
    html_text(m->out, b->name);
    buf_printf(m->out, ": %s bytes at %s, ", with_commas((int64_t)b->bytes), with_commas((int64_t)b->offset));
    if (b->scratch)
        buf_printf(m->out, "during step %d", b->first + 1);
    else
        buf_printf(m->out, "from step %d to %d; written by ", b->first + 1, b->last + 1);
    if (!b->scratch)
        html_text(m->out, b->step->name);
    buf_printf(m->out, "%s%s</title>", b->takes_over ? ", in place" : "",
               b->handed_over ? "; then overwritten in place" : "");
    buf_printf(m->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x, y, width, height);
    label(m, b, x, y, width, height);
    buf_puts(m->out, "</g>\n");
}

/* Names of the steps below, slanted; numbers where there are too many. */
static void steps(const Drawing *m)
{
    const Report *r = m->report;
    bool names = r->layer_count <= NAMED_STEPS;
    size_t every = names ? 1 : 10;
    for (size_t i = 0; i < r->layer_count; i += every) {
        double x = x_of(m, (double)i + 0.5);
        if (!names) {
            buf_printf(m->out, "<text class=\"ax\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%zu</text>\n", x,
                       TOP + HEIGHT + 16, i + 1);
            continue;
        }
        buf_printf(m->out, "<text class=\"ax\" transform=\"translate(%.1f %d) rotate(-60)\" text-anchor=\"end\">",
                   x + 4, TOP + HEIGHT + 12);
        html_short(m->out, r->layers[i].step->name, NAME_LENGTH);
        buf_puts(m->out, "</text>\n");
    }
}

/* The lower bound, where the arena is larger; and where a memory ends. */
static void limits(const Drawing *m)
{
    const Report *r = m->report;
    const Plan *p = r->emitter->plan;
    if (r->arena_lower_bound < r->arena_bytes && p->memory_count < 2)
        buf_printf(m->out,
                   "<line class=\"bound\" x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"><title>lower bound: %s bytes"
                   "</title></line>\n",
                   LEFT, y_of(m, r->arena_lower_bound), LEFT + m->total, y_of(m, r->arena_lower_bound),
                   with_commas((int64_t)r->arena_lower_bound));
    for (int i = 0; p->memory_count > 1 && i < p->memory_count; i++) {
        double y = y_of(m, p->memories[i].start);
        buf_printf(m->out,
                   "<line class=\"part\" x1=\"%d\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/><text class=\"ax\" x=\"%.1f\" "
                   "y=\"%.1f\" text-anchor=\"end\">",
                   LEFT, y, LEFT + m->total, y, LEFT + m->total - 4, y - 4);
        html_text(m->out, p->memories[i].name);
        buf_puts(m->out, "</text>\n");
    }
}

/* Room for the longest name at 60 degrees. */
static int names_height(const Report *r)
{
    size_t longest = 0;
    for (size_t i = 0; i < r->layer_count; i++)
        if (strlen(r->layers[i].step->name) > longest)
            longest = strlen(r->layers[i].step->name);
    if (longest > NAME_LENGTH)
        longest = NAME_LENGTH + 1;
    return 24 + (int)longest * 11 / 2;
}

void html_map(const Report *r, Buf *out)
{
    Drawing m = {.report = r, .out = out, .bytes = r->arena_bytes};
    m.step_width = r->layer_count ? (double)(WIDTH - LEFT - RIGHT) / (double)r->layer_count : 0;
    m.step_width = m.step_width > 160 ? 160 : m.step_width < 14 ? 14 : m.step_width;
    m.total = m.step_width * (double)r->layer_count;
    int width = (int)m.total + LEFT + RIGHT,
        height = TOP + HEIGHT + (r->layer_count <= NAMED_STEPS ? names_height(r) : 26);
    buf_printf(out, "<svg%s width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"memory map\">\n",
               width <= WIDTH ? " class=\"fits\"" : "", width, height, width, height);
    buf_puts(out, "<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
                  "patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#fff\"/>"
                  "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"#777\" stroke-width=\"3\"/></pattern></defs>\n");
    peak(&m);
    grid(&m);
    for (size_t i = 0; i < r->blocks.count; i++)
        block(&m, &r->blocks.items[i]);
    mark_peak(&m);
    limits(&m);
    steps(&m);
    buf_puts(out, "</svg>\n");
}
