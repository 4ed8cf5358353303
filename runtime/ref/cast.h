/* ref/cast.h: conversions between element types. SPDX-License-Identifier: 0BSD
 *
 * Float to integer cuts the fraction off; what is outside the type's range becomes the nearest end of it, NaN becomes
 * 0. Integer to integer keeps the low bits. To bool: everything but 0 is 1. */
#ifndef ADZE_REF_CAST_H
#define ADZE_REF_CAST_H

#include "ref/half.h"

#define ADZE_CAST(FROM, X, TO, Y, EXPRESSION)                                                                          \
    ADZE_KERNEL void adze_cast_##FROM##_##TO##_ref(const adze_unary_params *p, const X *x, Y *y)                       \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const X v = x[i];                                                                                          \
            y[i] = EXPRESSION;                                                                                         \
        }                                                                                                              \
    }

/* LIMIT is the power of two behind the type's largest value: exact in float and double, unlike the value itself. */
#define ADZE_SATURATE(FROM, X, TO, Y, LOWEST, HIGHEST, LIMIT)                                                          \
    static inline Y adze_saturate_##FROM##_##TO(X v)                                                                   \
    {                                                                                                                  \
        return v != v ? (Y)0 : v >= (X)LIMIT ? (Y)HIGHEST : v <= (X)LOWEST ? (Y)LOWEST : (Y)v;                         \
    }
#define ADZE_SATURATES(FROM, X)                                                                                        \
    ADZE_SATURATE(FROM, X, i8, int8_t, INT8_MIN, INT8_MAX, 128.0f)                                                     \
    ADZE_SATURATE(FROM, X, u8, uint8_t, 0, UINT8_MAX, 256.0f)                                                          \
    ADZE_SATURATE(FROM, X, i16, int16_t, INT16_MIN, INT16_MAX, 32768.0f)                                               \
    ADZE_SATURATE(FROM, X, u16, uint16_t, 0, UINT16_MAX, 65536.0f)                                                     \
    ADZE_SATURATE(FROM, X, i32, int32_t, INT32_MIN, INT32_MAX, 2147483648.0f)                                          \
    ADZE_SATURATE(FROM, X, u32, uint32_t, 0, UINT32_MAX, 4294967296.0f)                                                \
    ADZE_SATURATE(FROM, X, i64, int64_t, INT64_MIN, INT64_MAX, 9223372036854775808.0f)                                 \
    ADZE_SATURATE(FROM, X, u64, uint64_t, 0, UINT64_MAX, 18446744073709551616.0f)
ADZE_SATURATES(f32, float)
ADZE_SATURATES(f64, double)

/* From float and double. */
#define ADZE_CASTS_FLOAT(FROM, X)                                                                                      \
    ADZE_CAST(FROM, X, f16, uint16_t, adze_float_to_half((float)v))                                                    \
    ADZE_CAST(FROM, X, i8, int8_t, adze_saturate_##FROM##_i8(v))                                                       \
    ADZE_CAST(FROM, X, u8, uint8_t, adze_saturate_##FROM##_u8(v))                                                      \
    ADZE_CAST(FROM, X, i16, int16_t, adze_saturate_##FROM##_i16(v))                                                    \
    ADZE_CAST(FROM, X, u16, uint16_t, adze_saturate_##FROM##_u16(v))                                                   \
    ADZE_CAST(FROM, X, i32, int32_t, adze_saturate_##FROM##_i32(v))                                                    \
    ADZE_CAST(FROM, X, u32, uint32_t, adze_saturate_##FROM##_u32(v))                                                   \
    ADZE_CAST(FROM, X, i64, int64_t, adze_saturate_##FROM##_i64(v))                                                    \
    ADZE_CAST(FROM, X, u64, uint64_t, adze_saturate_##FROM##_u64(v))                                                   \
    ADZE_CAST(FROM, X, bool, uint8_t, (uint8_t)(v != 0))
ADZE_CASTS_FLOAT(f32, float)
ADZE_CAST(f32, float, f64, double, (double)v)
ADZE_CASTS_FLOAT(f64, double)
ADZE_CAST(f64, double, f32, float, (float)v)

/* From half: through float. */
#define ADZE_CAST_HALF(TO, Y) ADZE_CAST(f16, uint16_t, TO, Y, adze_saturate_f32_##TO(adze_half_to_float(v)))
ADZE_CAST(f16, uint16_t, f32, float, adze_half_to_float(v))
ADZE_CAST(f16, uint16_t, f64, double, (double)adze_half_to_float(v))
ADZE_CAST_HALF(i8, int8_t)
ADZE_CAST_HALF(u8, uint8_t)
ADZE_CAST_HALF(i16, int16_t)
ADZE_CAST_HALF(u16, uint16_t)
ADZE_CAST_HALF(i32, int32_t)
ADZE_CAST_HALF(u32, uint32_t)
ADZE_CAST_HALF(i64, int64_t)
ADZE_CAST_HALF(u64, uint64_t)
ADZE_CAST(f16, uint16_t, bool, uint8_t, (uint8_t)((v & 0x7FFF) != 0))

/* From integers. */
#define ADZE_CASTS_INT(FROM, X)                                                                                        \
    ADZE_CAST(FROM, X, f32, float, (float)v)                                                                           \
    ADZE_CAST(FROM, X, f64, double, (double)v)                                                                         \
    ADZE_CAST(FROM, X, f16, uint16_t, adze_float_to_half((float)v))                                                    \
    ADZE_CAST(FROM, X, i8, int8_t, (int8_t)v)                                                                          \
    ADZE_CAST(FROM, X, u8, uint8_t, (uint8_t)v)                                                                        \
    ADZE_CAST(FROM, X, i16, int16_t, (int16_t)v)                                                                       \
    ADZE_CAST(FROM, X, u16, uint16_t, (uint16_t)v)                                                                     \
    ADZE_CAST(FROM, X, i32, int32_t, (int32_t)v)                                                                       \
    ADZE_CAST(FROM, X, u32, uint32_t, (uint32_t)v)                                                                     \
    ADZE_CAST(FROM, X, i64, int64_t, (int64_t)v)                                                                       \
    ADZE_CAST(FROM, X, u64, uint64_t, (uint64_t)v)                                                                     \
    ADZE_CAST(FROM, X, bool, uint8_t, (uint8_t)(v != 0))
ADZE_CASTS_INT(i8, int8_t)
ADZE_CASTS_INT(u8, uint8_t)
ADZE_CASTS_INT(i16, int16_t)
ADZE_CASTS_INT(u16, uint16_t)
ADZE_CASTS_INT(i32, int32_t)
ADZE_CASTS_INT(u32, uint32_t)
ADZE_CASTS_INT(i64, int64_t)
ADZE_CASTS_INT(u64, uint64_t)

/* From booleans: 0 or 1. */
ADZE_CAST(bool, uint8_t, f32, float, v ? 1.0f : 0.0f)
ADZE_CAST(bool, uint8_t, f64, double, v ? 1.0 : 0.0)
ADZE_CAST(bool, uint8_t, f16, uint16_t, v ? 0x3C00 : 0)
ADZE_CAST(bool, uint8_t, i8, int8_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, u8, uint8_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, i16, int16_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, u16, uint16_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, i32, int32_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, u32, uint32_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, i64, int64_t, v ? 1 : 0)
ADZE_CAST(bool, uint8_t, u64, uint64_t, v ? 1 : 0)

#endif
