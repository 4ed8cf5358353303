/* ref/binary_int.h: element-wise arithmetic of two integer operands. SPDX-License-Identifier: 0BSD
 *
 * Every result is defined: sums and products wrap around, dividing by zero gives zero. */
#ifndef ADZE_REF_BINARY_INT_H
#define ADZE_REF_BINARY_INT_H

#include "ref/broadcast.h"

/* Helpers and kernels of an integer type T, WIDE the type of its arithmetic: unsigned and at least 32 bits, so that
 * neither overflow nor C's promotion to int is undefined. */
#define ADZE_BINARY_INT(SUFFIX, T, WIDE)                                                                               \
    static inline T adze_quotient_##SUFFIX(T u, T v) /* towards zero */                                                \
    {                                                                                                                  \
        if (v == 0)                                                                                                    \
            return 0;                                                                                                  \
        if (v == (T)-1 && (T)-1 < (T)1) /* signed: the smallest value divided by -1 overflows */                       \
            return (T)(0 - (WIDE)u);                                                                                   \
        return (T)(u / v);                                                                                             \
    }                                                                                                                  \
    static inline T adze_remainder_##SUFFIX(T u, T v) /* the sign of u, as C's % */                                    \
    {                                                                                                                  \
        return v == 0 || (v == (T)-1 && (T)-1 < (T)1) ? (T)0 : (T)(u % v);                                             \
    }                                                                                                                  \
    static inline T adze_modulo_##SUFFIX(T u, T v) /* the sign of v, as Python's % */                                  \
    {                                                                                                                  \
        const T r = adze_remainder_##SUFFIX(u, v);                                                                     \
        return r != 0 && (r < (T)1) != (v < (T)1) ? (T)((WIDE)r + (WIDE)v) : r;                                        \
    }                                                                                                                  \
    static inline T adze_power_##SUFFIX(T u, T v)                                                                      \
    {                                                                                                                  \
        if (v < (T)1 && v != 0) /* 1 / u^|v| towards zero: not 0 for 1 and -1 only */                                  \
            return u == 1 || (u == (T)-1 && (v & 1) == 0) ? (T)1 : u == (T)-1 ? u : (T)0;                              \
        WIDE result = 1, square = (WIDE)u;                                                                             \
        for (; v != 0; v = (T)(v / 2), square *= square)                                                               \
            if (v & 1)                                                                                                 \
                result *= square;                                                                                      \
        return (T)result;                                                                                              \
    }                                                                                                                  \
    ADZE_BINARY_INT_KERNEL(add, SUFFIX, T, (WIDE)u + (WIDE)v)                                                          \
    ADZE_BINARY_INT_KERNEL(sub, SUFFIX, T, (WIDE)u - (WIDE)v)                                                          \
    ADZE_BINARY_INT_KERNEL(mul, SUFFIX, T, ((WIDE)u * (WIDE)v))                                                        \
    ADZE_BINARY_INT_KERNEL(div, SUFFIX, T, adze_quotient_##SUFFIX(u, v))                                               \
    ADZE_BINARY_INT_KERNEL(mod, SUFFIX, T, adze_modulo_##SUFFIX(u, v))                                                 \
    ADZE_BINARY_INT_KERNEL(fmod, SUFFIX, T, adze_remainder_##SUFFIX(u, v))                                             \
    ADZE_BINARY_INT_KERNEL(pow, SUFFIX, T, adze_power_##SUFFIX(u, v))                                                  \
    ADZE_BINARY_INT_KERNEL(min, SUFFIX, T, u < v ? u : v)                                                              \
    ADZE_BINARY_INT_KERNEL(max, SUFFIX, T, u > v ? u : v)

#define ADZE_BINARY_INT_KERNEL(NAME, SUFFIX, T, EXPRESSION)                                                            \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_broadcast_params *p, const T *a, const T *b, T *y)        \
    {                                                                                                                  \
        ADZE_BROADCAST(T, T, EXPRESSION);                                                                              \
    }

ADZE_BINARY_INT(i8, int8_t, uint32_t)
ADZE_BINARY_INT(u8, uint8_t, uint32_t)
ADZE_BINARY_INT(i16, int16_t, uint32_t)
ADZE_BINARY_INT(u16, uint16_t, uint32_t)
ADZE_BINARY_INT(i32, int32_t, uint32_t)
ADZE_BINARY_INT(u32, uint32_t, uint32_t)
ADZE_BINARY_INT(i64, int64_t, uint64_t)
ADZE_BINARY_INT(u64, uint64_t, uint64_t)

#endif
