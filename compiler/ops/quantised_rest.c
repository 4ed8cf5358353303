/* The quantised operators without constant weights (docs/quantised.md). */
#include "ops/quantised.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BINARY_ATTRS(p)                                                                                                \
    {"a_zero_point", &(p).a_zero_point, 0, -128, 127}, {"b_zero_point", &(p).b_zero_point, 0, -128, 127},              \
        {"y_zero_point", &(p).y_zero_point, 0, -128, 127}, {"lo", &(p).lo, -128, -128, 127},                           \
        {"hi", &(p).hi, 127, -128, 127},

bool check_bounds(OpContext *c, const Node *n, int32_t lo, int32_t hi)
{
    return lo <= hi || node_error(c, n, "its lower bound %d is above its upper bound %d", (int)lo, (int)hi);
}

bool qmatmul_shape(OpContext *c, Plan *p, Node *n, Product *product, adze_qmatmul_params *params)
{
    Shape full;
    Value *y = node_out(n, 0);
    adze_matmul_params shape;
    if (!product_operands(c, p, n, &product->a, &product->b, &full))
        return false;
    product->z = shape_equal(&full, &y->shape) ? y : plan_temp(p, y->type, &full);
    if (!product_params(c, n, product->a, product->b, product->z, false, false, &shape))
        return false;
    *params = (adze_qmatmul_params){.m = shape.m,
                                    .n = shape.n,
                                    .k = shape.k,
                                    .a_row = shape.a_row,
                                    .a_col = shape.a_col,
                                    .b_row = shape.b_row,
                                    .b_col = shape.b_col};
    memcpy(params->batch, shape.batch, sizeof params->batch);
    memcpy(params->a_stride, shape.a_stride, sizeof params->a_stride);
    memcpy(params->b_stride, shape.b_stride, sizeof params->b_stride);
    return true;
}

void qmatmul_step(Plan *p, Node *n, const Product *product, const adze_qmatmul_params *params)
{
    Step *s = PLAN_STEP(p, KIND_QMATMUL, NULL, adze_qmatmul_params, params);
    step_in(s, product->a);
    step_in(s, product->b);
    step_out(s, product->z);
    s->macs = shape_count(&product->z->shape) * params->k;
    if (product->z != node_out(n, 0))
        plan_alias(p, node_out(n, 0), product->z);
}

bool lower_qmatmul(OpContext *c, Plan *p, Node *n)
{
    Product product;
    adze_qmatmul_params params;
    if (!qmatmul_shape(c, p, n, &product, &params))
        return false;
    const IntAttr attrs[] = {BINARY_ATTRS(params){"multiplier", &params.multiplier, 0, INT32_MIN, INT32_MAX},
                             {"shift", &params.shift, 0, 0, 30}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi))
        return false;
    if ((int64_t)params.k * 255 * 255 > INT32_MAX >> params.shift)
        return node_error(c, n, "its sum of %d products may overflow 32 bits", (int)params.k);
    qmatmul_step(p, n, &product, &params);
    return true;
}

bool qbinary_step(OpContext *c, Plan *p, Node *n, Kind kind, adze_qbinary_params *params)
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
    return qbinary_step(c, p, n, KIND_QADD, &params);
}

bool lower_qmul(OpContext *c, Plan *p, Node *n)
{
    adze_qbinary_params params = {0};
    /* |product| <= 255 * 255 < 2^16 */
    const IntAttr attrs[] = {BINARY_ATTRS(params){"multiplier", &params.a_multiplier, 0, INT32_MIN, INT32_MAX},
                             {"shift", &params.shift, 0, 0, 15}};
    return int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) && qbinary_step(c, p, n, KIND_QMUL, &params);
}

bool check_table(OpContext *c, const Node *n, const char *what, DType type, int64_t count)
{
    const Shape *s = in_shape(n, 1);
    if (!in_const(n, 1) || in_type(n, 1) != type || s->rank != 1 || s->dim[0] != count)
        return node_error(c, n, "its %s is %s %s; a constant %s [%" PRId64 "] expected", what,
                          dtype_name(in_type(n, 1)), shape_str(c, s), dtype_name(type), count);
    return true;
}

void table_step(Step *s, Node *n, bool in_place)
{
    step_in(s, node_in(n, 0));
    step_in(s, node_in(n, 1));
    step_out(s, node_out(n, 0));
    s->overwritable = in_place;
}

bool qpool_shape(OpContext *c, const Node *n, adze_qpool_params *params, int64_t *taps)
{
    Window win;
    Shape y;
    if (!pool_nhwc_shape(c, n, &win, &y))
        return false;
    const Shape *x = in_shape(n, 0);
    *params = (adze_qpool_params){.batch = (int32_t)x->dim[0],
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
    *taps = win.kernel[0] * win.kernel[1];
    return true;
}

bool lower_qaverage_pool(OpContext *c, Plan *p, Node *n)
{
    adze_qpool_params params;
    int64_t taps;
    if (!qpool_shape(c, n, &params, &taps))
        return false;
    const IntAttr attrs[] = {{"x_zero_point", &params.x_zero_point, 0, -128, 127},
                             {"y_zero_point", &params.y_zero_point, 0, -128, 127},
                             {"shift", &params.shift, 0, 0, 30},
                             {"lo", &params.lo, -128, -128, 127},
                             {"hi", &params.hi, 127, -128, 127}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi) ||
        !check_table(c, n, "multiplier", DT_I32, taps + 1))
        return false;
    if (taps * 255 > INT32_MAX >> params.shift)
        return node_error(c, n, "its sum of %" PRId64 " taps may overflow 32 bits", taps);
    table_step(PLAN_STEP(p, KIND_QAVGPOOL, NULL, adze_qpool_params, &params), n, false);
    return true;
}

bool lower_qlookup(OpContext *c, Plan *p, Node *n)
{
    if (!check_table(c, n, "table", DT_I8, 256))
        return false;
    adze_unary_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    table_step(PLAN_STEP(p, KIND_QLOOKUP, NULL, adze_unary_params, &params), n, true);
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

bool qsoftmax_shape(OpContext *c, const Node *n, adze_qsoftmax_params *params)
{
    const Shape *x = in_shape(n, 0);
    const int axis = x->rank ? axis_normalise(node_int(n, "axis", -1), x->rank) : 0;
    if (axis < 0)
        return node_error(c, n, "attribute 'axis' is %" PRId64 "; its input is %s", node_int(n, "axis", -1),
                          shape_str(c, x));
    *params = (adze_qsoftmax_params){.outer = (int32_t)dims_count(x, 0, axis),
                                     .axis = x->rank ? (int32_t)x->dim[axis] : 1,
                                     .inner = x->rank ? (int32_t)dims_count(x, axis + 1, x->rank) : 1};
    return true;
}

bool lower_qsoftmax(OpContext *c, Plan *p, Node *n)
{
    adze_qsoftmax_params params;
    if (!qsoftmax_shape(c, n, &params))
        return false;
    const IntAttr attrs[] = {{"y_inverse_scale", &params.y_inverse_scale, 0, 1, 65536},
                             {"y_divisor", &params.y_divisor, 1, 1, 64},
                             {"y_zero_point", &params.y_zero_point, 0, -128, 127}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_table(c, n, "table", DT_U32, 256) ||
        !check_exponentials(c, n, (int64_t)params.axis * params.y_divisor, params.y_inverse_scale))
        return false;
    table_step(PLAN_STEP(p, KIND_QSOFTMAX, NULL, adze_qsoftmax_params, &params), n, false);
    return true;
}
