/* Averages: pools of NHWC images, and means over neighbouring axes. */
#include "passes/layout.h"
#include "passes/quantise.h"
#include "passes/turn.h"

#include <inttypes.h>
#include <math.h>

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

/* A factor for each number of taps from least to most, in a row of `taps` + 1; a message when there is none. */
static const char *factors_of(Region *r, const QTensor *x, int64_t taps, int64_t least, int64_t most, Value **factors,
                              int *shift)
{
    const double scale = x->scale / r->scale;
    const bool sixteen = r->type == DT_I16;
    int64_t sum;
    if (__builtin_mul_overflow(taps, most_of(r->type) - least_of(r->type), &sum) ||
        (sixteen ? !requantize16_shift(scale / (double)least, sum, shift)
                 : !requantize_shift(scale / (double)least, sum, shift)))
        return WHY(r, "its scale %g is too large for sums of %" PRId64 " elements", scale, taps);
    int32_t *m = NEW_ARRAY(r->g->arena, int32_t, taps + 1);
    for (int64_t t = least; t <= most; t++)
        m[t] = sixteen ? (int32_t)rint(ldexp(scale / (double)t, *shift))
                       : requantize_multiplier(scale / (double)t, *shift);
    *factors = const_i32(r->g, taps + 1, m);
    return NULL;
}

/* Without its window. */
static Node *pool_node(Region *r, const Node *n, Value *nhwc, Value *factors, int64_t x_zero, int shift)
{
    Node *pool = rw_node(r->g, r->n, "adze", op_of(r, "QAveragePool", "QAveragePool16"), n->name);
    if (x_zero)
        node_set_int(r->g, pool, "x_zero_point", x_zero);
    if (shift)
        node_set_int(r->g, pool, "shift", shift);
    set_bounds(r, pool);
    node_add_input(r->g, pool, nhwc);
    node_add_input(r->g, pool, factors);
    return pool;
}

static const char *average(Region *r, Node *n, const QTensor *x, const Window *w, bool count_pad, bool ceil_mode)
{
    int64_t least, most, taps = 1;
    Value *factors;
    int shift;
    for (int d = 0; d < w->spatial; d++)
        if (__builtin_mul_overflow(taps, w->kernel[d], &taps) || taps > INT16_MAX)
            return "its window has more than 32767 elements";
    tap_range(w, x->v->shape.dim + 2, count_pad, &least, &most);
    if (least < 1)
        return "a window of its lies outside of the image";
    const char *why = factors_of(r, x, taps, least, most, &factors, &shift);
    if (why)
        return why;
    Node *pool = pool_node(r, n, nhwc_enter(r->g, r->n, x->v), factors, x->zero, shift);
    nhwc_window(r->g, pool, w, true);
    if (ceil_mode)
        node_set_int(r->g, pool, "ceil_mode", 1);
    if (count_pad)
        node_set_int(r->g, pool, "count_include_pad", 1);
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

/* Over all axes behind channels: a global pool of the image, whose channels can then come last. */
static const char *image_mean(Region *r, Node *n)
{
    const Shape *x = &node_in(n, 0)->shape;
    Node *pool = rw_node(r->g, r->n, "", "GlobalAveragePool", n->name);
    Shape s = {.rank = x->rank, .dim = {x->dim[0], x->dim[1], 1, 1}};
    node_add_input(r->g, pool, node_in(n, 0));
    Value *mean = rw_output(r->g, pool, DT_F32, &s);
    Node *q = rw_copy(r->g, r->n, r->n);
    node_add_input(r->g, q, mean);
    node_add_input(r->g, q, node_in(r->n, 1));
    node_add_input(r->g, q, node_in(r->n, 2));
    Value *y = rw_output(r->g, q, r->type, &s);
    return region_end(r, rw_reshape(r->g, r->n, y, &r->x->shape));
}

/* Over axes next to each other: [outer, axis, inner] is an image of one column, without a Transpose. */
static const char *row_mean(Region *r, Node *n, const QTensor *x, int first, int last)
{
    const Shape *from = &x->v->shape;
    Shape s = {.rank = 4, .dim = {1, 1, 1, 1}};
    for (int i = 0; i < from->rank; i++)
        s.dim[i < first ? 0 : i <= last ? 1 : 3] *= from->dim[i];
    const int64_t kernel[] = {s.dim[1], 1}, ones[] = {1, 1};
    Value *factors;
    int shift;
    if (s.dim[1] > INT16_MAX)
        return "its mean is over more than 32767 elements";
    const char *why = factors_of(r, x, s.dim[1], s.dim[1], s.dim[1], &factors, &shift);
    if (why)
        return why;
    Node *pool = pool_node(r, n, rw_reshape(r->g, r->n, x->v, &s), factors, x->zero, shift);
    node_set_ints(r->g, pool, "kernel_shape", kernel, 2);
    node_set_ints(r->g, pool, "strides", ones, 2);
    s.dim[1] = 1;
    return region_end(r, rw_reshape(r->g, r->n, rw_output(r->g, pool, r->type, &s), &r->x->shape));
}

const char *region_reduce_mean(Region *r)
{
    Node *n = r->x->producer;
    QTensor x;
    int first, last;
    if (!node_is(n, "ReduceMean"))
        return "";
    if (!operand(r, node_in(n, 0), &x))
        return not_quantised_one(r);
    if (!mean_axes(n, &first, &last) || !shape_count(&x.v->shape))
        return "supported: means over axes next to each other";
    const int rank = x.v->shape.rank;
    const bool bounded = r->lo != least_of(r->type) || r->hi != most_of(r->type);
    if (first == 2 && last == rank - 1 && rank <= 4 && !bounded)
        return image_mean(r, n);
    return row_mean(r, n, &x, first, last);
}
