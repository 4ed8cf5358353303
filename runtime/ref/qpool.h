/* ref/qpool.h: QAveragePool; multiplier[t] is the factor for t taps. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QPOOL_H
#define ADZE_REF_QPOOL_H

#include "ref/requantize.h"
#include "ref/taps.h"

ADZE_KERNEL void adze_qavgpool_i8_ref(const adze_qpool_params *p, const int8_t *x, const int32_t *multiplier, int8_t *y)
{
    const int32_t channels = p->channels, row = p->in_w * channels;
    for (int32_t n = 0; n < p->batch; n++, x += p->in_h * row)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;
                const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, p->pad_bottom);
                const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, p->pad_right);
                const int32_t inside = (ty.end - ty.first) * (tx.end - tx.first);
                const int32_t m = multiplier[p->count_include_pad ? ty.padded * tx.padded : inside];
                for (int32_t c = 0; c < channels; c++) {
                    int32_t sum = -p->x_zero_point * inside;
                    for (int32_t ky = ty.first; ky < ty.end; ky++)
                        for (int32_t kx = tx.first; kx < tx.end; kx++)
                            sum += x[(top + ky * p->dilation_h) * row + (left + kx * p->dilation_w) * channels + c];
                    sum = p->y_zero_point + adze_requantize_even(sum, m, p->shift);
                    *y++ = (int8_t)adze_clamp(sum, p->lo, p->hi);
                }
            }
}

#endif
