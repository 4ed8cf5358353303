/* adze doctor -o FILE.html: signal-to-noise ratio of each layer, in the network and alone, and what it uses of its
 * range. */
#include "base/io.h"
#include "commands/doctor.h"
#include "emit/measure.h"

#include <math.h>
#include <string.h>

enum { ROW = 22, LEFT = 250, PLOT = 420, GAP = 40, RANGE = 260, TOP = 50, NAME_LENGTH = 36 };

static const char *const style =
    "body{font:14px/1.5 system-ui,sans-serif;margin:2em auto;max-width:1050px;padding:0 1em;color:#1d2733}"
    "svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:#1d2733}.q{fill:#9aa7b4}"
    ".grid{stroke:#e3e8ed}.all{fill:#2b6cb0}.own{fill:#a9c7e8}.box{fill:#eef1f4}.used{fill:#4a9d6e}.out{fill:#c9423a}"
    ".bad{fill:#c9423a;font-weight:600}table{border-collapse:collapse}td,th{padding:2px 14px 2px 0;text-align:left}";

static double clamped(double db)
{
    return fmin(fmax(db, 0), 70);
}

static void plot_axes(Buf *b, int bottom)
{
    for (int db = 0; db <= 70; db += 10) {
        int x = LEFT + db * PLOT / 70;
        buf_printf(b, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", x, x, TOP - 6, bottom);
        buf_printf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x, TOP - 12, db);
    }
    buf_printf(b, "<text x=\"%d\" y=\"14\">signal-to-noise ratio, dB: in the network (dark), alone (light)</text>\n",
               LEFT);
    buf_printf(b, "<text x=\"%d\" y=\"14\">range: used (green), and what lies outside (red)</text>\n",
               LEFT + PLOT + GAP);
}

/* What occurs and the range on one axis, from the lower of the lower ends to the higher of the higher ones. */
static void plot_range(Buf *b, const LayerHealth *l, int y)
{
    double lo = fmin(l->lo, l->low), hi = fmax(l->hi, l->high), unit = RANGE / fmax(hi - lo, 1e-300);
    double low = fmax(l->low, l->lo), high = fmin(l->high, l->hi);
    int x = LEFT + PLOT + GAP;
    buf_printf(b, "<rect class=\"out\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"9\"/>", x + (l->low - lo) * unit,
               y + 3, fmax(l->high - l->low, 0) * unit);
    buf_printf(b, "<rect class=\"box\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"13\"/>", x + (l->lo - lo) * unit,
               y + 1, (l->hi - l->lo) * unit);
    buf_printf(b, "<rect class=\"used\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"9\"/>", x + (low - lo) * unit,
               y + 3, fmax(high - low, 0) * unit);
    if (l->saturated > 0)
        buf_printf(b, "<text class=\"bad\" x=\"%d\" y=\"%d\">%.2g%%</text>", x + RANGE + 6, y + 12, 100 * l->saturated);
}

static void plot_layer(Buf *b, const LayerHealth *l, int y)
{
    double all = decibels(l->signal, l->noise), own = decibels(l->signal, l->own_noise);
    buf_printf(b, "<g><title>");
    html_text(b, l->name);
    buf_printf(b, " (%s): %.1f dB, alone %.1f dB; range %g to %g, occurs %g to %g; worst difference %g", l->op_type,
               all, own, l->lo, l->hi, l->low, l->high, l->worst);
    buf_printf(b, "%s%s</title><text x=\"%d\" y=\"%d\" text-anchor=\"end\"%s>", *l->cause ? "; " : "", l->cause,
               LEFT - 10, y + 12, *l->cause && strcmp(l->cause, "dead channel") != 0 ? " class=\"bad\"" : "");
    html_short(b, l->name, NAME_LENGTH);
    buf_printf(b, "</text><rect class=\"own\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"13\"/>", LEFT, y + 1,
               clamped(own) * PLOT / 70);
    buf_printf(b, "<rect class=\"all\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"7\"/>", LEFT, y + 4,
               clamped(all) * PLOT / 70);
    plot_range(b, l, y);
    buf_printf(b, "</g>\n");
}

static void causes(Buf *b, const Health *h)
{
    buf_printf(
        b, "<table><tr><th>layer</th><th>in the network</th><th>alone</th><th>cause</th><th>what to do</th></tr>\n");
    for (size_t i = 0; i < h->layers.count; i++) {
        const LayerHealth *l = &h->layers.items[i];
        if (!*l->cause)
            continue;
        buf_printf(b, "<tr><td>");
        html_text(b, l->name);
        buf_printf(b, "</td><td>%.1f dB</td><td>%.1f dB</td><td>%s</td><td>", decibels(l->signal, l->noise),
                   decibels(l->signal, l->own_noise), l->cause);
        html_text(b, l->advice);
        buf_printf(b, "</td></tr>\n");
    }
    buf_printf(b, "</table>\n");
}

static void formats(Buf *b, const Command *c)
{
    for (size_t i = 0; i < c->formats.count; i++) {
        buf_printf(b, "%s<b>", i ? "<br>" : "<p>");
        html_text(b, c->formats.items[i].nodes[0]);
        buf_printf(b, "</b>: %s\n", c->formats.items[i].reason);
    }
}

bool doctor_html(Command *c, const Health *h, const char *path)
{
    Buf b = {0};
    int bottom = TOP + (int)h->layers.count * ROW;
    buf_printf(&b, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>adze doctor: ");
    html_text(&b, c->options.arguments.items[0]);
    buf_printf(&b, "</title><style>%s</style>\n<h1>Float against quantised: ", style);
    html_text(&b, c->options.arguments.items[0]);
    buf_printf(&b, "</h1><p>Outputs: <b>%.1f dB</b>. Point at a layer for its numbers.</p>\n",
               decibels(h->signal, h->noise));
    buf_printf(&b, "<svg viewBox=\"0 0 %d %d\">\n", LEFT + PLOT + GAP + RANGE + 60, bottom + 10);
    plot_axes(&b, bottom);
    for (size_t i = 0; i < h->layers.count; i++)
        plot_layer(&b, &h->layers.items[i], TOP + (int)i * ROW);
    buf_printf(&b, "</svg>\n");
    causes(&b, h);
    formats(&b, c);
    buf_printf(&b, "</html>\n");
    bool ok = io_write(c->diag, path, b.data, b.length);
    buf_free(&b);
    return ok;
}
