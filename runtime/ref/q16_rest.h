/* ref/q16_rest.h: QAdd, QMul, QAveragePool, QSoftmax and tables over 16-bit values, and
 * what changes between 8 and 16 bits. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_Q16_REST_H
#define ADZE_REF_Q16_REST_H

#include "ref/q16.h"
#include "ref/qbinary.h"
#include "ref/taps.h"

/* y may be a or b. Sums and products are of 64 bits. */
#define ADZE_QBINARY16(NAME, ACC, M)                                                                                   \
    ADZE_KERNEL void adze_##NAME##_i16_ref(const adze_qbinary_params *p, const int16_t *a, const int16_t *b,           \
                                           int16_t *y)                                                                 \
    {                                                                                                                  \
        const int32_t last = p->rank - 1, n = p->rank > 0 ? p->dim[last] : 1;                                          \
        const int32_t a_step = p->rank > 0 ? p->a_stride[last] : 0, b_step = p->rank > 0 ? p->b_stride[last] : 0;      \
        adze_qodometer at = {{0}, 0, 0};                                                                               \
        do {                                                                                                           \
            const int16_t *row_a = a + at.a, *row_b = b + at.b;                                                        \
            for (int32_t i = 0; i < n; i++, row_a += a_step, row_b += b_step) {                                        \
                const int64_t va = *row_a - p->a_zero_point, vb = *row_b - p->b_zero_point;                            \
                *y++ = adze_requantize16(ACC, M, p->shift, p->y_zero_point, p->lo, p->hi);                             \
            }                                                                                                          \
        } while (adze_qnext_row(p, &at));                                                                              \
    }
ADZE_QBINARY16(qadd, va * p->a_multiplier + vb * p->b_multiplier, 1)
ADZE_QBINARY16(qmul, va *vb, p->a_multiplier)

ADZE_KERNEL void adze_qavgpool_i16_ref(const adze_qpool_params *p, const int16_t *x, const int32_t *multiplier,
                                       int16_t *y)
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
                    int64_t sum = -(int64_t)p->x_zero_point * inside;
                    for (int32_t ky = ty.first; ky < ty.end; ky++)
                        for (int32_t kx = tx.first; kx < tx.end; kx++)
                            sum += x[(top + ky * p->dilation_h) * row + (left + kx * p->dilation_w) * channels + c];
                    *y++ = adze_requantize16(sum, m, p->shift, p->y_zero_point, p->lo, p->hi);
                }
            }
}

#define ADZE_REQUANTIZE(NAME, FROM, TO)                                                                                \
    ADZE_KERNEL void adze_requantize_##NAME##_ref(const adze_requantize_params *p, const FROM *x, TO *y)               \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++)                                                                         \
            y[i] = (TO)adze_requantize16((int64_t)(x[i] - p->x_zero_point), p->multiplier, p->shift, p->y_zero_point,  \
                                         p->lo, p->hi);                                                                \
    }
ADZE_REQUANTIZE(i8_i16, int8_t, int16_t)
ADZE_REQUANTIZE(i16_i8, int16_t, int8_t)

/* Any function of one operand: table[i] is 256 times its value at -32768 + i * 2^bits, zero point included. x and y may
 * be the same. */
ADZE_KERNEL void adze_qinterpolate_i16_ref(const adze_qinterpolate_params *p, const int16_t *x, const int32_t *table,
                                           int16_t *y)
{
    const int32_t bits = p->bits, cell = (int32_t)1 << bits;
    for (int32_t i = 0; i < p->count; i++) {
        const int32_t at = x[i] + 32768, rest = at & (cell - 1);
        const int32_t *t = table + (at >> bits);
        const int64_t v = (int64_t)t[0] * (cell - rest) + (int64_t)t[1] * rest;
        y[i] = (int16_t)adze_clamp((int32_t)((v + ((int64_t)1 << (bits + 7))) >> (bits + 8)), -32768, 32767);
    }
}

/* e^-(scale * d) of d = 256 * h + l below the largest: table[h] * table[256 + l] / 2^31, each below 2^31. x and y may
 * be the same. */
ADZE_FORCE_INLINE uint32_t adze_qsoftmax16_power(const uint32_t *table, int32_t d)
{
    return (uint32_t)(((uint64_t)table[d >> 8] * table[256 + (d & 255)]) >> 31);
}

ADZE_KERNEL void adze_qsoftmax_i16_ref(const adze_qsoftmax_params *p, const int16_t *x, const uint32_t *table,
                                       int16_t *y)
{
    const int32_t axis = p->axis, inner = p->inner;
    for (int32_t o = 0; o < p->outer; o++, x += axis * inner, y += axis * inner)
        for (int32_t i = 0; i < inner; i++) {
            int32_t largest = -32768;
            uint64_t sum = 0;
            for (int32_t k = 0; k < axis; k++)
                largest = x[k * inner + i] > largest ? x[k * inner + i] : largest;
            for (int32_t k = 0; k < axis; k++)
                sum += adze_qsoftmax16_power(table, largest - x[k * inner + i]);
            for (int32_t k = 0; k < axis; k++) {
                const uint64_t e = adze_qsoftmax16_power(table, largest - x[k * inner + i]);
                const uint64_t v = (e * (uint32_t)p->y_inverse_scale + sum / 2) / sum;
                y[k * inner + i] = (int16_t)adze_clamp(p->y_zero_point + (int32_t)v, -32768, 32767);
            }
        }
}

#endif
