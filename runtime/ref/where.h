/* ref/where.h: y = condition ? a : b with broadcasting, by element size; a_stride is the condition's, b_stride and
 * c_stride are those of a and b. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_WHERE_H
#define ADZE_REF_WHERE_H

#include "ref/broadcast.h"
#include "ref/element.h"

#define ADZE_WHERE(BYTES, T)                                                                                           \
    ADZE_KERNEL void adze_where_##BYTES##_ref(const adze_broadcast_params *p, const uint8_t *condition, const void *a, \
                                              const void *b, void *y)                                                  \
    {                                                                                                                  \
        const int32_t n = adze_row_length(p);                                                                          \
        const int32_t condition_step = adze_row_stride(p, p->a_stride);                                                \
        const int32_t a_step = adze_row_stride(p, p->b_stride), b_step = adze_row_stride(p, p->c_stride);              \
        adze_odometer at = {{0}, 0, 0, 0};                                                                             \
        T *to = (T *)y;                                                                                                \
        if (n == 0)                                                                                                    \
            return;                                                                                                    \
        do {                                                                                                           \
            const uint8_t *row = condition + at.a;                                                                     \
            const T *row_a = (const T *)a + at.b, *row_b = (const T *)b + at.c;                                        \
            for (int32_t i = 0; i < n; i++)                                                                            \
                to[i] = row[i * condition_step] ? row_a[i * a_step] : row_b[i * b_step];                               \
            to += n;                                                                                                   \
        } while (adze_next_row(p, &at));                                                                               \
    }

ADZE_WHERE(1, adze_element_1)
ADZE_WHERE(2, adze_element_2)
ADZE_WHERE(4, adze_element_4)
ADZE_WHERE(8, adze_element_8)

#endif
