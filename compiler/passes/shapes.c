/* shapes: says which shapes are still not known: of all inputs, else of the first node.
 * Requires: infer and fold have settled. Keeps the graph as it is. After it every value has a type and a known shape.
 */
#include "passes/rewrite.h"

#include <inttypes.h>

/* "1,3,224,224" with 1 for what is open, as an example of what to write. */
static void suggest(Buf *b, const Shape *s)
{
    for (int i = 0; i < s->rank; i++)
        buf_printf(b, "%s%" PRId64, i ? "," : "", s->dim[i] < 0 ? 1 : s->dim[i]);
}

static void report_input(PassContext *c, const Value *v)
{
    char text[SHAPE_TEXT_BYTES];
    Buf hint = {0};
    const char *name = diag_quote(c->scratch, v->name);
    if (v->type == DT_NONE || v->shape.rank < 0) {
        diag_error(c->diag, "input %s has no %s in the model; hint: give its shape with --shape %s=1,3,224,224", name,
                   v->type == DT_NONE ? "type" : "shape", name);
        return;
    }
    suggest(&hint, &v->shape);
    for (int i = 0; i < v->shape.rank; i++)
        if (v->shape.dim[i] < 0 && v->dim[i] && *v->dim[i])
            buf_printf(&hint, " or --dim %s=1", diag_quote(c->scratch, v->dim[i]));
    diag_error(c->diag,
               "input %s has the shape %s, which leaves dimensions open; hint: fix them, as with --shape %s=%s", name,
               shape_text(&v->shape, text, sizeof text), name, buf_text(&hint));
    buf_free(&hint);
}

bool pass_shapes(PassContext *c, Graph *g, bool *changed)
{
    OpContext oc = {c->diag, c->scratch};
    size_t errors = c->diag->error_count;
    (void)changed;
    for (size_t i = 0; i < g->inputs.count; i++)
        if (!known(g->inputs.items[i]))
            report_input(c, g->inputs.items[i]);
    if (c->diag->error_count != errors)
        return false;
    GRAPH_NODES(g, n)
    {
        for (size_t i = 0; i < n->outputs.count; i++) {
            const Value *v = n->outputs.items[i];
            if (!v || known(v))
                continue;
            node_unknown_output(&oc, n, v);
            return false;
        }
    }
    return true;
}
