/* tile/half.h: Conv, depthwise Conv and Gemm with weights of 16 bits, IEEE 754 binary16. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed as those of the same kernels in float32. Those of four channels are converted into scratch, once
 * for all pixels, and then the float32 kernel runs: its bits are those of float32 weights of the same values. A Gemm of
 * fewer than four rows converts in the loop, without scratch. */
#ifndef ADZE_TILE_HALF_H
#define ADZE_TILE_HALF_H

#include "ref/half.h"
#include "tile/conv.h"
#include "tile/depthwise.h"
#include "tile/gemm.h"

ADZE_KERNEL void adze_tile_halves(const uint16_t *w, ptrdiff_t count, float *to)
{
    for (ptrdiff_t i = 0; i < count; i++)
        to[i] = adze_half_load(w[i]);
}

ADZE_KERNEL void adze_conv_f16_tile(const adze_conv_params *p, const float *x, const uint16_t *w, const float *bias,
                                    const float *residual, float *y, void *scratch)
{
    const int32_t in = p->in_c / p->group, out = p->out_c / p->group;
    const ptrdiff_t block = (ptrdiff_t)p->kernel_h * p->kernel_w * in * ADZE_TILE_CHANNELS;
    const ptrdiff_t x_image = (ptrdiff_t)p->in_h * p->in_w * p->in_c,
                    y_image = (ptrdiff_t)p->out_h * p->out_w * p->out_c;
    for (int32_t g = 0; g < p->group; g++)
        for (int32_t o = 0; o < out; o += ADZE_TILE_CHANNELS, w += block) {
            const int32_t count = out - o < ADZE_TILE_CHANNELS ? out - o : ADZE_TILE_CHANNELS;
            const ptrdiff_t first = (ptrdiff_t)g * out + o;
            adze_tile_halves(w, block, (float *)scratch);
            for (int32_t n = 0; n < p->batch; n++)
                adze_conv_f32_tile_group(p, x + n * x_image + (ptrdiff_t)g * in, (const float *)scratch,
                                         bias ? bias + first : NULL, residual ? residual + n * y_image + first : NULL,
                                         y + n * y_image + first, count);
        }
}

ADZE_KERNEL void adze_depthwise_f16_tile(const adze_conv_params *p, const float *x, const uint16_t *w,
                                         const float *bias, const float *residual, float *y, void *scratch)
{
    const ptrdiff_t block = (ptrdiff_t)p->kernel_h * p->kernel_w * ADZE_TILE_CHANNELS;
    for (int32_t o = 0; o < p->out_c; o += ADZE_TILE_CHANNELS, w += block) {
        const int32_t count = p->out_c - o < ADZE_TILE_CHANNELS ? p->out_c - o : ADZE_TILE_CHANNELS;
        adze_tile_halves(w, block, (float *)scratch);
        adze_depthwise_f32_tile_channels(p, x + o, (const float *)scratch, bias ? bias + o : NULL,
                                         residual ? residual + o : NULL, y + o, count);
    }
}

/* Channels o to o + 3 of one row. */
ADZE_KERNEL void adze_gemm_f16_tile_1x4(const adze_tile_f32 *t, const uint16_t *w, int32_t o, ptrdiff_t x_at,
                                        ptrdiff_t y_at)
{
    const float *x = t->x + x_at;
    float a0 = adze_tile_bias(t, o), a1 = adze_tile_bias(t, o + 1);
    float a2 = adze_tile_bias(t, o + 2), a3 = adze_tile_bias(t, o + 3);
    for (int32_t k = 0; k < t->length; k++, w += 4) {
        const float v = x[k];
        ADZE_TILE_MAC(a0, v, adze_half_load(w[0]));
        ADZE_TILE_MAC(a1, v, adze_half_load(w[1]));
        ADZE_TILE_MAC(a2, v, adze_half_load(w[2]));
        ADZE_TILE_MAC(a3, v, adze_half_load(w[3]));
    }
    adze_tile_store(t, y_at, o, a0, a1, a2, a3);
}

ADZE_KERNEL void adze_gemm_f16_tile(const adze_gemm_params *p, const float *x, const uint16_t *w, const float *bias,
                                    const float *residual, float *y, void *scratch)
{
    const ptrdiff_t block = (ptrdiff_t)p->k * ADZE_TILE_CHANNELS;
    adze_tile_f32 t = {.x = x, .bias = bias, .residual = residual, .y = y, .lo = p->lo, .hi = p->hi};
    t.length = p->k;
    t.channels = p->n;
    for (int32_t o = 0; o < p->n; o += ADZE_TILE_CHANNELS, w += block) {
        if (p->m >= ADZE_TILE_PIXELS) {
            adze_tile_halves(w, block, (float *)scratch);
            adze_gemm_f32_tile_channels(p, x, (const float *)scratch, bias ? bias + o : NULL,
                                        residual ? residual + o : NULL, y + o,
                                        p->n - o < ADZE_TILE_CHANNELS ? p->n - o : ADZE_TILE_CHANNELS);
            continue;
        }
        for (int32_t m = 0; m < p->m; m++)
            adze_gemm_f16_tile_1x4(&t, w, o, (ptrdiff_t)m * p->k, (ptrdiff_t)m * p->n);
    }
}

#endif
