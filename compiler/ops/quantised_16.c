/* The quantised operators of 16-bit activations (docs/quantised.md): their parameters, and the proof that sums and
 * their products with multipliers fit. */
#include "ops/quantised.h"

#include <inttypes.h>
#include <stdlib.h>

#define ZERO(field)                                                                                                    \
    {                                                                                                                  \
#field, &params.field, 0, INT16_MIN, INT16_MAX                                                                 \
    }
#define BOUNDS                                                                                                         \
    ZERO(y_zero_point), {"shift", &params.shift, 0, 1, 62}, {"lo", &params.lo, INT16_MIN, INT16_MIN, INT16_MAX},       \
    {                                                                                                                  \
        "hi", &params.hi, INT16_MAX, INT16_MIN, INT16_MAX                                                              \
    }

/* |sum * multiplier| + the rounding, in 63 bits. */
static bool check_scaled(OpContext *c, const Node *n, int64_t sum, int64_t multiplier, int32_t shift)
{
    int64_t product;
    if (__builtin_mul_overflow(sum, llabs(multiplier), &product) ||
        __builtin_add_overflow(product, (int64_t)1 << (shift - 1), &product))
        return node_error(c, n, "a sum up to %" PRId64 " times %" PRId64 " may overflow 64 bits", sum, multiplier);
    return true;
}

/* The largest |q - zero|. */
static int64_t reach(int32_t zero)
{
    return zero > 0 ? (int64_t)zero - INT16_MIN : (int64_t)INT16_MAX - zero;
}

static bool check_operands(OpContext *c, const Node *n, int64_t channels)
{
    static const char *const what[] = {"", "weights", "bias", "multiplier"};
    for (size_t i = 1; i < 4; i++) {
        const DType want = i == 1 ? DT_I8 : DT_I32;
        const Shape *s = in_shape(n, i);
        if (!in_const(n, i) || in_type(n, i) != want)
            return node_error(c, n, "its %s is %s; a constant %s expected", what[i], dtype_name(in_type(n, i)),
                              dtype_name(want));
        if (i > 1 && (s->rank != 1 || s->dim[0] != channels))
            return node_error(c, n, "its %s has the shape %s; [%" PRId64 "] expected", what[i], shape_str(c, s),
                              channels);
    }
    return true;
}

/* *wide: a sum, whatever the inputs, may leave 32 bits. */
static bool check_sums(OpContext *c, const Node *n, Matrix m, int32_t shift, int32_t *wide)
{
    Tensor w = value_tensor(node_in(n, 1)), bias = value_tensor(node_in(n, 2)), by = value_tensor(node_in(n, 3));
    for (int64_t o = 0; o < m.channels; o++) {
        int64_t sum = matrix_reach(&w, &m, o);
        if (sum > INT64_MAX >> 20)
            return node_error(c, n, "its sums may overflow 64 bits");
        sum *= 32768;
        *wide = *wide || sum > INT32_MAX;
        if (!check_scaled(c, n, sum + llabs(tensor_int(&bias, o)), tensor_int(&by, o), shift))
            return false;
    }
    return true;
}

static void product_step(Step *s, Node *n)
{
    for (size_t i = 0; i < 4; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
}

bool infer_qconv16(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_conv_nhwc(c, n, 4);
}

bool lower_qconv16(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    if (!qconv_window(c, n, &win, &y))
        return false;
    adze_qconv16_params params = {QCONV_GEOMETRY(n, in_shape(n, 0), win, y)};
    const IntAttr attrs[] = {ZERO(x_zero_point), BOUNDS};
    const int64_t taps = win.kernel[0] * win.kernel[1] * (params.in_c / params.group);
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_operands(c, n, params.out_c) ||
        !check_bounds(c, n, params.lo, params.hi) ||
        !check_sums(c, n, (Matrix){params.out_c, taps, taps, 1}, params.shift, &params.wide))
        return false;
    const bool depthwise = params.group == params.in_c && params.group == params.out_c;
    Step *s = PLAN_STEP(p, depthwise ? KIND_QDEPTHWISE : KIND_QCONV, NULL, adze_qconv16_params, &params);
    product_step(s, n);
    s->macs = shape_count(&y) * taps;
    return true;
}

bool infer_qgemm16(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_gemm_rows(c, n, 4);
}

bool lower_qgemm16(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    adze_qgemm16_params params = {
        .m = (int32_t)dims_count(x, 0, x->rank - 1), .n = (int32_t)w->dim[1], .k = (int32_t)w->dim[0]};
    const IntAttr attrs[] = {BOUNDS};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_operands(c, n, params.n) ||
        !check_bounds(c, n, params.lo, params.hi) ||
        !check_sums(c, n, (Matrix){params.n, params.k, 1, params.n}, params.shift, &params.wide))
        return false;
    Step *s = PLAN_STEP(p, KIND_QGEMM, NULL, adze_qgemm16_params, &params);
    product_step(s, n);
    s->macs = shape_count(&node_out(n, 0)->shape) * params.k;
    return true;
}

bool lower_qmatmul16(OpContext *c, Plan *p, Node *n)
{
    Product product;
    adze_qmatmul_params params;
    if (!qmatmul_shape(c, p, n, &product, &params))
        return false;
    const IntAttr attrs[] = {
        ZERO(a_zero_point), ZERO(b_zero_point), {"multiplier", &params.multiplier, 0, INT32_MIN, INT32_MAX}, BOUNDS};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi) ||
        !check_scaled(c, n, params.k * reach(params.a_zero_point) * reach(params.b_zero_point), params.multiplier,
                      params.shift))
        return false;
    qmatmul_step(p, n, &product, &params);
    return true;
}

bool lower_qadd16(OpContext *c, Plan *p, Node *n)
{
    adze_qbinary_params params = {0};
    const IntAttr attrs[] = {ZERO(a_zero_point),
                             ZERO(b_zero_point),
                             {"a_multiplier", &params.a_multiplier, 0, INT32_MIN, INT32_MAX},
                             {"b_multiplier", &params.b_multiplier, 0, INT32_MIN, INT32_MAX},
                             BOUNDS};
    return int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) &&
           check_scaled(c, n, 65535, llabs((int64_t)params.a_multiplier) + llabs((int64_t)params.b_multiplier),
                        params.shift) &&
           qbinary_step(c, p, n, KIND_QADD, &params);
}

bool lower_qmul16(OpContext *c, Plan *p, Node *n)
{
    adze_qbinary_params params = {0};
    const IntAttr attrs[] = {
        ZERO(a_zero_point), ZERO(b_zero_point), {"multiplier", &params.a_multiplier, 0, INT32_MIN, INT32_MAX}, BOUNDS};
    return int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) &&
           check_scaled(c, n, reach(params.a_zero_point) * reach(params.b_zero_point), params.a_multiplier,
                        params.shift) &&
           qbinary_step(c, p, n, KIND_QMUL, &params);
}

bool lower_qaverage_pool16(OpContext *c, Plan *p, Node *n)
{
    adze_qpool_params params;
    int64_t taps;
    if (!qpool_shape(c, n, &params, &taps))
        return false;
    const IntAttr attrs[] = {ZERO(x_zero_point), BOUNDS};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi) ||
        !check_table(c, n, "multiplier", DT_I32, taps + 1))
        return false;
    Tensor m = value_tensor(node_in(n, 1));
    for (int64_t i = 0; i <= taps; i++)
        if (!check_scaled(c, n, taps * 65535, tensor_int(&m, i), params.shift))
            return false;
    table_step(PLAN_STEP(p, KIND_QAVGPOOL, NULL, adze_qpool_params, &params), n, false);
    return true;
}

bool infer_qlookup16(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, DT_I16, in_shape(n, 0));
    return true;
}

bool lower_qlookup16(OpContext *c, Plan *p, Node *n)
{
    if (!check_table(c, n, "table", DT_I16, 256))
        return false;
    adze_unary_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    table_step(PLAN_STEP(p, KIND_QLOOKUP, NULL, adze_unary_params, &params), n, false);
    return true;
}

bool infer_requantize(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const DType to = dtype_from_onnx(node_int(n, "to", 0)), from = in_type(n, 0);
    if ((from == DT_I8 && to != DT_I16) || (from == DT_I16 && to != DT_I8))
        return node_error(c, n, "attribute 'to' is %" PRId64 "; its input is %s", node_int(n, "to", 0),
                          dtype_name(from));
    op_set_output(n, 0, to, in_shape(n, 0));
    return true;
}

bool lower_requantize(OpContext *c, Plan *p, Node *n)
{
    const bool narrow = in_type(n, 0) == DT_I16;
    const int32_t least = narrow ? INT8_MIN : INT16_MIN, most = narrow ? INT8_MAX : INT16_MAX;
    adze_requantize_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    const IntAttr attrs[] = {{"multiplier", &params.multiplier, 0, 0, INT32_MAX},
                             {"shift", &params.shift, 0, 1, 62},
                             {"x_zero_point", &params.x_zero_point, 0, INT16_MIN, INT16_MAX},
                             {"y_zero_point", &params.y_zero_point, 0, INT16_MIN, INT16_MAX},
                             {"lo", &params.lo, INT16_MIN, INT16_MIN, INT16_MAX},
                             {"hi", &params.hi, INT16_MAX, INT16_MIN, INT16_MAX}};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs))
        return false;
    params.lo = params.lo < least ? least : params.lo;
    params.hi = params.hi > most ? most : params.hi;
    if (params.lo > params.hi)
        return node_error(c, n, "its lower bound is above its upper one");
    Step *s = PLAN_STEP(p, KIND_REQUANTIZE, NULL, adze_requantize_params, &params);
    step_in(s, node_in(n, 0));
    step_out(s, node_out(n, 0));
    return true;
}

bool lower_qinterpolate(OpContext *c, Plan *p, Node *n)
{
    adze_qinterpolate_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    const IntAttr attrs[] = {{"bits", &params.bits, 7, 1, 12}};
    if (!int_attrs(c, n, attrs, 1) || !check_table(c, n, "table", DT_I32, (65536 >> params.bits) + 1))
        return false;
    table_step(PLAN_STEP(p, KIND_QINTERPOLATE, NULL, adze_qinterpolate_params, &params), n, true);
    return true;
}

/* The largest itself counts 2^31, so that no sum is 0. */
static bool check_exponentials(OpContext *c, const Node *n, int64_t axis)
{
    Tensor t = value_tensor(node_in(n, 1));
    for (int64_t i = 0; i < 512; i++)
        if (tensor_int(&t, i) > INT64_C(1) << 31)
            return node_error(c, n, "entry %" PRId64 " of its table is above 2^31", i);
    if (tensor_int(&t, 0) * tensor_int(&t, 256) < INT64_C(1) << 31)
        return node_error(c, n, "its table gives no exponential of the largest element");
    if (axis > INT64_C(1) << 24)
        return node_error(c, n, "its axis of %" PRId64 " elements is too long", axis);
    return true;
}

bool lower_qsoftmax16(OpContext *c, Plan *p, Node *n)
{
    adze_qsoftmax_params params;
    if (!qsoftmax_shape(c, n, &params))
        return false;
    const IntAttr attrs[] = {{"y_inverse_scale", &params.y_inverse_scale, 0, 1, 65536}, ZERO(y_zero_point)};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_table(c, n, "table", DT_U32, 512) ||
        !check_exponentials(c, n, params.axis))
        return false;
    table_step(PLAN_STEP(p, KIND_QSOFTMAX, NULL, adze_qsoftmax_params, &params), n, true);
    return true;
}
