/* dsp/softmax.h: QSoftmax for Cortex-M with DSP, over the last axis; see ref/qsoftmax.h. SPDX-License-Identifier: 0BSD
 */
#ifndef ADZE_DSP_SOFTMAX_H
#define ADZE_DSP_SOFTMAX_H

#include "dsp/dsp.h"

/* The largest of n bytes, four at a time. */
ADZE_FORCE_INLINE int32_t adze_dsp_largest(const int8_t *x, int32_t n)
{
    int32_t largest = -128;
    if (n >= 4) {
        uint32_t most = adze_dsp_load(x);
        for (x += 4, n -= 4; n >= 4; x += 4, n -= 4)
            most = adze_dsp_max(most, adze_dsp_load(x));
        most = adze_dsp_max(most, most >> 16 | most << 16);
        most = adze_dsp_max(most, most >> 8 | most << 24);
        largest = (int8_t)(uint8_t)most;
    }
    for (; n > 0; n--, x++)
        largest = *x > largest ? *x : largest;
    return largest;
}

ADZE_FORCE_INLINE uint32_t adze_dsp_exp_sum(const int8_t *x, const uint32_t *e, int32_t n)
{
    uint32_t sum = 0;
    for (; n >= 4; n -= 4, x += 4)
        sum += e[x[0]] + e[x[1]] + e[x[2]] + e[x[3]];
    for (; n > 0; n--)
        sum += e[*x++];
    return sum;
}

ADZE_DSP_KERNEL void adze_qsoftmax_i8_dsp(const adze_qsoftmax_params *p, const int8_t *x, const uint32_t *table,
                                          int8_t *y)
{
    const uint32_t scale = (uint32_t)p->y_inverse_scale;
    const int32_t axis = p->axis, zero_point = p->y_zero_point;
    for (int32_t o = p->outer; o > 0; o--) {
        const uint32_t *e = table + (255 - adze_dsp_largest(x, axis));
        const uint32_t sum = adze_dsp_exp_sum(x, e, axis) * (uint32_t)p->y_divisor, half = sum / 2;
        for (int32_t k = axis; k > 0; k--)
            *y++ = (int8_t)adze_dsp_saturate(zero_point + (int32_t)((e[*x++] * scale + half) / sum));
    }
}

#endif
