/* avx2/depthwise.h: depthwise Conv with AVX2 and FMA: 8 channels x up to 8 pixels. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [kernel_h][kernel_w][channels rounded up to 8], zero-filled: floats or, by a constant `halves`,
 * halves. A weight serves eight pixels; inputs are read by the multiply-adds themselves, two a cycle. */
#ifndef ADZE_AVX2_DEPTHWISE_H
#define ADZE_AVX2_DEPTHWISE_H

#include "adze.h"
#include "avx2/avx2.h"
#include "tile/area.h"

enum { ADZE_AVX2_DEPTHWISE_PIXELS = 8 };

typedef struct {
    const float *x, *bias, *residual; /* bias, residual may be NULL */
    const unsigned char *w;           /* the area's first tap */
    float *y;
    ptrdiff_t x_row, x_tap, w_row, w_tap; /* from a row of taps to the next, from a tap to the next; w's in bytes */
    int32_t rows, columns, channels;
    float lo, hi;
} adze_avx2_depthwise;

/* Up to eight pixels: their first inputs, and where their outputs are (from y and residual). */
typedef struct {
    const float *x[ADZE_AVX2_DEPTHWISE_PIXELS];
    ptrdiff_t y[ADZE_AVX2_DEPTHWISE_PIXELS];
    int32_t count;
} adze_avx2_depthwise_pixels;

ADZE_AVX2_BEGIN

/* Eight floats, or those in `mask`. */
ADZE_FORCE_INLINE __m256 adze_avx2_depthwise_load(const float *x, const int masked, __m256i mask)
{
    return masked ? _mm256_maskload_ps(x, mask) : _mm256_loadu_ps(x);
}

/* One tap: sum += x[k] * w. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_tap(const int halves, const int pixels, const int masked, __m256i mask,
                                               const unsigned char *w, const float *const *x, ptrdiff_t k, __m256 *sum)
{
    const __m256 wk = adze_avx2_weights(halves, w);
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++)
        sum[i] = _mm256_fmadd_ps(wk, adze_avx2_depthwise_load(x[i] + k, masked, mask), sum[i]);
}

/* Eight channels, from c on, of `pixels` pixels; with `masked` only those in `mask`. `columns` is the number of taps in
 * a row, or 0: t->columns. halves, pixels, columns and masked are constants. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_block(const int halves, const int pixels, const int columns,
                                                 const int masked, __m256i mask, const adze_avx2_depthwise *t,
                                                 const float *const *x, const ptrdiff_t *at, int32_t c)
{
    const __m256 lo = _mm256_set1_ps(t->lo), hi = _mm256_set1_ps(t->hi);
    const float *residual = t->residual;
    const unsigned char *w_row = t->w + (ptrdiff_t)c * adze_avx2_weight_bytes(halves);
    const ptrdiff_t x_tap = t->x_tap, w_tap = t->w_tap;
    float *y = t->y + c;
    __m256 sum[ADZE_AVX2_DEPTHWISE_PIXELS], bias = _mm256_setzero_ps();
    if (t->bias)
        bias = adze_avx2_depthwise_load(t->bias + c, masked, mask);
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++)
        sum[i] = adze_avx2_copy(bias);
    ptrdiff_t row = c;
    for (int32_t r = t->rows; r > 0; r--, row += t->x_row, w_row += t->w_row) {
        if (columns == 3) {
            adze_avx2_depthwise_tap(halves, pixels, masked, mask, w_row, x, row, sum);
            adze_avx2_depthwise_tap(halves, pixels, masked, mask, w_row + w_tap, x, adze_avx2_index(row + x_tap), sum);
            adze_avx2_depthwise_tap(halves, pixels, masked, mask, w_row + 2 * w_tap, x,
                                    adze_avx2_index(row + 2 * x_tap), sum);
            continue;
        }
        const unsigned char *w = w_row;
        ptrdiff_t k = row;
        for (int32_t j = t->columns; j > 0; j--, k += x_tap, w += w_tap)
            adze_avx2_depthwise_tap(halves, pixels, masked, mask, w, x, k, sum);
    }
    if (residual)
        ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++)
        sum[i] = _mm256_add_ps(sum[i], adze_avx2_depthwise_load(residual + at[i] + c, masked, mask));
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++) {
        if (masked)
            _mm256_maskstore_ps(y + at[i], mask, adze_avx2_act(sum[i], lo, hi));
        else
            _mm256_storeu_ps(y + at[i], adze_avx2_act(sum[i], lo, hi));
    }
}

/* All channels of `pixels` (a constant) pixels. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_channels(const int halves, const int pixels, const adze_avx2_depthwise *t,
                                                    const adze_avx2_depthwise_pixels *at)
{
    const int32_t channels = t->channels;
    const float *x[ADZE_AVX2_DEPTHWISE_PIXELS];
    int32_t c = 0;
    ADZE_AVX2_UNROLL
    for (int i = 0; i < pixels; i++)
        x[i] = at->x[i];
    if (t->columns == 3)
        for (; c + 8 <= channels; c += 8)
            adze_avx2_depthwise_block(halves, pixels, 3, 0, adze_avx2_mask(8), t, x, at->y, c);
    for (; c + 8 <= channels; c += 8)
        adze_avx2_depthwise_block(halves, pixels, 0, 0, adze_avx2_mask(8), t, x, at->y, c);
    if (c < channels)
        adze_avx2_depthwise_block(halves, pixels, 0, 1, adze_avx2_mask(channels - c), t, x, at->y, c);
}

ADZE_FORCE_INLINE void adze_avx2_depthwise_any(const int halves, const adze_avx2_depthwise *t,
                                               const adze_avx2_depthwise_pixels *at)
{
    if (at->count > 4)
        adze_avx2_depthwise_channels(halves, 8, t, at);
    else if (at->count > 1)
        adze_avx2_depthwise_channels(halves, 4, t, at);
    else
        adze_avx2_depthwise_channels(halves, 1, t, at);
}

ADZE_AVX2_KERNEL void adze_avx2_depthwise_tile(const adze_avx2_depthwise *t, const adze_avx2_depthwise_pixels *at)
{
    adze_avx2_depthwise_any(0, t, at);
}

ADZE_AVX2_KERNEL void adze_avx2_depthwise_tile_halves(const adze_avx2_depthwise *t,
                                                      const adze_avx2_depthwise_pixels *at)
{
    adze_avx2_depthwise_any(1, t, at);
}

/* Adds a pixel; runs the tile when it is full or `last`. Places that are not used repeat the last pixel. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_pixel(const int halves, const adze_avx2_depthwise *t,
                                                 adze_avx2_depthwise_pixels *at, ptrdiff_t x, ptrdiff_t y, int last)
{
    at->x[at->count] = t->x + x;
    at->y[at->count] = y;
    at->count++;
    if (at->count < ADZE_AVX2_DEPTHWISE_PIXELS && !last)
        return;
    for (int32_t i = at->count; i < ADZE_AVX2_DEPTHWISE_PIXELS; i++) {
        at->x[i] = t->x + x;
        at->y[i] = y;
    }
    if (halves)
        adze_avx2_depthwise_tile_halves(t, at);
    else
        adze_avx2_depthwise_tile(t, at);
    at->count = 0;
}

/* The pixels of an area, rows one after the other, eight at a time. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_area(const int halves, const adze_conv_params *p, const adze_area *a,
                                                const adze_avx2_depthwise *t)
{
    adze_avx2_depthwise_pixels at;
    at.count = 0;
    const ptrdiff_t x_step = t->rows > 0 && t->columns > 0 ? (ptrdiff_t)p->stride_w * p->in_c : 0;
    for (int32_t oy = a->y0; oy < a->y1; oy++) {
        const ptrdiff_t x_row = adze_area_input(p, a, oy, a->x0);
        const ptrdiff_t y_row = ((ptrdiff_t)oy * p->out_w + a->x0) * p->out_c;
        for (int32_t i = 0; i < a->x1 - a->x0; i++)
            adze_avx2_depthwise_pixel(halves, t, &at, x_row + i * x_step, y_row + (ptrdiff_t)i * p->out_c,
                                      oy == a->y1 - 1 && i == a->x1 - a->x0 - 1);
    }
}

/* w: floats, or, by the constant `halves`, halves. */
ADZE_FORCE_INLINE void adze_avx2_depthwise_conv(const int halves, const adze_conv_params *p, const float *x,
                                                const void *w, const float *bias, const float *residual, float *y)
{
    adze_avx2_depthwise t = {.bias = bias, .channels = p->out_c, .lo = p->lo, .hi = p->hi};
    t.w_tap = ((ptrdiff_t)p->out_c + 7) / 8 * 8 * adze_avx2_weight_bytes(halves);
    t.w_row = p->kernel_w * t.w_tap;
    t.x_tap = (ptrdiff_t)p->dilation_w * p->in_c;
    t.x_row = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c;
    for (int32_t n = 0; n < p->batch; n++) {
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        t.x = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        t.residual = residual ? residual + y_at : NULL;
        t.y = y + y_at;
        adze_area a;
        for (a.y1 = 0; adze_area_rows(p, &a);)
            for (a.x1 = 0; adze_area_columns(p, &a);) {
                t.w = (const unsigned char *)w + a.ky0 * t.w_row + a.kx0 * t.w_tap;
                t.rows = a.ky1 - a.ky0;
                t.columns = a.kx1 - a.kx0;
                adze_avx2_depthwise_area(halves, p, &a, &t);
            }
    }
}

ADZE_AVX2_KERNEL void adze_depthwise_f32_avx2(const adze_conv_params *p, const float *x, const float *w,
                                              const float *bias, const float *residual, float *y)
{
    adze_avx2_depthwise_conv(0, p, x, w, bias, residual, y);
}

ADZE_AVX2_END

#endif
