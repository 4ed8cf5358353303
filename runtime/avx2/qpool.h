/* avx2/qpool.h: QAveragePool on x86-64, eight channels and more; see ref/qpool.h. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_AVX2_QPOOL_H
#define ADZE_AVX2_QPOOL_H

#include "avx2/qdot.h"
#include "ref/taps.h"

ADZE_AVX2_BEGIN

/* adze_requantize_even of eight: a half that was rounded up to an odd number goes down. */
ADZE_FORCE_INLINE __m256i adze_avx2_requantize_even(__m256i acc, __m256i m, int32_t shift)
{
    const __m256i q = adze_avx2_requantize(acc, m, shift);
    const __m256i low = _mm256_mullo_epi32(_mm256_sll_epi32(acc, _mm_cvtsi32_si128(shift)), m);
    const __m256i half = _mm256_cmpeq_epi32(low, _mm256_set1_epi32(INT32_MIN));
    return _mm256_sub_epi32(q, _mm256_and_si256(_mm256_and_si256(q, half), _mm256_set1_epi32(1)));
}

/* Sums of eight channels over rows x columns, `down` and `across` apart. */
ADZE_FORCE_INLINE __m256i adze_avx2_window_sum(const int8_t *x, int32_t rows, int32_t columns, ptrdiff_t down,
                                               ptrdiff_t across)
{
    __m256i sum = _mm256_setzero_si256();
    for (; rows > 0; rows--, x += down)
        for (int32_t i = 0; i < columns; i++)
            sum = _mm256_add_epi32(
                sum, _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(x + i * across))));
    return sum;
}

ADZE_FORCE_INLINE void adze_avx2_qavgpool_pixel(const adze_qpool_params *p, const int8_t *x, adze_taps ty, adze_taps tx,
                                                int32_t m, int8_t *y)
{
    const ptrdiff_t down = (ptrdiff_t)p->dilation_h * p->in_w * p->channels;
    const int32_t rows = ty.end - ty.first, columns = tx.end - tx.first;
    const __m256i zero = _mm256_set1_epi32(-p->x_zero_point * rows * columns);
    for (int32_t c = 0; c < p->channels; c += ADZE_AVX2_QUNIT) {
        const int32_t first = c < p->channels - ADZE_AVX2_QUNIT ? c : p->channels - ADZE_AVX2_QUNIT;
        __m256i sum = adze_avx2_window_sum(x + first, rows, columns, down, (ptrdiff_t)p->dilation_w * p->channels);
        sum = adze_avx2_requantize_even(_mm256_add_epi32(sum, zero), _mm256_set1_epi32(m), p->shift);
        adze_avx2_pack(sum, sum, p->y_zero_point, p->lo, p->hi, ADZE_AVX2_QUNIT, y + first);
    }
}

ADZE_AVX2_KERNEL void adze_qavgpool_i8_avx2(const adze_qpool_params *p, const int8_t *x, const int32_t *multiplier,
                                            int8_t *y)
{
    const ptrdiff_t row = (ptrdiff_t)p->in_w * p->channels;
    for (int32_t n = 0; n < p->batch; n++, x += p->in_h * row)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++, y += p->channels) {
                const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;
                const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, p->pad_bottom);
                const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, p->pad_right);
                const int32_t inside = (ty.end - ty.first) * (tx.end - tx.first);
                const int8_t *from = x + (top + ty.first * p->dilation_h) * row +
                                     (ptrdiff_t)(left + tx.first * p->dilation_w) * p->channels;
                adze_avx2_qavgpool_pixel(p, from, ty, tx,
                                         multiplier[p->count_include_pad ? ty.padded * tx.padded : inside], y);
            }
}

ADZE_AVX2_END

#endif
