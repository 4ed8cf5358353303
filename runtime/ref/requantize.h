/* ref/requantize.h: from accumulators to 8 bits, the one arithmetic of all quantised kernels. SPDX-License-Identifier:
 * 0BSD
 *
 *   requantize(acc, m, shift) = ((int64_t)(acc << shift) * m + 2^31) >> 32,  m = round(scale * 2^(32 - shift))
 *
 * It is acc * scale rounded half up. The compiler sees to |acc << shift| < 2^31, and right shifts are arithmetic. */
#ifndef ADZE_REF_REQUANTIZE_H
#define ADZE_REF_REQUANTIZE_H

#include "adze.h"

ADZE_FORCE_INLINE int32_t adze_requantize(int32_t acc, int32_t m, int32_t shift)
{
    const int32_t shifted = acc * (int32_t)((uint32_t)1 << shift);
    return (int32_t)(((int64_t)shifted * m + ((int64_t)1 << 31)) >> 32);
}

/* The same, with halves rounded to even: for averages, whose sums often lie on one. */
ADZE_FORCE_INLINE int32_t adze_requantize_even(int32_t acc, int32_t m, int32_t shift)
{
    const uint32_t low = (uint32_t)acc * (uint32_t)((uint32_t)1 << shift) * (uint32_t)m;
    const int32_t q = adze_requantize(acc, m, shift);
    return q - (q & (low == 0x80000000u));
}

ADZE_FORCE_INLINE int32_t adze_clamp(int32_t v, int32_t lo, int32_t hi)
{
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

/* For accumulators below 2^46: (acc * m + 2^(31 + shift)) >> (32 + shift), m = round(scale * 2^(32 + shift)), in two
 * parts; what is far from 8 bits is bounded. */
ADZE_FORCE_INLINE int32_t adze_requantize_wide(int64_t acc, int32_t m, int32_t shift)
{
    const int64_t low = ((acc & 0xffff) * m + ((int64_t)1 << (31 + shift))) >> 16;
    const int64_t q = ((acc >> 16) * m + low) >> (16 + shift);
    return (int32_t)(q < -1024 ? -1024 : q > 1024 ? 1024 : q);
}

/* What stores an element of QConv and QGemm: an accumulator with its bias and, behind its own rounding, a residual (r:
 * its element, or NULL). */
#define ADZE_QSTORE(NAME, PARAMS)                                                                                      \
    ADZE_FORCE_INLINE int8_t adze_##NAME##_finish(const PARAMS *p, int32_t q, const int8_t *r)                         \
    {                                                                                                                  \
        if (!r)                                                                                                        \
            return (int8_t)adze_clamp(p->y_zero_point + q, p->lo, p->hi);                                              \
        q = adze_clamp(p->y_zero_point + q, p->q_lo, p->q_hi) - p->y_zero_point;                                       \
        const int32_t sum = q * p->q_multiplier + (*r - p->r_zero_point) * p->r_multiplier;                            \
        q = (sum + (int32_t)((uint32_t)1 << (p->add_shift - 1))) >> p->add_shift;                                      \
        return (int8_t)adze_clamp(p->add_zero_point + q, p->lo, p->hi);                                                \
    }                                                                                                                  \
    ADZE_FORCE_INLINE int8_t adze_##NAME##_store(const PARAMS *p, int32_t acc, int32_t m, const int8_t *r)             \
    {                                                                                                                  \
        return adze_##NAME##_finish(p, adze_requantize(acc, m, p->shift), r);                                          \
    }
ADZE_QSTORE(qconv, adze_qconv_params)
ADZE_QSTORE(qgemm, adze_qgemm_params)

#endif
