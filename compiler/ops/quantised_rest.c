/* The quantised operators without constant weights (docs/quantised.md). */
#include "ops/family.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BINARY_ATTRS(p)                                                                                                \
    {"a_zero_point", &(p).a_zero_point, 0, -128, 127}, {"b_zero_point", &(p).b_zero_point, 0, -128, 127},              \
        {"y_zero_point", &(p).y_zero_point, 0, -128, 127}, {"lo", &(p).lo, -128, -128, 127},                           \
        {"hi", &(p).hi, 127, -128, 127},

static bool check_bounds(OpContext *c, const Node *n, int32_t lo, int32_t hi)
{
    return lo <= hi || node_error(c, n, "its lower bound %d is above its upper bound %d", (int)lo, (int)hi);
}

bool lower_qmatmul(OpContext *c, Plan *p, Node *n)
{
    Shape full;
    Value *a, *b, *y = node_out(n, 0);
    adze_matmul_params shape;
    if (!product_operands(c, p, n, &a, &b, &full))
        return false;
    Value *z = shape_equal(&full, &y->shape) ? y : plan_temp(p, y->type, &full);
    if (!product_params(c, n, a, b, z, false, false, &shape))
        return false;
    adze_qmatmul_params params = {.m = shape.m,
                                  .n = shape.n,
                                  .k = shape.k,
                                  .a_row = shape.a_row,
                                  .a_col = shape.a_col,
                                  .b_row = shape.b_row,
                                  .b_col = shape.b_col};
    memcpy(params.batch, shape.batch, sizeof params.batch);
    memcpy(params.a_stride, shape.a_stride, sizeof params.a_stride);
    memcpy(params.b_stride, shape.b_stride, sizeof params.b_stride);
    const IntAttr attrs[] = {BINARY_ATTRS(params){"multiplier", &params.multiplier, 0, INT32_MIN, INT32_MAX},
                             {"shift", &params.shift, 0, 0, 30}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi))
        return false;
    if ((int64_t)params.k * 255 * 255 > INT32_MAX >> params.shift)
        return node_error(c, n, "its sum of %d products may overflow 32 bits", (int)params.k);
    Step *s = PLAN_STEP(p, KIND_QMATMUL, NULL, adze_qmatmul_params, &params);
    step_in(s, a);
    step_in(s, b);
    step_out(s, z);
    s->macs = shape_count(&z->shape) * params.k;
    if (z != y)
        plan_alias(p, y, z);
    return true;
}

/* A QADD or QMUL step; the sum or product was shown to fit. */
static bool lower_qbinary(OpContext *c, Plan *p, Node *n, Kind kind, adze_qbinary_params *params)
{
    Value *in[] = {node_in(n, 0), node_in(n, 1)}, *y = node_out(n, 0);
    adze_broadcast_params shape;
    unsigned overwritable;
    if (!check_bounds(c, n, params->lo, params->hi) || !broadcast_of(c, n, in, 2, y, &shape, &overwritable))
        return false;
    params->rank = shape.rank;
    memcpy(params->dim, shape.dim, sizeof params->dim);
    memcpy(params->a_stride, shape.a_stride, sizeof params->a_stride);
    memcpy(params->b_stride, shape.b_stride, sizeof params->b_stride);
    Step *s = PLAN_STEP(p, kind, NULL, adze_qbinary_params, params);
    step_in(s, in[0]);
    step_in(s, in[1]);
    step_out(s, y);
    s->overwritable = overwritable;
    return true;
}

bool lower_qadd(OpContext *c, Plan *p, Node *n)
{
    adze_qbinary_params params = {0};
    const IntAttr attrs[] = {BINARY_ATTRS(params){"a_multiplier", &params.a_multiplier, 0, INT32_MIN, INT32_MAX},
                             {"b_multiplier", &params.b_multiplier, 0, INT32_MIN, INT32_MAX},
                             {"shift", &params.shift, 1, 1, 30}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs))
        return false;
    int64_t multipliers = llabs(params.a_multiplier) + llabs(params.b_multiplier);
    if (255 * multipliers + ((int64_t)1 << (params.shift - 1)) > INT32_MAX)
        return node_error(c, n, "its sum may overflow 32 bits: multipliers %d and %d", (int)params.a_multiplier,
                          (int)params.b_multiplier);
    return lower_qbinary(c, p, n, KIND_QADD, &params);
}

bool lower_qmul(OpContext *c, Plan *p, Node *n)
{
    adze_qbinary_params params = {0};
    /* |product| <= 255 * 255 < 2^16 */
    const IntAttr attrs[] = {BINARY_ATTRS(params){"multiplier", &params.a_multiplier, 0, INT32_MIN, INT32_MAX},
                             {"shift", &params.shift, 0, 0, 15}};
    return int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) && lower_qbinary(c, p, n, KIND_QMUL, &params);
}

/* A constant table of `count` elements of the type. */
static bool check_table(OpContext *c, const Node *n, const char *what, DType type, int64_t count)
{
    const Shape *s = in_shape(n, 1);
    if (!in_const(n, 1) || in_type(n, 1) != type || s->rank != 1 || s->dim[0] != count)
        return node_error(c, n, "its %s is %s %s; a constant %s [%" PRId64 "] expected", what,
                          dtype_name(in_type(n, 1)), shape_str(c, s), dtype_name(type), count);
    return true;
}

bool lower_qaverage_pool(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    if (!pool_nhwc_shape(c, n, &win, &y))
        return false;
    const Shape *x = in_shape(n, 0);
    adze_qpool_params params = {.batch = (int32_t)x->dim[0],
                                .in_h = (int32_t)x->dim[1],
                                .in_w = (int32_t)x->dim[2],
                                .channels = (int32_t)x->dim[3],
                                .out_h = (int32_t)y.dim[1],
                                .out_w = (int32_t)y.dim[2],
                                .kernel_h = (int32_t)win.kernel[0],
                                .kernel_w = (int32_t)win.kernel[1],
                                .stride_h = (int32_t)win.stride[0],
                                .stride_w = (int32_t)win.stride[1],
                                .dilation_h = (int32_t)win.dilation[0],
                                .dilation_w = (int32_t)win.dilation[1],
                                .pad_top = (int32_t)win.begin[0],
                                .pad_left = (int32_t)win.begin[1],
                                .pad_bottom = (int32_t)win.end[0],
                                .pad_right = (int32_t)win.end[1],
                                .count_include_pad = node_int(n, "count_include_pad", 0) != 0};
    const IntAttr attrs[] = {{"x_zero_point", &params.x_zero_point, 0, -128, 127},
                             {"y_zero_point", &params.y_zero_point, 0, -128, 127},
                             {"shift", &params.shift, 0, 0, 30},
                             {"lo", &params.lo, -128, -128, 127},
                             {"hi", &params.hi, 127, -128, 127}};
    int64_t taps = win.kernel[0] * win.kernel[1];
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi) ||
        !check_table(c, n, "multiplier", DT_I32, taps + 1))
        return false;
    if (taps * 255 > INT32_MAX >> params.shift)
        return node_error(c, n, "its sum of %" PRId64 " taps may overflow 32 bits", taps);
    Step *s = PLAN_STEP(p, KIND_QAVGPOOL, NULL, adze_qpool_params, &params);
    step_in(s, node_in(n, 0));
    step_in(s, node_in(n, 1));
    step_out(s, node_out(n, 0));
    return true;
}

bool lower_qlookup(OpContext *c, Plan *p, Node *n)
{
    if (!check_table(c, n, "table", DT_I8, 256))
        return false;
    adze_unary_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    Step *s = PLAN_STEP(p, KIND_QLOOKUP, NULL, adze_unary_params, &params);
    step_in(s, node_in(n, 0));
    step_in(s, node_in(n, 1));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}

/* The largest entry, that of the maximum itself, bounds all sums; it is not 0, so that no sum is. */
static bool check_exponentials(OpContext *c, const Node *n, int64_t axis, int32_t y_inverse_scale)
{
    Tensor t = value_tensor(node_in(n, 1));
    int64_t largest = tensor_int(&t, 255);
    for (int64_t i = 0; i < 256; i++)
        if (tensor_int(&t, i) > largest)
            return node_error(c, n, "entry %" PRId64 " of its table is above the last one", i);
    if (largest == 0 || axis > UINT32_MAX / largest || largest * y_inverse_scale + axis * largest / 2 > UINT32_MAX)
        return node_error(c, n, "its sums may overflow 32 bits: %" PRId64 " entries up to %" PRId64, axis, largest);
    return true;
}

bool lower_qsoftmax(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int axis = x->rank ? axis_normalise(node_int(n, "axis", -1), x->rank) : 0;
    if (axis < 0)
        return node_error(c, n, "attribute 'axis' is %" PRId64 "; its input is %s", node_int(n, "axis", -1),
                          shape_str(c, x));
    adze_qsoftmax_params params = {.outer = (int32_t)dims_count(x, 0, axis),
                                   .axis = x->rank ? (int32_t)x->dim[axis] : 1,
                                   .inner = x->rank ? (int32_t)dims_count(x, axis + 1, x->rank) : 1};
    const IntAttr attrs[] = {{"y_inverse_scale", &params.y_inverse_scale, 0, 1, 65536},
                             {"y_divisor", &params.y_divisor, 1, 1, 64},
                             {"y_zero_point", &params.y_zero_point, 0, -128, 127}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_table(c, n, "table", DT_U32, 256) ||
        !check_exponentials(c, n, (int64_t)params.axis * params.y_divisor, params.y_inverse_scale))
        return false;
    Step *s = PLAN_STEP(p, KIND_QSOFTMAX, NULL, adze_qsoftmax_params, &params);
    step_in(s, node_in(n, 0));
    step_in(s, node_in(n, 1));
    step_out(s, node_out(n, 0));
    return true;
}
