/* tile/depthwise.h: depthwise Conv for any scalar machine: 4 pixels x 4 channels. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [channels / 4][kernel_h][kernel_w][4], zero-filled. */
#ifndef ADZE_TILE_DEPTHWISE_H
#define ADZE_TILE_DEPTHWISE_H

#include "adze.h"
#include "tile/area.h"
#include "tile/tile.h"

/* Channels o to o + 3, or fewer at the end, of one pixel. */
ADZE_KERNEL void adze_depthwise_f32_tile_1x4(const adze_tile_f32 *t, int32_t o, ptrdiff_t x_at, ptrdiff_t y_at)
{
    const float *w = t->w + o / ADZE_TILE_CHANNELS * t->w_block;
    float a[ADZE_TILE_CHANNELS] = {0.0f};
    for (int32_t c = 0; c < ADZE_TILE_CHANNELS && o + c < t->channels; c++) {
        a[c] = adze_tile_bias(t, o + c);
        for (int32_t r = 0; r < t->rows; r++)
            for (int32_t j = 0; j < t->runs; j++)
                a[c] += t->x[x_at + r * t->x_row + j * t->x_run + o + c] * w[r * t->w_row + j * 4 + c];
    }
    adze_tile_store(t, y_at, o, a[0], a[1], a[2], a[3]);
}

#ifdef ADZE_TILE_ARM
/* Four channels of four pixels. */
ADZE_KERNEL void adze_depthwise_f32_tile_4x4(const adze_tile_f32 *t, int32_t o, const adze_tile_pixels *at)
{
    float sums[16];
    const float *w = t->w + o / ADZE_TILE_CHANNELS * t->w_block, *x = t->x + o;
    adze_tile_sums(t, o, sums);
    for (int32_t r = 0; r < t->rows && t->runs > 0; r++, w += t->w_row, x += t->x_row)
        adze_arm_taps(sums, w, x + at->x[0], x + at->x[1], x + at->x[2], x + at->x[3], t->x_run, t->runs);
    adze_tile_store_sums(t, o, at, sums);
}
#else
/* Four channels of four pixels; named sums, since arrays stay in memory below -O3. */
ADZE_KERNEL void adze_depthwise_f32_tile_4x4(const adze_tile_f32 *t, int32_t o, const adze_tile_pixels *at)
{
    const float b0 = adze_tile_bias(t, o), b1 = adze_tile_bias(t, o + 1);
    const float b2 = adze_tile_bias(t, o + 2), b3 = adze_tile_bias(t, o + 3);
    float a00 = b0, a01 = b1, a02 = b2, a03 = b3, a10 = b0, a11 = b1, a12 = b2, a13 = b3;
    float a20 = b0, a21 = b1, a22 = b2, a23 = b3, a30 = b0, a31 = b1, a32 = b2, a33 = b3;
    const float *row = t->w + o / ADZE_TILE_CHANNELS * t->w_block;
    ptrdiff_t x_row = o;
    for (int32_t r = 0; r < t->rows; r++, row += t->w_row, x_row += t->x_row) {
        const float *x0 = t->x + at->x[0] + x_row, *x1 = t->x + at->x[1] + x_row;
        const float *x2 = t->x + at->x[2] + x_row, *x3 = t->x + at->x[3] + x_row;
        const float *w = row;
        const ptrdiff_t next = t->x_run;
        for (int32_t j = t->runs; j > 0; j--, w += 4, x0 += next, x1 += next, x2 += next, x3 += next) {
            const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
            ADZE_TILE_MAC(a00, x0[0], w0);
            ADZE_TILE_MAC(a01, x0[1], w1);
            ADZE_TILE_MAC(a02, x0[2], w2);
            ADZE_TILE_MAC(a03, x0[3], w3);
            ADZE_TILE_MAC(a10, x1[0], w0);
            ADZE_TILE_MAC(a11, x1[1], w1);
            ADZE_TILE_MAC(a12, x1[2], w2);
            ADZE_TILE_MAC(a13, x1[3], w3);
            ADZE_TILE_MAC(a20, x2[0], w0);
            ADZE_TILE_MAC(a21, x2[1], w1);
            ADZE_TILE_MAC(a22, x2[2], w2);
            ADZE_TILE_MAC(a23, x2[3], w3);
            ADZE_TILE_MAC(a30, x3[0], w0);
            ADZE_TILE_MAC(a31, x3[1], w1);
            ADZE_TILE_MAC(a32, x3[2], w2);
            ADZE_TILE_MAC(a33, x3[3], w3);
        }
    }
    adze_tile_store(t, at->y[0], o, a00, a01, a02, a03);
    adze_tile_store(t, at->y[1], o, a10, a11, a12, a13);
    adze_tile_store(t, at->y[2], o, a20, a21, a22, a23);
    if (at->count > 3)
        adze_tile_store(t, at->y[3], o, a30, a31, a32, a33);
}
#endif

ADZE_FORCE_INLINE void adze_depthwise_f32_tile_run(const adze_tile_f32 *t, adze_tile_pixels *at)
{
    int32_t o = 0;
    if (at->count >= 3) {
        adze_tile_fill(at);
        for (; o + ADZE_TILE_CHANNELS <= t->channels; o += ADZE_TILE_CHANNELS)
            adze_depthwise_f32_tile_4x4(t, o, at);
    }
    for (; o < t->channels; o += ADZE_TILE_CHANNELS)
        for (int32_t i = 0; i < at->count; i++)
            adze_depthwise_f32_tile_1x4(t, o, at->x[i], at->y[i]);
}

/* The pixels of an area, rows one after the other, four at a time. */
ADZE_FORCE_INLINE void adze_depthwise_f32_tile_area(const adze_conv_params *p, const adze_area *a,
                                                    const adze_tile_f32 *t)
{
    adze_tile_pixels at;
    at.count = 0;
    for (int32_t oy = a->y0; oy < a->y1; oy++)
        for (int32_t ox = a->x0; ox < a->x1; ox++) {
            at.x[at.count] = adze_area_input(p, a, oy, ox);
            at.y[at.count] = ((ptrdiff_t)oy * p->out_w + ox) * p->out_c;
            at.count++;
            if (at.count == ADZE_TILE_PIXELS || (oy == a->y1 - 1 && ox == a->x1 - 1)) {
                adze_depthwise_f32_tile_run(t, &at);
                at.count = 0;
            }
        }
}

/* `channels` channels; all pointers are those of the first. */
ADZE_FORCE_INLINE void adze_depthwise_f32_tile_channels(const adze_conv_params *p, const float *x, const float *w,
                                                        const float *bias, const float *residual, float *y,
                                                        int32_t channels)
{
    adze_tile_f32 t = {.bias = bias, .lo = p->lo, .hi = p->hi};
    t.channels = channels;
    t.length = 1;
    t.w_block = (ptrdiff_t)p->kernel_h * p->kernel_w * ADZE_TILE_CHANNELS;
    t.w_row = (ptrdiff_t)p->kernel_w * ADZE_TILE_CHANNELS;
    t.x_row = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c;
    t.x_run = (ptrdiff_t)p->dilation_w * p->in_c;
    for (int32_t n = 0; n < p->batch; n++) {
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        t.x = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        t.residual = residual ? residual + y_at : NULL;
        t.y = y + y_at;
        adze_area a;
        for (a.y1 = 0; adze_area_rows(p, &a);)
            for (a.x1 = 0; adze_area_columns(p, &a);) {
                t.w = w + a.ky0 * t.w_row + (ptrdiff_t)a.kx0 * ADZE_TILE_CHANNELS;
                t.rows = a.ky1 - a.ky0;
                t.runs = a.kx1 - a.kx0;
                adze_depthwise_f32_tile_area(p, &a, &t);
            }
    }
}

ADZE_KERNEL void adze_depthwise_f32_tile(const adze_conv_params *p, const float *x, const float *w, const float *bias,
                                         const float *residual, float *y)
{
    adze_depthwise_f32_tile_channels(p, x, w, bias, residual, y, p->out_c);
}

#endif
