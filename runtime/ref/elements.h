/* ref/elements.h: GatherElements and ScatterElements. SPDX-License-Identifier: 0BSD
 *
 * Of the element at each place of the indices' shape, the index says where along the axis its partner in x (y) is; on
 * the other axes it is at the same place. Indices as in ref/gather.h: none leads outside. */
#ifndef ADZE_REF_ELEMENTS_H
#define ADZE_REF_ELEMENTS_H

#include "ref/element.h"
#include "ref/gather.h"

/* The next place in row order; *base, the offset of its partner without the axis, goes with it. */
static inline void adze_elements_next(const adze_elements_params *p, int32_t *at, ptrdiff_t *base)
{
    for (int32_t d = p->rank - 1; d >= 0; d--) {
        *base += p->stride[d];
        if (++at[d] < p->dim[d])
            return;
        *base -= (ptrdiff_t)p->stride[d] * p->dim[d];
        at[d] = 0;
    }
}

#define ADZE_GATHER_ELEMENTS(BYTES, SUFFIX, INDEX)                                                                     \
    ADZE_KERNEL void adze_gather_elements_##BYTES##_##SUFFIX##_ref(const adze_elements_params *p, const void *x,       \
                                                                   const INDEX *index, void *y)                        \
    {                                                                                                                  \
        const adze_element_##BYTES *from = (const adze_element_##BYTES *)x;                                            \
        adze_element_##BYTES *to = (adze_element_##BYTES *)y;                                                          \
        int32_t at[ADZE_MAX_RANK] = {0};                                                                               \
        ptrdiff_t base = 0;                                                                                            \
        for (int32_t i = 0; i < p->count; i++, adze_elements_next(p, at, &base))                                       \
            to[i] = from[base + (ptrdiff_t)adze_gather_index(index[i], p->axis) * p->axis_stride];                     \
    }

/* y = x but where updates go, in the order of the indices; v is the update, u what is there. y may be x. */
#define ADZE_SCATTER_ELEMENTS(NAME, TYPE, T, SUFFIX, INDEX, STEP)                                                      \
    ADZE_KERNEL void adze_scatter_elements_##NAME##_##TYPE##_##SUFFIX##_ref(                                           \
        const adze_elements_params *p, const void *x, const INDEX *index, const void *updates, void *y)                \
    {                                                                                                                  \
        const T *from = (const T *)updates;                                                                            \
        T *to = (T *)y;                                                                                                \
        int32_t at[ADZE_MAX_RANK] = {0};                                                                               \
        ptrdiff_t base = 0;                                                                                            \
        if (x != y)                                                                                                    \
            memcpy(y, x, (size_t)p->whole * sizeof(T));                                                                \
        for (int32_t i = 0; i < p->count; i++, adze_elements_next(p, at, &base)) {                                     \
            T *place = to + base + (ptrdiff_t)adze_gather_index(index[i], p->axis) * p->axis_stride;                   \
            const T v = from[i], u = *place;                                                                           \
            (void)u;                                                                                                   \
            *place = (T)(STEP);                                                                                        \
        }                                                                                                              \
    }

#define ADZE_ELEMENTS_BY_SIZE(BYTES, SUFFIX, INDEX)                                                                    \
    ADZE_GATHER_ELEMENTS(BYTES, SUFFIX, INDEX)                                                                         \
    ADZE_SCATTER_ELEMENTS(none, BYTES, adze_element_##BYTES, SUFFIX, INDEX, v)
#define ADZE_ELEMENTS_BY_TYPE(TYPE, T, WIDE, SUFFIX, INDEX)                                                            \
    ADZE_SCATTER_ELEMENTS(add, TYPE, T, SUFFIX, INDEX, (WIDE)u + (WIDE)v)                                              \
    ADZE_SCATTER_ELEMENTS(mul, TYPE, T, SUFFIX, INDEX, (WIDE)u *(WIDE)v)                                               \
    ADZE_SCATTER_ELEMENTS(min, TYPE, T, SUFFIX, INDEX, v < u ? v : u)                                                  \
    ADZE_SCATTER_ELEMENTS(max, TYPE, T, SUFFIX, INDEX, v > u ? v : u)
#define ADZE_ELEMENTS(SUFFIX, INDEX)                                                                                   \
    ADZE_ELEMENTS_BY_SIZE(1, SUFFIX, INDEX)                                                                            \
    ADZE_ELEMENTS_BY_SIZE(2, SUFFIX, INDEX)                                                                            \
    ADZE_ELEMENTS_BY_SIZE(4, SUFFIX, INDEX)                                                                            \
    ADZE_ELEMENTS_BY_SIZE(8, SUFFIX, INDEX)                                                                            \
    ADZE_ELEMENTS_BY_TYPE(f32, float, float, SUFFIX, INDEX)                                                            \
    ADZE_ELEMENTS_BY_TYPE(i32, int32_t, uint32_t, SUFFIX, INDEX)                                                       \
    ADZE_ELEMENTS_BY_TYPE(i64, int64_t, uint64_t, SUFFIX, INDEX)
ADZE_ELEMENTS(i32, int32_t)
ADZE_ELEMENTS(i64, int64_t)

#endif
