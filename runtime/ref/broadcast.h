/* ref/broadcast.h: walking two or three operands with NumPy broadcasting. SPDX-License-Identifier: 0BSD
 *
 * The innermost dimension is a row, which the kernel loops over; the odometer steps over the rest. */
#ifndef ADZE_REF_BROADCAST_H
#define ADZE_REF_BROADCAST_H

#include "adze.h"

typedef struct {
    int32_t index[ADZE_MAX_RANK];
    int32_t a, b, c; /* where the row begins in each operand, in elements */
} adze_odometer;

/* Length of a row; 0 when the output is empty, 1 when it is a scalar. */
static inline int32_t adze_row_length(const adze_broadcast_params *p)
{
    for (int32_t d = 0; d < p->rank; d++)
        if (p->dim[d] <= 0)
            return 0;
    return p->rank > 0 ? p->dim[p->rank - 1] : 1;
}

/* Stride of an operand along a row. */
static inline int32_t adze_row_stride(const adze_broadcast_params *p, const int32_t *stride)
{
    return p->rank > 0 ? stride[p->rank - 1] : 0;
}

/* Moves to the next row; 0 behind the last one. */
static inline int adze_next_row(const adze_broadcast_params *p, adze_odometer *at)
{
    for (int32_t d = p->rank - 2; d >= 0; d--) {
        at->a += p->a_stride[d];
        at->b += p->b_stride[d];
        at->c += p->c_stride[d];
        if (++at->index[d] < p->dim[d])
            return 1;
        at->index[d] = 0;
        at->a -= p->a_stride[d] * p->dim[d];
        at->b -= p->b_stride[d] * p->dim[d];
        at->c -= p->c_stride[d] * p->dim[d];
    }
    return 0;
}

/* The body of an element-wise kernel: y = EXPRESSION of u, an element of a, and v, one of b. Both operands contiguous,
 * or b repeated along the row, have loops of their own, which compilers vectorise. */
#define ADZE_BROADCAST(A, Y, EXPRESSION)                                                                               \
    const int32_t n = adze_row_length(p);                                                                              \
    const int32_t a_step = adze_row_stride(p, p->a_stride), b_step = adze_row_stride(p, p->b_stride);                  \
    adze_odometer at = {{0}, 0, 0, 0};                                                                                 \
    if (n == 0)                                                                                                        \
        return;                                                                                                        \
    do {                                                                                                               \
        const A *row_a = a + at.a, *row_b = b + at.b;                                                                  \
        if (a_step == 1 && b_step == 1) {                                                                              \
            for (int32_t i = 0; i < n; i++) {                                                                          \
                const A u = row_a[i], v = row_b[i];                                                                    \
                y[i] = (Y)(EXPRESSION);                                                                                \
            }                                                                                                          \
        } else if (a_step == 1 && b_step == 0) {                                                                       \
            const A v = row_b[0];                                                                                      \
            for (int32_t i = 0; i < n; i++) {                                                                          \
                const A u = row_a[i];                                                                                  \
                y[i] = (Y)(EXPRESSION);                                                                                \
            }                                                                                                          \
        } else {                                                                                                       \
            for (int32_t i = 0; i < n; i++) {                                                                          \
                const A u = row_a[i * a_step], v = row_b[i * b_step];                                                  \
                y[i] = (Y)(EXPRESSION);                                                                                \
            }                                                                                                          \
        }                                                                                                              \
        y += n;                                                                                                        \
    } while (adze_next_row(p, &at))

#endif
