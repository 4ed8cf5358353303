/* Products of integers that give their sums, and DynamicQuantize (runtime/ref/sums.h). */
#include "ops/quantised.h"

#include <inttypes.h>
#include <stdlib.h>

static bool output_is_i32(Node *n, bool ok)
{
    const Value *y = node_out(n, 0);
    Shape s = ok ? y->shape : shape_unknown();
    if (ok)
        op_set_output(n, 0, DT_I32, &s);
    return ok;
}

bool infer_qconv_sums(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return output_is_i32(n, infer_conv_nhwc(c, n, 5));
}

bool infer_qgemm_sums(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return output_is_i32(n, infer_gemm_rows(c, n, 5));
}

bool infer_qmatmul_sums(OpContext *c, Graph *g, Node *n)
{
    return output_is_i32(n, infer_matmul(c, g, n));
}

bool infer_dynamic_quantize(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    Shape scalar = {.rank = 0};
    op_set_output(n, 0, DT_I8, in_shape(n, 0));
    op_set_output(n, 1, DT_F32, &scalar);
    op_set_output(n, 2, DT_I32, &scalar);
    return true;
}

static bool check_zero(OpContext *c, const Node *n, size_t i)
{
    return (in_type(n, i) == DT_I32 && shape_count(in_shape(n, i)) == 1) ||
           node_error(c, n, "its zero point is %s %s; i32 of one element expected", dtype_name(in_type(n, i)),
                      shape_str(c, in_shape(n, i)));
}

static bool check_row(OpContext *c, const Node *n, size_t i, const char *what, int64_t channels)
{
    const Shape *s = in_shape(n, i);
    return !node_in(n, i) || (in_const(n, i) && in_type(n, i) == DT_I32 && s->rank == 1 && s->dim[0] == channels) ||
           node_error(c, n, "its %s is %s %s; a constant i32 [%" PRId64 "] expected", what, dtype_name(in_type(n, i)),
                      shape_str(c, s), channels);
}

/* 255 * sum |w + lift| of each channel fits 32 bits. */
static bool check_sums(OpContext *c, const Node *n, Matrix m)
{
    if (!in_const(n, 1) || in_type(n, 1) != DT_I8)
        return node_error(c, n, "its weights are %s%s; constant i8 expected", in_const(n, 1) ? "" : "computed ",
                          dtype_name(in_type(n, 1)));
    if (!check_row(c, n, 2, "offset", m.channels) || !check_row(c, n, 4, "lift", m.channels) || !check_zero(c, n, 3))
        return false;
    Tensor w = value_tensor(node_in(n, 1)), lift = {0};
    if (node_in(n, 4))
        lift = value_tensor(node_in(n, 4));
    for (int64_t o = 0; o < m.channels; o++) {
        int64_t sum = 0, up = node_in(n, 4) ? tensor_int(&lift, o) : 0;
        for (int64_t k = 0; k < m.taps; k++)
            sum += llabs(tensor_int(&w, o * m.channel_step + k * m.tap_step) + up);
        if (llabs(up) > 255 || sum > INT32_MAX / 255)
            return node_error(c, n, "the sum of its output channel %" PRId64 " may overflow 32 bits", o);
    }
    return true;
}

static void sums_step(Step *s, Node *n, int64_t products)
{
    for (size_t i = 0; i < 5; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->macs = shape_count(&node_out(n, 0)->shape) * products;
}

bool lower_qconv_sums(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    if (!qconv_window(c, n, &win, &y))
        return false;
    adze_qconv_params params = {QCONV_GEOMETRY(n, in_shape(n, 0), win, y)};
    int64_t taps = win.kernel[0] * win.kernel[1] * (params.in_c / params.group);
    if (!check_sums(c, n, (Matrix){params.out_c, taps, taps, 1}))
        return false;
    sums_step(PLAN_STEP(p, KIND_QCONV_SUMS, NULL, adze_qconv_params, &params), n, taps);
    return true;
}

bool lower_qgemm_sums(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    adze_qgemm_params params = {
        .m = (int32_t)dims_count(x, 0, x->rank - 1), .n = (int32_t)w->dim[1], .k = (int32_t)w->dim[0]};
    if (!check_sums(c, n, (Matrix){params.n, params.k, 1, params.n}))
        return false;
    sums_step(PLAN_STEP(p, KIND_QGEMM_SUMS, NULL, adze_qgemm_params, &params), n, params.k);
    return true;
}

bool lower_qmatmul_sums(OpContext *c, Plan *p, Node *n)
{
    Product product;
    adze_qmatmul_params params;
    if (!qmatmul_shape(c, p, n, &product, &params) || !check_zero(c, n, 2) || !check_zero(c, n, 3))
        return false;
    if ((int64_t)params.k * 255 * 255 > INT32_MAX)
        return node_error(c, n, "its sums of %d products may overflow 32 bits", (int)params.k);
    Step *s = PLAN_STEP(p, KIND_QMATMUL_SUMS, NULL, adze_qmatmul_params, &params);
    step_in(s, product.a);
    step_in(s, product.b);
    step_in(s, node_in(n, 2));
    step_in(s, node_in(n, 3));
    step_out(s, product.z);
    s->macs = shape_count(&product.z->shape) * params.k;
    if (product.z != node_out(n, 0))
        plan_alias(p, node_out(n, 0), product.z);
    return true;
}

bool lower_dynamic_quantize(OpContext *c, Plan *p, Node *n)
{
    (void)c;
    adze_unary_params params = {.count = (int32_t)shape_count(in_shape(n, 0))};
    Step *s = PLAN_STEP(p, KIND_DYNAMIC_QUANTIZE, NULL, adze_unary_params, &params);
    step_in(s, node_in(n, 0));
    for (size_t i = 0; i < 3; i++)
        step_out(s, node_out(n, i));
    return true;
}
