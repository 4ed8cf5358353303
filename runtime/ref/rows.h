/* ref/rows.h: GatherND and ScatterND. SPDX-License-Identifier: 0BSD
 *
 * Each row of `depth` indices, one for each of the first axes, leads to `inner` elements that lie together. Indices as
 * in ref/gather.h: none leads outside. */
#ifndef ADZE_REF_ROWS_H
#define ADZE_REF_ROWS_H

#include "ref/element.h"
#include "ref/gather.h"

static inline ptrdiff_t adze_row_place(const adze_rows_params *p, const int64_t *index)
{
    ptrdiff_t at = 0;
    for (int32_t d = 0; d < p->depth; d++)
        at += (ptrdiff_t)adze_gather_index(index[d], p->dim[d]) * p->stride[d];
    return at;
}

#define ADZE_GATHER_ROWS(BYTES)                                                                                        \
    ADZE_KERNEL void adze_gather_rows_##BYTES##_ref(const adze_rows_params *p, const void *x, const int64_t *index,    \
                                                    void *y)                                                           \
    {                                                                                                                  \
        const adze_element_##BYTES *from = (const adze_element_##BYTES *)x;                                            \
        adze_element_##BYTES *to = (adze_element_##BYTES *)y;                                                          \
        for (int32_t b = 0; b < p->batch; b++, from += p->whole)                                                       \
            for (int32_t r = 0; r < p->rows; r++, index += p->depth, to += p->inner)                                   \
                memcpy(to, from + adze_row_place(p, index), (size_t)p->inner * sizeof *to);                            \
    }
ADZE_GATHER_ROWS(1)
ADZE_GATHER_ROWS(2)
ADZE_GATHER_ROWS(4)
ADZE_GATHER_ROWS(8)

/* y = x but where updates go, in the order of the indices; v is the update, u what is there. y may be x. */
#define ADZE_SCATTER_ROWS(NAME, TYPE, T, STEP)                                                                         \
    ADZE_KERNEL void adze_scatter_rows_##NAME##_##TYPE##_ref(const adze_rows_params *p, const void *x,                 \
                                                             const int64_t *index, const void *updates, void *y)       \
    {                                                                                                                  \
        const T *from = (const T *)updates;                                                                            \
        if (x != y)                                                                                                    \
            memcpy(y, x, (size_t)p->whole * sizeof(T));                                                                \
        for (int32_t r = 0; r < p->rows; r++, index += p->depth, from += p->inner) {                                   \
            T *to = (T *)y + adze_row_place(p, index);                                                                 \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                const T v = from[i], u = to[i];                                                                        \
                (void)u;                                                                                               \
                to[i] = (T)(STEP);                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }
ADZE_SCATTER_ROWS(none, 1, adze_element_1, v)
ADZE_SCATTER_ROWS(none, 2, adze_element_2, v)
ADZE_SCATTER_ROWS(none, 4, adze_element_4, v)
ADZE_SCATTER_ROWS(none, 8, adze_element_8, v)

#define ADZE_SCATTER_ROWS_OF(TYPE, T, WIDE)                                                                            \
    ADZE_SCATTER_ROWS(add, TYPE, T, (WIDE)u + (WIDE)v)                                                                 \
    ADZE_SCATTER_ROWS(mul, TYPE, T, (WIDE)u *(WIDE)v)                                                                  \
    ADZE_SCATTER_ROWS(min, TYPE, T, v < u ? v : u)                                                                     \
    ADZE_SCATTER_ROWS(max, TYPE, T, v > u ? v : u)
ADZE_SCATTER_ROWS_OF(f32, float, float)
ADZE_SCATTER_ROWS_OF(i32, int32_t, uint32_t)
ADZE_SCATTER_ROWS_OF(i64, int64_t, uint64_t)

#endif
