/* dsp/add.h: scaled sums of two int8 tensors. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_ADD_H
#define ADZE_DSP_ADD_H

#include "dsp/dsp.h"

/* y = saturate((a * a_multiplier + b * b_multiplier + offset) >> shift): the offset holds the rounding and all zero
 * points, y's << shift, and nothing overflows. */
typedef struct {
    int32_t a_multiplier, b_multiplier, offset, shift;
} adze_dsp_sum;

ADZE_FORCE_INLINE adze_dsp_sum adze_dsp_sum_of(int32_t a_multiplier, int32_t a_zero_point, int32_t b_multiplier,
                                               int32_t b_zero_point, int32_t shift, int32_t y_zero_point)
{
    adze_dsp_sum s = {a_multiplier, b_multiplier, 0, shift};
    s.offset = (int32_t)(1u << (shift - 1)) - a_multiplier * a_zero_point - b_multiplier * b_zero_point +
               (int32_t)((uint32_t)y_zero_point << shift);
    return s;
}

ADZE_FORCE_INLINE int8_t adze_dsp_sum_one(const adze_dsp_sum *s, int32_t a, int32_t b)
{
    return (int8_t)adze_dsp_saturate((a * s->a_multiplier + b * s->b_multiplier + s->offset) >> s->shift);
}

/* y may be a or b. */
ADZE_DSP_KERNEL void adze_dsp_sum_run(const adze_dsp_sum *sum, const int8_t *a, const int8_t *b, int8_t *y, int32_t n)
{
    const adze_dsp_sum s = *sum;
    for (; n >= 4; n -= 4, a += 4, b += 4, y += 4) {
        const int8_t y0 = adze_dsp_sum_one(&s, a[0], b[0]), y1 = adze_dsp_sum_one(&s, a[1], b[1]);
        const int8_t y2 = adze_dsp_sum_one(&s, a[2], b[2]), y3 = adze_dsp_sum_one(&s, a[3], b[3]);
        y[0] = y0;
        y[1] = y1;
        y[2] = y2;
        y[3] = y3;
    }
    for (; n > 0; n--)
        *y++ = adze_dsp_sum_one(&s, *a++, *b++);
}

/* Without broadcasting; y may be a or b. */
ADZE_DSP_KERNEL void adze_qadd_i8_dsp(const adze_qbinary_params *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    const adze_dsp_sum s =
        adze_dsp_sum_of(p->a_multiplier, p->a_zero_point, p->b_multiplier, p->b_zero_point, p->shift, p->y_zero_point);
    adze_dsp_sum_run(&s, a, b, y, p->dim[0]);
    adze_dsp_clamp(y, p->dim[0], p->lo, p->hi);
}

#endif
