/* ref/qbinary.h: QAdd and QMul with NumPy broadcasting. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QBINARY_H
#define ADZE_REF_QBINARY_H

#include "ref/requantize.h"

typedef struct {
    int32_t index[ADZE_MAX_RANK];
    int32_t a, b; /* where the row begins in each operand, in elements */
} adze_qodometer;

/* Moves to the next row (the innermost dimension); 0 behind the last one. */
static inline int adze_qnext_row(const adze_qbinary_params *p, adze_qodometer *at)
{
    for (int32_t d = p->rank - 2; d >= 0; d--) {
        at->a += p->a_stride[d];
        at->b += p->b_stride[d];
        if (++at->index[d] < p->dim[d])
            return 1;
        at->index[d] = 0;
        at->a -= p->a_stride[d] * p->dim[d];
        at->b -= p->b_stride[d] * p->dim[d];
    }
    return 0;
}

ADZE_FORCE_INLINE int32_t adze_qadd_one(const adze_qbinary_params *p, int32_t a, int32_t b)
{
    const int32_t half = (int32_t)((uint32_t)1 << (p->shift - 1));
    return (a * p->a_multiplier + b * p->b_multiplier + half) >> p->shift;
}

ADZE_FORCE_INLINE int32_t adze_qmul_one(const adze_qbinary_params *p, int32_t a, int32_t b)
{
    return adze_requantize(a * b, p->a_multiplier, p->shift);
}

/* y may be a or b. */
#define ADZE_QBINARY(NAME)                                                                                             \
    ADZE_KERNEL void adze_##NAME##_i8_ref(const adze_qbinary_params *p, const int8_t *a, const int8_t *b, int8_t *y)   \
    {                                                                                                                  \
        const int32_t last = p->rank - 1, n = p->rank > 0 ? p->dim[last] : 1;                                          \
        const int32_t a_step = p->rank > 0 ? p->a_stride[last] : 0, b_step = p->rank > 0 ? p->b_stride[last] : 0;      \
        adze_qodometer at = {{0}, 0, 0};                                                                               \
        do {                                                                                                           \
            const int8_t *row_a = a + at.a, *row_b = b + at.b;                                                         \
            for (int32_t i = 0; i < n; i++, row_a += a_step, row_b += b_step) {                                        \
                const int32_t v = adze_##NAME##_one(p, *row_a - p->a_zero_point, *row_b - p->b_zero_point);            \
                *y++ = (int8_t)adze_clamp(p->y_zero_point + v, p->lo, p->hi);                                          \
            }                                                                                                          \
        } while (adze_qnext_row(p, &at));                                                                              \
    }

ADZE_QBINARY(qadd)
ADZE_QBINARY(qmul)

#endif
