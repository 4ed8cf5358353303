/* ref/layernorm.h: y = (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis of [outer, axis];
 * x and y may be the same. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_LAYERNORM_H
#define ADZE_REF_LAYERNORM_H

#include "adze.h"

#include <math.h>

/* bias may be NULL. */
ADZE_KERNEL void adze_layernorm_f32_ref(const adze_layernorm_params *p, const float *x, const float *scale,
                                        const float *bias, float *y)
{
    const int32_t axis = p->axis;
    for (int32_t o = 0; o < p->outer; o++, x += axis, y += axis) {
        float sum = 0.0f, squares = 0.0f;
        for (int32_t k = 0; k < axis; k++)
            sum += x[k];
        const float mean = sum / (float)axis;
        for (int32_t k = 0; k < axis; k++)
            squares += (x[k] - mean) * (x[k] - mean);
        const float factor = 1.0f / sqrtf(squares / (float)axis + p->epsilon);
        for (int32_t k = 0; k < axis; k++) {
            const float v = (x[k] - mean) * factor * scale[k];
            y[k] = bias ? v + bias[k] : v;
        }
    }
}

#endif
