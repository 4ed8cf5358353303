/* ref/qconv.h: QConv and depthwise QConv in plain loops, the judge of the other sets. SPDX-License-Identifier: 0BSD
 *
 * Serves every shape: groups, dilation, batch, any padding. Weights are as the graph has them:
 * [out_c][kernel_h][kernel_w][in_c / group], 8 or 16 bits. */
#ifndef ADZE_REF_QCONV_H
#define ADZE_REF_QCONV_H

#include "ref/qsum.h"
#include "ref/requantize.h"

/* A depthwise QConv is a QConv whose groups have one channel. */
#define ADZE_QCONV(W, T)                                                                                               \
    ADZE_QCONV_SUM(adze_qconv_##W##_sum, adze_qconv_params, int8_t, T, int32_t)                                        \
    ADZE_NOCLONE ADZE_KERNEL void adze_qconv_##W##_ref(const adze_qconv_params *p, const int8_t *x, const T *w,        \
                                                       const int32_t *bias, const int32_t *multiplier,                 \
                                                       const int8_t *residual, int8_t *y)                              \
    {                                                                                                                  \
        const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;                                    \
        const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;                                        \
        ptrdiff_t i = 0;                                                                                               \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            const int8_t *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;                                      \
            for (int32_t oy = 0; oy < p->out_h; oy++)                                                                  \
                for (int32_t ox = 0; ox < p->out_w; ox++)                                                              \
                    for (int32_t o = 0; o < p->out_c; o++, i++) {                                                      \
                        const int32_t sum =                                                                            \
                            adze_qconv_##W##_sum(p, image, w + o * taps, oy, ox, o / outputs * channels);              \
                        y[i] = adze_qconv_store(p, bias[o] + sum, multiplier[o], residual ? residual + i : NULL);      \
                    }                                                                                                  \
        }                                                                                                              \
    }                                                                                                                  \
    ADZE_KERNEL void adze_qdepthwise_##W##_ref(const adze_qconv_params *p, const int8_t *x, const T *w,                \
                                               const int32_t *bias, const int32_t *multiplier, const int8_t *residual, \
                                               int8_t *y)                                                              \
    {                                                                                                                  \
        adze_qconv_##W##_ref(p, x, w, bias, multiplier, residual, y);                                                  \
    }

ADZE_QCONV(i8, int8_t)
ADZE_QCONV(i16, int16_t)

#endif
