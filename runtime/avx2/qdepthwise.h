/* avx2/qdepthwise.h: depthwise QConv on x86-64, eight channels and more. SPDX-License-Identifier: 0BSD
 *
 * Units of eight channels; where the channels do not divide, the last unit begins eight before their end and computes
 * some of them again. Weights are packed [unit][taps / 2][8][2]: two taps of a channel stand together, as VPMADDWD
 * wants them, an odd tap joined by one of zero. Scratch: where each tap of a row's first pixel is, then a ring of rows
 * (qrows.h). */
#ifndef ADZE_AVX2_QDEPTHWISE_H
#define ADZE_AVX2_QDEPTHWISE_H

#include "avx2/qrows.h"

ADZE_AVX2_BEGIN

/* Two taps of eight channels: 16 pairs' halves in the channels' order. */
ADZE_FORCE_INLINE __m256i adze_avx2_taps(const int8_t *a, const int8_t *b)
{
    const __m128i u = _mm_loadl_epi64((const __m128i *)(const void *)a);
    const __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)b);
    return _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(u, v));
}

/* A unit from channel `first` on, of `pixels` that stand `step` inputs apart; tap[i]: tap i of the first, channel 0. */
ADZE_FORCE_INLINE void adze_avx2_qdepthwise_sums(const int8_t *const *tap, ptrdiff_t step, int32_t pairs, int32_t first,
                                                 const int8_t *w, const int pixels, __m256i *sums)
{
    ADZE_AVX2_UNROLL
    for (int p = 0; p < pixels; p++) {
        sums[p] = _mm256_setzero_si256();
        __asm__("" : "+x"(sums[p]));
    }
    for (int32_t k = 0; k < pairs; k++, w += 16) {
        const __m256i v = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w));
        const int8_t *a = tap[2 * k] + first, *b = tap[2 * k + 1] + first;
        ADZE_AVX2_UNROLL
        for (int p = 0; p < pixels; p++)
            sums[p] = adze_avx2_dot(sums[p], adze_avx2_taps(a + p * step, b + p * step), v);
    }
}

/* `units` from channel `first` on, whose weights are w, of `pixels` next to each other. */
ADZE_FORCE_INLINE void adze_avx2_qdepthwise_units(const adze_avx2_qlayer *l, const int8_t *const *tap, ptrdiff_t step,
                                                  const int pixels, const int units, int32_t first, const int8_t *w,
                                                  const int8_t *residual, int8_t *y)
{
    __m256i sums[2][4], bias[2], m[2];
    ADZE_AVX2_UNROLL
    for (int u = 0; u < units; u++) {
        const int32_t c = first + u * ADZE_AVX2_QUNIT;
        bias[u] = _mm256_loadu_si256((const __m256i *)(const void *)(l->bias + c));
        m[u] = _mm256_loadu_si256((const __m256i *)(const void *)(l->multiplier + c));
        adze_avx2_qdepthwise_sums(tap, step, (int32_t)(l->unit / 16), c, w + u * l->unit, pixels, sums[u]);
    }
    ADZE_AVX2_UNROLL
    for (int p = 0; p < pixels; p++) {
        const ptrdiff_t at = p * l->y_stride + first;
        adze_avx2_qstore(&l->out, _mm256_add_epi32(sums[0][p], bias[0]),
                         _mm256_add_epi32(sums[units - 1][p], bias[units - 1]), m[0], m[units - 1],
                         residual ? residual + at : NULL, units * ADZE_AVX2_QUNIT, units, y + at);
    }
}

/* All channels of `pixels` next to each other. */
ADZE_FORCE_INLINE void adze_avx2_qdepthwise_pixels(const adze_avx2_qlayer *l, const int8_t *const *tap, ptrdiff_t step,
                                                   const int pixels, const int8_t *residual, int8_t *y)
{
    const int8_t *w = l->w;
    int32_t c = 0;
    for (; c + 2 * ADZE_AVX2_QUNIT <= l->channels; c += 2 * ADZE_AVX2_QUNIT, w += 2 * l->unit)
        adze_avx2_qdepthwise_units(l, tap, step, pixels, 2, c, w, residual, y);
    for (; c < l->channels; c += ADZE_AVX2_QUNIT, w += l->unit) {
        const int32_t last = l->channels - ADZE_AVX2_QUNIT;
        adze_avx2_qdepthwise_units(l, tap, step, pixels, 1, c < last ? c : last, w, residual, y);
    }
}

ADZE_AVX2_KERNEL void adze_avx2_qdepthwise_4(const adze_avx2_qlayer *l, const int8_t *const *tap, ptrdiff_t step,
                                             const int8_t *residual, int8_t *y)
{
    adze_avx2_qdepthwise_pixels(l, tap, step, 4, residual, y);
}

ADZE_AVX2_KERNEL void adze_avx2_qdepthwise_1(const adze_avx2_qlayer *l, const int8_t *const *tap,
                                             const int8_t *residual, int8_t *y)
{
    adze_avx2_qdepthwise_pixels(l, tap, 0, 1, residual, y);
}

/* Where the taps of a row's first pixel are, an odd number filled up. */
ADZE_FORCE_INLINE void adze_avx2_qdepthwise_find(const adze_qconv_params *p, const adze_avx2_rows *r,
                                                 const int8_t *ring, int32_t first, const int8_t **tap)
{
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int8_t *row = ring + (ptrdiff_t)((first + ky * p->dilation_h) % r->span) * r->width * p->in_c;
        for (int32_t kx = 0; kx < p->kernel_w; kx++)
            *tap++ = row + (ptrdiff_t)kx * p->dilation_w * p->in_c;
    }
    *tap = tap[-1];
}

ADZE_FORCE_INLINE void adze_avx2_qdepthwise_row(const adze_qconv_params *p, const adze_avx2_qlayer *l,
                                                const int8_t **tap, int32_t taps, const int8_t *residual, int8_t *y)
{
    const ptrdiff_t step = (ptrdiff_t)p->stride_w * p->in_c;
    for (int32_t ox = 0, count; ox < p->out_w; ox += count) {
        const ptrdiff_t at = (ptrdiff_t)ox * p->out_c;
        count = p->out_w - ox < ADZE_AVX2_QPIXELS ? 1 : ADZE_AVX2_QPIXELS;
        if (count == 1)
            adze_avx2_qdepthwise_1(l, tap, residual ? residual + at : NULL, y + at);
        else
            adze_avx2_qdepthwise_4(l, tap, step, residual ? residual + at : NULL, y + at);
        for (int32_t i = 0; i < taps; i++)
            tap[i] += count * step;
    }
}

ADZE_AVX2_KERNEL void adze_qdepthwise_i8_avx2(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                              const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                              int8_t *y, void *scratch)
{
    const int32_t taps = p->kernel_h * p->kernel_w, pairs = (taps + 1) / 2;
    const adze_avx2_qlayer l = {ADZE_AVX2_QOUT(p), w, bias, multiplier, p->out_c, (ptrdiff_t)pairs * 16, p->out_c};
    const int8_t **tap = (const int8_t **)scratch;
    int8_t *ring = (int8_t *)(void *)(tap + taps + 1);
    for (int32_t n = 0; n < p->batch; n++, x += (ptrdiff_t)p->in_h * p->in_w * p->in_c) {
        adze_avx2_rows r = adze_avx2_rows_of(p);
        for (int32_t oy = 0; oy < p->out_h; oy++) {
            const int32_t first = oy * p->stride_h;
            const ptrdiff_t at = ((ptrdiff_t)n * p->out_h + oy) * p->out_w * p->out_c;
            adze_avx2_rows_i8(p, x, first, first + r.span, &r, ring);
            adze_avx2_qdepthwise_find(p, &r, ring, first, tap);
            adze_avx2_qdepthwise_row(p, &l, tap, taps + 1, residual ? residual + at : NULL, y + at);
        }
    }
}

ADZE_AVX2_END

#endif
