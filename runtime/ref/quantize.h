/* ref/quantize.h: between floats and integers, y = saturate(round_half_even(x / scale) + zero_point) and back,
 * y = scale * (x - zero_point). SPDX-License-Identifier: 0BSD
 *
 * x and y are [outer, axis, inner]; scale and zero_point have `axis` elements. NaN becomes the zero point. */
#ifndef ADZE_REF_QUANTIZE_H
#define ADZE_REF_QUANTIZE_H

#include "adze.h"

/* Nearest integer, half to even; v is within [-2^21, 2^21], so that adding 1.5 * 2^23 leaves no fraction bits. */
ADZE_FORCE_INLINE int32_t adze_round_even(float v)
{
    const float magic = 12582912.0f;
    union {
        float f;
        int32_t i;
    } u;
    u.f = v + magic;
    return u.i - 0x4B400000;
}

ADZE_FORCE_INLINE int32_t adze_quantize_one(float v, int32_t zero_point, int32_t lo, int32_t hi)
{
    v = v != v ? 0.0f : v;
    v = v < -200000.0f ? -200000.0f : v > 200000.0f ? 200000.0f : v;
    const int32_t q = adze_round_even(v) + zero_point;
    return q < lo ? lo : q > hi ? hi : q;
}

#define ADZE_QUANTIZE(SUFFIX, T, LOWEST, HIGHEST)                                                                      \
    ADZE_KERNEL void adze_quantize_f32_##SUFFIX##_ref(const adze_quantize_params *p, const float *x,                   \
                                                      const float *scale, const int32_t *zero_point, T *y)             \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++)                                                                         \
            for (int32_t a = 0; a < p->axis; a++)                                                                      \
                for (int32_t i = 0; i < p->inner; i++)                                                                 \
                    *y++ = (T)adze_quantize_one(*x++ / scale[a], zero_point[a], LOWEST, HIGHEST);                      \
    }
ADZE_QUANTIZE(i8, int8_t, -128, 127)
ADZE_QUANTIZE(u8, uint8_t, 0, 255)
ADZE_QUANTIZE(i16, int16_t, -32768, 32767)
ADZE_QUANTIZE(u16, uint16_t, 0, 65535)

#define ADZE_DEQUANTIZE(SUFFIX, T)                                                                                     \
    ADZE_KERNEL void adze_dequantize_##SUFFIX##_f32_ref(const adze_quantize_params *p, const T *x, const float *scale, \
                                                        const int32_t *zero_point, float *y)                           \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++)                                                                         \
            for (int32_t a = 0; a < p->axis; a++)                                                                      \
                for (int32_t i = 0; i < p->inner; i++)                                                                 \
                    *y++ = scale[a] * (float)(int32_t)((uint32_t)*x++ - (uint32_t)zero_point[a]);                      \
    }
ADZE_DEQUANTIZE(i8, int8_t)
ADZE_DEQUANTIZE(u8, uint8_t)
ADZE_DEQUANTIZE(i16, int16_t)
ADZE_DEQUANTIZE(u16, uint16_t)
ADZE_DEQUANTIZE(i32, int32_t)

#endif
