/* The rules of canonicalise about views (the same elements in the same order under another shape) and Transposes. */
#include "passes/canonicalise.h"

#include <string.h>

static bool has_elements(const Value *v)
{
    return known(v) && shape_count(&v->shape) > 0;
}

/* Is input 1 exactly the output's shape, as a constant? */
static bool shape_is_explicit(const Node *n)
{
    int64_t list[MAX_RANK];
    const Shape *s = &node_out(n, 0)->shape;
    if (const_ints(node_in(n, 1), list, MAX_RANK) != s->rank || node_in(n, 1)->type != DT_I64)
        return false;
    for (int i = 0; i < s->rank; i++)
        if (list[i] != s->dim[i])
            return false;
    return true;
}

bool view_to_reshape(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    bool reshape = node_is(n, "Reshape");
    if (!reshape && !node_is(n, "Flatten") && !node_is(n, "Squeeze") && !node_is(n, "Unsqueeze"))
        return false;
    /* Without elements a 0 in the shape would have to be told from "copy this dimension". */
    if (!x || !has_elements(x) || !has_elements(y) || (reshape && n->version >= 5 && shape_is_explicit(n)))
        return false;
    Node *r = rw_node(g, n, "", "Reshape", n->name);
    node_add_input(g, r, x);
    node_add_input(g, r, graph_const_ints(g, NULL, y->shape.dim, y->shape.rank));
    rw_replace(g, n, rw_output(g, r, y->type, &y->shape));
    return true;
}

bool merge_reshape(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    if (!node_is(n, "Reshape") || !x || !has_elements(x) || !has_elements(y))
        return false;
    if (shape_equal(&x->shape, &y->shape))
        return bypass(g, n, x);
    if (!node_is(x->producer, "Reshape") || !has_elements(node_in(x->producer, 0)) || !shape_is_explicit(n))
        return false;
    node_set_input(g, n, 0, node_in(x->producer, 0));
    return true;
}

bool merge_transpose(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK], inner[MAX_RANK], rank = node_perm(n, perm);
    (void)c;
    if (rank < 0 || !node_out(n, 0))
        return false;
    Value *x = node_in(n, 0);
    if (perm_is_identity(perm, rank))
        return bypass(g, n, x);
    if (!x->producer || node_perm(x->producer, inner) != rank)
        return false;
    Value *merged = rw_transpose(g, n, x, perm);
    rw_replace(g, n, merged);
    return true;
}

bool transpose_to_reshape(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK];
    (void)c;
    if (node_perm(n, perm) < 0 || !has_elements(node_in(n, 0)) || !has_elements(node_out(n, 0)) ||
        !perm_is_view(&node_in(n, 0)->shape, perm))
        return false;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    rw_replace(g, n, rw_reshape(g, n, x, &y->shape));
    return true;
}
