/* ref/fill.h: one value, count times, by element size. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_FILL_H
#define ADZE_REF_FILL_H

#include "ref/element.h"

#define ADZE_FILL(BYTES, T)                                                                                            \
    ADZE_KERNEL void adze_fill_##BYTES##_ref(const adze_unary_params *p, const void *value, void *y)                   \
    {                                                                                                                  \
        const T v = *(const T *)value;                                                                                 \
        T *to = (T *)y;                                                                                                \
        for (int32_t i = 0; i < p->count; i++)                                                                         \
            to[i] = v;                                                                                                 \
    }

ADZE_FILL(1, adze_element_1)
ADZE_FILL(2, adze_element_2)
ADZE_FILL(4, adze_element_4)
ADZE_FILL(8, adze_element_8)

#endif
