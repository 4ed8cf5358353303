/* ref/q4.h: QConv and QGemm with weights of 4 bits, in plain loops. SPDX-License-Identifier: 0BSD
 *
 * Packed a row a channel, [out_c] or [n]: a byte z, then the weights of its inputs as u = w + z, 0 <= u <= 15, two a
 * byte, the first one low. */
#ifndef ADZE_REF_Q4_H
#define ADZE_REF_Q4_H

#include "ref/requantize.h"

/* Weight i of a row. */
ADZE_FORCE_INLINE int32_t adze_q4_weight(const uint8_t *row, ptrdiff_t i)
{
    return (row[1 + i / 2] >> (i % 2 * 4) & 15) - row[0];
}

/* The sum over the taps of one output element, as in ref/qconv.h. */
ADZE_NOCLONE static inline int32_t adze_q4_sum(const adze_qconv_params *p, const int8_t *x, const uint8_t *row,
                                               int32_t oy, int32_t ox, int32_t c0)
{
    const int32_t channels = p->in_c / p->group;
    int32_t sum = 0;
    ptrdiff_t at = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            const int32_t inside = iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w;
            const int8_t *xs = inside ? x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0 : NULL;
            for (int32_t c = 0; c < channels; c++, at++)
                sum += (inside ? xs[c] : p->x_zero_point) * adze_q4_weight(row, at);
        }
    }
    return sum;
}

ADZE_NOCLONE ADZE_KERNEL void adze_qconv_i4_ref(const adze_qconv_params *p, const int8_t *x, const uint8_t *w,
                                                const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                                int8_t *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    const ptrdiff_t row = 1 + ((ptrdiff_t)p->kernel_h * p->kernel_w * channels + 1) / 2;
    ptrdiff_t i = 0;
    for (int32_t n = 0; n < p->batch; n++) {
        const int8_t *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++)
                for (int32_t o = 0; o < p->out_c; o++, i++) {
                    const int32_t sum = adze_q4_sum(p, image, w + o * row, oy, ox, o / outputs * channels);
                    y[i] = adze_qconv_store(p, bias[o] + sum, multiplier[o], residual ? residual + i : NULL);
                }
    }
}

ADZE_KERNEL void adze_qgemm_i4_ref(const adze_qgemm_params *p, const int8_t *x, const uint8_t *w, const int32_t *bias,
                                   const int32_t *multiplier, const int8_t *residual, int8_t *y)
{
    const ptrdiff_t row = 1 + ((ptrdiff_t)p->k + 1) / 2;
    ptrdiff_t i = 0;
    for (int32_t m = 0; m < p->m; m++, x += p->k)
        for (int32_t n = 0; n < p->n; n++, i++) {
            int32_t sum = bias[n];
            for (int32_t k = 0; k < p->k; k++)
                sum += x[k] * adze_q4_weight(w + n * row, k);
            y[i] = adze_qgemm_store(p, sum, multiplier[n], residual ? residual + i : NULL);
        }
}

#endif
