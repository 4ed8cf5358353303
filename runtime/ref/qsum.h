/* ref/qsum.h: the sum over the taps of one output element of a quantised convolution. SPDX-License-Identifier: 0BSD
 *
 * ADZE_QCONV_SUM defines NAME(p, x, w, oy, ox, c0): x is an image, w the weights of its output channel, c0 the first
 * input channel of its group. P, X, W are the types of parameters, inputs and weights, S that of the sum. */
#ifndef ADZE_REF_QSUM_H
#define ADZE_REF_QSUM_H

#include "adze.h"

/* noclone: gcc 12 at -O3 vectorises a copy that it made for constant parameters wrongly (1x1 kernels, 32 channels). */
#define ADZE_QCONV_SUM(NAME, P, X, W, S)                                                                               \
    ADZE_NOCLONE static inline S NAME(const P *p, const X *x, const W *w, int32_t oy, int32_t ox, int32_t c0)          \
    {                                                                                                                  \
        const int32_t channels = p->in_c / p->group;                                                                   \
        S sum = 0;                                                                                                     \
        for (int32_t ky = 0; ky < p->kernel_h; ky++) {                                                                 \
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;                                     \
            for (int32_t kx = 0; kx < p->kernel_w; kx++, w += channels) {                                              \
                const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;                                \
                if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w) {                                              \
                    for (int32_t c = 0; c < channels; c++)                                                             \
                        sum += p->x_zero_point * w[c];                                                                 \
                    continue;                                                                                          \
                }                                                                                                      \
                const X *xs = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0;                                       \
                for (int32_t c = 0; c < channels; c++)                                                                 \
                    sum += xs[c] * w[c];                                                                               \
            }                                                                                                          \
        }                                                                                                              \
        return sum;                                                                                                    \
    }

#endif
