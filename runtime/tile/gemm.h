/* tile/gemm.h: Gemm for any scalar machine, on the register tile. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [n / 4][k][4], zero-filled. */
#ifndef ADZE_TILE_GEMM_H
#define ADZE_TILE_GEMM_H

#include "adze.h"
#include "tile/tile.h"

/* `channels` columns; all pointers but x are those of the first. */
ADZE_FORCE_INLINE void adze_gemm_f32_tile_channels(const adze_gemm_params *p, const float *x, const float *w,
                                                   const float *bias, const float *residual, float *y, int32_t channels)
{
    adze_tile_f32 t = {.x = x, .w = w, .bias = bias, .residual = residual, .y = y, .lo = p->lo, .hi = p->hi};
    t.w_block = (ptrdiff_t)p->k * ADZE_TILE_CHANNELS;
    t.rows = 1;
    t.runs = 1;
    t.length = p->k;
    t.channels = channels;
    adze_tile_pixels at;
    for (int32_t m = 0; m < p->m; m += at.count) {
        at.count = p->m - m < ADZE_TILE_PIXELS ? p->m - m : ADZE_TILE_PIXELS;
        for (int32_t i = 0; i < at.count; i++) {
            at.x[i] = (ptrdiff_t)(m + i) * p->k;
            at.y[i] = (ptrdiff_t)(m + i) * p->n;
        }
        adze_tile_run(&t, &at);
    }
}

ADZE_KERNEL void adze_gemm_f32_tile(const adze_gemm_params *p, const float *x, const float *w, const float *bias,
                                    const float *residual, float *y)
{
    adze_gemm_f32_tile_channels(p, x, w, bias, residual, y, p->n);
}

#endif
