/* tile/area.h: cuts an output image into rectangles that have the same taps. SPDX-License-Identifier: 0BSD
 *
 * A 3x3 Conv with padding 1 has nine areas: four corners, four edges, and the inside. Within an area no tap needs a
 * check, and taps on padding are not computed at all: no padded copy of the input, no scratch. */
#ifndef ADZE_TILE_AREA_H
#define ADZE_TILE_AREA_H

#include "adze.h"

/* The output pixels y0 <= oy < y1, x0 <= ox < x1, whose taps inside the image are ky0 <= ky < ky1, kx0 <= kx < kx1
 * (both empty when there is none). */
typedef struct {
    int32_t y0, y1, ky0, ky1;
    int32_t x0, x1, kx0, kx1;
} adze_area;

/* One axis: the end of the outputs, from o on, that have the same taps *k0 <= k < *k1 inside the input. */
ADZE_FORCE_INLINE int32_t adze_area_span(int32_t o, int32_t out, int32_t in, int32_t kernel, int32_t stride,
                                         int32_t dilation, int32_t pad, int32_t *k0, int32_t *k1)
{
    const int32_t at = o * stride - pad;
    int32_t first = 0, end = kernel;
    while (first < kernel && at + first * dilation < 0)
        first++;
    while (end > first && at + (end - 1) * dilation >= in)
        end--;
    *k0 = first;
    *k1 = end;
    if (end - first < kernel)
        return o + 1;
    const int32_t whole = (in - 1 - (kernel - 1) * dilation + pad) / stride + 1;
    return whole < out ? whole : out;
}

/* Loops: for (area.y1 = 0; adze_area_rows(p, &area);) for (area.x1 = 0; adze_area_columns(p, &area);) */
ADZE_FORCE_INLINE int adze_area_rows(const adze_conv_params *p, adze_area *a)
{
    a->y0 = a->y1;
    if (a->y0 >= p->out_h)
        return 0;
    a->y1 =
        adze_area_span(a->y0, p->out_h, p->in_h, p->kernel_h, p->stride_h, p->dilation_h, p->pad_top, &a->ky0, &a->ky1);
    return 1;
}

ADZE_FORCE_INLINE int adze_area_columns(const adze_conv_params *p, adze_area *a)
{
    a->x0 = a->x1;
    if (a->x0 >= p->out_w)
        return 0;
    a->x1 = adze_area_span(a->x0, p->out_w, p->in_w, p->kernel_w, p->stride_w, p->dilation_w, p->pad_left, &a->kx0,
                           &a->kx1);
    return 1;
}

/* The element of an NHWC image where the first tap of an output pixel is; 0 when the area has no taps. */
ADZE_FORCE_INLINE ptrdiff_t adze_area_input(const adze_conv_params *p, const adze_area *a, int32_t oy, int32_t ox)
{
    if (a->ky0 == a->ky1 || a->kx0 == a->kx1)
        return 0;
    const ptrdiff_t iy = oy * p->stride_h - p->pad_top + a->ky0 * p->dilation_h;
    const ptrdiff_t ix = ox * p->stride_w - p->pad_left + a->kx0 * p->dilation_w;
    return (iy * p->in_w + ix) * p->in_c;
}

#endif
