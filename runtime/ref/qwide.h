/* ref/qwide.h: QConv and QGemm whose sums may not fit 32 bits: of 64 bits. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QWIDE_H
#define ADZE_REF_QWIDE_H

#include "ref/qsum.h"
#include "ref/requantize.h"

#define ADZE_QWIDE(W, T)                                                                                               \
    ADZE_QCONV_SUM(adze_qconv_##W##_wide_sum, adze_qconv_params, int8_t, T, int64_t)                                   \
    ADZE_KERNEL void adze_qconv_##W##_wide_ref(const adze_qconv_params *p, const int8_t *x, const T *w,                \
                                               const int32_t *bias, const int32_t *multiplier, const int8_t *residual, \
                                               int8_t *y)                                                              \
    {                                                                                                                  \
        const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;                                    \
        const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;                                        \
        ptrdiff_t i = 0;                                                                                               \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            const int8_t *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;                                      \
            for (int32_t oy = 0; oy < p->out_h; oy++)                                                                  \
                for (int32_t ox = 0; ox < p->out_w; ox++)                                                              \
                    for (int32_t o = 0; o < p->out_c; o++, i++) {                                                      \
                        const int64_t sum =                                                                            \
                            adze_qconv_##W##_wide_sum(p, image, w + o * taps, oy, ox, o / outputs * channels);         \
                        const int32_t q = adze_requantize_wide(bias[o] + sum, multiplier[o], p->shift);                \
                        y[i] = adze_qconv_finish(p, q, residual ? residual + i : NULL);                                \
                    }                                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    ADZE_KERNEL void adze_qgemm_##W##_wide_ref(const adze_qgemm_params *p, const int8_t *x, const T *w,                \
                                               const int32_t *bias, const int32_t *multiplier, const int8_t *residual, \
                                               int8_t *y)                                                              \
    {                                                                                                                  \
        ptrdiff_t i = 0;                                                                                               \
        for (int32_t m = 0; m < p->m; m++, x += p->k)                                                                  \
            for (int32_t n = 0; n < p->n; n++, i++) {                                                                  \
                int64_t sum = bias[n];                                                                                 \
                for (int32_t k = 0; k < p->k; k++)                                                                     \
                    sum += x[k] * w[(ptrdiff_t)k * p->n + n];                                                          \
                const int32_t q = adze_requantize_wide(sum, multiplier[n], p->shift);                                  \
                y[i] = adze_qgemm_finish(p, q, residual ? residual + i : NULL);                                        \
            }                                                                                                          \
    }

ADZE_QWIDE(i8, int8_t)
ADZE_QWIDE(i16, int16_t)

#endif
