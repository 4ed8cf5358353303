/* tile/conv.h: Conv for any scalar machine, on the register tile. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [group][out_c / group / 4][kernel_h][kernel_w][in_c / group][4], zero-filled. */
#ifndef ADZE_TILE_CONV_H
#define ADZE_TILE_CONV_H

#include "adze.h"
#include "tile/area.h"
#include "tile/tile.h"

/* The pixels of an area, rows one after the other, four at a time. */
ADZE_FORCE_INLINE void adze_conv_f32_tile_area(const adze_conv_params *p, const adze_area *a, const adze_tile_f32 *t)
{
    adze_tile_pixels at;
    at.count = 0;
    for (int32_t oy = a->y0; oy < a->y1; oy++)
        for (int32_t ox = a->x0; ox < a->x1; ox++) {
            at.x[at.count] = adze_area_input(p, a, oy, ox);
            at.y[at.count] = ((ptrdiff_t)oy * p->out_w + ox) * p->out_c;
            at.count++;
            if (at.count == ADZE_TILE_PIXELS || (oy == a->y1 - 1 && ox == a->x1 - 1)) {
                adze_tile_run(t, &at);
                at.count = 0;
            }
        }
}

/* `outputs` channels of a group of one image; w, bias, residual and y are those of the first. */
ADZE_FORCE_INLINE void adze_conv_f32_tile_group(const adze_conv_params *p, const float *x, const float *w,
                                                const float *bias, const float *residual, float *y, int32_t outputs)
{
    const int32_t channels = p->in_c / p->group;
    const int joined = p->dilation_w == 1 && p->group == 1; /* the taps of a row are one run */
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;
    adze_tile_f32 t = {.x = x, .bias = bias, .residual = residual, .y = y, .lo = p->lo, .hi = p->hi};
    t.channels = outputs;
    t.w_block = taps * ADZE_TILE_CHANNELS;
    t.w_row = (ptrdiff_t)p->kernel_w * channels * ADZE_TILE_CHANNELS;
    t.x_row = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c;
    t.x_run = (ptrdiff_t)p->dilation_w * p->in_c;
    adze_area a;
    for (a.y1 = 0; adze_area_rows(p, &a);)
        for (a.x1 = 0; adze_area_columns(p, &a);) {
            const int32_t columns = a.kx1 - a.kx0;
            t.w = w + a.ky0 * t.w_row + (ptrdiff_t)a.kx0 * channels * ADZE_TILE_CHANNELS;
            t.rows = a.ky1 - a.ky0;
            t.runs = joined ? 1 : columns;
            t.length = joined ? columns * channels : channels;
            adze_conv_f32_tile_area(p, &a, &t);
        }
}

ADZE_KERNEL void adze_conv_f32_tile(const adze_conv_params *p, const float *x, const float *w, const float *bias,
                                    const float *residual, float *y)
{
    const int32_t in = p->in_c / p->group, out = p->out_c / p->group;
    const ptrdiff_t blocks = (out + ADZE_TILE_CHANNELS - 1) / ADZE_TILE_CHANNELS;
    const ptrdiff_t group_w = blocks * p->kernel_h * p->kernel_w * in * ADZE_TILE_CHANNELS;
    for (int32_t n = 0; n < p->batch; n++) {
        const ptrdiff_t x_at = (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        for (int32_t g = 0; g < p->group; g++)
            adze_conv_f32_tile_group(
                p, x + x_at + (ptrdiff_t)g * in, w + g * group_w, bias ? bias + (ptrdiff_t)g * out : NULL,
                residual ? residual + y_at + (ptrdiff_t)g * out : NULL, y + y_at + (ptrdiff_t)g * out, out);
    }
}

#endif
