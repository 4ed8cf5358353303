/* dsp/winograd.h: QConv 3x3 of stride 1 by exact integer Winograd F(2x2, 3x3). SPDX-License-Identifier: 0BSD
 *
 * Four outputs a tile take 16 multiplications instead of 36. With U = (2G) g (2G)^T the weights are whole numbers, and
 * the result is four times the sum, bit for bit. Three tiles by two channels at a time. Weights are packed int16,
 * [channel / 2][16 positions][in_c / 2][2 channels] words of two inputs 4 i + p and 4 i + p + 2: 3.6 bytes a weight.
 * Scratch: transformed inputs of three tiles, 96 * in_c bytes; sums, 384 bytes; a pixel outside, in_c bytes;
 * with a residual, three tiles' outputs, 12 * out_c bytes. */
#ifndef ADZE_DSP_WINOGRAD_H
#define ADZE_DSP_WINOGRAD_H

#include "dsp/add.h"
#include "dsp/winograd_dot.h"
#include "dsp/winograd_in.h"
#include "dsp/winograd_out.h"

typedef struct {
    const adze_qconv_params *p;
    adze_dsp_winograd_dot dot;
    adze_dsp_winograd_end end;
    adze_dsp_sum add;
    int8_t *to[3];
    int8_t *q; /* with a residual: [3 tiles][4 pixels][out_c] */
    uint32_t *expanded;
    int8_t *zero;
    ptrdiff_t w_step; /* words of two channels' weights */
} adze_dsp_winograd;

/* Tile n of an image, as the tile-th of three. */
ADZE_FORCE_INLINE void adze_dsp_winograd_tile(const adze_dsp_winograd *t, const int8_t *x, int32_t ty, int32_t tx,
                                              int32_t tile)
{
    const adze_qconv_params *p = t->p;
    const int8_t *from[16];
    for (int32_t j = 0; j < 4; j++) {
        const int32_t y = ty * 2 + j - p->pad_top;
        for (int32_t i = 0; i < 4; i++) {
            const int32_t column = tx * 2 + i - p->pad_left;
            const int inside = y >= 0 && y < p->in_h && column >= 0 && column < p->in_w;
            from[j * 4 + i] = inside ? x + ((ptrdiff_t)y * p->in_w + column) * p->in_c : t->zero;
        }
    }
    adze_dsp_winograd_expand(from, p->in_c, t->expanded + tile);
}

/* The rounded sums of a tile joined with the residual, from q to y; without one, y's bounds. */
ADZE_DSP_KERNEL void adze_dsp_winograd_join(const adze_dsp_winograd *t, int8_t *q, const int8_t *r, int8_t *y)
{
    const adze_qconv_params *p = t->p;
    const ptrdiff_t row = (ptrdiff_t)p->out_w * p->out_c;
    for (int32_t i = 0; i < 4; i++, q += p->out_c) {
        const ptrdiff_t at = i / 2 * row + i % 2 * p->out_c;
        if (r) {
            adze_dsp_clamp(q, p->out_c, p->q_lo, p->q_hi);
            adze_dsp_sum_run(&t->add, q, r + at, y + at, p->out_c);
        }
        adze_dsp_clamp(y + at, p->out_c, p->lo, p->hi);
    }
}

ADZE_DSP_KERNEL void adze_dsp_winograd_image(adze_dsp_winograd *t, const int8_t *x, const uint32_t *w,
                                             const int32_t *bias, const int32_t *multiplier, const int8_t *r, int8_t *y)
{
    const adze_qconv_params *p = t->p;
    const int32_t across = p->out_w / 2, all = across * (p->out_h / 2);
    int8_t **const to = t->to;
    for (int32_t n = 0; n < all; n += 3) {
        ptrdiff_t at[3];
        t->end.tiles = all - n < 3 ? all - n : 3;
        for (int32_t i = 0; i < t->end.tiles; i++) {
            const int32_t ty = (n + i) / across, tx = n + i - ty * across;
            adze_dsp_winograd_tile(t, x, ty, tx, i);
            at[i] = ((ptrdiff_t)ty * 2 * p->out_w + tx * 2) * p->out_c;
            to[i] = r ? t->q + i * 4 * p->out_c : y + at[i];
        }
        t->dot.w = w;
        for (int32_t c = 0; c < p->out_c; c += 2, t->dot.w += t->w_step) {
            adze_dsp_winograd_run(&t->dot);
            adze_dsp_winograd_out(&t->end, c, (int32_t)((uint32_t)bias[c] << 2), multiplier[c]);
            adze_dsp_winograd_out(&t->end, c + 1, (int32_t)((uint32_t)bias[c + 1] << 2), multiplier[c + 1]);
        }
        for (int32_t i = 0; i < t->end.tiles && (r || p->lo > -128 || p->hi < 127); i++)
            adze_dsp_winograd_join(t, to[i], r ? r + at[i] : NULL, y + at[i]);
    }
}

/* A multiple of four input channels, of two output channels, output height and width; no shift. */
ADZE_DSP_KERNEL void adze_qconv_i8_winograd_dsp(const adze_qconv_params *p, const int8_t *x, const int32_t *w,
                                                const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                                int8_t *y, void *scratch)
{
    adze_dsp_winograd t;
    const int32_t pairs = p->in_c / 2;
    t.p = p;
    t.expanded = (uint32_t *)scratch;
    t.dot.x = t.expanded;
    t.dot.row_bytes = pairs * 12;
    t.dot.sums = (int32_t *)(t.expanded + pairs * 48);
    t.dot.sums_end = t.dot.sums + 96;
    t.dot.entry = (uint32_t)(-pairs & 7) * 32 + 1;
    t.w_step = (ptrdiff_t)pairs * 32;
    t.zero = (int8_t *)(t.dot.sums + 96);
    memset(scratch, 0, (size_t)pairs * 192); /* tiles that there are not */
    memset(t.zero, (uint8_t)p->x_zero_point, (size_t)p->in_c);
    t.q = t.zero + p->in_c;
    t.end.sums = t.dot.sums;
    t.end.y = t.to;
    t.end.zero_point = p->y_zero_point;
    t.end.y_stride = p->out_c;
    t.end.row_stride = residual ? 2 * p->out_c : p->out_w * p->out_c;
    if (residual)
        t.add = adze_dsp_sum_of(p->q_multiplier, p->y_zero_point, p->r_multiplier, p->r_zero_point, p->add_shift,
                                p->add_zero_point);
    const ptrdiff_t x_image = (ptrdiff_t)p->in_h * p->in_w * p->in_c;
    const ptrdiff_t y_image = (ptrdiff_t)p->out_h * p->out_w * p->out_c;
    for (int32_t b = 0; b < p->batch; b++)
        adze_dsp_winograd_image(&t, x + b * x_image, (const uint32_t *)w, bias, multiplier,
                                residual ? residual + b * y_image : NULL, y + b * y_image);
}

#endif
