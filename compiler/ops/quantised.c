/* adze.QConv and adze.QGemm (docs/quantised.md): their parameters, and the proof that accumulators fit. */
#include "ops/quantised.h"

#include <inttypes.h>
#include <stdlib.h>

bool int_attrs(OpContext *c, const Node *n, const IntAttr *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t v = node_int(n, list[i].name, list[i].otherwise);
        if (v < list[i].lo || v > list[i].hi)
            return node_error(c, n, "attribute '%s' is %" PRId64 "; it must lie in [%" PRId64 ", %" PRId64 "]",
                              list[i].name, v, list[i].lo, list[i].hi);
        *list[i].to = (int32_t)v;
    }
    return true;
}

/* The attributes that QConv and QGemm share; `p` is a parameter struct of either. */
#define SUM_ATTRS(p)                                                                                                   \
    {"y_zero_point", &(p).y_zero_point, 0, -128, 127}, {"shift", &(p).shift, 0, 0, 30},                                \
        {"q_lo", &(p).q_lo, -128, -128, 127}, {"q_hi", &(p).q_hi, 127, -128, 127},                                     \
        {"r_zero_point", &(p).r_zero_point, 0, -128, 127},                                                             \
        {"q_multiplier", &(p).q_multiplier, 0, INT32_MIN, INT32_MAX},                                                  \
        {"r_multiplier", &(p).r_multiplier, 0, INT32_MIN, INT32_MAX}, {"add_shift", &(p).add_shift, 1, 1, 30},         \
        {"add_zero_point", &(p).add_zero_point, 0, -128, 127}, {"lo", &(p).lo, -128, -128, 127},                       \
        {"hi", &(p).hi, 127, -128, 127},

/* A clamp behind a clamp is one clamp. */
#define ONE_CLAMP(p)                                                                                                   \
    do {                                                                                                               \
        int32_t lo_ = (p).q_lo, hi_ = (p).q_hi;                                                                        \
        (p).q_lo = lo_ = lo_ < (p).lo ? (p).lo : lo_ > (p).hi ? (p).hi : lo_;                                          \
        (p).q_hi = hi_ = hi_ < (p).lo ? (p).lo : hi_ > (p).hi ? (p).hi : hi_;                                          \
        (p).lo = lo_, (p).hi = hi_;                                                                                    \
    } while (0)

int64_t matrix_reach(const Tensor *w, const Matrix *m, int64_t channel)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < m->taps; k++)
        sum += llabs(tensor_int(w, channel * m->channel_step + k * m->tap_step));
    return sum;
}

static bool is_wide(const Node *n)
{
    return node_int(n, "wide", 0) != 0;
}

static bool check_operands(OpContext *c, const Node *n, int64_t channels)
{
    static const char *const what[] = {"", "weights", "bias", "multiplier"};
    for (size_t i = 1; i < 4; i++) {
        if (!in_const(n, i))
            return node_error(c, n, "its %s is not constant", what[i]);
        if (i == 1 ? in_type(n, i) != DT_I8 && in_type(n, i) != DT_I16 : in_type(n, i) != DT_I32)
            return node_error(c, n, "its %s is %s; %s expected", what[i], dtype_name(in_type(n, i)),
                              i == 1 ? "i8 or i16" : "i32");
        const Shape *s = in_shape(n, i);
        if (i > 1 && (s->rank != 1 || s->dim[0] != channels))
            return node_error(c, n, "its %s has the shape %s; [%" PRId64 "] expected", what[i], shape_str(c, s),
                              channels);
    }
    if (node_in(n, 4) && in_type(n, 4) != DT_I8)
        return node_error(c, n, "its residual is %s; i8 expected", dtype_name(in_type(n, 4)));
    return true;
}

/* Whatever the input's bytes and the order of addition, |sum| <= |bias| + 128 * sum |w|. Wide sums have 64 bits, of
 * which requantize takes 46. */
static bool check_accumulators(OpContext *c, const Node *n, Matrix m, int32_t shift)
{
    bool wide = is_wide(n);
    Tensor w = value_tensor(node_in(n, 1)), bias = value_tensor(node_in(n, 2));
    for (int64_t o = 0; o < m.channels; o++) {
        const int64_t sum = matrix_reach(&w, &m, o) * 128 + llabs(tensor_int(&bias, o));
        if (sum > (wide ? INT64_C(1) << 46 : INT32_MAX >> shift))
            return node_error(c, n, "the sum of its output channel %" PRId64 " may overflow %d bits%s", o,
                              wide ? 46 : 32, shift && !wide ? " after its shift" : "");
    }
    return true;
}

/* The residual's sum, and the order of bounds. */
static bool check_sum(OpContext *c, const Node *n, int64_t q, int64_t r, int32_t shift, int32_t lo, int32_t hi)
{
    if (!check_bounds(c, n, lo, hi))
        return false;
    if (255 * (llabs(q) + llabs(r)) + ((int64_t)1 << (shift - 1)) > INT32_MAX)
        return node_error(c, n, "its sum may overflow 32 bits: multipliers %" PRId64 " and %" PRId64, q, r);
    return true;
}

static void product_step(Step *s, Node *n)
{
    for (size_t i = 0; i < 5; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    /* An element of the residual is read before the same element of y is written. */
    s->overwritable = node_in(n, 4) ? 1u << 4 : 0;
}

bool infer_qconv(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_conv_nhwc(c, n, 4);
}

bool qconv_window(OpContext *c, const Node *n, Window *win, Shape *y)
{
    if (!conv_nhwc_shape(c, n, win, y))
        return false;
    if (win->begin[0] > INT32_MAX || win->begin[1] > INT32_MAX)
        return node_error(c, n, "its pads are above 2^31-1");
    return true;
}

bool lower_qconv(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    if (!qconv_window(c, n, &win, &y))
        return false;
    adze_qconv_params params = {QCONV_GEOMETRY(n, in_shape(n, 0), win, y)};
    const IntAttr attrs[] = {{"x_zero_point", &params.x_zero_point, 0, -128, 127}, SUM_ATTRS(params)};
    int64_t taps = win.kernel[0] * win.kernel[1] * (params.in_c / params.group);
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_operands(c, n, params.out_c) ||
        !check_accumulators(c, n, (Matrix){params.out_c, taps, taps, 1}, params.shift) ||
        !check_sum(c, n, params.q_multiplier, params.r_multiplier, params.add_shift, params.lo, params.hi))
        return false;
    if (!node_in(n, 4))
        ONE_CLAMP(params);
    bool depthwise = params.group == params.in_c && params.group == params.out_c;
    Step *s = PLAN_STEP(p,
                        is_wide(n)  ? KIND_QCONV_WIDE
                        : depthwise ? KIND_QDEPTHWISE
                                    : KIND_QCONV,
                        NULL, adze_qconv_params, &params);
    product_step(s, n);
    s->macs = shape_count(&y) * taps;
    return true;
}

bool infer_qgemm(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_gemm_rows(c, n, 4);
}

bool lower_qgemm(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    adze_qgemm_params params = {
        .m = (int32_t)dims_count(x, 0, x->rank - 1), .n = (int32_t)w->dim[1], .k = (int32_t)w->dim[0]};
    const IntAttr attrs[] = {SUM_ATTRS(params)};
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_operands(c, n, params.n) ||
        !check_accumulators(c, n, (Matrix){params.n, params.k, 1, params.n}, params.shift) ||
        !check_sum(c, n, params.q_multiplier, params.r_multiplier, params.add_shift, params.lo, params.hi))
        return false;
    if (!node_in(n, 4))
        ONE_CLAMP(params);
    Step *s = PLAN_STEP(p, is_wide(n) ? KIND_QGEMM_WIDE : KIND_QGEMM, NULL, adze_qgemm_params, &params);
    product_step(s, n);
    s->macs = shape_count(&node_out(n, 0)->shape) * params.k;
    return true;
}
