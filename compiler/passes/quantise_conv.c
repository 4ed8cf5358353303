/* Regions that end in products with constant weights, and pools: nodes over NHWC images and over rows. */
#include "passes/layout.h"
#include "passes/quantise_product.h"

#include <inttypes.h>
#include <math.h>

static bool is_conv(const Node *n)
{
    return node_is(n, "Conv");
}

static bool is_gemm(const Node *n)
{
    return node_is(n, "Gemm") ||
           (node_is(n, "MatMul") && node_in(n, 1) && node_in(n, 1)->producer &&
            is_dequantize(node_in(n, 1)->producer) && node_in(node_in(n, 1)->producer, 0)->is_const);
}

static bool conv_fits(const Node *n)
{
    const Value *x = node_in(n, 0), *w = node_in(n, 1);
    int64_t group = node_int(n, "group", 1);
    return is_spatial(n) && known(w) && w->shape.rank == x->shape.rank && shape_count(&w->shape) > 0 && group > 0 &&
           x->shape.dim[1] % group == 0 && x->shape.dim[1] / group == w->shape.dim[1] && w->shape.dim[0] % group == 0;
}

const char *region_conv(Region *r)
{
    QProduct p = {.alpha = 1, .beta = 1};
    OpContext oc = {r->c->diag, r->c->scratch};
    Window window;
    if (r->x->shape.rank < 2 || !core_of(r, 1, is_conv, &p.core))
        return "";
    Node *n = p.core.node;
    if (!conv_fits(n))
        return "supported: 1-D and 2-D convolutions";
    p.w = node_in(n, 1);
    p.bias = node_in(n, 2);
    const char *why = quantise_product(r, &p);
    if (why)
        return why;
    const Shape *x = &p.x.v->shape;
    if (!window_of(&oc, n, x->dim + 2, x->rank - 2, p.w->shape.dim + 2, false, &window))
        return "its window is wrong";
    Value *nhwc = nhwc_enter(r->g, r->n, p.x.v);
    Node *conv = rw_node(r->g, r->n, "adze", op_of(r, "QConv", "QConv16"), n->name);
    nhwc_window(r->g, conv, &window, false);
    if (node_int(n, "group", 1) != 1)
        node_set_int(r->g, conv, "group", node_int(n, "group", 1));
    if (p.x.zero)
        node_set_int(r->g, conv, "x_zero_point", p.x.zero);
    node_add_input(r->g, conv, nhwc);
    product_finish(r, &p, nhwc_weights(r->g, p.weights), conv);
    nhwc_leave(r->g, r->n, conv);
    return NULL;
}

const char *region_gemm(Region *r)
{
    static const int swap[] = {1, 0};
    QProduct p = {.alpha = 1, .beta = 1};
    if (r->x->shape.rank < 1 || !core_of(r, r->x->shape.rank - 1, is_gemm, &p.core))
        return "";
    Node *n = p.core.node;
    bool gemm = node_is(n, "Gemm"), trans_a = gemm && node_int(n, "transA", 0),
         trans_b = gemm && node_int(n, "transB", 0);
    p.w = node_in(n, 1);
    if (!known(node_in(n, 0)) || !known(p.w) || p.w->shape.rank != 2 || !shape_count(&p.w->shape))
        return "supported: weights of two dimensions";
    p.w_axis = trans_b ? 0 : 1;
    if (gemm) {
        p.bias = node_in(n, 2);
        p.alpha = (double)node_float(n, "alpha", 1);
        p.beta = (double)node_float(n, "beta", 1);
    }
    const char *why = quantise_product(r, &p);
    if (why)
        return why;
    Value *x = trans_a ? rw_transpose(r->g, r->n, p.x.v, swap) : p.x.v;
    Node *q = rw_node(r->g, r->n, "adze", op_of(r, "QGemm", "QGemm16"), n->name);
    node_add_input(r->g, q, x);
    product_finish(r, &p, trans_b ? const_permuted(r->g, p.weights, swap) : p.weights, q);
    return region_end(r, rw_output(r->g, q, r->type, &r->x->shape));
}

/* ---- Average ---- */

/* The fewest and most taps that any window counts. */
static void tap_range(const Window *w, const int64_t *in, bool count_pad, int64_t *least, int64_t *most)
{
    *least = *most = 1;
    for (int d = 0; d < w->spatial; d++) {
        int64_t low = w->kernel[d], high = 0;
        for (int64_t o = 0; o < w->out[d]; o++) {
            int64_t taps = 0;
            for (int64_t k = 0; k < w->kernel[d]; k++) {
                int64_t at = o * w->stride[d] - w->begin[d] + k * w->dilation[d];
                taps += count_pad ? at < in[d] + w->end[d] : at >= 0 && at < in[d];
            }
            low = taps < low ? taps : low;
            high = taps > high ? taps : high;
        }
        *least *= low;
        *most *= high;
    }
}

static const char *average(Region *r, Node *n, const QTensor *x, const Window *w, bool count_pad, bool ceil_mode)
{
    int64_t least, most, taps = 1, deviation = most_of(r->type) - least_of(r->type);
    int shift;
    for (int d = 0; d < w->spatial; d++)
        if (__builtin_mul_overflow(taps, w->kernel[d], &taps) || taps > INT16_MAX)
            return "its window has more than 32767 elements";
    tap_range(w, x->v->shape.dim + 2, count_pad, &least, &most);
    if (least < 1)
        return "a window of its lies outside of the image";
    double scale = x->scale / r->scale;
    bool fits = r->type == DT_I16 ? requantize16_shift(scale / (double)least, deviation * taps, &shift)
                                  : requantize_shift(scale / (double)least, deviation * taps, &shift);
    if (!fits)
        return WHY(r, "its scale %g is too large", scale);
    int32_t *m = NEW_ARRAY(r->g->arena, int32_t, taps + 1);
    for (int64_t t = least; t <= most; t++)
        m[t] = r->type == DT_I16 ? (int32_t)rint(ldexp(scale / (double)t, shift))
                                 : requantize_multiplier(scale / (double)t, shift);
    Value *nhwc = nhwc_enter(r->g, r->n, x->v);
    Node *pool = rw_node(r->g, r->n, "adze", op_of(r, "QAveragePool", "QAveragePool16"), n->name);
    nhwc_window(r->g, pool, w, true);
    if (ceil_mode)
        node_set_int(r->g, pool, "ceil_mode", 1);
    if (count_pad)
        node_set_int(r->g, pool, "count_include_pad", 1);
    if (x->zero)
        node_set_int(r->g, pool, "x_zero_point", x->zero);
    if (shift)
        node_set_int(r->g, pool, "shift", shift);
    set_bounds(r, pool);
    node_add_input(r->g, pool, nhwc);
    node_add_input(r->g, pool, const_i32(r->g, taps + 1, m));
    nhwc_leave(r->g, r->n, pool);
    return NULL;
}

const char *region_average_pool(Region *r)
{
    Node *n = r->x->producer;
    bool global = node_is(n, "GlobalAveragePool");
    OpContext oc = {r->c->diag, r->c->scratch};
    Window w = {0};
    QTensor x;
    int64_t kernel[3];
    if (!global && !node_is(n, "AveragePool"))
        return "";
    if (!operand(r, node_in(n, 0), &x))
        return not_quantised_one(r);
    if (!is_spatial(n))
        return "supported: pools of one and two dimensions";
    w.spatial = x.v->shape.rank - 2;
    bool ceil_mode = !global && node_int(n, "ceil_mode", 0);
    for (int d = 0; d < w.spatial; d++) {
        w.kernel[d] = x.v->shape.dim[d + 2];
        w.stride[d] = w.dilation[d] = w.out[d] = 1;
    }
    if (!global && (node_ints(n, "kernel_shape", kernel, 3) != w.spatial ||
                    !window_of(&oc, n, x.v->shape.dim + 2, w.spatial, kernel, ceil_mode, &w)))
        return "its window is wrong";
    return average(r, n, &x, &w, !global && node_int(n, "count_include_pad", 0), ceil_mode);
}

/* The mean over height and width is a global pool. */
const char *region_reduce_mean(Region *r)
{
    Node *n = r->x->producer;
    int64_t axes[MAX_RANK];
    QTensor x;
    if (!node_is(n, "ReduceMean"))
        return "";
    if (!operand(r, node_in(n, 0), &x))
        return not_quantised_one(r);
    if (r->lo != least_of(r->type) || r->hi != most_of(r->type))
        return "supported: a mean without bounds";
    int count = node_in(n, 1) ? const_ints(node_in(n, 1), axes, MAX_RANK) : node_ints(n, "axes", axes, MAX_RANK);
    if (x.v->shape.rank != 4 || count != 2 || axis_normalise(axes[0], 4) != 2 || axis_normalise(axes[1], 4) != 3 ||
        !shape_count(&x.v->shape))
        return "supported: the mean over height and width of an image";
    Node *pool = rw_node(r->g, r->n, "", "GlobalAveragePool", n->name);
    Shape s = {.rank = 4, .dim = {x.v->shape.dim[0], x.v->shape.dim[1], 1, 1}};
    node_add_input(r->g, pool, node_in(n, 0));
    Value *mean = rw_output(r->g, pool, DT_F32, &s);
    Node *q = rw_copy(r->g, r->n, r->n);
    node_add_input(r->g, q, mean);
    node_add_input(r->g, q, node_in(r->n, 1));
    node_add_input(r->g, q, node_in(r->n, 2));
    Value *y = rw_output(r->g, q, r->type, &s);
    Value *flat = rw_reshape(r->g, r->n, y, &r->x->shape);
    return region_end(r, flat);
}
