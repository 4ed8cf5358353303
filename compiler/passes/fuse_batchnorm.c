/* fuse_batchnorm: BatchNormalization, and Add, Sub, Mul and Div by one constant a channel, behind a linear operator
 * with constant weights go into its weights and bias, behind a normalisation into its scale and bias. Requires: infer;
 * the linear operator's result is read by that one node only. Keeps: the function up to rounding: the arithmetic is
 * double, each weight is rounded once a fusion. Breaks: weights that several nodes shared are copied. */
#include "passes/linear.h"

#include <math.h>

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

/* Behind a normalisation with a constant scale and bias a channel. */
static bool fuse_into_norm(PassContext *c, Graph *g, Node *n, Value *x)
{
    Node *norm = x ? x->producer : NULL;
    bool instance = node_is(norm, "InstanceNormalization"), ours = norm && node_is_adze(norm, "GroupNormalization");
    Affine a;
    if ((!instance && !ours && !node_is(norm, "GroupNormalization")) || !single_use(x) || node_attr(norm, "lo") ||
        node_attr(norm, "hi") || !const_f32(node_in(norm, 1)) || !const_f32(node_in(norm, 2)) || !known_f32(x))
        return false;
    int axis = ours ? (int)node_int(norm, "axis", 1) : 1;
    int64_t channels = x->shape.dim[axis];
    Shape s = {.rank = 1, .dim = {channels}};
    if (!shape_equal(&node_in(norm, 1)->shape, &s) || !shape_equal(&node_in(norm, 2)->shape, &s) ||
        !affine_of(c->scratch, n, x, axis, &a))
        return false;
    float *scale = NEW_ARRAY(g->arena, float, channels), *bias = NEW_ARRAY(g->arena, float, channels);
    for (int64_t i = 0; i < channels; i++) {
        double by = a.scale ? a.scale[i] : 1, plus = a.shift ? a.shift[i] : 0;
        scale[i] = (float)((double)((const float *)node_in(norm, 1)->data)[i] * by);
        bias[i] = (float)((double)((const float *)node_in(norm, 2)->data)[i] * by + plus);
        if (!isfinite(scale[i]) || !isfinite(bias[i]))
            return false;
    }
    graph_note(g, "fuse_batchnorm", norm, 0, "%s %s is part of its scale and bias", n->op_type,
               diag_quote(c->scratch, n->name));
    node_set_input(g, norm, 1, const_floats(g, NULL, &s, scale));
    node_set_input(g, norm, 2, const_floats(g, NULL, &s, bias));
    rw_replace(g, n, x);
    return true;
}

static bool fuse_affine(PassContext *c, Graph *g, Node *n)
{
    if (*n->domain || !node_out(n, 0))
        return false;
    for (size_t i = 0; i < (n->inputs.count == 2 ? 2 : 1); i++)
        if (fuse_into(c, g, n, node_in(n, i)) || fuse_into_norm(c, g, n, node_in(n, i)))
            return true;
    return false;
}

/* The operator behind the arithmetic; bounds and a residual do not matter here. */
static bool linear_behind(Node *n, Linear *out)
{
    const Value *x = node_in(n, 0), *w = node_in(n, 1), *bias = node_in(n, 2), *y = node_out(n, 0);
    bool gemm = node_is_adze(n, "Gemm");
    if ((!gemm && !node_is_adze(n, "Conv") && !node_is_adze(n, "ConvTranspose")) || !const_f32(w) || !known_f32(y) ||
        (bias && !const_f32(bias)) || !x || x->shape.rank < 1 || w->shape.rank != (gemm ? 2 : 4))
        return false;
    *out = (Linear){.node = n, .w = node_in(n, 1), .bias = node_in(n, 2), .w_axis = gemm ? 1 : 0};
    out->channels = w->shape.dim[out->w_axis];
    return !bias || shape_count(&bias->shape) == 1 || shape_count(&bias->shape) == out->channels;
}

static bool fuse_in_front(PassContext *c, Graph *g, Node *n)
{
    Linear l;
    Affine a;
    Value *y = node_in(n, 0);
    if (!y || !y->producer || !single_use(y) || !linear_behind(n, &l))
        return false;
    Node *affine = y->producer;
    for (size_t i = 0; i < 2 && affine->inputs.count == 2; i++) {
        Value *x = node_in(affine, i);
        if (!x || x->is_const || !affine_of(c->scratch, affine, x, y->shape.rank - 1, &a))
            continue;
        if (!linear_apply_in_front(g, &l, &a))
            return false;
        graph_note(g, "fuse_batchnorm", n, 0, "%s %s in front is part of its weights and bias", affine->op_type,
                   diag_quote(c->scratch, affine->name));
        node_set_input(g, n, 0, x);
        graph_remove(g, affine);
        return true;
    }
    return false;
}

bool pass_fuse_batchnorm(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_affine, fuse_in_front};
    return rewrite_all(c, g, rules, 2, changed);
}
