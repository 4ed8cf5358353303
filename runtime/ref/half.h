/* ref/half.h: IEEE 754 binary16 to float and back, in integers. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_HALF_H
#define ADZE_REF_HALF_H

#include "adze.h"

static inline float adze_half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t exponent = (h >> 10) & 0x1Fu, fraction = h & 0x3FFu, bits;
    float f;
    if (exponent == 0x1F) { /* infinity, NaN */
        bits = sign | 0x7F800000u | fraction << 13;
    } else if (exponent == 0) { /* zero, subnormal: fraction * 2^-24 is exact */
        f = (float)fraction * 5.9604644775390625e-8f;
        memcpy(&bits, &f, sizeof bits);
        bits |= sign;
    } else {
        bits = sign | (exponent + 112) << 23 | fraction << 13;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* Rounds to nearest, ties to even; what is too large becomes infinity. */
static inline uint16_t adze_float_to_half(float f)
{
    uint32_t bits, result;
    memcpy(&bits, &f, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) { /* NaN, quiet */
        result = 0x7E00u | (magnitude >> 13 & 0x3FFu);
    } else if (magnitude >= 0x47800000u) { /* 65536 and more */
        result = 0x7C00u;
    } else if (magnitude < 0x33000000u) { /* below half of the smallest subnormal */
        result = 0;
    } else {
        const uint32_t exponent = magnitude >> 23;
        /* Bits that fall away: 13, more for subnormal results. */
        const uint32_t drop = exponent < 113 ? 126 - exponent : 13;
        const uint32_t value = exponent < 113 ? (magnitude & 0x7FFFFFu) | 0x800000u : magnitude - (112u << 23);
        const uint32_t rest = value & ((1u << drop) - 1), half = 1u << (drop - 1);
        result = value >> drop;
        result += rest > half || (rest == half && (result & 1u)) ? 1u : 0u;
    }
    return (uint16_t)(sign | result);
}

/* A weight: finite. In one instruction where the machine has it; the same bits everywhere. */
ADZE_FORCE_INLINE float adze_half_load(uint16_t h)
{
#if defined(__arm__) && defined(__ARM_FP) && (__ARM_FP & 2) && defined(__GNUC__)
    float f;
    memcpy(&f, &(uint32_t){h}, sizeof f);
    __asm__("vcvtb.f32.f16 %0, %0" : "+t"(f));
    return f;
#elif defined(__aarch64__) && defined(__GNUC__)
    float f;
    memcpy(&f, &(uint32_t){h}, sizeof f);
    __asm__("fcvt %s0, %h0" : "+w"(f));
    return f;
#else
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7FFFu;
    uint32_t bits = (rest << 13) + ((uint32_t)(rest < 0x400u ? 113 : 112) << 23);
    float f;
    memcpy(&f, &bits, sizeof f);
    if (rest < 0x400u) /* zero, subnormal: 2^-14 * (1 + fraction) - 2^-14 */
        f -= 6.103515625e-5f;
    memcpy(&bits, &f, sizeof bits);
    bits |= sign;
    memcpy(&f, &bits, sizeof f);
    return f;
#endif
}

#endif
