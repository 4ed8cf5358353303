/* ref/resize.h: interpolation along one axis. SPDX-License-Identifier: 0BSD
 *
 * y[o,i,:] = sum over t of weight[i,t] * x[o, index[i,t], :]; index[i,0] < 0: the whole row is `outside`. */
#ifndef ADZE_REF_RESIZE_H
#define ADZE_REF_RESIZE_H

#include "adze.h"

/* Two taps (linear), the case that matters, in one pass over the row; a tap more is a pass more. */
static inline void adze_resize_row_f32(const adze_resize_params *p, const float *x, const int32_t *index,
                                       const float *weight, float *y)
{
    const int32_t count = p->inner, pair = p->taps > 1;
    const float *a = x + index[0] * count, *b = x + index[pair] * count;
    const float wa = weight[0], wb = pair ? weight[1] : 0.0f;
    for (int32_t i = 0; i < count; i++)
        y[i] = pair ? wa * a[i] + wb * b[i] : wa * a[i];
    for (int32_t t = 2; t < p->taps; t++) {
        const float *row = x + index[t] * count;
        for (int32_t i = 0; i < count; i++)
            y[i] += weight[t] * row[i];
    }
}

ADZE_KERNEL void adze_resize_f32_ref(const adze_resize_params *p, const float *x, const int32_t *index,
                                     const float *weight, float *y)
{
    for (int32_t o = 0; o < p->outer; o++, x += p->in * p->inner)
        for (int32_t i = 0; i < p->out; i++, y += p->inner) {
            if (index[i * p->taps] >= 0)
                adze_resize_row_f32(p, x, index + i * p->taps, weight + i * p->taps, y);
            else
                for (int32_t k = 0; k < p->inner; k++)
                    y[k] = p->outside;
        }
}

#endif
