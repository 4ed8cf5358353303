/* ref/q16.h: products of 16-bit activations. SPDX-License-Identifier: 0BSD
 *
 *   requantize16(acc, m, shift) = (acc * m + 2^(shift - 1)) >> shift
 *
 * in 64 bits, rounded half up; m = round(scale * 2^shift). The compiler sees to |acc * m| < 2^62, and to sums of 32
 * bits where `wide` is 0. Weights are as the graph has them: [out_c][kernel_h][kernel_w][in_c / group], [k][n]. */
#ifndef ADZE_REF_Q16_H
#define ADZE_REF_Q16_H

#include "ref/qmatmul.h"
#include "ref/qsum.h"
#include "ref/requantize.h"

ADZE_FORCE_INLINE int16_t adze_requantize16(int64_t acc, int32_t m, int32_t shift, int32_t zero, int32_t lo, int32_t hi)
{
    int64_t v = ((acc * m + ((int64_t)1 << (shift - 1))) >> shift) + zero;
    v = v < lo ? lo : v;
    return (int16_t)(v > hi ? hi : v);
}

ADZE_QCONV_SUM(adze_qconv16_narrow, adze_qconv16_params, int16_t, int8_t, int32_t)
ADZE_QCONV_SUM(adze_qconv16_wide, adze_qconv16_params, int16_t, int8_t, int64_t)

ADZE_NOCLONE ADZE_KERNEL void adze_qconv_i16x8_ref(const adze_qconv16_params *p, const int16_t *x, const int8_t *w,
                                                   const int32_t *bias, const int32_t *multiplier, int16_t *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;
    for (int32_t n = 0; n < p->batch; n++) {
        const int16_t *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++)
                for (int32_t o = 0; o < p->out_c; o++) {
                    const int8_t *row = w + o * taps;
                    const int32_t c0 = o / outputs * channels;
                    const int64_t sum = p->wide ? adze_qconv16_wide(p, image, row, oy, ox, c0)
                                                : (int64_t)adze_qconv16_narrow(p, image, row, oy, ox, c0);
                    *y++ = adze_requantize16(bias[o] + sum, multiplier[o], p->shift, p->y_zero_point, p->lo, p->hi);
                }
    }
}

/* A depthwise convolution's groups have one channel. */
ADZE_KERNEL void adze_qdepthwise_i16x8_ref(const adze_qconv16_params *p, const int16_t *x, const int8_t *w,
                                           const int32_t *bias, const int32_t *multiplier, int16_t *y)
{
    adze_qconv_i16x8_ref(p, x, w, bias, multiplier, y);
}

#define ADZE_QGEMM16_SUM(NAME, S)                                                                                      \
    ADZE_NOCLONE static inline S adze_qgemm16_##NAME(const int16_t *x, const int8_t *w, int32_t k, int32_t n)          \
    {                                                                                                                  \
        S sum = 0;                                                                                                     \
        for (; k > 0; k--, w += n)                                                                                     \
            sum += *x++ * *w;                                                                                          \
        return sum;                                                                                                    \
    }
ADZE_QGEMM16_SUM(narrow, int32_t)
ADZE_QGEMM16_SUM(wide, int64_t)

ADZE_KERNEL void adze_qgemm_i16x8_ref(const adze_qgemm16_params *p, const int16_t *x, const int8_t *w,
                                      const int32_t *bias, const int32_t *multiplier, int16_t *y)
{
    for (int32_t m = 0; m < p->m; m++, x += p->k)
        for (int32_t n = 0; n < p->n; n++) {
            const int64_t sum =
                p->wide ? adze_qgemm16_wide(x, w + n, p->k, p->n) : (int64_t)adze_qgemm16_narrow(x, w + n, p->k, p->n);
            *y++ = adze_requantize16(bias[n] + sum, multiplier[n], p->shift, p->y_zero_point, p->lo, p->hi);
        }
}

/* One product of two computed matrices, y [m,n] contiguous. */
static inline void adze_qmatmul16_one(const adze_qmatmul_params *p, const int16_t *a, const int16_t *b, int16_t *y)
{
    for (int32_t i = 0; i < p->m; i++, a += p->a_row)
        for (int32_t j = 0; j < p->n; j++) {
            const int16_t *column = b + j * p->b_col;
            int64_t sum = 0;
            for (int32_t l = 0; l < p->k; l++)
                sum += (int64_t)(a[l * p->a_col] - p->a_zero_point) * (column[l * p->b_row] - p->b_zero_point);
            *y++ = adze_requantize16(sum, p->multiplier, p->shift, p->y_zero_point, p->lo, p->hi);
        }
}

ADZE_KERNEL void adze_qmatmul_i16_ref(const adze_qmatmul_params *p, const int16_t *a, const int16_t *b, int16_t *y)
{
    ADZE_QMATMUL_EACH(p, a, b, y, adze_qmatmul16_one);
}

#endif
