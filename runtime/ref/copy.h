/* ref/copy.h: strided copies by element size: Transpose, Slice, Concat, Expand. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_COPY_H
#define ADZE_REF_COPY_H

#include "ref/element.h"

typedef struct {
    int32_t index[ADZE_MAX_RANK];
    int32_t x, y; /* where the row begins, in elements */
} adze_copy_at;

/* Moves to the next row (the innermost dimension); 0 behind the last one. */
static inline int adze_copy_next(const adze_copy_params *p, adze_copy_at *at)
{
    for (int32_t d = p->rank - 2; d >= 0; d--) {
        at->x += p->x_stride[d];
        at->y += p->y_stride[d];
        if (++at->index[d] < p->dim[d])
            return 1;
        at->index[d] = 0;
        at->x -= p->x_stride[d] * p->dim[d];
        at->y -= p->y_stride[d] * p->dim[d];
    }
    return 0;
}

#define ADZE_COPY(BYTES, T)                                                                                            \
    ADZE_KERNEL void adze_copy_##BYTES##_ref(const adze_copy_params *p, const void *x, void *y)                        \
    {                                                                                                                  \
        const int32_t last = p->rank - 1;                                                                              \
        const int32_t n = last < 0 ? 1 : p->dim[last];                                                                 \
        const int32_t x_step = last < 0 ? 1 : p->x_stride[last], y_step = last < 0 ? 1 : p->y_stride[last];            \
        adze_copy_at at = {{0}, p->x_offset, p->y_offset};                                                             \
        for (int32_t d = 0; d <= last; d++)                                                                            \
            if (p->dim[d] <= 0)                                                                                        \
                return;                                                                                                \
        do {                                                                                                           \
            const T *from = (const T *)x + at.x;                                                                       \
            T *to = (T *)y + at.y;                                                                                     \
            if (x_step == 1 && y_step == 1)                                                                            \
                memcpy(to, from, (size_t)n * sizeof(T));                                                               \
            else                                                                                                       \
                for (int32_t i = 0; i < n; i++)                                                                        \
                    to[i * y_step] = from[i * x_step];                                                                 \
        } while (adze_copy_next(p, &at));                                                                              \
    }

ADZE_COPY(1, adze_element_1)
ADZE_COPY(2, adze_element_2)
ADZE_COPY(4, adze_element_4)
ADZE_COPY(8, adze_element_8)

#endif
