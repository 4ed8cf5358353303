/* avx2/conv.h: Conv with AVX2 and FMA. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [group][out_c / group / 16][kernel_h][kernel_w][in_c / group][16]; see avx2/tile.h. */
#ifndef ADZE_AVX2_CONV_H
#define ADZE_AVX2_CONV_H

#include "adze.h"
#include "avx2/avx2.h"
#include "avx2/tile.h"
#include "tile/area.h"

ADZE_AVX2_BEGIN

/* Channels o to end of the pixels of an area, rows one after the other, six at a time. */
ADZE_FORCE_INLINE void adze_avx2_conv_area(const int halves, const adze_conv_params *p, const adze_area *a,
                                           const adze_avx2_f32 *t, int32_t o, int32_t end)
{
    adze_avx2_pixels at;
    at.count = 0;
    const ptrdiff_t x_step = (ptrdiff_t)p->stride_w * p->in_c;
    for (int32_t oy = a->y0; oy < a->y1; oy++) {
        const ptrdiff_t x_row = adze_area_input(p, a, oy, a->x0);
        const ptrdiff_t y_row = ((ptrdiff_t)oy * p->out_w + a->x0) * p->out_c;
        for (int32_t i = 0; i < a->x1 - a->x0; i++)
            adze_avx2_pixel(halves, t, o, end, &at, x_row + (t->rows > 0 ? i * x_step : 0),
                            y_row + (ptrdiff_t)i * p->out_c, oy == a->y1 - 1 && i == a->x1 - a->x0 - 1);
    }
}

/* One group of one image; w, bias, residual and y are those of the group's first channel. */
ADZE_FORCE_INLINE void adze_avx2_conv_group(const int halves, const adze_conv_params *p, const float *x, const void *w,
                                            const float *bias, const float *residual, float *y)
{
    const int32_t channels = p->in_c / p->group;
    const int joined = p->dilation_w == 1 && p->group == 1; /* the taps of a row are one run */
    const ptrdiff_t w_row = (ptrdiff_t)p->kernel_w * channels;
    adze_avx2_f32 t = {.x = x, .w = w, .bias = bias, .residual = residual, .y = y, .lo = p->lo, .hi = p->hi};
    t.channels = p->out_c / p->group;
    t.taps = p->kernel_h * w_row;
    t.x_row = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c;
    t.x_run = (ptrdiff_t)p->dilation_w * p->in_c;
    const int32_t pass = adze_avx2_pass(t.taps);
    for (int32_t o = 0; o < t.channels; o += pass) {
        const int32_t end = t.channels - o < pass ? t.channels : o + pass;
        adze_area a;
        for (a.y1 = 0; adze_area_rows(p, &a);)
            for (a.x1 = 0; adze_area_columns(p, &a);) {
                const int32_t columns = a.kx1 - a.kx0;
                t.w_at = a.ky0 * w_row + (ptrdiff_t)a.kx0 * channels;
                t.w_row = w_row - (ptrdiff_t)columns * channels;
                t.rows = columns > 0 ? a.ky1 - a.ky0 : 0;
                t.runs = joined ? 1 : columns;
                t.length = joined ? columns * channels : channels;
                adze_avx2_conv_area(halves, p, &a, &t, o, end);
            }
    }
}

/* w: floats, or, by the constant `halves`, halves. */
ADZE_FORCE_INLINE void adze_avx2_conv(const int halves, const adze_conv_params *p, const float *x, const void *w,
                                      const float *bias, const float *residual, float *y)
{
    const int32_t in = p->in_c / p->group, out = p->out_c / p->group;
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * in;
    const ptrdiff_t w_group = (ptrdiff_t)((out + 7) / 8 * 8) * taps * adze_avx2_weight_bytes(halves);
    for (int32_t n = 0; n < p->batch; n++) {
        const ptrdiff_t x_at = (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        for (int32_t g = 0; g < p->group; g++)
            adze_avx2_conv_group(halves, p, x + x_at + (ptrdiff_t)g * in, (const unsigned char *)w + g * w_group,
                                 bias ? bias + (ptrdiff_t)g * out : NULL,
                                 residual ? residual + y_at + (ptrdiff_t)g * out : NULL, y + y_at + (ptrdiff_t)g * out);
    }
}

ADZE_AVX2_KERNEL void adze_conv_f32_avx2(const adze_conv_params *p, const float *x, const float *w, const float *bias,
                                         const float *residual, float *y)
{
    adze_avx2_conv(0, p, x, w, bias, residual, y);
}

ADZE_AVX2_END

#endif
