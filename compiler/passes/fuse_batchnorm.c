/* fuse_batchnorm: BatchNormalization, and Add, Sub, Mul and Div by one constant a channel, behind a linear operator
 * with constant weights go into its weights and bias. Requires: infer; the linear operator's result is read by that one
 * node only. Keeps: the function up to rounding: the arithmetic is double, each weight is rounded once a fusion.
 * Breaks: weights that several nodes shared are copied. */
#include "passes/linear.h"

static bool fuse_into(PassContext *c, Graph *g, Node *n, Value *x)
{
    Linear l;
    Affine a;
    if (!x || !x->producer || !single_use(x) || !linear_of(x->producer, &l))
        return false;
    if (!affine_of(c->scratch, n, x, l.y_axis, &a) || !linear_apply(g, &l, &a))
        return false;
    graph_note(g, "fuse_batchnorm", x->producer, 0, "%s %s is part of its weights and bias", n->op_type,
               diag_quote(c->scratch, n->name));
    rw_replace(g, n, x);
    return true;
}

static bool fuse_affine(PassContext *c, Graph *g, Node *n)
{
    if (*n->domain || !node_out(n, 0))
        return false;
    return fuse_into(c, g, n, node_in(n, 0)) || (n->inputs.count == 2 && fuse_into(c, g, n, node_in(n, 1)));
}

static bool fuse_scale_in_front(PassContext *c, Graph *g, Node *n)
{
    Linear l;
    Affine a;
    Value *y = node_in(n, 0);
    if ((!node_is_adze(n, "Conv") && !node_is_adze(n, "Gemm")) || !y || !y->producer || !single_use(y) ||
        !const_f32(node_in(n, 1)) || y->shape.rank < 1)
        return false;
    l = (Linear){.node = n, .w = node_in(n, 1), .w_axis = node_is_adze(n, "Conv") ? 0 : 1};
    Node *scale = y->producer;
    for (size_t i = 0; i < 2 && scale->inputs.count == 2; i++) {
        Value *x = node_in(scale, i);
        if (!x || x->is_const || !affine_of(c->scratch, scale, x, y->shape.rank - 1, &a) || a.shift || !a.scale)
            continue;
        if (!linear_scale_input(g, &l, a.scale))
            return false;
        graph_note(g, "fuse_batchnorm", n, 0, "%s %s in front is part of its weights", scale->op_type,
                   diag_quote(c->scratch, scale->name));
        node_set_input(g, n, 0, x);
        graph_remove(g, scale);
        return true;
    }
    return false;
}

bool pass_fuse_batchnorm(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_affine, fuse_scale_in_front};
    return rewrite_all(c, g, rules, 2, changed);
}
