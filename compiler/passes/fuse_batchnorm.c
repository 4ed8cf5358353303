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
    if (!affine_of(c->scratch, n, x, l.y_axis, &a) || !linear_apply(g, c->scratch, &l, &a))
        return false;
    rw_replace(g, n, x);
    return true;
}

static bool fuse_affine(PassContext *c, Graph *g, Node *n)
{
    if (*n->domain || !node_out(n, 0))
        return false;
    return fuse_into(c, g, n, node_in(n, 0)) || (n->inputs.count == 2 && fuse_into(c, g, n, node_in(n, 1)));
}

bool pass_fuse_batchnorm(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_affine};
    return rewrite_all(c, g, rules, 1, changed);
}
