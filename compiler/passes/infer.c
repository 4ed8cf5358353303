/* infer: types and shapes of all values, by each operator's own function, in order.
 * Requires: nodes in topological order. Keeps: everything but types and shapes of computed values. Binds the operators
 * of all nodes. Values that a shape needs and that are not constant leave it open: fold makes them constants. */
#include "passes/rewrite.h"

#include <string.h>

typedef struct {
    DType type;
    Shape shape;
} Known;

static bool infer_node(OpContext *oc, Graph *g, Node *n, bool *changed)
{
    size_t count = n->outputs.count;
    Known *before = NEW_ARRAY(oc->scratch, Known, count);
    for (size_t i = 0; i < count; i++)
        if (n->outputs.items[i])
            before[i] = (Known){n->outputs.items[i]->type, n->outputs.items[i]->shape};
    if (!op_infer(oc, g, n))
        return false;
    for (size_t i = 0; i < count; i++) {
        const Value *v = n->outputs.items[i];
        if (v && (v->type != before[i].type || !shape_equal(&v->shape, &before[i].shape)))
            *changed = true;
    }
    return true;
}

bool pass_infer(PassContext *c, Graph *g, bool *changed)
{
    OpContext oc = {c->diag, c->scratch};
    bool ok = true;
    ops_bind(g);
    GRAPH_NODES(g, n)
    ok = infer_node(&oc, g, n, changed) && ok;
    return ok;
}
