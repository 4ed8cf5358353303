/* layout: operators over images become NHWC operators of the domain adze between Transposes, Gemm and MatMul with
 * constant weights become adze.Gemm; weights are stored as their kernels' logical layout.
 * InstanceNormalization and GroupNormalization become adze.GroupNormalization in place.
 * Requires: all shapes known. Keeps: the function. Breaks: adds two Transposes an operator (transposes removes them),
 * and a BatchNormalization that was not fused becomes Mul and Add, which Transposes can pass. Operators that have no
 * NHWC kernel (3-D, computed weights, other types) stay as they are. 1-D operators are 2-D ones of height 1, by
 * Reshape. */
#include "passes/layout.h"

#include <string.h>

enum { NHWC_RANK = 4 };
static const int to_nhwc[] = {0, 2, 3, 1}, to_nchw[] = {0, 3, 1, 2}, swap_last[] = {0, 2, 1};

Value *nhwc_enter(Graph *g, Node *before, Value *x)
{
    if (x->shape.rank == NHWC_RANK)
        return rw_transpose(g, before, x, to_nhwc);
    Value *t = rw_transpose(g, before, x, swap_last);
    Shape s = {.rank = NHWC_RANK, .dim = {t->shape.dim[0], 1, t->shape.dim[1], t->shape.dim[2]}};
    return rw_reshape(g, before, t, &s);
}

void nhwc_leave(Graph *g, Node *n, Node *nhwc)
{
    const Value *y = node_out(n, 0);
    bool flat = y->shape.rank == NHWC_RANK - 1;
    const int64_t *d = y->shape.dim;
    Shape s = flat ? (Shape){.rank = NHWC_RANK, .dim = {d[0], 1, d[2], d[1]}}
                   : (Shape){.rank = NHWC_RANK, .dim = {d[0], d[2], d[3], d[1]}};
    Value *v = rw_output(g, nhwc, y->type, &s);
    if (flat) {
        Shape rows = {.rank = NHWC_RANK - 1, .dim = {d[0], d[2], d[1]}};
        v = rw_reshape(g, n, v, &rows);
    }
    rw_replace(g, n, rw_transpose(g, n, v, flat ? swap_last : to_nchw));
}

void nhwc_window(Graph *g, Node *to, const Window *w, bool kernel)
{
    bool flat = w->spatial == 1;
    int64_t strides[2] = {flat ? 1 : w->stride[0], w->stride[flat ? 0 : 1]};
    int64_t dilations[2] = {flat ? 1 : w->dilation[0], w->dilation[flat ? 0 : 1]};
    int64_t shape[2] = {flat ? 1 : w->kernel[0], w->kernel[flat ? 0 : 1]};
    int64_t pads[4] = {flat ? 0 : w->begin[0], w->begin[flat ? 0 : 1], flat ? 0 : w->end[0], w->end[flat ? 0 : 1]};
    if (kernel)
        node_set_ints(g, to, "kernel_shape", shape, 2);
    node_set_ints(g, to, "strides", strides, 2);
    node_set_ints(g, to, "pads", pads, 4);
    node_set_ints(g, to, "dilations", dilations, 2);
}

bool is_spatial(const Node *n)
{
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    bool max = node_is(n, "MaxPool") || node_is(n, "GlobalMaxPool");
    return known(x) && known(y) && x->type == y->type &&
           (x->type == DT_F32 || (max && (x->type == DT_I8 || x->type == DT_I16))) &&
           (x->shape.rank == 3 || x->shape.rank == NHWC_RANK) && y->shape.rank == x->shape.rank &&
           shape_count(&x->shape) > 0 && shape_count(&y->shape) > 0;
}

Value *nhwc_weights(Graph *g, const Value *w)
{
    if (w->shape.rank == NHWC_RANK)
        return const_permuted(g, w, to_nhwc);
    Value *t = const_permuted(g, w, swap_last);
    Shape s = {.rank = NHWC_RANK, .dim = {t->shape.dim[0], 1, t->shape.dim[1], t->shape.dim[2]}};
    return const_reshaped(g, t, &s);
}

static bool layout_conv(PassContext *c, Graph *g, Node *n)
{
    OpContext oc = {c->diag, c->scratch};
    if (!node_is(n, "Conv") || !is_spatial(n))
        return false;
    Value *x = node_in(n, 0), *w = node_in(n, 1), *bias = node_in(n, 2);
    int64_t group = node_int(n, "group", 1);
    if (!const_f32(w) || w->shape.rank != x->shape.rank || shape_count(&w->shape) < 1 || (bias && !const_f32(bias)))
        return false;
    if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != w->shape.dim[0]))
        return false;
    if (group < 1 || x->shape.dim[1] % group || x->shape.dim[1] / group != w->shape.dim[1] || w->shape.dim[0] % group)
        return false;
    Window window;
    if (!window_of(&oc, n, x->shape.dim + 2, x->shape.rank - 2, w->shape.dim + 2, false, &window))
        return false;
    Value *nhwc = nhwc_enter(g, n, x);
    Node *conv = rw_node(g, n, "adze", "Conv", n->name);
    nhwc_window(g, conv, &window, false);
    node_set_int(g, conv, "group", group);
    node_add_input(g, conv, nhwc);
    node_add_input(g, conv, nhwc_weights(g, w));
    if (bias)
        node_add_input(g, conv, bias);
    nhwc_leave(g, n, conv);
    return true;
}

static bool layout_conv_transpose(PassContext *c, Graph *g, Node *n)
{
    OpContext oc = {c->diag, c->scratch};
    if (!node_is(n, "ConvTranspose") || !is_spatial(n))
        return false;
    Value *x = node_in(n, 0), *w = node_in(n, 1), *bias = node_in(n, 2), *y = node_out(n, 0), *weights;
    int64_t group = node_int(n, "group", 1);
    Window window;
    if (group < 1 || w->shape.rank != x->shape.rank || (bias && !const_f32(bias)) ||
        !(weights = conv_transpose_weights(g, w, group)))
        return false;
    if (!conv_transpose_window(&oc, n, x->shape.dim + 2, x->shape.rank - 2, w->shape.dim + 2, &window))
        return false;
    bool flat = y->shape.rank == NHWC_RANK - 1;
    window.end[0] = window.end[1] = 0; /* output_shape says it, also where the output is larger than its taps reach */
    int64_t size[2] = {flat ? 1 : y->shape.dim[2], y->shape.dim[flat ? 2 : 3]};
    Value *nhwc = nhwc_enter(g, n, x);
    Node *conv = rw_node(g, n, "adze", "ConvTranspose", n->name);
    nhwc_window(g, conv, &window, false);
    node_set_ints(g, conv, "output_shape", size, 2);
    node_set_int(g, conv, "group", group);
    node_add_input(g, conv, nhwc);
    node_add_input(g, conv, weights);
    if (bias)
        node_add_input(g, conv, bias);
    nhwc_leave(g, n, conv);
    return true;
}

static bool layout_pool(PassContext *c, Graph *g, Node *n)
{
    OpContext oc = {c->diag, c->scratch};
    bool max = node_is(n, "MaxPool");
    int64_t kernel[3];
    if ((!max && !node_is(n, "AveragePool")) || !only_first_output(n) || !is_spatial(n))
        return false;
    Value *x = node_in(n, 0);
    int spatial = x->shape.rank - 2;
    bool ceil_mode = node_int(n, "ceil_mode", 0) != 0;
    Window window;
    if (node_ints(n, "kernel_shape", kernel, 3) != spatial ||
        !window_of(&oc, n, x->shape.dim + 2, spatial, kernel, ceil_mode, &window))
        return false;
    Value *nhwc = nhwc_enter(g, n, x);
    Node *pool = rw_node(g, n, "adze", max ? "MaxPool" : "AveragePool", n->name);
    nhwc_window(g, pool, &window, true);
    if (ceil_mode)
        node_set_int(g, pool, "ceil_mode", 1);
    if (!max && node_int(n, "count_include_pad", 0))
        node_set_int(g, pool, "count_include_pad", 1);
    node_add_input(g, pool, nhwc);
    nhwc_leave(g, n, pool);
    return true;
}

static bool layout_global_pool(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    bool max = node_is(n, "GlobalMaxPool");
    if ((!max && !node_is(n, "GlobalAveragePool")) || !is_spatial(n))
        return false;
    Value *x = node_in(n, 0);
    Window window = {.spatial = x->shape.rank - 2};
    for (int i = 0; i < window.spatial; i++) {
        window.kernel[i] = x->shape.dim[i + 2];
        window.stride[i] = window.dilation[i] = 1;
    }
    Value *nhwc = nhwc_enter(g, n, x);
    Node *pool = rw_node(g, n, "adze", max ? "MaxPool" : "AveragePool", n->name);
    nhwc_window(g, pool, &window, true);
    node_add_input(g, pool, nhwc);
    nhwc_leave(g, n, pool);
    return true;
}

/* It stays where its channels are: transposes turns it where that saves a Transpose. */
static bool layout_groupnorm(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    bool instance = node_is(n, "InstanceNormalization");
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    if ((!instance && !node_is(n, "GroupNormalization")) || !known_f32(x) || !known_f32(y) || x->shape.rank < 2 ||
        !shape_count(&x->shape) || !known_f32(node_in(n, 1)) || !known_f32(node_in(n, 2)))
        return false;
    Node *norm = rw_node(g, n, "adze", "GroupNormalization", n->name);
    node_set_int(g, norm, "axis", 1);
    node_set_int(g, norm, "num_groups", instance ? x->shape.dim[1] : node_int(n, "num_groups", 1));
    node_set_float(g, norm, "epsilon", node_float(n, "epsilon", 1e-5f));
    for (size_t i = 0; i < 3; i++)
        node_add_input(g, norm, node_in(n, i));
    rw_replace(g, n, rw_output(g, norm, y->type, &y->shape));
    return true;
}

bool pass_layout(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {layout_conv,      layout_conv_transpose, layout_pool,   layout_global_pool,
                                       layout_batchnorm, layout_gemm,           layout_matmul, layout_groupnorm};
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
