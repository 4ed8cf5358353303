/* avx2/quantize.h: between floats and 8-bit integers with one scale, on x86-64. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_AVX2_QUANTIZE_H
#define ADZE_AVX2_QUANTIZE_H

#include "avx2/qdot.h"
#include "ref/quantize.h"

ADZE_AVX2_BEGIN

/* Eight as adze_quantize_one, without its last bounds. NaN becomes 0, which the comparison with itself says. */
ADZE_FORCE_INLINE __m256i adze_avx2_quantize(const float *x, __m256 scale)
{
    __m256 v = _mm256_div_ps(_mm256_loadu_ps(x), scale);
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    v = _mm256_min_ps(_mm256_max_ps(v, _mm256_set1_ps(-200000.0f)), _mm256_set1_ps(200000.0f));
    return _mm256_cvtps_epi32(v);
}

ADZE_AVX2_KERNEL void adze_quantize_f32_i8_avx2(const adze_quantize_params *p, const float *x, const float *scale,
                                                const int32_t *zero_point, int8_t *y)
{
    /* Not one counter for both loops: gcc 12 warns of a second one that runs too far, for a count it knows. */
    const ptrdiff_t count = (ptrdiff_t)p->outer * p->inner, whole = count - count % 16;
    const __m256 by = _mm256_set1_ps(scale[0]);
    for (ptrdiff_t i = 0; i < whole; i += 16)
        adze_avx2_pack(adze_avx2_quantize(x + i, by), adze_avx2_quantize(x + i + 8, by), zero_point[0], -128, 127, 16,
                       y + i);
    for (ptrdiff_t i = whole; i < count; i++)
        y[i] = (int8_t)adze_quantize_one(x[i] / scale[0], zero_point[0], -128, 127);
}

ADZE_AVX2_KERNEL void adze_dequantize_i8_f32_avx2(const adze_quantize_params *p, const int8_t *x, const float *scale,
                                                  const int32_t *zero_point, float *y)
{
    const ptrdiff_t count = (ptrdiff_t)p->outer * p->inner, whole = count - count % 8;
    const __m256 by = _mm256_set1_ps(scale[0]);
    const __m256i zero = _mm256_set1_epi32(zero_point[0]);
    for (ptrdiff_t i = 0; i < whole; i += 8) {
        const __m256i v = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(x + i)));
        _mm256_storeu_ps(y + i, _mm256_mul_ps(by, _mm256_cvtepi32_ps(_mm256_sub_epi32(v, zero))));
    }
    for (ptrdiff_t i = whole; i < count; i++)
        y[i] = scale[0] * (float)(x[i] - zero_point[0]);
}

ADZE_AVX2_END

#endif
