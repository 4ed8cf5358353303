/* ref/compare.h: comparisons and logic of two operands, with broadcasting; results are 0 or 1.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_COMPARE_H
#define ADZE_REF_COMPARE_H

#include "ref/broadcast.h"

#define ADZE_COMPARE(NAME, SUFFIX, T, EXPRESSION)                                                                      \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_broadcast_params *p, const T *a, const T *b, uint8_t *y)  \
    {                                                                                                                  \
        ADZE_BROADCAST(T, uint8_t, EXPRESSION);                                                                        \
    }
#define ADZE_COMPARISONS(SUFFIX, T)                                                                                    \
    ADZE_COMPARE(equal, SUFFIX, T, u == v)                                                                             \
    ADZE_COMPARE(less, SUFFIX, T, u < v)                                                                               \
    ADZE_COMPARE(greater, SUFFIX, T, u > v)                                                                            \
    ADZE_COMPARE(less_or_equal, SUFFIX, T, u <= v)                                                                     \
    ADZE_COMPARE(greater_or_equal, SUFFIX, T, u >= v)

ADZE_COMPARISONS(f32, float)
ADZE_COMPARISONS(f64, double)
ADZE_COMPARISONS(i8, int8_t)
ADZE_COMPARISONS(u8, uint8_t)
ADZE_COMPARISONS(i32, int32_t)
ADZE_COMPARISONS(i64, int64_t)

/* Booleans: 0 is false, everything else is true. */
ADZE_COMPARE(equal, bool, uint8_t, (u != 0) == (v != 0))
ADZE_COMPARE(and, bool, uint8_t, u != 0 && v != 0)
ADZE_COMPARE(or, bool, uint8_t, u != 0 || v != 0)
ADZE_COMPARE(xor, bool, uint8_t, (u != 0) != (v != 0))

#endif
