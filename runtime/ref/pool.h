/* ref/pool.h: max and average pooling, NHWC. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_POOL_H
#define ADZE_REF_POOL_H

#include "ref/act.h"
#include "ref/taps.h"

#include <math.h>

/* START is the value of a window of no taps; STEP combines it with v; END is what is stored; taps counts. */
#define ADZE_POOL(NAME, T, START, STEP, END)                                                                           \
    ADZE_KERNEL void adze_##NAME##_ref(const adze_pool_params *p, const T *x, T *y)                                    \
    {                                                                                                                  \
        const int32_t channels = p->channels, row = p->in_w * channels;                                                \
        for (int32_t n = 0; n < p->batch; n++, x += p->in_h * row)                                                     \
            for (int32_t oy = 0; oy < p->out_h; oy++)                                                                  \
                for (int32_t ox = 0; ox < p->out_w; ox++, y += channels) {                                             \
                    const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;          \
                    const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, p->pad_bottom);        \
                    const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, p->pad_right);        \
                    const int32_t taps =                                                                               \
                        p->count_include_pad ? ty.padded * tx.padded : (ty.end - ty.first) * (tx.end - tx.first);      \
                    (void)taps;                                                                                        \
                    for (int32_t c = 0; c < channels; c++)                                                             \
                        y[c] = START;                                                                                  \
                    for (int32_t ky = ty.first; ky < ty.end; ky++)                                                     \
                        for (int32_t kx = tx.first; kx < tx.end; kx++) {                                               \
                            const T *pixel =                                                                           \
                                x + (top + ky * p->dilation_h) * row + (left + kx * p->dilation_w) * channels;         \
                            for (int32_t c = 0; c < channels; c++) {                                                   \
                                const T v = pixel[c];                                                                  \
                                y[c] = STEP;                                                                           \
                            }                                                                                          \
                        }                                                                                              \
                    for (int32_t c = 0; c < channels; c++)                                                             \
                        y[c] = END;                                                                                    \
                }                                                                                                      \
    }

ADZE_POOL(maxpool_f32, float, -INFINITY, v > y[c] ? v : y[c], adze_act_f32(y[c], p->lo, p->hi))
ADZE_POOL(avgpool_f32, float, 0.0f, y[c] + v, adze_act_f32(y[c] / (float)(taps > 0 ? taps : 1), p->lo, p->hi))
/* Integers: lo and hi are not used. */
ADZE_POOL(maxpool_i8, int8_t, INT8_MIN, v > y[c] ? v : y[c], y[c])
ADZE_POOL(maxpool_i16, int16_t, INT16_MIN, v > y[c] ? v : y[c], y[c])
ADZE_POOL(maxpool_u8, uint8_t, 0, v > y[c] ? v : y[c], y[c])

#endif
