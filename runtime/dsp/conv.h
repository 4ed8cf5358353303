/* dsp/conv.h: QConv and QGemm for Cortex-M with DSP: any kernel, stride, dilation, padding, group.
 * SPDX-License-Identifier: 0BSD
 *
 * Weights are packed as dsp/dot.h says: per group [channel / 2][inputs / 4][2] words, the inputs of a pixel in the
 * order of dsp/image.h, and an odd channel joined by one of zeros. Scratch: see adze_dsp_layout; a tile is three
 * pixels, or one where there are no three. */
#ifndef ADZE_DSP_CONV_H
#define ADZE_DSP_CONV_H

#include "dsp/image.h"
#include "dsp/tile.h"

/* Three pixels a tile, when there are three; shifted sums are left to tiles of one. */
ADZE_FORCE_INLINE int32_t adze_dsp_tile_of(const adze_qconv_params *p)
{
    return p->out_h * p->out_w < 3 || p->shift ? 1 : 3;
}

/* Divides the scratch. */
ADZE_FORCE_INLINE void adze_dsp_layout(const adze_qconv_params *p, adze_dsp_image *image, adze_dsp_layer *t,
                                       void *scratch)
{
    const int32_t tile = adze_dsp_tile_of(p);
    image->p = p;
    image->channels = p->in_c / p->group;
    image->row = p->kernel_w * image->channels;
    image->quads = (image->row * p->kernel_h + 3) / 4;
    image->contiguous = p->group == 1 && (p->dilation_w == 1 || p->kernel_w == 1);
    image->expanded = (uint32_t *)scratch;
    t->quads = image->quads;
    t->table = (int32_t *)(image->expanded + image->quads * 2 * tile + adze_dsp_behind(&t->loops, image->quads));
    int8_t *rest = (int8_t *)(t->table + (p->out_c / p->group + 1) / 2 * 4 + 2);
    t->widened = NULL;
    if (t->loops.widened) {
        t->widened = (uint32_t *)(void *)rest;
        rest += p->out_c * image->quads * 8;
    }
    image->zero = image->patch = rest;
    if (image->channels % 4 == 0)
        memset(rest, (uint8_t)p->x_zero_point, (size_t)image->channels);
    t->sums = rest + (image->channels % 4 ? (image->quads * 4 + 4) * tile : image->channels);
}

/* What stays the same for all groups. */
ADZE_FORCE_INLINE void adze_dsp_layer_of(const adze_qconv_params *p, const adze_dsp_image *image, adze_dsp_layer *t,
                                         int32_t residual)
{
    t->channels = p->out_c / p->group;
    t->y_stride = p->out_c;
    t->q_lo = p->q_lo;
    t->q_hi = p->q_hi;
    t->lo = p->lo;
    t->hi = p->hi;
    t->plain = !residual && t->channels % 2 == 0 && t->lo <= -128 && t->hi >= 127;
    if (residual)
        t->add = adze_dsp_sum_of(p->q_multiplier, p->y_zero_point, p->r_multiplier, p->r_zero_point, p->add_shift,
                                 p->add_zero_point);
    adze_dsp_dot *d = &t->one;
    d->x = image->expanded;
    d->shift = p->shift;
    d->y_stride = residual ? t->channels : p->out_c;
    d->zero_point = p->y_zero_point;
}

/* What belongs to a group: t->one.w, and the table of its biases and multipliers. */
ADZE_DSP_KERNEL void adze_dsp_group(adze_dsp_layer *t, const int32_t *bias, const int32_t *multiplier)
{
    int32_t *to = t->table;
    for (int32_t c = 0; c < t->channels; c++) {
        to[0] = bias[c];
        to[2] = multiplier[c];
        to += c % 2 ? 3 : 1;
    }
    if (t->channels % 2)
        to[0] = to[2] = 0;
    t->table[(t->channels + 1) / 2 * 4] = t->table[(t->channels + 1) / 2 * 4 + 1] = 0;
    t->one.table = t->table;
    t->three = t->one;
    adze_dsp_dot_size(&t->one, &t->loops, t->quads, 1);
    adze_dsp_dot_size(&t->three, &t->loops, t->quads, 3);
}

/* Weights of dsp/dot.h in the form of dsp/wide.h: n words become 2 * n. */
ADZE_FORCE_INLINE void adze_dsp_widen(const uint32_t *w, uint32_t *to, int32_t n)
{
    for (; n > 0; n--, w++, to += 2) {
        uint32_t b;
        to[0] = adze_dsp_even(*w);
        __asm__("ssub16 %0, %1, %2" : "=r"(b) : "r"(*w), "r"(to[0]));
        to[1] = adze_dsp_odd(b);
    }
}

/* All pixels of an image, for the channels of a group. Three in a row inside the image take the short way. */
ADZE_DSP_SMALL void adze_dsp_conv_group(const adze_dsp_image *image, adze_dsp_layer *t, const int8_t *residual,
                                        ptrdiff_t at_first, int8_t *y)
{
    int8_t *const y_first = y;
    const adze_qconv_params *p = image->p;
    const int32_t row_bytes = p->in_w * p->in_c, step = p->stride_w * p->in_c, down = p->dilation_h * row_bytes;
    const int32_t left = -p->pad_left, right = left + p->out_w * p->stride_w, tile = adze_dsp_tile_of(p);
    const int32_t direct = tile == 3 && image->contiguous;
    const int32_t last_y = direct ? p->in_h - (p->kernel_h - 1) * p->dilation_h : 0;
    int32_t last_x = p->in_w - p->kernel_w + 1 - 2 * p->stride_w;
    if (last_x > right - 2 * p->stride_w)
        last_x = right - 2 * p->stride_w;
    int32_t iy = -p->pad_top, ix = left;
    for (int32_t n = p->out_h * p->out_w, pixels; n > 0; n -= pixels) {
        if (n >= 3 && iy >= 0 && iy < last_y && ix >= 0 && ix < last_x) {
            const int8_t *a = image->x + iy * row_bytes + ix * p->in_c;
            pixels = 3;
            if (image->row >= 4)
                adze_dsp_expand3(image->expanded, a, a + step, a + 2 * step, image->row / 4, p->kernel_h,
                                 down - image->row / 4 * 4);
            if (image->row % 4)
                adze_dsp_rest3(image, a, step, down);
            ix += 3 * p->stride_w;
            if (ix == right) {
                ix = left;
                iy += p->stride_h;
            }
        } else {
            adze_dsp_pixels at;
            pixels = n < tile ? 1 : tile;
            for (int32_t i = 0; i < pixels; i++) {
                at.y[i] = iy;
                at.x[i] = ix;
                ix += p->stride_w;
                if (ix == right) {
                    ix = left;
                    iy += p->stride_h;
                }
            }
            if (image->channels % 4)
                adze_dsp_gather_bytes(image, &at, pixels);
            else
                adze_dsp_gather(image, &at, pixels);
        }
        adze_dsp_dot *d = pixels == 3 ? &t->three : &t->one;
        if (t->loops.expanded)
            t->loops.expanded(image->expanded, t->quads, pixels, t->one.w);
        if (t->plain) {
            d->y = y;
            d->y_end = y + t->channels;
            adze_dsp_dot_run(t, d, pixels);
        } else {
            adze_dsp_tile(t, d, pixels, residual, at_first + (y - y_first), y);
        }
        y += pixels * p->out_c;
    }
}

/* A pointwise kernel sees an image as one row. */
ADZE_FORCE_INLINE void adze_dsp_flatten(adze_qconv_params *p)
{
    if (p->kernel_h == 1 && p->kernel_w == 1 && p->out_h == p->in_h && p->out_w == p->in_w && p->stride_h == 1 &&
        p->stride_w == 1) {
        p->in_w = p->out_w = (adze_size)(p->in_h * p->in_w);
        p->in_h = p->out_h = 1;
    }
}

/* Any form of weights, with its loops. */
ADZE_DSP_SMALL void adze_dsp_conv(const adze_dsp_loops *loops, const adze_qconv_params *params, const int8_t *x,
                                  const int32_t *w, const int32_t *bias, const int32_t *multiplier,
                                  const int8_t *residual, int8_t *y, void *scratch)
{
    adze_qconv_params flat = *params;
    const adze_qconv_params *p = &flat;
    adze_dsp_image image;
    adze_dsp_layer t;
    adze_dsp_flatten(&flat);
    t.loops = *loops;
    adze_dsp_layout(p, &image, &t, scratch);
    adze_dsp_layer_of(p, &image, &t, residual != NULL);
    const ptrdiff_t w_group =
        (ptrdiff_t)((t.channels + 1) / 2) * adze_dsp_pair_words(loops, (const uint32_t *)w, t.quads);
    const ptrdiff_t x_image = (ptrdiff_t)p->in_h * p->in_w * p->in_c;
    const ptrdiff_t y_image = (ptrdiff_t)p->out_h * p->out_w * p->out_c;
    for (int32_t g = 0; g < p->group; g++) {
        t.one.w = (const uint32_t *)w + g * w_group;
        adze_dsp_group(&t, bias + g * t.channels, multiplier + g * t.channels);
        if (t.widened) {
            adze_dsp_widen(t.one.w, t.widened, t.channels * t.quads);
            t.three.w = t.widened;
        }
        for (int32_t b = 0; b < p->batch; b++) {
            const ptrdiff_t y_at = b * y_image + g * t.channels;
            image.x = x + b * x_image + g * image.channels;
            adze_dsp_conv_group(&image, &t, residual, y_at, y + y_at);
        }
    }
}

/* A pointwise QConv over one row of m pixels. */
ADZE_DSP_KERNEL void adze_dsp_gemm(const adze_dsp_loops *loops, const adze_qgemm_params *p, const int8_t *x,
                                   const int32_t *w, const int32_t *bias, const int32_t *multiplier,
                                   const int8_t *residual, int8_t *y, void *scratch)
{
    adze_qconv_params c;
    ADZE_DSP_ROW(c, p);
    c.q_lo = p->q_lo;
    c.q_hi = p->q_hi;
    c.r_zero_point = p->r_zero_point;
    c.q_multiplier = p->q_multiplier;
    c.r_multiplier = p->r_multiplier;
    c.add_shift = p->add_shift;
    c.add_zero_point = p->add_zero_point;
    adze_dsp_conv(loops, &c, x, w, bias, multiplier, residual, y, scratch);
}

#define ADZE_DSP_PRODUCTS(NAME, LOOPS)                                                                                 \
    ADZE_DSP_KERNEL void adze_qconv_##NAME##_dsp(const adze_qconv_params *p, const int8_t *x, const int32_t *w,        \
                                                 const int32_t *bias, const int32_t *multiplier,                       \
                                                 const int8_t *residual, int8_t *y, void *scratch)                     \
    {                                                                                                                  \
        const adze_dsp_loops loops = LOOPS;                                                                            \
        adze_dsp_conv(&loops, p, x, w, bias, multiplier, residual, y, scratch);                                        \
    }                                                                                                                  \
    ADZE_DSP_KERNEL void adze_qgemm_##NAME##_dsp(const adze_qgemm_params *p, const int8_t *x, const int32_t *w,        \
                                                 const int32_t *bias, const int32_t *multiplier,                       \
                                                 const int8_t *residual, int8_t *y, void *scratch)                     \
    {                                                                                                                  \
        const adze_dsp_loops loops = LOOPS;                                                                            \
        adze_dsp_gemm(&loops, p, x, w, bias, multiplier, residual, y, scratch);                                        \
    }
ADZE_DSP_PRODUCTS(i8, ADZE_DSP_NARROW)

#endif
