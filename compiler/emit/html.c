/* NAME.html: the report as one page that needs nothing else: no scripts, no fonts, no pictures from elsewhere. Names
 * from the model pass through html_text. The same plan gives the same bytes. */
#include "base/version.h"
#include "emit/measure.h"

#include <string.h>

enum { MAX_NOTES = 400 };

static const char style[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:#fff;color:#1b2430;font:15px/1.5 system-ui,-apple-system,\"Segoe "
    "UI\",Roboto,sans-serif}\n"
    "main{max-width:1320px;margin:0 auto;padding:24px 20px 60px}\n"
    "h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}\n"
    "h2{font-size:18px;margin:34px 0 8px;padding-bottom:4px;border-bottom:1px solid #d8dee6}\n"
    "p{margin:6px 0}.dim{color:#5a6675}.small{font-size:13px}code{font:13px ui-monospace,Menlo,Consolas,monospace;"
    "overflow-wrap:anywhere}\n"
    ".cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:18px 0}\n"
    ".card{border:1px solid #d8dee6;border-radius:6px;padding:10px 12px}\n"
    ".card b{display:block;font-size:21px;line-height:1.3}.card span{color:#5a6675;font-size:13px}\n"
    ".fit{margin:12px 0}.fit p{margin:0 0 4px}.ok{color:#11693a}.bad{color:#b3261e}\n"
    ".meter{height:12px;background:#e8ecf1;border-radius:3px;overflow:hidden}.meter i{display:block;height:100%}\n"
    ".ok+.meter i{background:#2e8b57}.bad+.meter i{background:#c9382d}\n"
    ".scroll{overflow-x:auto;border:1px solid #d8dee6;border-radius:6px}\n"
    "table{border-collapse:collapse;width:100%;font-size:13px}\n"
    "th,td{padding:5px 9px;text-align:left;vertical-align:top;border-bottom:1px solid #e8ecf1;white-space:nowrap}\n"
    "thead th{background:#f4f6f9;color:#3b4756;font-weight:600}\n"
    "tbody tr:last-child td{border-bottom:0}tbody tr:hover{background:#f7f9fc}tr.top td{background:#fff6e5}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}.w{white-space:normal;min-width:170px;overflow-wrap:"
    "anywhere}\n"
    ".bar{min-width:100px;text-align:right;font-variant-numeric:tabular-nums}\n"
    ".bar i{display:block;height:5px;margin-top:2px;border-radius:2px;background:#3b76b8}.bar.b i{background:#4a9b6e}"
    ".bar.l i{background:#c48a2c}\n"
    ".key span{display:inline-block;margin-right:14px}.key "
    "i{display:inline-block;width:12px;height:12px;margin-right:5px;"
    "vertical-align:-1px;border:1px solid #555}\n"
    "svg{display:block;margin:4px 0}svg.fits{max-width:100%;min-width:860px;height:auto}svg "
    "rect{stroke:#fff;stroke-width:1}svg g:hover rect{stroke:#111;stroke-width:2}\n"
    ".conv rect,.key .conv{fill:#8db4dc;background:#8db4dc}.gemm rect,.key .gemm{fill:#a9a3dd;background:#a9a3dd}\n"
    ".pool rect,.key .pool{fill:#86c7bd;background:#86c7bd}.elem rect,.key .elem{fill:#f0c48a;background:#f0c48a}\n"
    ".norm rect,.key .norm{fill:#dca3c3;background:#dca3c3}.move rect,.key .move{fill:#c3cad3;background:#c3cad3}\n"
    ".scratch rect{fill:url(#hatch);stroke:#777}.key .scratch{background:repeating-linear-gradient(45deg,#777 0 "
    "2px,#fff 2px "
    "5px)}\n"
    ".grid{stroke:#e3e8ee}.ax{font-size:11px;fill:#5a6675}.end{font-weight:600;fill:#1b2430}.in{font-size:11px;fill:#"
    "12202f;"
    "pointer-events:none}\n"
    "svg .peak{fill:#fff0d0;stroke:none}svg .mark{fill:none;stroke:#a86200;stroke-width:1.5;stroke-dasharray:4 "
    "3;pointer-events:none}.bound{stroke:#b3261e;stroke-dasharray:5 4}.part{stroke:#111;stroke-dasharray:2 3}\n"
    "summary{cursor:pointer;margin:8px 0}ul{margin:4px 0;padding-left:20px}li{overflow-wrap:anywhere}\n"
    "@media(max-width:600px){main{padding:16px 12px 40px}h1{font-size:21px}.card b{font-size:18px}"
    ".cards{grid-template-columns:1fr 1fr}}\n"
    "@media print{main{max-width:none;padding:0}.scroll{overflow:visible;border:0}svg{max-width:100%;height:auto}"
    "table{font-size:9px}th,td{padding:2px 4px;white-space:normal}.bar{min-width:50px}.w{min-width:60px}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}tr,.card,.fit{break-inside:avoid}}\n";

static void card(Buf *out, const char *value, const char *what)
{
    buf_printf(out, "<div class=\"card\"><b>%s</b><span>%s</span></div>\n", value, what);
}

static void head(const Report *r, Buf *out)
{
    const Emitter *e = r->emitter;
    buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    html_text(out, r->title);
    buf_puts(out, " for ");
    html_text(out, e->target->name);
    buf_printf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    html_text(out, r->title);
    buf_puts(out, " <span class=\"dim\">for ");
    html_text(out, e->target->name);
    buf_puts(out, "</span></h1>\n<p class=\"dim\">");
    html_text(out, e->target->description);
    buf_puts(out, "</p>\n<p class=\"dim small\">model <code>");
    html_text(out, r->model);
    buf_printf(out, "</code>, SHA-256 <code>%.16s</code>, compiled by adze " ADZE_VERSION, e->options->model_hash.hex);
    if (e->options->options && e->options->options[0]) {
        buf_puts(out, " with <code>");
        html_text(out, e->options->options);
        buf_puts(out, "</code>");
    }
    buf_puts(out, "</p>\n");
}

static void cards(const Report *r, Buf *out)
{
    char text[64];
    buf_puts(out, "<div class=\"cards\">\n");
    card(out, with_commas(r->macs), "multiply-accumulates");
    card(out, with_commas(r->parameters), "parameters");
    card(out, with_unit(r->weight_bytes), "weights");
    snprintf(text, sizeof text, "arena (lower bound %s)", with_unit(r->arena_lower_bound));
    card(out, with_unit(r->arena_bytes), text);
    card(out, with_unit(r->arena_bytes + r->io_bytes), "arena, inputs and outputs");
    card(out, with_commas((int64_t)r->layer_count), "layers");
    buf_puts(out, "</div>\n");
}

static void fits(const Report *r, Buf *out)
{
    if (!r->fits.count)
        return;
    buf_puts(out, "<h2>Does it fit?</h2>\n");
    for (size_t i = 0; i < r->fits.count; i++) {
        const Fit *f = &r->fits.items[i];
        double share = f->need >= f->have ? 100 : 100.0 * (double)f->need / (double)f->have;
        buf_printf(out, "<div class=\"fit\"><p class=\"%s\">", f->need <= f->have ? "ok" : "bad");
        html_text(out, f->sentence);
        buf_printf(out, "</p><div class=\"meter\"><i style=\"width:%.1f%%\"></i></div></div>\n", share);
    }
}

static void ports(const Report *r, Buf *out, const char *title, Value *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, "<tr><td>%s %zu</td><td class=\"w\">", title, i);
        html_text(out, list[i]->name);
        buf_puts(out, "</td><td>");
        html_text(out, shape_shown(r->emitter->arena, list[i]));
        buf_printf(out, "</td><td class=\"n\">%s</td></tr>\n", with_commas((int64_t)value_bytes(list[i])));
    }
}

static void interface(const Report *r, Buf *out)
{
    const Graph *g = r->emitter->plan->graph;
    buf_puts(out,
             "<h2>Inputs and outputs</h2>\n<div class=\"scroll\"><table><thead><tr><th></th><th>name</th><th>shape</th>"
             "<th class=\"n\">bytes</th></tr></thead><tbody>\n");
    ports(r, out, "input", g->inputs.items, g->inputs.count);
    ports(r, out, "output", g->outputs.items, g->outputs.count);
    buf_puts(out, "</tbody></table></div>\n");
}

static void blocks_table(const Report *r, Buf *out)
{
    buf_printf(
        out,
        "<details><summary>All %zu tensors of the map as a table</summary><div class=\"scroll\"><table><thead><tr>"
        "<th>tensor</th><th>written by</th><th class=\"n\">offset</th><th class=\"n\">bytes</th><th class=\"n\">steps"
        "</th></tr></thead><tbody>\n",
        r->blocks.count);
    for (size_t i = 0; i < r->blocks.count; i++) {
        const Block *b = &r->blocks.items[i];
        buf_puts(out, "<tr><td class=\"w\">");
        html_text(out, b->name);
        buf_puts(out, "</td><td>");
        html_text(out, b->step->name);
        buf_printf(out, "%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td class=\"n\">%d to %d</td></tr>\n",
                   b->takes_over ? ", in place" : "", with_commas((int64_t)b->offset), with_commas((int64_t)b->bytes),
                   b->first + 1, b->last + 1);
    }
    buf_puts(out, "</tbody></table></div></details>\n");
}

static void memory(const Report *r, Buf *out)
{
    static const char *const keys[][2] = {
        {"conv", "convolution"},   {"gemm", "matrix product"}, {"pool", "pooling, reduction"}, {"elem", "element-wise"},
        {"norm", "normalisation"}, {"move", "copy, gather"},   {"scratch", "scratch"}};
    buf_puts(out, "<h2>Memory of the arena over time</h2>\n");
    buf_puts(out, "<p class=\"dim small\">");
    html_text(out, r->bound_text);
    buf_puts(out, ". Inputs and outputs lie with the caller.</p>\n");
    if (!r->blocks.count)
        return;
    buf_puts(out, "<p class=\"key small\">");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        bool used = false;
        for (size_t k = 0; k < r->blocks.count && !used; k++) {
            const Block *b = &r->blocks.items[k];
            used = strcmp(b->scratch ? "scratch" : kind_class(b->step->kind), keys[i][0]) == 0;
        }
        if (used)
            buf_printf(out, "<span><i class=\"%s\"></i>%s</span>", keys[i][0], keys[i][1]);
    }
    buf_puts(out, "<span><i style=\"background:#fff0d0\"></i>step of the peak</span></p>\n<div class=\"scroll\">\n");
    html_map(r, out);
    buf_puts(out, "</div>\n");
    blocks_table(r, out);
}

static void bar(Buf *out, const char *class, int64_t value, int64_t most)
{
    buf_printf(out, "<td class=\"bar%s\">%s", class, with_commas(value));
    if (value > 0 && most > 0)
        buf_printf(out, "<i style=\"width:%.1f%%\"></i>", 100.0 * (double)value / (double)most);
    buf_puts(out, "</td>");
}

typedef struct {
    int64_t macs, weights, live;
} Largest;

static void layer_row(const Report *r, Buf *out, size_t i, const Largest *most)
{
    const LayerReport *l = &r->layers[i];
    buf_printf(out, "<tr%s><td class=\"n\">%zu</td><td class=\"w\"><b>", (int)i == r->peak ? " class=\"top\"" : "",
               i + 1);
    html_text(out, l->title);
    buf_puts(out, "</b><br><span class=\"dim\">");
    for (size_t k = 0; k < l->operators.count; k++) {
        buf_puts(out, k ? " + " : "");
        html_text(out, l->operators.items[k]);
    }
    buf_puts(out, "</span></td><td>");
    if (l->out)
        html_text(out, shape_shown(r->emitter->arena, l->out));
    buf_puts(out, "</td>");
    bar(out, "", l->step->macs, most->macs);
    bar(out, " b", (int64_t)l->weight_bytes, most->weights);
    bar(out, " l", (int64_t)l->live_bytes, most->live);
    buf_printf(out, "<td class=\"n\">%s</td><td class=\"n\">%s</td><td><code>", with_commas(l->parameters),
               with_commas((int64_t)l->step->scratch_bytes));
    html_text(out, l->step->kernel->function);
    buf_puts(out, "</code></td><td class=\"w dim\">");
    html_text(out, l->in_place);
    buf_puts(out, "</td></tr>\n");
}

static void layers(const Report *r, Buf *out)
{
    Largest most = {0};
    for (size_t i = 0; i < r->layer_count; i++) {
        const LayerReport *l = &r->layers[i];
        most.macs = l->step->macs > most.macs ? l->step->macs : most.macs;
        most.weights = (int64_t)l->weight_bytes > most.weights ? (int64_t)l->weight_bytes : most.weights;
        most.live = (int64_t)l->live_bytes > most.live ? (int64_t)l->live_bytes : most.live;
    }
    buf_puts(out,
             "<h2>Layers</h2>\n<div class=\"scroll\"><table><thead><tr><th "
             "class=\"n\">step</th><th>layer</th><th>output</th>"
             "<th class=\"n\">MACs</th><th class=\"n\">weight bytes</th><th class=\"n\">arena in use</th>"
             "<th class=\"n\">parameters</th><th class=\"n\">scratch</th><th>kernel</th><th>in place</th></tr></thead>"
             "<tbody>\n");
    for (size_t i = 0; i < r->layer_count; i++)
        layer_row(r, out, i, &most);
    buf_puts(out, "</tbody></table></div>\n");
}

static void pass_notes(const Graph *g, const char *pass, Buf *out)
{
    size_t shown = 0, count = 0;
    for (size_t i = 0; i < g->notes.count; i++)
        count += strcmp(g->notes.items[i].pass, pass) == 0;
    if (!count)
        return;
    buf_puts(out, "<details><summary><code>");
    html_text(out, pass);
    buf_printf(out, "</code>: %zu note%s</summary><ul class=\"small\">\n", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < g->notes.count && shown < MAX_NOTES; i++) {
        const GraphNote *n = &g->notes.items[i];
        if (strcmp(n->pass, pass) != 0)
            continue;
        shown++;
        buf_puts(out, "<li><b>");
        html_text(out, n->node);
        buf_puts(out, "</b>: ");
        html_text(out, n->text);
        if (n->macs_saved)
            buf_printf(out, " (%s MACs saved)", with_commas(n->macs_saved));
        buf_puts(out, "</li>\n");
    }
    if (shown < count)
        buf_printf(out, "<li>and %zu more, in the JSON report</li>\n", count - shown);
    buf_puts(out, "</ul></details>\n");
}

static void passes_section(const Report *r, Buf *out)
{
    const Graph *g = r->emitter->plan->graph;
    if (!g->passes.count && !g->notes.count)
        return;
    int64_t added = 0;
    for (size_t i = 0; i < g->passes.count; i++)
        added += g->passes.items[i].nodes_added;
    buf_printf(out, "<h2>What the passes did</h2>\n<p class=\"dim small\">The model's %s operators became %s.",
               with_commas((int64_t)g->node_count - added), with_commas((int64_t)g->node_count));
    if (r->macs_saved)
        buf_printf(out, " %s multiply-accumulates were removed.", with_commas(r->macs_saved));
    buf_puts(out, "</p>\n");
    for (size_t i = 0; i < g->notes.count; i++) {
        bool seen = false;
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(g->notes.items[k].pass, g->notes.items[i].pass) == 0;
        if (!seen)
            pass_notes(g, g->notes.items[i].pass, out);
    }
    buf_puts(out, "<details><summary>All passes</summary><div class=\"scroll\"><table><thead><tr><th>pass</th><th "
                  "class=\"n\">runs"
                  "</th><th class=\"n\">with changes</th><th class=\"n\">operators</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < g->passes.count; i++) {
        const PassRecord *p = &g->passes.items[i];
        buf_puts(out, "<tr><td>");
        html_text(out, p->pass);
        buf_printf(out, "</td><td class=\"n\">%d</td><td class=\"n\">%d</td><td class=\"n\">%s%lld</td></tr>\n",
                   p->runs, p->changes, p->nodes_added > 0 ? "+" : "", (long long)p->nodes_added);
    }
    buf_puts(out, "</tbody></table></div></details>\n");
}

void report_html(const Report *r, Buf *out)
{
    head(r, out);
    cards(r, out);
    fits(r, out);
    memory(r, out);
    layers(r, out);
    passes_section(r, out);
    interface(r, out);
    buf_puts(out, "</main>\n</body>\n</html>\n");
}
