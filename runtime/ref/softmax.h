/* ref/softmax.h: softmax and its logarithm over the middle axis of [outer, axis, inner]; x and y may be the same.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_SOFTMAX_H
#define ADZE_REF_SOFTMAX_H

#include "adze.h"

#include <math.h>

/* The largest of n elements; NaN when one is. */
static inline float adze_largest(const float *x, int32_t n, int32_t stride)
{
    float largest = -INFINITY;
    for (int32_t k = 0; k < n; k++) {
        const float v = x[k * stride];
        largest = (largest > v || largest != largest) ? largest : v;
    }
    return largest;
}

/* e^(v - largest) is at most 1: nothing overflows. */
ADZE_KERNEL void adze_softmax_f32_ref(const adze_softmax_params *p, const float *x, float *y)
{
    const int32_t axis = p->axis, inner = p->inner;
    for (int32_t o = 0; o < p->outer; o++, x += axis * inner, y += axis * inner) {
        for (int32_t i = 0; i < inner; i++) {
            const float largest = adze_largest(x + i, axis, inner);
            float sum = 0.0f;
            for (int32_t k = 0; k < axis; k++) {
                const float e = expf(x[k * inner + i] - largest);
                y[k * inner + i] = e;
                sum += e;
            }
            for (int32_t k = 0; k < axis; k++)
                y[k * inner + i] /= sum;
        }
    }
}

ADZE_KERNEL void adze_logsoftmax_f32_ref(const adze_softmax_params *p, const float *x, float *y)
{
    const int32_t axis = p->axis, inner = p->inner;
    for (int32_t o = 0; o < p->outer; o++, x += axis * inner, y += axis * inner) {
        for (int32_t i = 0; i < inner; i++) {
            const float largest = adze_largest(x + i, axis, inner);
            float sum = 0.0f;
            for (int32_t k = 0; k < axis; k++)
                sum += expf(x[k * inner + i] - largest);
            const float log_sum = logf(sum);
            for (int32_t k = 0; k < axis; k++)
                y[k * inner + i] = x[k * inner + i] - largest - log_sum;
        }
    }
}

#endif
