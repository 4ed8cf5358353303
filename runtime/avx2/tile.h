/* avx2/tile.h: the micro-kernel of Conv and Gemm: 6 pixels x 16 channels. SPDX-License-Identifier: 0BSD
 *
 * Twelve sums, two weights and an input fill the sixteen registers; every step of k is two loads of weights, six
 * broadcasts, and twelve multiply-adds on two units that take four cycles each. Fewer pixels take more channels, or
 * several sums each. Weights are packed in blocks of 16 channels, [block][tap...][16], with 8 instead of 16 in the last
 * block if no more than 8 channels are left; zero-filled. They are floats or halves, by a constant `halves`: a load
 * then converts, exactly, and the sums have the same bits. */
#ifndef ADZE_AVX2_TILE_H
#define ADZE_AVX2_TILE_H

#include "adze.h"
#include "avx2/avx2.h"

enum { ADZE_AVX2_PIXELS = 6, ADZE_AVX2_CHANNELS = 16 };

/* What the tiles of one area have in common. The inputs of a sum are rows of runs of consecutive elements: a Conv's
 * kernel_h rows, each one run of kernel_w * in_c elements where taps lie side by side; a Gemm's one row of one run.
 * Offsets into w are counted in steps of k; a step is 16 weights, or 8 in a last block of 8. */
typedef struct {
    const float *x;
    const void *w;         /* of the first channel */
    const float *bias;     /* or NULL; of the first channel, as the next two */
    const float *residual; /* or NULL */
    float *y;
    ptrdiff_t taps;  /* steps of k in a block of w */
    ptrdiff_t w_at;  /* the first step of the area */
    ptrdiff_t w_row; /* from the end of a row to the start of the next */
    ptrdiff_t x_row; /* from the start of a row to that of the next */
    ptrdiff_t x_run; /* from the start of a run to that of the next; the runs of w follow each other */
    int32_t rows, runs, length;
    int32_t channels;
    float lo, hi;
} adze_avx2_f32;

/* Up to six pixels: their first inputs, and where their outputs are (from y and residual). Places that are not used
 * repeat the last pixel. */
typedef struct {
    const float *x[ADZE_AVX2_PIXELS];
    ptrdiff_t y[ADZE_AVX2_PIXELS];
    int32_t count;
} adze_avx2_pixels;

ADZE_AVX2_BEGIN

/* Ends the sums of adze_avx2_block and stores them. All residuals are read before the first store: y may be residual,
 * and pixels may be repeated. */
ADZE_FORCE_INLINE void adze_avx2_finish(const int pixels, const int vectors, const adze_avx2_f32 *t, int32_t o,
                                        const adze_avx2_pixels *at, __m256 *sum)
{
    const __m256 lo = _mm256_set1_ps(t->lo), hi = _mm256_set1_ps(t->hi);
    const int32_t left = t->channels - o - 8 * (vectors - 1); /* for the last vector, at least 1 */
    const __m256i mask = adze_avx2_mask(left);
    float *y = t->y + o;
    if (t->residual)
        ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++) {
        const float *r = t->residual + at->y[i] + o;
        ADZE_AVX2_UNROLL
        for (int v = 0; v < vectors - 1; v++)
            sum[i * vectors + v] = _mm256_add_ps(sum[i * vectors + v], _mm256_loadu_ps(r + 8 * v));
        const int last = i * vectors + vectors - 1;
        sum[last] = _mm256_add_ps(sum[last], _mm256_maskload_ps(r + 8 * (vectors - 1), mask));
    }
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels * vectors; i++)
        sum[i] = adze_avx2_act(sum[i], lo, hi);
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++) {
        float *to = y + at->y[i];
        ADZE_AVX2_UNROLL
        for (int v = 0; v < vectors - 1; v++)
            _mm256_storeu_ps(to + 8 * v, sum[i * vectors + v]);
        if (left >= 8)
            _mm256_storeu_ps(to + 8 * (vectors - 1), sum[i * vectors + vectors - 1]);
        else
            _mm256_maskstore_ps(to + 8 * (vectors - 1), mask, sum[i * vectors + vectors - 1]);
    }
}

/* One step of k: sum += x[k] * w. `block` is the bytes from a block of weights to the next. */
ADZE_FORCE_INLINE void adze_avx2_step(const int halves, const int pixels, const int vectors, ptrdiff_t block,
                                      const unsigned char *w, const float *const *x, ptrdiff_t k, __m256 *sum)
{
    __m256 wk[8];
    ADZE_AVX2_UNROLL
    for (int v = 0; v < vectors; v++)
        wk[v] = adze_avx2_weights(halves, w + v / 2 * block + v % 2 * 8 * adze_avx2_weight_bytes(halves));
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++) {
        const __m256 xk = _mm256_broadcast_ss(x[i] + k);
        ADZE_AVX2_UNROLL
        for (int v = 0; v < vectors; v++)
            sum[i * vectors + v] = _mm256_fmadd_ps(xk, wk[v], sum[i * vectors + v]);
    }
}

/* `vectors` of eight channels, from channel o on, of `pixels` pixels. Each of these sums is split into `split` ones, 1,
 * 2 or 4, so that there are enough of them to keep both units busy. All are constants, the product of these three at
 * most 12. */
ADZE_FORCE_INLINE void adze_avx2_block(const int halves, const int pixels, const int vectors, const int split,
                                       const adze_avx2_f32 *t, int32_t o, const adze_avx2_pixels *at)
{
    const int bytes = adze_avx2_weight_bytes(halves), sums = pixels * vectors;
    const int step = (vectors == 1 ? 8 : ADZE_AVX2_CHANNELS) * bytes;
    const ptrdiff_t block = t->taps * ADZE_AVX2_CHANNELS * bytes;
    const unsigned char *w = (const unsigned char *)t->w + o * t->taps * bytes + t->w_at * step;
    const float *x[ADZE_AVX2_PIXELS];
    __m256 sum[12];
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++)
        x[i] = at->x[i];
    ADZE_AVX2_UNROLL
    for (int i = 0; i < sums * split; i++)
        sum[i] = adze_avx2_copy(_mm256_setzero_ps());
    ptrdiff_t row = 0;
    for (int32_t r = 0; r < t->rows; r++, row += t->x_row, w += t->w_row * step) {
        ptrdiff_t run = row;
        for (int32_t j = 0; j < t->runs; j++, run += t->x_run) {
            const ptrdiff_t end = run + t->length;
            ptrdiff_t k = run;
            for (; k <= end - split; k += split, w += step * split) {
                /* Not a loop, in which clang would keep the sums in memory. */
                adze_avx2_step(halves, pixels, vectors, block, w, x, k, sum);
                if (split > 1)
                    adze_avx2_step(halves, pixels, vectors, block, w + step, x, k + 1, sum + sums);
                if (split > 2) {
                    adze_avx2_step(halves, pixels, vectors, block, w + 2 * step, x, k + 2, sum + 2 * sums);
                    adze_avx2_step(halves, pixels, vectors, block, w + 3 * step, x, k + 3, sum + 3 * sums);
                }
            }
            for (; split > 1 && k < end; k++, w += step)
                adze_avx2_step(halves, pixels, vectors, block, w, x, k, sum);
        }
    }
    ADZE_AVX2_UNROLL
    for (int i = 0; i < sums; i++) {
        if (split > 1)
            sum[i] = _mm256_add_ps(sum[i], sum[sums + i]);
        if (split > 2)
            sum[i] = _mm256_add_ps(sum[i], _mm256_add_ps(sum[2 * sums + i], sum[3 * sums + i]));
    }
    /* Without bias all lanes are masked, and nothing is read. One loop, not two: clang 14 keeps sums that are changed
     * in a loop around a loop in memory. */
    const float *bias = t->bias ? t->bias + o : (const float *)t->w;
    const int32_t left = t->bias ? t->channels - o : 0;
    ADZE_AVX2_UNROLL
    for (int i = 0; i < sums; i++) {
        const int first = i % vectors * 8;
        sum[i] = _mm256_add_ps(sum[i], _mm256_maskload_ps(bias + first, adze_avx2_mask(left - first)));
    }
    adze_avx2_finish(pixels, vectors, t, o, at, sum);
}

/* Channels o to `end` (the last, or a multiple of 16) of up to six pixels. */
ADZE_FORCE_INLINE void adze_avx2_channels(const int halves, const adze_avx2_f32 *t, int32_t o, int32_t end,
                                          const adze_avx2_pixels *at)
{
    if (at->count > 3) {
        for (; end - o > 8; o += 16)
            adze_avx2_block(halves, 6, 2, 1, t, o, at);
        if (end > o)
            adze_avx2_block(halves, 6, 1, 2, t, o, at);
    } else if (at->count > 1) {
        for (; end - o > 8; o += 16)
            adze_avx2_block(halves, 3, 2, 2, t, o, at);
        if (end > o)
            adze_avx2_block(halves, 3, 1, 4, t, o, at);
    } else {
        for (; end - o > 56; o += 64)
            adze_avx2_block(halves, 1, 8, 1, t, o, at);
        for (; end - o > 8; o += 16)
            adze_avx2_block(halves, 1, 2, 4, t, o, at);
        if (end > o)
            adze_avx2_block(halves, 1, 1, 4, t, o, at);
    }
}

ADZE_AVX2_KERNEL void adze_avx2_tile(const adze_avx2_f32 *t, int32_t o, int32_t end, const adze_avx2_pixels *at)
{
    adze_avx2_channels(0, t, o, end, at);
}

ADZE_AVX2_KERNEL void adze_avx2_tile_halves(const adze_avx2_f32 *t, int32_t o, int32_t end, const adze_avx2_pixels *at)
{
    adze_avx2_channels(1, t, o, end, at);
}

/* Adds a pixel; runs the tile when it is full or `last`. */
ADZE_FORCE_INLINE void adze_avx2_pixel(const int halves, const adze_avx2_f32 *t, int32_t o, int32_t end,
                                       adze_avx2_pixels *at, ptrdiff_t x, ptrdiff_t y, int last)
{
    at->x[at->count] = t->x + x;
    at->y[at->count] = y;
    at->count++;
    if (at->count < ADZE_AVX2_PIXELS && !last)
        return;
    for (int32_t i = at->count; i < ADZE_AVX2_PIXELS; i++) {
        at->x[i] = t->x + x;
        at->y[i] = y;
    }
    if (halves)
        adze_avx2_tile_halves(t, o, end, at);
    else
        adze_avx2_tile(t, o, end, at);
    at->count = 0;
}

/* How many channels one pass over the pixels computes, a multiple of 16: as many as have weights of 256 KB, so that
 * they stay in the second-level cache. */
ADZE_FORCE_INLINE int32_t adze_avx2_pass(ptrdiff_t taps)
{
    const ptrdiff_t blocks = 4096 / (taps > 0 ? taps : 1);
    return (int32_t)(blocks > 0 ? blocks : 1) * ADZE_AVX2_CHANNELS;
}

ADZE_AVX2_END

#endif
