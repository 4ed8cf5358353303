/* adze.h: what generated code and kernels share: parameter structs and a few macros. SPDX-License-Identifier: 0BSD
 *
 * Conventions of every kernel:
 *   void adze_NAME(const PARAMS *p, inputs..., outputs..., [void *scratch])
 * Tensors are row-major. Images are NHWC: [batch][height][width][channels]. Sizes count elements, not bytes. Pointers
 * of optional inputs may be NULL. No kernel keeps state, allocates, or reads past the shapes that its params give. */
#ifndef ADZE_H
#define ADZE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* How kernels are instantiated: by default each is one function shared by all layers of a model; with ADZE_INLINE
 * (-O speed) the C compiler makes a copy a layer, with constant shapes. ADZE_SIZE (-O size) asks a kernel for its
 * smaller form, if it has one, and gcc for small code on the cores where that counts. */
#if defined(ADZE_SIZE) && defined(__GNUC__) && !defined(__clang__) && (defined(__arm__) || defined(__riscv))
#pragma GCC optimize("Os")
#endif
#if defined(__GNUC__)
#define ADZE_UNUSED __attribute__((unused))
#define ADZE_FORCE_INLINE static inline __attribute__((always_inline, unused))
#define ADZE_NOINLINE __attribute__((noinline))
#define ADZE_RESTRICT __restrict
/* gcc would make a copy of a shared kernel for each set of constant arguments. */
#if defined(__clang__)
#define ADZE_NOCLONE
#else
#define ADZE_NOCLONE __attribute__((noclone))
#endif
#else
#define ADZE_UNUSED
#define ADZE_FORCE_INLINE static inline
#define ADZE_NOINLINE
#define ADZE_RESTRICT
#define ADZE_NOCLONE
#endif
#if defined(ADZE_INLINE)
#define ADZE_KERNEL ADZE_FORCE_INLINE
#elif defined(__GNUC__)
#define ADZE_KERNEL static ADZE_NOCLONE __attribute__((noinline, unused))
#else
#define ADZE_KERNEL static inline
#endif

enum { ADZE_MAX_RANK = 8 };

/* What happens to an accumulated value before it is stored: y = act(x + residual).
 * act: lo <= y <= hi; without a bound lo is -INFINITY, hi is INFINITY; NaN stays NaN. */

/* Conv, depthwise Conv: x NHWC [batch, in_h, in_w, in_c], y NHWC [batch, out_h, out_w, out_c].
 * y[n,oy,ox,o] = act(bias[o] + residual[n,oy,ox,o] + sum over ky,kx,c of
 *     x[n, oy*stride_h + ky*dilation_h - pad_top, ox*stride_w + kx*dilation_w - pad_left, g*in_c/group + c]
 *     * w[o,ky,kx,c]),  g = o / (out_c/group); taps outside the image count as zero. */
typedef struct {
    int32_t batch, in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, group;
    float lo, hi;
} adze_conv_params;

/* Gemm: y[m,n] = act(bias[n] + residual[m,n] + sum over k of x[m,k] * w[k,n]); w is constant and packed by the kernel.
 */
typedef struct {
    int32_t m, n, k;
    float lo, hi;
} adze_gemm_params;

/* MatMul of two computed matrices, batched: y[b] = alpha * a[b] x b[b]; strides in elements, 0 repeats an operand.
 * batch dims are collapsed to at most 4, outermost first. Rows of y are contiguous. */
typedef struct {
    int32_t batch[4];
    int32_t a_stride[4], b_stride[4], y_stride[4];
    int32_t m, n, k;
    int32_t a_row, a_col, b_row, b_col, y_row; /* strides of a[m,k], b[k,n], y[m,n]: heads of attention need no copy */
    int32_t a_offset, b_offset;                /* of the first element */
    float alpha;
} adze_matmul_params;

/* Pooling: NHWC as in adze_conv_params. count_include_pad divides by kernel_h*kernel_w (clipped to the padded image),
 * else by the number of taps inside the image. */
typedef struct {
    int32_t batch, in_h, in_w, channels, out_h, out_w;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    int32_t pad_top, pad_left, pad_bottom, pad_right, count_include_pad;
    float lo, hi;
} adze_pool_params;

/* Softmax and its kin over the middle axis of [outer, axis, inner]. */
typedef struct {
    int32_t outer, axis, inner;
} adze_softmax_params;

/* LayerNormalization over the last `axis` elements of each of `outer` rows. */
typedef struct {
    int32_t outer, axis;
    float epsilon;
} adze_layernorm_params;

/* GroupNormalization: each of `groups` of `channels` channels has mean 0 and variance 1 over its pixels, before
 * y = act(x * scale + bias), a scale for `channels_per_scale` channels each. An element of x and y is at group *
 * group_stride + channel * channel_stride + pixel * pixel_stride of its image. */
typedef struct {
    int32_t batch, groups, channels, pixels;
    int32_t group_stride, channel_stride, pixel_stride, channels_per_scale;
    float epsilon, lo, hi;
} adze_groupnorm_params;

/* Trees: y[batch, targets] is over all trees the sum, minimum or maximum of the weights of the leaf that x[batch,
 * features] leads to. A node is two words. A branch holds a threshold, as a key (ref/trees.h), and in the other word
 * its feature, flags, and from bit 16 on how many nodes further those go on whose x is above the threshold, or unequal
 * to it; the others, and NaN with ADZE_TREE_NAN, go on with the next node. A leaf holds its weight and its target, or
 * from bit 16 on the row of `rows` [][targets] that has its weights. */
enum { ADZE_TREES_SUM, ADZE_TREES_MIN, ADZE_TREES_MAX };
enum {
    ADZE_TREE_FEATURE = 0x1fff,
    ADZE_TREE_LEAF = 0x2000,
    ADZE_TREE_EQUAL = 0x4000, /* of a branch */
    ADZE_TREE_ROW = 0x4000,   /* of a leaf */
    ADZE_TREE_NAN = 0x8000
};
typedef struct {
    int32_t batch, features, trees, targets, aggregate;
} adze_trees_params;

/* Element-wise over `count` elements; a and b are the operator's attributes (LeakyRelu's alpha; Clip's bounds). */
typedef struct {
    int32_t count;
    float a, b;
} adze_unary_params;

/* Element-wise with NumPy broadcasting: output dims (collapsed, outermost first) and operand strides in elements, 0 on
 * broadcast axes; contiguous output. c is the third operand of Where. */
typedef struct {
    int32_t rank;
    int32_t dim[ADZE_MAX_RANK];
    int32_t a_stride[ADZE_MAX_RANK], b_stride[ADZE_MAX_RANK], c_stride[ADZE_MAX_RANK];
    float lo, hi;
} adze_broadcast_params;

/* Strided copy, the one kernel behind Transpose, Slice, Concat, Split, Expand, Pad's inside: for each index of dim,
 * y[y_offset + sum index*y_stride] = x[x_offset + sum index*x_stride]; strides and offsets in elements. */
typedef struct {
    int32_t rank;
    int32_t dim[ADZE_MAX_RANK], x_stride[ADZE_MAX_RANK], y_stride[ADZE_MAX_RANK];
    int32_t x_offset, y_offset;
} adze_copy_params;

/* Reductions over the middle axis of [outer, axis, inner]; other axes are transposed there first. */
typedef struct {
    int32_t outer, axis, inner;
    int32_t keep; /* ArgMax, ArgMin: select_last_index */
} adze_reduce_params;

/* TopK along the axis of x [outer, axis, inner] to y and indices [outer, k, inner]; k <= axis. */
typedef struct {
    int32_t outer, axis, inner, k;
    int32_t smallest; /* instead of the largest */
} adze_topk_params;

/* CumSum, CumProd along the axis of [outer, axis, inner]. */
typedef struct {
    int32_t outer, axis, inner;
    int32_t reverse, exclusive; /* from the end; without the element itself */
} adze_scan_params;

/* Gather: y[o,i,n] = x[o, index[i], n], x [outer, axis, inner], negative indices count from the end. */
typedef struct {
    int32_t outer, axis, inner, indices;
} adze_gather_params;

/* GatherElements, ScatterElements: `count` indices of the shape `dim`, the strides of the `whole` elements of data at
 * the same places, 0 on the indexed axis. */
typedef struct {
    int32_t rank, count, whole;
    int32_t axis, axis_stride;
    int32_t dim[ADZE_MAX_RANK], stride[ADZE_MAX_RANK];
} adze_elements_params;

/* GatherND, ScatterND: [batch, rows, depth] indices into data of `whole` elements a batch, whose first axes are `dim`
 * and lie `stride` apart. */
typedef struct {
    int32_t batch, rows, depth, inner, whole;
    int32_t dim[ADZE_MAX_RANK], stride[ADZE_MAX_RANK];
} adze_rows_params;

/* Resize along one axis, [outer, in, inner] to [outer, out, inner]: each row of y is the weighted sum of `taps` rows of
 * x, whose indices and weights are operands; a first index below 0 makes the row `outside`. */
typedef struct {
    int32_t outer, in, inner, out, taps;
    float outside;
} adze_resize_params;

/* LSTM, GRU: one direction of [seq, batch, hidden], whose state begins at state_offset of [directions, batch, hidden];
 * a step of y is y_step elements. reset_after: GRU's linear_before_reset. */
typedef struct {
    int32_t seq, batch, hidden, reverse, reset_after, y_step, state_offset;
} adze_recurrent_params;

/* Fields of the parameters of quantised layers: sizes, small counts (taps, steps, pads), and values of 8 bits. A
 * program whose layers all fit says so by ADZE_NARROW, which more than halves its structs. */
#if defined(ADZE_NARROW)
typedef uint16_t adze_size;
typedef uint8_t adze_count;
typedef int8_t adze_small;
#else
typedef int32_t adze_size;
typedef int32_t adze_count;
typedef int32_t adze_small;
#endif

/* Integers. requantize(acc, m, shift) = ((int64_t)(acc << shift) * m + 2^31) >> 32, see ref/requantize.h; lo and hi
 * bound the stored value. */

/* QConv, depthwise QConv: as adze_conv_params; taps outside the image read as x_zero_point, and the bias holds
 * -x_zero_point * (sum of the weights). The add_* fields serve a residual operand (NULL: none):
 * q = clamp(y_zero_point + requantize(acc, multiplier[o], shift), q_lo, q_hi), then
 * y = clamp(add_zero_point + (((q - y_zero_point) * q_multiplier + (r - r_zero_point) * r_multiplier
 *           + 2^(add_shift - 1)) >> add_shift), lo, hi). Without a residual lowering has made one clamp of both, and
 * y = clamp(y_zero_point + requantize(acc, multiplier[o], shift), lo, hi). */
typedef struct {
    adze_count batch, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    adze_size in_h, in_w, in_c, out_h, out_w, out_c, group;
    int32_t q_multiplier, r_multiplier;
    adze_small x_zero_point, y_zero_point, shift, q_lo, q_hi;
    adze_small r_zero_point, add_shift, add_zero_point;
    adze_small lo, hi;
} adze_qconv_params;

/* QGemm: x [m,k], w [k,n]; the bias holds -x_zero_point * (sum over k of w). Residual as above. */
typedef struct {
    adze_size m, n, k;
    int32_t q_multiplier, r_multiplier;
    adze_small y_zero_point, shift, q_lo, q_hi;
    adze_small r_zero_point, add_shift, add_zero_point;
    adze_small lo, hi;
} adze_qgemm_params;

/* QMatMul: as adze_matmul_params (batch, strides). */
typedef struct {
    int32_t batch[4];
    int32_t a_stride[4], b_stride[4];
    int32_t m, n, k;
    int32_t a_row, a_col, b_row, b_col;
    int32_t a_zero_point, b_zero_point, y_zero_point, multiplier, shift;
    int32_t lo, hi;
} adze_qmatmul_params;

/* QAdd, QMul with broadcasting, as adze_broadcast_params. QMul uses a_multiplier as its multiplier. */
typedef struct {
    adze_size dim[ADZE_MAX_RANK], a_stride[ADZE_MAX_RANK], b_stride[ADZE_MAX_RANK];
    int32_t rank, a_multiplier, b_multiplier;
    int32_t a_zero_point, b_zero_point, y_zero_point, shift;
    int32_t lo, hi;
} adze_qbinary_params;

/* QAveragePool: as adze_pool_params; multiplier[taps] is an operand. */
typedef struct {
    adze_count batch, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w;
    adze_count pad_top, pad_left, pad_bottom, pad_right;
    adze_size in_h, in_w, channels, out_h, out_w;
    adze_small count_include_pad, x_zero_point, y_zero_point, shift;
    adze_small lo, hi;
} adze_qpool_params;

/* QSoftmax over the middle axis of [outer, axis, inner]; 1 / the output's scale is y_inverse_scale / y_divisor. */
typedef struct {
    int32_t outer, axis, inner;
    int32_t y_inverse_scale, y_divisor, y_zero_point;
} adze_qsoftmax_params;

/* QLayerNormalization over the last axis of [outer, axis], see ref/qlayernorm.h; lift = epsilon_shift / 2 + t - 30. */
typedef struct {
    int32_t outer, axis;
    int32_t epsilon_high, epsilon_low, epsilon_shift, lift, shift;
    int32_t lo, hi;
} adze_qlayernorm_params;

/* Sixteen bits: activations i16, weights i8. requantize16(acc, m, shift) = (acc * m + 2^(shift - 1)) >> shift in 64
 * bits, see ref/q16.h; the structs above serve QMatMul, QAdd, QMul, QAveragePool and QSoftmax of 16 bits too. wide:
 * sums need 64 bits. */
typedef struct {
    int32_t batch, in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left, group;
    int32_t x_zero_point, y_zero_point, shift, wide;
    int32_t lo, hi;
} adze_qconv16_params;

/* x [m,k], w [k,n] */
typedef struct {
    int32_t m, n, k;
    int32_t y_zero_point, shift, wide;
    int32_t lo, hi;
} adze_qgemm16_params;

/* Requantize: y_zero_point + requantize16(x - x_zero_point), from 8 to 16 bits or from 16 to 8. */
typedef struct {
    int32_t count, multiplier, shift;
    int32_t x_zero_point, y_zero_point;
    int32_t lo, hi;
} adze_requantize_params;

/* A table of points 2^bits apart; between them lines. */
typedef struct {
    int32_t count, bits;
} adze_qinterpolate_params;

/* Quantize, Dequantize, per tensor or per channel of [outer, axis, inner] (axis == 1: per tensor); scale and zero point
 * are operands. */
typedef struct {
    int32_t outer, axis, inner;
} adze_quantize_params;

#endif
