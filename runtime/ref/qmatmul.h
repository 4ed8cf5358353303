/* ref/qmatmul.h: QMatMul, products of two computed matrices, batched and strided. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QMATMUL_H
#define ADZE_REF_QMATMUL_H

#include "ref/requantize.h"

/* ONE(p, a, b, y) for each product of a batch; y is contiguous. */
#define ADZE_QMATMUL_EACH(p, a, b, y, ONE)                                                                             \
    do {                                                                                                               \
        const int32_t *count = (p)->batch, *as = (p)->a_stride, *bs = (p)->b_stride;                                   \
        for (int32_t b0 = 0; b0 < count[0]; b0++)                                                                      \
            for (int32_t b1 = 0; b1 < count[1]; b1++)                                                                  \
                for (int32_t b2 = 0; b2 < count[2]; b2++)                                                              \
                    for (int32_t b3 = 0; b3 < count[3]; b3++, (y) += (p)->m * (p)->n)                                  \
                        ONE(p, (a) + b0 * as[0] + b1 * as[1] + b2 * as[2] + b3 * as[3],                                \
                            (b) + b0 * bs[0] + b1 * bs[1] + b2 * bs[2] + b3 * bs[3], y);                               \
    } while (0)

/* A row of a by a column of b. */
static inline int32_t adze_qmatmul_dot(const adze_qmatmul_params *p, const int8_t *row, const int8_t *column)
{
    int32_t sum = 0;
    for (int32_t l = 0; l < p->k; l++)
        sum += (row[l * p->a_col] - p->a_zero_point) * (column[l * p->b_row] - p->b_zero_point);
    return sum;
}

/* One product, y [m,n] contiguous. */
static inline void adze_qmatmul_one(const adze_qmatmul_params *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < p->m; i++, a += p->a_row)
        for (int32_t j = 0; j < p->n; j++) {
            const int32_t sum = adze_requantize(adze_qmatmul_dot(p, a, b + j * p->b_col), p->multiplier, p->shift);
            *y++ = (int8_t)adze_clamp(p->y_zero_point + sum, p->lo, p->hi);
        }
}

ADZE_KERNEL void adze_qmatmul_i8_ref(const adze_qmatmul_params *p, const int8_t *a, const int8_t *b, int8_t *y)
{
    ADZE_QMATMUL_EACH(p, a, b, y, adze_qmatmul_one);
}

#endif
