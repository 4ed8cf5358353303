/* ref/qconv.h: QConv and depthwise QConv in plain loops, the judge of the other sets. SPDX-License-Identifier: 0BSD
 *
 * Serves every shape: groups, dilation, batch, any padding. Weights are as the graph has them:
 * [out_c][kernel_h][kernel_w][in_c / group], 8 or 16 bits. */
#ifndef ADZE_REF_QCONV_H
#define ADZE_REF_QCONV_H

#include "ref/requantize.h"

/* gcc 12 at -O3 vectorises a copy of the sum that it made for constant parameters wrongly (1x1 kernels, 32 channels).
 */
#if defined(__GNUC__) && !defined(__clang__)
#define ADZE_NOCLONE __attribute__((noclone))
#else
#define ADZE_NOCLONE
#endif

/* The sum over the taps of one output element; x is an image, w the weights of its output channel, c0 the first
 * input channel of its group. */
#define ADZE_QCONV_SUM(W, T)                                                                                           \
    ADZE_NOCLONE static inline int32_t adze_qconv_##W##_sum(const adze_qconv_params *p, const int8_t *x, const T *w,   \
                                                            int32_t oy, int32_t ox, int32_t c0)                        \
    {                                                                                                                  \
        const int32_t channels = p->in_c / p->group;                                                                   \
        int32_t sum = 0;                                                                                               \
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {                                                                 \
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;                                     \
            for (int32_t kx = 0; kx < p->kernel_w; kx++, w += channels) {                                              \
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;                                \
                if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w) {                                              \
                    for (int32_t c = 0; c < channels; c++)                                                             \
                        sum += p->x_zero_point * w[c];                                                                 \
                    continue;                                                                                          \
                }                                                                                                      \
                const int8_t *xs = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0;                                  \
                for (int32_t c = 0; c < channels; c++)                                                                 \
                    sum += xs[c] * w[c];                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        return sum;                                                                                                    \
    }

/* A depthwise QConv is a QConv whose groups have one channel. */
#define ADZE_QCONV(W, T)                                                                                               \
    ADZE_QCONV_SUM(W, T)                                                                                               \
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
