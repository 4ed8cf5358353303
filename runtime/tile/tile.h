/* tile/tile.h: the register tile of the portable kernels: 4 pixels x 4 channels. SPDX-License-Identifier: 0BSD
 *
 * Sixteen sums, four weights and one input at a time fit the 32 single-precision registers of a Cortex-M4F or an
 * rv32f; every weight serves four pixels and every input four channels. Weights are packed [channel / 4][tap...][4],
 * the last block filled up with zeros. */
#ifndef ADZE_TILE_TILE_H
#define ADZE_TILE_TILE_H

#include "adze.h"
#include "ref/act.h"
/* Not without optimisation, when the operands of arm.h lie in memory and take more registers than there are. */
#if defined(__arm__) && defined(__thumb2__) && defined(__ARM_FEATURE_FMA) && !defined(__SOFTFP__) &&                   \
    defined(__OPTIMIZE__) && !defined(ADZE_NO_FMA)
#define ADZE_TILE_ARM
#include "tile/arm.h"
#endif

/* a * b + c, in one instruction where the machine has one: in C99 mode gcc does not join the two on its own. With
 * ADZE_NO_FMA each product is rounded, and the bits are those of a machine without. */
#if (defined(__FP_FAST_FMAF) || defined(__ARM_FEATURE_FMA)) && !defined(ADZE_NO_FMA)
#define ADZE_TILE_MAC(sum, a, b) ((sum) = __builtin_fmaf((a), (b), (sum)))
#else
#define ADZE_TILE_MAC(sum, a, b) ((sum) += (a) * (b))
#endif

enum { ADZE_TILE_PIXELS = 4, ADZE_TILE_CHANNELS = 4 };

/* What the tiles of one area have in common. The inputs of a sum are rows of runs of consecutive elements: a Conv's
 * kernel_h rows, each one run of kernel_w * in_c elements where taps lie side by side; a Gemm's one row of one run. */
typedef struct {
    const float *x, *w;    /* w: the first tap of the first channel */
    const float *bias;     /* or NULL; of the first channel, as the next two */
    const float *residual; /* or NULL */
    float *y;
    ptrdiff_t w_block;      /* from a block of channels to the next */
    ptrdiff_t w_row, x_row; /* from the start of a row to that of the next */
    ptrdiff_t x_run;        /* from the start of a run to that of the next; the runs of w follow each other */
    int32_t rows, runs, length;
    int32_t channels;
    float lo, hi;
} adze_tile_f32;

/* Up to four pixels: where their first inputs are (from x), and their outputs (from y and residual). */
typedef struct {
    ptrdiff_t x[ADZE_TILE_PIXELS], y[ADZE_TILE_PIXELS];
    int32_t count;
} adze_tile_pixels;

/* Repeats the last pixel: a tile of three is computed as one of four. */
ADZE_FORCE_INLINE void adze_tile_fill(adze_tile_pixels *at)
{
    for (int32_t i = at->count; i < ADZE_TILE_PIXELS; i++)
        at->x[i] = at->x[at->count - 1];
}

ADZE_FORCE_INLINE float adze_tile_bias(const adze_tile_f32 *t, int32_t channel)
{
    return t->bias && channel < t->channels ? t->bias[channel] : 0.0f;
}

/* Ends the sums of one pixel for channels o to o + 3. */
ADZE_FORCE_INLINE void adze_tile_store(const adze_tile_f32 *t, ptrdiff_t at, int32_t o, float v0, float v1, float v2,
                                       float v3)
{
    float *y = t->y + at + o;
    const int32_t left = t->channels - o;
    if (left < ADZE_TILE_CHANNELS) {
        const float v[3] = {v0, v1, v2};
        for (int32_t i = 0; i < left; i++)
            y[i] = adze_act_f32(v[i] + (t->residual ? t->residual[at + o + i] : 0.0f), t->lo, t->hi);
        return;
    }
    if (t->residual) {
        const float *r = t->residual + at + o;
        v0 += r[0];
        v1 += r[1];
        v2 += r[2];
        v3 += r[3];
    }
    y[0] = adze_act_f32(v0, t->lo, t->hi);
    y[1] = adze_act_f32(v1, t->lo, t->hi);
    y[2] = adze_act_f32(v2, t->lo, t->hi);
    y[3] = adze_act_f32(v3, t->lo, t->hi);
}

/* Four channels of one pixel. */
ADZE_KERNEL void adze_tile_1x4(const adze_tile_f32 *t, int32_t o, ptrdiff_t x_at, ptrdiff_t y_at)
{
    const float *row = t->w + o / ADZE_TILE_CHANNELS * t->w_block, *x_row = t->x + x_at;
    float a0 = adze_tile_bias(t, o), a1 = adze_tile_bias(t, o + 1);
    float a2 = adze_tile_bias(t, o + 2), a3 = adze_tile_bias(t, o + 3);
    for (int32_t r = 0; r < t->rows; r++, row += t->w_row, x_row += t->x_row) {
        const float *w = row, *run = x_row;
        for (int32_t j = 0; j < t->runs; j++, run += t->x_run) {
            const float *x = run;
            int32_t k = t->length;
            for (; k > 1; k -= 2, x += 2, w += 8) {
                const float v0 = x[0], v1 = x[1];
                ADZE_TILE_MAC(a0, v0, w[0]);
                ADZE_TILE_MAC(a1, v0, w[1]);
                ADZE_TILE_MAC(a2, v0, w[2]);
                ADZE_TILE_MAC(a3, v0, w[3]);
                ADZE_TILE_MAC(a0, v1, w[4]);
                ADZE_TILE_MAC(a1, v1, w[5]);
                ADZE_TILE_MAC(a2, v1, w[6]);
                ADZE_TILE_MAC(a3, v1, w[7]);
            }
            if (k > 0) {
                ADZE_TILE_MAC(a0, x[0], w[0]);
                ADZE_TILE_MAC(a1, x[0], w[1]);
                ADZE_TILE_MAC(a2, x[0], w[2]);
                ADZE_TILE_MAC(a3, x[0], w[3]);
                w += 4;
            }
        }
    }
    adze_tile_store(t, y_at, o, a0, a1, a2, a3);
}

#ifdef ADZE_TILE_ARM
/* Sums before a run: the bias in every pixel. */
ADZE_FORCE_INLINE void adze_tile_sums(const adze_tile_f32 *t, int32_t o, float *sums)
{
    const float b0 = adze_tile_bias(t, o), b1 = adze_tile_bias(t, o + 1);
    const float b2 = adze_tile_bias(t, o + 2), b3 = adze_tile_bias(t, o + 3);
    for (int32_t i = 0; i < 16; i += 4) {
        sums[i] = b0;
        sums[i + 1] = b1;
        sums[i + 2] = b2;
        sums[i + 3] = b3;
    }
}

ADZE_FORCE_INLINE void adze_tile_store_sums(const adze_tile_f32 *t, int32_t o, const adze_tile_pixels *at,
                                            const float *sums)
{
    for (int32_t i = 0; i < at->count; i++, sums += 4)
        adze_tile_store(t, at->y[i], o, sums[0], sums[1], sums[2], sums[3]);
}

/* Four channels of four pixels. */
ADZE_KERNEL void adze_tile_4x4(const adze_tile_f32 *t, int32_t o, const adze_tile_pixels *at)
{
    float sums[16];
    const float *row = t->w + o / ADZE_TILE_CHANNELS * t->w_block, *x = t->x;
    adze_tile_sums(t, o, sums);
    for (int32_t r = 0; r < t->rows; r++, row += t->w_row, x += t->x_row) {
        const float *w = row, *run = x;
        for (int32_t j = 0; j < t->runs; j++, run += t->x_run)
            w = adze_arm_run(sums, w, run + at->x[0], run + at->x[1], run + at->x[2], run + at->x[3], t->length);
    }
    adze_tile_store_sums(t, o, at, sums);
}
#else
/* Four channels of four pixels; named sums, since arrays stay in memory below -O3. */
ADZE_KERNEL void adze_tile_4x4(const adze_tile_f32 *t, int32_t o, const adze_tile_pixels *at)
{
    const float b0 = adze_tile_bias(t, o), b1 = adze_tile_bias(t, o + 1);
    const float b2 = adze_tile_bias(t, o + 2), b3 = adze_tile_bias(t, o + 3);
    float a00 = b0, a01 = b1, a02 = b2, a03 = b3, a10 = b0, a11 = b1, a12 = b2, a13 = b3;
    float a20 = b0, a21 = b1, a22 = b2, a23 = b3, a30 = b0, a31 = b1, a32 = b2, a33 = b3;
    const float *row = t->w + o / ADZE_TILE_CHANNELS * t->w_block;
    ptrdiff_t x_row = 0;
    for (int32_t r = 0; r < t->rows; r++, row += t->w_row, x_row += t->x_row) {
        const float *w = row;
        ptrdiff_t run = x_row;
        for (int32_t j = 0; j < t->runs; j++, run += t->x_run) {
            const float *x0 = t->x + at->x[0] + run, *x1 = t->x + at->x[1] + run;
            const float *x2 = t->x + at->x[2] + run, *x3 = t->x + at->x[3] + run;
            for (int32_t k = t->length; k > 0; k--, w += 4) {
                const float w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
                float v = *x0++;
                ADZE_TILE_MAC(a00, v, w0);
                ADZE_TILE_MAC(a01, v, w1);
                ADZE_TILE_MAC(a02, v, w2);
                ADZE_TILE_MAC(a03, v, w3);
                v = *x1++;
                ADZE_TILE_MAC(a10, v, w0);
                ADZE_TILE_MAC(a11, v, w1);
                ADZE_TILE_MAC(a12, v, w2);
                ADZE_TILE_MAC(a13, v, w3);
                v = *x2++;
                ADZE_TILE_MAC(a20, v, w0);
                ADZE_TILE_MAC(a21, v, w1);
                ADZE_TILE_MAC(a22, v, w2);
                ADZE_TILE_MAC(a23, v, w3);
                v = *x3++;
                ADZE_TILE_MAC(a30, v, w0);
                ADZE_TILE_MAC(a31, v, w1);
                ADZE_TILE_MAC(a32, v, w2);
                ADZE_TILE_MAC(a33, v, w3);
            }
        }
    }
    adze_tile_store(t, at->y[0], o, a00, a01, a02, a03);
    adze_tile_store(t, at->y[1], o, a10, a11, a12, a13);
    adze_tile_store(t, at->y[2], o, a20, a21, a22, a23);
    if (at->count > 3)
        adze_tile_store(t, at->y[3], o, a30, a31, a32, a33);
}
#endif

/* All channels of up to four pixels. Three are worth a tile of four, two are not. */
ADZE_FORCE_INLINE void adze_tile_run(const adze_tile_f32 *t, adze_tile_pixels *at)
{
    if (at->count >= 3) {
        adze_tile_fill(at);
        for (int32_t o = 0; o < t->channels; o += ADZE_TILE_CHANNELS)
            adze_tile_4x4(t, o, at);
        return;
    }
    for (int32_t o = 0; o < t->channels; o += ADZE_TILE_CHANNELS)
        for (int32_t i = 0; i < at->count; i++)
            adze_tile_1x4(t, o, at->x[i], at->y[i]);
}

#endif
