/* dsp/depthwise.h: depthwise QConv for Cortex-M with DSP. SPDX-License-Identifier: 0BSD
 *
 * Four channels at a time are turned into planes, a band of rows that fits the scratch; then two neighbours take one
 * SMLAD. Weights are as they are, [channel][kernel_h][kernel_w]. Four channels at least,
 * strides of 1 and 2 along a row, no dilation along it, no residual.
 * Scratch: 16 * rows * pairs bytes, see adze_dsp_band. */
#ifndef ADZE_DSP_DEPTHWISE_H
#define ADZE_DSP_DEPTHWISE_H

#include "dsp/depthwise_3x3.h"
#include "dsp/depthwise_row.h"
#include "dsp/planes.h"

enum { ADZE_DSP_PLANES_BYTES = 4096, ADZE_DSP_DEPTHWISE_TAPS = 64 };

typedef struct {
    adze_qconv_params p;
    int32_t words; /* of a kernel row */
    int32_t turns; /* words from the first pixel of a row to behind its last */
    int32_t band;  /* output rows of a whole band */
    int32_t line;  /* three to six taps in a row: as three rows of two taps, each two pixels further */
    int32_t fast;  /* one of the asm kernels serves */
    adze_dsp_planes planes;
    adze_dsp_3x3 three;
    adze_dsp_row row;
} adze_dsp_depthwise;

/* A column of pixels is a row; how many rows of the planes fit. `square`: see adze_dsp_depthwise_run. */
ADZE_FORCE_INLINE void adze_dsp_band(adze_dsp_depthwise *t, int32_t square)
{
    adze_qconv_params *p = &t->p;
    if (!square && p->in_w == 1 && p->kernel_w == 1 && p->out_w == 1 && p->dilation_h == 1 && p->pad_left == 0) {
        p->in_w = p->in_h;
        p->out_w = p->out_h;
        p->kernel_w = p->kernel_h;
        p->stride_w = p->stride_h;
        p->pad_left = p->pad_top;
        p->in_h = p->out_h = p->kernel_h = p->stride_h = 1;
        p->pad_top = 0;
    }
    t->line = !square && p->kernel_h == 1 && p->kernel_w >= 3 && p->kernel_w <= 6 && p->shift == 0;
    t->turns = p->stride_w == 1 ? (p->out_w + 1) / 2 : p->out_w;
    t->words = p->stride_w == 1 ? (p->kernel_w + 2) / 2 : (p->kernel_w + 1) / 2;
    if (t->line)
        t->words = 4;
    t->planes.pairs = t->turns + t->words - 1;
    const int32_t high = (p->kernel_h - 1) * p->dilation_h + 1, fit = ADZE_DSP_PLANES_BYTES / 16 / t->planes.pairs;
    t->band = fit <= high ? 1 : (fit - high) / p->stride_h + 1;
    if (t->band > p->out_h)
        t->band = p->out_h;
    t->planes.rows = high + (t->band - 1) * p->stride_h;
    t->fast = t->line || (p->kernel_h == 3 && p->kernel_w == 3 && p->shift == 0);
}

/* What the channels of a layer have in common. */
ADZE_FORCE_INLINE void adze_dsp_channels_of(adze_dsp_depthwise *t)
{
    const adze_qconv_params *p = &t->p;
    const int32_t pairs = t->planes.pairs;
    t->three.zero_point = t->row.zero_point = p->y_zero_point;
    t->three.y_stride = t->row.y_stride = p->out_c;
    t->three.y_step = p->out_w * p->out_c;
    t->three.x_down = t->line ? 4 : p->dilation_h * pairs * 4;
    t->three.x_skip = (p->stride_h * pairs - t->turns) * 4;
    t->three.entry = p->stride_w == 2 ? 2 : p->out_w / 2 % 2;
    t->row.kernel_h = p->kernel_h;
    t->row.row_bytes = t->words * 4;
    t->row.x_down = t->three.x_down - t->row.row_bytes;
    t->row.stride = p->stride_w;
    t->row.shift = p->shift;
    t->row.entry = (uint32_t)(-t->words & 7) * 16 + 1;
}

/* A channel of a band of rows: x is its plane, w its taps, y its first output. */
ADZE_FORCE_INLINE void adze_dsp_channel_3x3(adze_dsp_depthwise *t, const uint32_t *x, const int8_t *w, int8_t *y,
                                            int32_t rows, int32_t square)
{
    adze_dsp_3x3 *d = &t->three;
    d->y_last = y + d->y_step - d->y_stride;
    d->y_end = y + rows * d->y_step;
    d->x = x;
    d->y = y;
    int8_t taps[9] = {0};
    if (!square && t->line) {
        for (int32_t i = 0; i < t->p.kernel_w; i++)
            taps[i / 2 * 3 + i % 2] = w[i];
        w = taps;
    }
    d->w = w;
    adze_dsp_3x3_run(d);
}

ADZE_DSP_KERNEL void adze_dsp_channel(adze_dsp_depthwise *t, const uint32_t *x, const int8_t *w, int8_t *y,
                                      int32_t rows)
{
    const adze_qconv_params *p = &t->p;
    uint32_t taps[2 * ADZE_DSP_DEPTHWISE_TAPS], *to = taps;
    for (int32_t ky = 0; ky < p->kernel_h; ky++, w += p->kernel_w)
        to = adze_dsp_taps(to, w, p->kernel_w, t->words);
    adze_dsp_row *d = &t->row;
    d->w = taps;
    d->x = x;
    d->y = y;
    for (; rows > 0; rows--) {
        d->y_last = d->y + t->three.y_step - p->out_c;
        adze_dsp_row_run(d);
        d->x += p->stride_h * t->planes.pairs;
        d->y += t->three.y_step;
    }
}

/* The planes' channels but for the first ones. */
ADZE_DSP_SMALL void adze_dsp_depthwise_four(adze_dsp_depthwise *t, const int8_t *w, const int32_t *bias,
                                            const int32_t *multiplier, int8_t *y, int32_t first, int32_t square)
{
    const adze_qconv_params *p = &t->p;
    const ptrdiff_t plane = (ptrdiff_t)t->planes.rows * t->planes.pairs, taps = (ptrdiff_t)p->kernel_h * p->kernel_w;
    for (int32_t oy = 0; oy < p->out_h; oy += t->band) {
        const int32_t rows = p->out_h - oy < t->band ? p->out_h - oy : t->band;
        const int32_t high = (p->kernel_h - 1) * p->dilation_h + 1 + (rows - 1) * p->stride_h;
        int8_t *to = y + (ptrdiff_t)oy * t->three.y_step;
        adze_dsp_planes_fill(&t->planes, oy * p->stride_h - p->pad_top, high);
        for (int32_t c = first; c < 4; c++) {
            const uint32_t *x = t->planes.words + c * plane;
            t->three.multiplier = t->row.multiplier = multiplier[c];
            t->three.bias = t->row.bias = bias[c];
            if (square || t->fast)
                adze_dsp_channel_3x3(t, x, w + c * taps, to + c, rows, square);
            else
                adze_dsp_channel(t, x, w + c * taps, to + c, rows);
        }
    }
    t->planes.filled = t->band >= p->out_h;
}

/* One pixel, all of whose taps are inside the image. */
ADZE_DSP_KERNEL void adze_dsp_depthwise_pixel(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                              const int32_t *bias, const int32_t *multiplier, int8_t *y)
{
    const ptrdiff_t down = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c;
    /* a column of taps is a row of them */
    const int32_t column = p->kernel_w == 1, kernel_h = column ? 1 : p->kernel_h;
    const int32_t channels = p->out_c, kernel_w = column ? p->kernel_h : p->kernel_w;
    const ptrdiff_t step = column ? down : (ptrdiff_t)p->dilation_w * p->in_c;
    for (int32_t c = 0; c < channels; c++) {
        int32_t sum = bias[c];
        for (int32_t ky = 0; ky < kernel_h; ky++) {
            const int8_t *from = x + ky * down + c;
            for (int32_t kx = kernel_w; kx > 0; kx--, from += step)
                sum += *from * *w++;
        }
        y[c] = (int8_t)adze_dsp_saturate(adze_dsp_scale(adze_dsp_shift(sum, p->shift), multiplier[c], p->y_zero_point));
    }
}

/* `square`: kernels of three by three without a shift only. Where all calls of a program say so, the compiler leaves
 * out what the others need. */
ADZE_DSP_SMALL void adze_dsp_depthwise_run(const adze_qconv_params *params, const int8_t *x, const int8_t *w,
                                           const int32_t *bias, const int32_t *multiplier, int8_t *y, void *scratch,
                                           int32_t square)
{
    adze_dsp_depthwise t;
    t.p = *params;
    adze_dsp_band(&t, square);
    adze_dsp_channels_of(&t);
    const adze_qconv_params *p = &t.p;
    const ptrdiff_t x_image = (ptrdiff_t)p->in_h * p->in_w * p->in_c;
    const ptrdiff_t y_image = (ptrdiff_t)p->out_h * p->out_w * p->out_c;
    t.planes.words = (uint32_t *)scratch;
    adze_dsp_planes_of(&t.planes, p->in_h, p->in_w, p->in_c, p->pad_left, p->x_zero_point);
    for (int32_t b = 0; b < p->batch; b++, y += y_image) {
        for (int32_t c = 0; c < p->out_c; c += 4) {
            /* the last four overlap those before */
            const int32_t at = c > p->out_c - 4 ? p->out_c - 4 : c;
            t.planes.x = x + b * x_image + at;
            adze_dsp_depthwise_four(&t, w + (ptrdiff_t)at * p->kernel_h * p->kernel_w, bias + at, multiplier + at,
                                    y + at, c - at, square);
        }
    }
    adze_dsp_clamp(y - p->batch * y_image, (int32_t)(p->batch * y_image), p->lo, p->hi);
}

ADZE_DSP_KERNEL void adze_qdepthwise_i8_dsp(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                            const int32_t *bias, const int32_t *multiplier,
                                            ADZE_UNUSED const int8_t *residual, int8_t *y, void *scratch)
{
    const ptrdiff_t image = (ptrdiff_t)p->in_h * p->in_w * p->in_c;
    const int32_t pixel = p->out_h == 1 && p->out_w == 1 && p->pad_top == 0 && p->pad_left == 0 &&
                          (p->kernel_h - 1) * p->dilation_h < p->in_h && (p->kernel_w - 1) * p->dilation_w < p->in_w;
    if (!pixel) {
        adze_dsp_depthwise_run(p, x, w, bias, multiplier, y, scratch, 0);
        return;
    }
    for (int32_t b = 0; b < p->batch; b++)
        adze_dsp_depthwise_pixel(p, x + b * image, w, bias, multiplier, y + (ptrdiff_t)b * p->out_c);
    adze_dsp_clamp(y, p->batch * p->out_c, p->lo, p->hi);
}

ADZE_DSP_KERNEL void adze_qdepthwise_3x3_i8_dsp(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                                const int32_t *bias, const int32_t *multiplier,
                                                ADZE_UNUSED const int8_t *residual, int8_t *y, void *scratch)
{
    adze_dsp_depthwise_run(p, x, w, bias, multiplier, y, scratch, 1);
}

#endif
