/* branches: an If whose condition is a constant becomes the nodes of the branch that it takes. Requires: constants
 * folded as far as they are known. Keeps the function. Breaks: the branch's nodes have not been inferred. */
#include "passes/rewrite.h"

static const Graph *taken(const Node *n)
{
    const Value *condition = node_in(n, 0);
    if (!node_is(n, "If") || !condition || !condition->is_const || condition->type != DT_BOOL ||
        shape_count(&condition->shape) != 1)
        return NULL;
    const Attr *a = node_attr(n, *(const unsigned char *)condition->data ? "then_branch" : "else_branch");
    return a && a->kind == ATTR_GRAPH ? a->graph : NULL;
}

bool pass_branches(PassContext *c, Graph *g, bool *changed)
{
    bool ok = true;
    GRAPH_NODES(g, n)
    {
        const Graph *branch = taken(n);
        if (!branch)
            continue;
        if (branch->outputs.count != n->outputs.count || branch->inputs.count) {
            ok = diag_error(c->diag, "%s: its branch %s has %zu inputs and %zu outputs; expected: 0 and %zu",
                            node_label(c->scratch, n), diag_quote(c->scratch, branch->name), branch->inputs.count,
                            branch->outputs.count, n->outputs.count);
            continue;
        }
        graph_inline(g, n, branch);
        *changed = true;
    }
    return ok;
}
