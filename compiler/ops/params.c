/* The fields of the parameter structs of runtime/adze.h, in the structs' order. */
#include "ops/plan.h"
#include "adze.h"

#include <string.h>

#define COUNT(s, f, T) ((int)(sizeof(((s *)0)->f) / sizeof(T)))
#define INT(s, f) {#f, offsetof(s, f), 'i', COUNT(s, f, int32_t)},
#define SIZE(s, f) {#f, offsetof(s, f), 'u', COUNT(s, f, adze_size)},
#define FEW(s, f) {#f, offsetof(s, f), 'c', COUNT(s, f, adze_count)},
#define SMALL(s, f) {#f, offsetof(s, f), 'b', COUNT(s, f, adze_small)},
#define FLOAT(s, f) {#f, offsetof(s, f), 'f', COUNT(s, f, float)},

static const ParamField conv_fields[] = {
#define S adze_conv_params
    INT(S, batch) INT(S, in_h) INT(S, in_w) INT(S, in_c) INT(S, out_h) INT(S, out_w) INT(S, out_c) INT(S, kernel_h)
        INT(S, kernel_w) INT(S, stride_h) INT(S, stride_w) INT(S, dilation_h) INT(S, dilation_w) INT(S, pad_top)
            INT(S, pad_left) INT(S, group) FLOAT(S, lo) FLOAT(S, hi)
#undef S
};
static const ParamField gemm_fields[] = {
#define S adze_gemm_params
    INT(S, m) INT(S, n) INT(S, k) FLOAT(S, lo) FLOAT(S, hi)
#undef S
};
static const ParamField matmul_fields[] = {
#define S adze_matmul_params
    INT(S, batch) INT(S, a_stride) INT(S, b_stride) INT(S, y_stride) INT(S, m) INT(S, n) INT(S, k) INT(S, a_row)
        INT(S, a_col) INT(S, b_row) INT(S, b_col) INT(S, y_row) INT(S, a_offset) INT(S, b_offset) FLOAT(S, alpha)
#undef S
};
static const ParamField pool_fields[] = {
#define S adze_pool_params
    INT(S, batch) INT(S, in_h) INT(S, in_w) INT(S, channels) INT(S, out_h) INT(S, out_w) INT(S, kernel_h)
        INT(S, kernel_w) INT(S, stride_h) INT(S, stride_w) INT(S, dilation_h) INT(S, dilation_w) INT(S, pad_top)
            INT(S, pad_left) INT(S, pad_bottom) INT(S, pad_right) INT(S, count_include_pad) FLOAT(S, lo) FLOAT(S, hi)
#undef S
};
static const ParamField softmax_fields[] = {
#define S adze_softmax_params
    INT(S, outer) INT(S, axis) INT(S, inner)
#undef S
};
static const ParamField layernorm_fields[] = {
#define S adze_layernorm_params
    INT(S, outer) INT(S, axis) FLOAT(S, epsilon)
#undef S
};
static const ParamField groupnorm_fields[] = {
#define S adze_groupnorm_params
    INT(S, batch) INT(S, groups) INT(S, channels) INT(S, pixels) INT(S, group_stride) INT(S, channel_stride)
        INT(S, pixel_stride) INT(S, channels_per_scale) FLOAT(S, epsilon) FLOAT(S, lo) FLOAT(S, hi)
#undef S
};
static const ParamField trees_fields[] = {
#define S adze_trees_params
    INT(S, batch) INT(S, features) INT(S, trees) INT(S, targets) INT(S, aggregate)
#undef S
};
static const ParamField unary_fields[] = {
#define S adze_unary_params
    INT(S, count) FLOAT(S, a) FLOAT(S, b)
#undef S
};
static const ParamField broadcast_fields[] = {
#define S adze_broadcast_params
    INT(S, rank) INT(S, dim) INT(S, a_stride) INT(S, b_stride) INT(S, c_stride) FLOAT(S, lo) FLOAT(S, hi)
#undef S
};
static const ParamField copy_fields[] = {
#define S adze_copy_params
    INT(S, rank) INT(S, dim) INT(S, x_stride) INT(S, y_stride) INT(S, x_offset) INT(S, y_offset)
#undef S
};
static const ParamField reduce_fields[] = {
#define S adze_reduce_params
    INT(S, outer) INT(S, axis) INT(S, inner) INT(S, keep)
#undef S
};
static const ParamField topk_fields[] = {
#define S adze_topk_params
    INT(S, outer) INT(S, axis) INT(S, inner) INT(S, k) INT(S, smallest)
#undef S
};
static const ParamField scan_fields[] = {
#define S adze_scan_params
    INT(S, outer) INT(S, axis) INT(S, inner) INT(S, reverse) INT(S, exclusive)
#undef S
};
static const ParamField gather_fields[] = {
#define S adze_gather_params
    INT(S, outer) INT(S, axis) INT(S, inner) INT(S, indices)
#undef S
};
static const ParamField elements_fields[] = {
#define S adze_elements_params
    INT(S, rank) INT(S, count) INT(S, whole) INT(S, axis) INT(S, axis_stride) INT(S, dim) INT(S, stride)
#undef S
};
static const ParamField rows_fields[] = {
#define S adze_rows_params
    INT(S, batch) INT(S, rows) INT(S, depth) INT(S, inner) INT(S, whole) INT(S, dim) INT(S, stride)
#undef S
};
static const ParamField resize_fields[] = {
#define S adze_resize_params
    INT(S, outer) INT(S, in) INT(S, inner) INT(S, out) INT(S, taps) FLOAT(S, outside)
#undef S
};
static const ParamField recurrent_fields[] = {
#define S adze_recurrent_params
    INT(S, seq) INT(S, batch) INT(S, hidden) INT(S, reverse) INT(S, reset_after) INT(S, y_step) INT(S, state_offset)
#undef S
};
static const ParamField qconv_fields[] = {
#define S adze_qconv_params
    FEW(S, batch) FEW(S, kernel_h) FEW(S, kernel_w) FEW(S, stride_h) FEW(S, stride_w) FEW(S, dilation_h)
        FEW(S, dilation_w) FEW(S, pad_top) FEW(S, pad_left) SIZE(S, in_h) SIZE(S, in_w) SIZE(S, in_c) SIZE(S, out_h)
            SIZE(S, out_w) SIZE(S, out_c) SIZE(S, group) INT(S, q_multiplier) INT(S, r_multiplier)
                SMALL(S, x_zero_point) SMALL(S, y_zero_point) SMALL(S, shift) SMALL(S, q_lo) SMALL(S, q_hi)
                    SMALL(S, r_zero_point) SMALL(S, add_shift) SMALL(S, add_zero_point) SMALL(S, lo) SMALL(S, hi)
#undef S
};
static const ParamField qgemm_fields[] = {
#define S adze_qgemm_params
    SIZE(S, m) SIZE(S, n) SIZE(S, k) INT(S, q_multiplier) INT(S, r_multiplier) SMALL(S, y_zero_point) SMALL(S, shift)
        SMALL(S, q_lo) SMALL(S, q_hi) SMALL(S, r_zero_point) SMALL(S, add_shift) SMALL(S, add_zero_point) SMALL(S, lo)
            SMALL(S, hi)
#undef S
};
static const ParamField qmatmul_fields[] = {
#define S adze_qmatmul_params
    INT(S, batch) INT(S, a_stride) INT(S, b_stride) INT(S, m) INT(S, n) INT(S, k) INT(S, a_row) INT(S, a_col)
        INT(S, b_row) INT(S, b_col) INT(S, a_zero_point) INT(S, b_zero_point) INT(S, y_zero_point) INT(S, multiplier)
            INT(S, shift) INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField qbinary_fields[] = {
#define S adze_qbinary_params
    SIZE(S, dim) SIZE(S, a_stride) SIZE(S, b_stride) INT(S, rank) INT(S, a_multiplier) INT(S, b_multiplier)
        INT(S, a_zero_point) INT(S, b_zero_point) INT(S, y_zero_point) INT(S, shift) INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField qpool_fields[] = {
#define S adze_qpool_params
    FEW(S, batch) FEW(S, kernel_h) FEW(S, kernel_w) FEW(S, stride_h) FEW(S, stride_w) FEW(S, dilation_h)
        FEW(S, dilation_w) FEW(S, pad_top) FEW(S, pad_left) FEW(S, pad_bottom) FEW(S, pad_right) SIZE(S, in_h)
            SIZE(S, in_w) SIZE(S, channels) SIZE(S, out_h) SIZE(S, out_w) SMALL(S, count_include_pad)
                SMALL(S, x_zero_point) SMALL(S, y_zero_point) SMALL(S, shift) SMALL(S, lo) SMALL(S, hi)
#undef S
};
static const ParamField qsoftmax_fields[] = {
#define S adze_qsoftmax_params
    INT(S, outer) INT(S, axis) INT(S, inner) INT(S, y_inverse_scale) INT(S, y_divisor) INT(S, y_zero_point)
#undef S
};
static const ParamField qlayernorm_fields[] = {
#define S adze_qlayernorm_params
    INT(S, outer) INT(S, axis) INT(S, epsilon_high) INT(S, epsilon_low) INT(S, epsilon_shift) INT(S, lift) INT(S, shift)
        INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField qconv16_fields[] = {
#define S adze_qconv16_params
    INT(S, batch) INT(S, in_h) INT(S, in_w) INT(S, in_c) INT(S, out_h) INT(S, out_w) INT(S, out_c) INT(S, kernel_h)
        INT(S, kernel_w) INT(S, stride_h) INT(S, stride_w) INT(S, dilation_h) INT(S, dilation_w) INT(S, pad_top)
            INT(S, pad_left) INT(S, group) INT(S, x_zero_point) INT(S, y_zero_point) INT(S, shift) INT(S, wide)
                INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField qgemm16_fields[] = {
#define S adze_qgemm16_params
    INT(S, m) INT(S, n) INT(S, k) INT(S, y_zero_point) INT(S, shift) INT(S, wide) INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField qinterpolate_fields[] = {
#define S adze_qinterpolate_params
    INT(S, count) INT(S, bits)
#undef S
};
static const ParamField requantize_fields[] = {
#define S adze_requantize_params
    INT(S, count) INT(S, multiplier) INT(S, shift) INT(S, x_zero_point) INT(S, y_zero_point) INT(S, lo) INT(S, hi)
#undef S
};
static const ParamField quantize_fields[] = {
#define S adze_quantize_params
    INT(S, outer) INT(S, axis) INT(S, inner)
#undef S
};

const ParamStruct *param_struct(const char *name)
{
#define STRUCT(what)                                                                                                   \
    {                                                                                                                  \
        "adze_" #what "_params", sizeof(adze_##what##_params), what##_fields,                                          \
            sizeof what##_fields / sizeof what##_fields[0]                                                             \
    }
    static const ParamStruct structs[] = {
        STRUCT(conv),       STRUCT(gemm),    STRUCT(matmul),    STRUCT(pool),         STRUCT(softmax),
        STRUCT(layernorm),  STRUCT(unary),   STRUCT(broadcast), STRUCT(copy),         STRUCT(reduce),
        STRUCT(gather),     STRUCT(resize),  STRUCT(recurrent), STRUCT(qconv),        STRUCT(qgemm),
        STRUCT(qmatmul),    STRUCT(qbinary), STRUCT(qpool),     STRUCT(groupnorm),    STRUCT(qsoftmax),
        STRUCT(quantize),   STRUCT(qconv16), STRUCT(qgemm16),   STRUCT(qinterpolate), STRUCT(requantize),
        STRUCT(qlayernorm), STRUCT(trees),   STRUCT(topk),      STRUCT(scan),         STRUCT(elements),
        STRUCT(rows),
    };
    for (size_t i = 0; i < sizeof structs / sizeof structs[0]; i++) {
        if (strcmp(structs[i].name, name) == 0)
            return &structs[i];
        _Static_assert(sizeof(adze_broadcast_params) <= PARAMS_MAX_BYTES, "PARAMS_MAX_BYTES is too small");
    }
    return NULL;
}
