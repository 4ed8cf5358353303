/* avx2/qdot.h: sums of products of 8-bit integers, and their way back to 8 bits. SPDX-License-Identifier: 0BSD
 *
 * Inputs are widened to 16 bits once for all channels, so that a pair of them is broadcast from memory and VPMADDWD
 * adds two products a lane; lanes are channels. Eight channels are a unit. What a pixel reads is a number of segments
 * next to each other in memory. Weights of a unit: [segment][inputs / 2][8][2] bytes; the last input of an odd segment
 * is joined by a weight of zero, and by whatever stands behind it. The bits are those of ref/requantize.h. */
#ifndef ADZE_AVX2_QDOT_H
#define ADZE_AVX2_QDOT_H

#include "avx2/avx2.h"
#include "ref/requantize.h"

enum { ADZE_AVX2_QPIXELS = 4, ADZE_AVX2_QUNIT = 8 };

ADZE_AVX2_BEGIN

/* count bytes as 16 bits each. */
ADZE_FORCE_INLINE int16_t *adze_avx2_widen(const int8_t *x, ptrdiff_t count, int16_t *to)
{
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(x + i));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), _mm256_cvtepi8_epi16(v));
    }
    if (i + 8 <= count) {
        const __m128i v = _mm_loadl_epi64((const __m128i *)(const void *)(x + i));
        _mm_storeu_si128((__m128i *)(void *)(to + i), _mm_cvtepi8_epi16(v));
        i += 8;
    }
    for (; i < count; i++)
        to[i] = x[i];
    return to + count;
}

ADZE_FORCE_INLINE __m256i adze_avx2_pair(const int16_t *x)
{
    int32_t two;
    memcpy(&two, x, sizeof two);
    return _mm256_set1_epi32(two);
}

/* sum += products of pairs. The addition is written out: gcc would keep old and new sums apart, and move them. */
ADZE_FORCE_INLINE __m256i adze_avx2_dot(__m256i sum, __m256i x, __m256i w)
{
    const __m256i products = _mm256_madd_epi16(x, w);
    __asm__("vpaddd %1, %0, %0" : "+x"(sum) : "x"(products));
    return sum;
}

/* Where the inputs of a pixel are, 16 bits each: `rows` rows of `segments` of `pairs`. Rows lie in a ring of `span`
 * slots, `row` elements each, the next one `down` slots further; segments `across` elements apart, pixels `step`. */
typedef struct {
    const int16_t *ring;
    int32_t rows, segments, pairs, span, down;
    ptrdiff_t row, across, step;
} adze_avx2_inputs;

/* sums[p * units + u]: of `pixels` from element `at` of the rows on, the first of which is in `slot`; units of weights
 * lie `unit` bytes apart. */
ADZE_FORCE_INLINE void adze_avx2_qsums(const adze_avx2_inputs *in, int32_t slot, ptrdiff_t at, const int8_t *w,
                                       ptrdiff_t unit, const int pixels, const int units, __m256i *sums)
{
    __m256i a[8];
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels * units; i++) {
        a[i] = _mm256_setzero_si256();
        __asm__("" : "+x"(a[i])); /* or gcc shares one register for all, and copies */
    }
    const ptrdiff_t step = in->step;
    for (int32_t r = in->rows; r > 0; r--) {
        const int16_t *from = in->ring + slot * in->row + at;
        for (int32_t s = in->segments; s > 0; s--, from += in->across) {
            const int16_t *x = from;
            for (int32_t k = in->pairs; k > 0; k--, x += 2, w += 16) {
                __m256i v[4];
                ADZE_AVX2_UNROLL
                for (int u = 0; u < units; u++)
                    v[u] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)(w + u * unit)));
                ADZE_AVX2_UNROLL
                for (int p = 0; p < pixels; p++) {
                    const __m256i two = adze_avx2_pair(x + p * step);
                    ADZE_AVX2_UNROLL
                    for (int u = 0; u < units; u++)
                        a[p * units + u] = adze_avx2_dot(a[p * units + u], two, v[u]);
                }
            }
        }
        slot += in->down;
        slot -= slot >= in->span ? in->span : 0;
    }
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels * units; i++)
        sums[i] = a[i];
}

/* How a layer stores: the parameters of adze_qconv_params and adze_qgemm_params. */
typedef struct {
    int32_t shift, y_zero_point, lo, hi;
    int32_t q_lo, q_hi, r_zero_point, q_multiplier, r_multiplier, add_shift, add_zero_point;
} adze_avx2_qout;

#define ADZE_AVX2_QOUT(p)                                                                                              \
    {                                                                                                                  \
        (p)->shift, (p)->y_zero_point, (p)->lo, (p)->hi, (p)->q_lo, (p)->q_hi, (p)->r_zero_point, (p)->q_multiplier,   \
            (p)->r_multiplier, (p)->add_shift, (p)->add_zero_point                                                     \
    }

/* adze_requantize of eight. */
ADZE_FORCE_INLINE __m256i adze_avx2_requantize(__m256i acc, __m256i m, int32_t shift)
{
    const __m256i half = _mm256_set1_epi64x((int64_t)1 << 31);
    acc = _mm256_sll_epi32(acc, _mm_cvtsi32_si128(shift));
    const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(acc, m), half);
    const __m256i odd = _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(acc, 32), _mm256_srli_epi64(m, 32)), half);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

ADZE_FORCE_INLINE __m256i adze_avx2_clamp(__m256i v, int32_t lo, int32_t hi)
{
    return _mm256_min_epi32(_mm256_max_epi32(v, _mm256_set1_epi32(lo)), _mm256_set1_epi32(hi));
}

/* A residual of eight, added behind its own rounding. */
ADZE_FORCE_INLINE __m256i adze_avx2_add(const adze_avx2_qout *o, __m256i q, const int8_t *residual, int32_t count)
{
    int8_t r[8] = {0};
    if (count < 8) {
        memcpy(r, residual, (size_t)count);
        residual = r;
    }
    __m256i v = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)residual));
    v = _mm256_mullo_epi32(_mm256_sub_epi32(v, _mm256_set1_epi32(o->r_zero_point)), _mm256_set1_epi32(o->r_multiplier));
    q = adze_avx2_clamp(_mm256_add_epi32(q, _mm256_set1_epi32(o->y_zero_point)), o->q_lo, o->q_hi);
    q = _mm256_sub_epi32(q, _mm256_set1_epi32(o->y_zero_point));
    q = _mm256_add_epi32(_mm256_mullo_epi32(q, _mm256_set1_epi32(o->q_multiplier)), v);
    q = _mm256_add_epi32(q, _mm256_set1_epi32((int32_t)((uint32_t)1 << (o->add_shift - 1))));
    return _mm256_sra_epi32(q, _mm_cvtsi32_si128(o->add_shift));
}

/* Sixteen results, lo those of the first eight, to the first `count` bytes of y. Packing saturates to 16, then to 8
 * bits, so that bounds and zero point need no more than that. */
ADZE_FORCE_INLINE void adze_avx2_pack(__m256i lo, __m256i hi, int32_t zero_point, int32_t least, int32_t most,
                                      int32_t count, int8_t *y)
{
    __m256i v = _mm256_adds_epi16(_mm256_packs_epi32(lo, hi), _mm256_set1_epi16((int16_t)zero_point));
    v = _mm256_permute4x64_epi64(v, 0xd8);
    __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    bytes = _mm_min_epi8(_mm_max_epi8(bytes, _mm_set1_epi8((int8_t)least)), _mm_set1_epi8((int8_t)most));
    if (count >= 16) {
        _mm_storeu_si128((__m128i *)(void *)y, bytes);
    } else if (count == 8) {
        _mm_storel_epi64((__m128i *)(void *)y, bytes);
    } else {
        int8_t all[16];
        _mm_storeu_si128((__m128i *)(void *)all, bytes);
        memcpy(y, all, (size_t)count);
    }
}

/* Sums with their bias, of one pixel and one or two units (hi is then whatever), to the first `count` bytes of y. The
 * multipliers are those of lo and hi; residual may be NULL. */
ADZE_FORCE_INLINE void adze_avx2_qstore(const adze_avx2_qout *o, __m256i lo, __m256i hi, __m256i m_lo, __m256i m_hi,
                                        const int8_t *residual, int32_t count, const int units, int8_t *y)
{
    lo = adze_avx2_requantize(lo, m_lo, o->shift);
    hi = units > 1 ? adze_avx2_requantize(hi, m_hi, o->shift) : lo;
    if (residual) {
        lo = adze_avx2_add(o, lo, residual, count);
        hi = units > 1 ? adze_avx2_add(o, hi, residual + 8, count - 8) : lo;
    }
    adze_avx2_pack(lo, hi, residual ? o->add_zero_point : o->y_zero_point, o->lo, o->hi, count, y);
}

/* The first `count` of eight words; the others are 0. */
ADZE_FORCE_INLINE __m256i adze_avx2_words(const int32_t *v, int32_t count)
{
    return _mm256_maskload_epi32(v, adze_avx2_mask(count));
}

/* What the tiles of a layer have in common; pointers are those of its first channel. */
typedef struct {
    adze_avx2_qout out;
    const int8_t *w;
    const int32_t *bias, *multiplier;
    int32_t channels;
    ptrdiff_t unit, y_stride; /* bytes of a unit's weights; from a pixel to the next */
} adze_avx2_qlayer;

/* A tile: `pixels` from element `at` on, and where they go. */
typedef struct {
    const adze_avx2_qlayer *layer;
    const adze_avx2_inputs *in;
    int32_t slot;
    ptrdiff_t at;
    const int8_t *residual; /* or NULL */
    int8_t *y;
} adze_avx2_qtile;

/* `units` from channel `first` on, of `pixels`. */
ADZE_FORCE_INLINE void adze_avx2_qblock(const adze_avx2_qtile *t, const int pixels, const int units, int32_t first)
{
    __m256i sums[8];
    const adze_avx2_qlayer *l = t->layer;
    adze_avx2_qsums(t->in, t->slot, t->at, l->w + first / ADZE_AVX2_QUNIT * l->unit, l->unit, pixels, units, sums);
    ADZE_AVX2_UNROLL
    for (int u = 0; u < units; u += 2, first += 2 * ADZE_AVX2_QUNIT) {
        const int both = u + 1 < units ? 2 : 1, next = u + both - 1;
        const int32_t left = l->channels - first, count = left < both * 8 ? left : both * 8;
        const __m256i bias = adze_avx2_words(l->bias + first, left), m = adze_avx2_words(l->multiplier + first, left);
        const __m256i bias2 = both > 1 ? adze_avx2_words(l->bias + first + 8, left - 8) : bias;
        const __m256i m2 = both > 1 ? adze_avx2_words(l->multiplier + first + 8, left - 8) : m;
        ADZE_AVX2_UNROLL
        for (int p = 0; p < pixels; p++) {
            const ptrdiff_t at = p * l->y_stride + first;
            adze_avx2_qstore(&l->out, _mm256_add_epi32(sums[p * units + u], bias),
                             _mm256_add_epi32(sums[p * units + next], bias2), m, m2,
                             t->residual ? t->residual + at : NULL, count, both, t->y + at);
        }
    }
}

/* All channels of four pixels. */
ADZE_AVX2_KERNEL void adze_avx2_qtile_4(const adze_avx2_qtile *t)
{
    int32_t first = 0;
    for (; first + ADZE_AVX2_QUNIT < t->layer->channels; first += 2 * ADZE_AVX2_QUNIT)
        adze_avx2_qblock(t, 4, 2, first);
    if (first < t->layer->channels)
        adze_avx2_qblock(t, 4, 1, first);
}

/* All channels of one pixel. */
ADZE_AVX2_KERNEL void adze_avx2_qtile_1(const adze_avx2_qtile *t)
{
    int32_t first = 0;
    for (; first + 3 * ADZE_AVX2_QUNIT < t->layer->channels; first += 4 * ADZE_AVX2_QUNIT)
        adze_avx2_qblock(t, 1, 4, first);
    for (; first < t->layer->channels; first += ADZE_AVX2_QUNIT)
        adze_avx2_qblock(t, 1, 1, first);
}

/* All channels of `pixels` next to each other. */
ADZE_FORCE_INLINE void adze_avx2_qrow(adze_avx2_qtile t, int32_t pixels)
{
    for (int32_t count; pixels > 0; pixels -= count) {
        count = pixels < ADZE_AVX2_QPIXELS ? 1 : ADZE_AVX2_QPIXELS;
        if (count == 1)
            adze_avx2_qtile_1(&t);
        else
            adze_avx2_qtile_4(&t);
        t.at += count * t.in->step;
        t.y += count * t.layer->y_stride;
        t.residual += t.residual ? count * t.layer->y_stride : 0;
    }
}

/* m rows of k inputs each, next to each other in x; scratch [4][k rounded up to even]. */
ADZE_AVX2_KERNEL void adze_avx2_qmatrix(const adze_avx2_qlayer *l, const int8_t *x, int32_t m, int32_t k,
                                        const int8_t *residual, int8_t *y, int16_t *scratch)
{
    const int32_t pairs = (k + 1) / 2;
    const adze_avx2_inputs in = {scratch, 1, 1, pairs, 1, 1, 0, 0, (ptrdiff_t)pairs * 2};
    for (int32_t i = 0, count; i < m; i += count) {
        const ptrdiff_t at = i * l->y_stride;
        count = m - i < ADZE_AVX2_QPIXELS ? m - i : ADZE_AVX2_QPIXELS;
        for (int32_t r = 0; r < count; r++) {
            int16_t *end = adze_avx2_widen(x + (ptrdiff_t)(i + r) * k, k, scratch + r * in.step);
            if (k % 2)
                *end = 0;
        }
        const adze_avx2_qtile t = {l, &in, 0, 0, residual ? residual + at : NULL, y + at};
        adze_avx2_qrow(t, count);
    }
}

ADZE_AVX2_END

#endif
