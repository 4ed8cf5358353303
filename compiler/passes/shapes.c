/* shapes: says which value's shape is still not known.
 * Requires: infer and fold have settled. Keeps the graph as it is. After it every value has a type and a known shape.
 */
#include "passes/rewrite.h"

bool pass_shapes(PassContext *c, Graph *g, bool *changed)
{
    char text[SHAPE_TEXT_BYTES];
    (void)changed;
    for (size_t i = 0; i < g->inputs.count; i++) {
        const Value *v = g->inputs.items[i];
        if (!known(v))
            return diag_error(c->diag,
                              "input %s has the shape %s, which leaves dimensions open%s%s; hint: fix them with "
                              "--shape NAME=1,3,224,224 or --dim NAME=1",
                              diag_quote(c->scratch, v->name), shape_text(&v->shape, text, sizeof text), "", "");
    }
    GRAPH_NODES(g, n)
    {
        for (size_t i = 0; i < n->outputs.count; i++) {
            const Value *v = n->outputs.items[i];
            if (!v || known(v))
                continue;
            return diag_error(c->diag,
                              "%s: the shape of its output %s is %s, which is not known at compile time; hint: fix "
                              "what the model leaves open with --shape NAME=1,3,224,224 or --dim NAME=1; shapes "
                              "that depend on data are not supported",
                              node_label(c->scratch, n), diag_quote(c->scratch, v->name),
                              shape_text(&v->shape, text, sizeof text));
        }
    }
    return true;
}
