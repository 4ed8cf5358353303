/* ref/gather.h: y[o,i,:] = x[o, index[i], :] by element size. SPDX-License-Identifier: 0BSD
 *
 * Negative indices count from the end; what lies outside is moved to the nearest end, so that no index reads
 * outside x. */
#ifndef ADZE_REF_GATHER_H
#define ADZE_REF_GATHER_H

#include "ref/element.h"

static inline int32_t adze_gather_index(int64_t index, int32_t axis)
{
    index = index < 0 ? index + axis : index;
    return index < 0 ? 0 : index >= axis ? axis - 1 : (int32_t)index;
}

#define ADZE_GATHER(BYTES, T, SUFFIX, INDEX)                                                                           \
    ADZE_KERNEL void adze_gather_##BYTES##_##SUFFIX##_ref(const adze_gather_params *p, const void *x,                  \
                                                          const INDEX *index, void *y)                                 \
    {                                                                                                                  \
        const size_t bytes = (size_t)p->inner * sizeof(T);                                                             \
        const T *from = (const T *)x;                                                                                  \
        T *to = (T *)y;                                                                                                \
        if (p->axis <= 0)                                                                                              \
            return;                                                                                                    \
        for (int32_t o = 0; o < p->outer; o++, from += p->axis * p->inner) {                                           \
            for (int32_t i = 0; i < p->indices; i++, to += p->inner) {                                                 \
                const T *row = from + adze_gather_index(index[i], p->axis) * p->inner;                                 \
                if (p->inner == 1)                                                                                     \
                    *to = *row;                                                                                        \
                else                                                                                                   \
                    memcpy(to, row, bytes);                                                                            \
            }                                                                                                          \
        }                                                                                                              \
    }

ADZE_GATHER(1, adze_element_1, i32, int32_t)
ADZE_GATHER(2, adze_element_2, i32, int32_t)
ADZE_GATHER(4, adze_element_4, i32, int32_t)
ADZE_GATHER(8, adze_element_8, i32, int32_t)
ADZE_GATHER(1, adze_element_1, i64, int64_t)
ADZE_GATHER(2, adze_element_2, i64, int64_t)
ADZE_GATHER(4, adze_element_4, i64, int64_t)
ADZE_GATHER(8, adze_element_8, i64, int64_t)

#endif
