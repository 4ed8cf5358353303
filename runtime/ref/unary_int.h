/* ref/unary_int.h: element-wise functions of one integer or boolean operand; x and y may be the same.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_UNARY_INT_H
#define ADZE_REF_UNARY_INT_H

#include "adze.h"

/* A bound of Clip as an integer: outside the type's range it is the range's end. */
#define ADZE_BOUND(SUFFIX, T, LOWEST, HIGHEST)                                                                         \
    static inline T adze_bound_##SUFFIX(float v)                                                                       \
    {                                                                                                                  \
        return v >= (float)HIGHEST ? HIGHEST : v > (float)LOWEST ? (T)v : LOWEST;                                      \
    }

#define ADZE_UNARY_INT(NAME, SUFFIX, T, EXPRESSION)                                                                    \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_unary_params *p, const T *x, T *y)                        \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const T v = x[i];                                                                                          \
            y[i] = (T)(EXPRESSION);                                                                                    \
        }                                                                                                              \
    }

/* WIDE: unsigned, so that the negative of the smallest value is defined (itself). */
#define ADZE_UNARY_INTS(SUFFIX, T, WIDE)                                                                               \
    ADZE_UNARY_INT(neg, SUFFIX, T, 0 - (WIDE)v)                                                                        \
    ADZE_UNARY_INT(abs, SUFFIX, T, v < 0 ? 0 - (WIDE)v : (WIDE)v)                                                      \
    ADZE_UNARY_INT(sign, SUFFIX, T, (v > 0) - (v < 0))                                                                 \
    ADZE_UNARY_INT(relu, SUFFIX, T, v < 0 ? 0 : v)                                                                     \
    ADZE_KERNEL void adze_clip_##SUFFIX##_ref(const adze_unary_params *p, const T *x, T *y)                            \
    {                                                                                                                  \
        const T lowest = adze_bound_##SUFFIX(p->a), highest = adze_bound_##SUFFIX(p->b);                               \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const T v = x[i] < lowest ? lowest : x[i];                                                                 \
            y[i] = v > highest ? highest : v;                                                                          \
        }                                                                                                              \
    }

ADZE_BOUND(i8, int8_t, INT8_MIN, INT8_MAX)
ADZE_BOUND(i32, int32_t, INT32_MIN, INT32_MAX)
ADZE_BOUND(i64, int64_t, INT64_MIN, INT64_MAX)
ADZE_UNARY_INTS(i8, int8_t, uint32_t)
ADZE_UNARY_INTS(i32, int32_t, uint32_t)
ADZE_UNARY_INTS(i64, int64_t, uint64_t)

ADZE_UNARY_INT(not, bool, uint8_t, v == 0)

#endif
