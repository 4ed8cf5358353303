/* ref/qsoftmax.h: Softmax of 8-bit values over the middle axis of [outer, axis, inner]; table[255 - d] is the
 * exponential of a value that is d below the largest. x and y may be the same. SPDX-License-Identifier: 0BSD
 *
 * The compiler scales the table so that its sum over the axis times y_divisor, and an entry times y_inverse_scale, fit
 * 32 bits. */
#ifndef ADZE_REF_QSOFTMAX_H
#define ADZE_REF_QSOFTMAX_H

#include "ref/requantize.h"

ADZE_KERNEL void adze_qsoftmax_i8_ref(const adze_qsoftmax_params *p, const int8_t *x, const uint32_t *table, int8_t *y)
{
    const int32_t axis = p->axis, inner = p->inner;
    for (int32_t o = 0; o < p->outer; o++, x += axis * inner, y += axis * inner)
        for (int32_t i = 0; i < inner; i++) {
            int32_t largest = -128;
            uint32_t sum = 0;
            for (int32_t k = 0; k < axis; k++)
                largest = x[k * inner + i] > largest ? x[k * inner + i] : largest;
            const uint32_t *e = table + (255 - largest);
            for (int32_t k = 0; k < axis; k++)
                sum += e[x[k * inner + i]];
            sum *= (uint32_t)p->y_divisor;
            for (int32_t k = 0; k < axis; k++) {
                const uint32_t v = (e[x[k * inner + i]] * (uint32_t)p->y_inverse_scale + sum / 2) / sum;
                y[k * inner + i] = (int8_t)adze_clamp(p->y_zero_point + (int32_t)v, -128, 127);
            }
        }
}

#endif
