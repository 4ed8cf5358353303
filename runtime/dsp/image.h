/* dsp/image.h: the inputs of a tile of pixels, expanded. SPDX-License-Identifier: 0BSD
 *
 * The inputs of a pixel come in this order: of each kernel row as many as make quadruples, then what the rows have left
 * over, rounded up to a quadruple; the weights of those behind the end are zero. The border of the image is put in
 * here: no tensor has a halo. */
#ifndef ADZE_DSP_IMAGE_H
#define ADZE_DSP_IMAGE_H

#include "dsp/expand.h"

typedef struct {
    const adze_qconv_params *p;
    const int8_t *x;      /* first input of the group */
    int8_t *zero, *patch; /* a pixel outside the image, when a group has a multiple of four channels; else a tile */
    uint32_t *expanded;   /* 2 * quads words a pixel */
    int32_t channels;     /* of a group */
    int32_t row;          /* inputs of a kernel row */
    int32_t quads;        /* quadruples of inputs of a pixel */
    int32_t contiguous;   /* a kernel row is one run of bytes */
} adze_dsp_image;

/* Where the kernel's first tap falls; outside the image too. */
typedef struct {
    int32_t y[3], x[3];
} adze_dsp_pixels;

ADZE_FORCE_INLINE void adze_dsp_expand(uint32_t *to, const int8_t *const *from, int32_t n, int32_t pixels)
{
    if (pixels == 3)
        adze_dsp_expand3(to, from[0], from[1], from[2], n, 1, 0);
    else
        adze_dsp_expand1(to, from[0], n);
}

/* The empty statements keep gcc from calling memcpy and memset for a few bytes. */
ADZE_FORCE_INLINE int8_t *adze_dsp_copy_few(int8_t *to, const int8_t *from, int32_t n)
{
    for (; n > 0; n--) {
        *to++ = *from++;
        __asm__ volatile("");
    }
    return to;
}

ADZE_FORCE_INLINE int8_t *adze_dsp_copy(int8_t *to, const int8_t *from, int32_t n)
{
    for (; n >= 4; n -= 4, to += 4, from += 4) {
        adze_dsp_store(to, adze_dsp_load(from));
        __asm__ volatile("");
    }
    return adze_dsp_copy_few(to, from, n);
}

ADZE_FORCE_INLINE int8_t *adze_dsp_fill(int8_t *to, int32_t value, int32_t n)
{
    for (; n > 0; n--) {
        *to++ = (int8_t)value;
        __asm__ volatile("");
    }
    return to;
}

/* A kernel row from column x on of a row of the image; NULL: a row outside of it. */
ADZE_DSP_KERNEL int8_t *adze_dsp_copy_row(const adze_dsp_image *t, const int8_t *row, int32_t x, int8_t *to)
{
    const adze_qconv_params *p = t->p;
    if (!row)
        return adze_dsp_fill(to, p->x_zero_point, t->row);
    if (t->contiguous) {
        const int32_t before = x < 0 ? (-x < p->kernel_w ? -x : p->kernel_w) : 0;
        const int32_t room = p->in_w - x < p->kernel_w ? p->in_w - x : p->kernel_w;
        const int32_t inside = room > before ? room - before : 0;
        to = adze_dsp_fill(to, p->x_zero_point, before * t->channels);
        to = adze_dsp_copy(to, row + (x + before) * p->in_c, inside * t->channels);
        return adze_dsp_fill(to, p->x_zero_point, t->row - (before + inside) * t->channels);
    }
    for (int32_t kx = 0; kx < p->kernel_w; kx++, x += p->dilation_w)
        to = x < 0 || x >= p->in_w ? adze_dsp_fill(to, p->x_zero_point, t->channels)
                                   : adze_dsp_copy(to, row + x * p->in_c, t->channels);
    return to;
}

/* One byte each of the three rows of a 3x3 kernel over three channels, which the first layer of most networks has. */
ADZE_FORCE_INLINE void adze_dsp_rest3x3(uint32_t *to, const int8_t *a, ptrdiff_t step, ptrdiff_t down)
{
    for (int32_t i = 0; i < 3; i++, a += step, to++) {
        to[0] = adze_dsp_low((uint32_t)a[0], (uint32_t)a[2 * down]);
        to[3] = (uint32_t)a[down] & 0xffff;
    }
}

/* What the kernel rows at a, a + step, a + 2 * step have left over, `down` bytes apart. */
ADZE_FORCE_INLINE void adze_dsp_rest3(const adze_dsp_image *t, const int8_t *a, ptrdiff_t step, ptrdiff_t down)
{
    const int32_t rows = t->p->kernel_h, rest = t->row % 4, room = (rows * rest + 3) / 4 * 4;
    uint32_t *expanded = t->expanded + rows * (t->row / 4) * 6;
    int8_t *patch = t->patch;
    if (rows == 3 && rest == 1) {
        adze_dsp_rest3x3(expanded, a + t->row - 1, step, down);
        return;
    }
    for (int32_t i = 0; i < 3; i++, a += step, patch += room) {
        const int8_t *from = a + t->row - rest;
        int8_t *to = patch;
        for (int32_t ky = 0; ky < rows; ky++, from += down)
            to = adze_dsp_copy_few(to, from, rest);
    }
    adze_dsp_expand3(expanded, t->patch, t->patch + room, t->patch + 2 * room, room / 4, 1, 0);
}

/* Byte by byte: a group's channels are no multiple of four. A row is copied whole; then its rest goes behind all rows,
 * with a gap for the last row's. */
ADZE_DSP_KERNEL void adze_dsp_gather_bytes(const adze_dsp_image *t, const adze_dsp_pixels *at, int32_t pixels)
{
    const adze_qconv_params *p = t->p;
    const int32_t rest = t->row % 4, whole = t->row - rest, main = p->kernel_h * whole;
    const int8_t *from[3] = {0};
    int8_t *to = t->patch;
    for (int32_t i = 0; i < pixels; i++, to += t->quads * 4 + 4) {
        int8_t *row_to = to, *rest_to = to + main + 4;
        for (int32_t ky = 0, y = at->y[i]; ky < p->kernel_h; ky++, y += p->dilation_h, row_to += whole) {
            const int8_t *row = y < 0 || y >= p->in_h ? NULL : t->x + (ptrdiff_t)y * p->in_w * p->in_c;
            adze_dsp_copy_row(t, row, at->x[i], row_to);
            rest_to = adze_dsp_copy_few(rest_to, row_to + whole, rest);
        }
        from[i] = to;
    }
    if (main)
        adze_dsp_expand(t->expanded, from, main / 4, pixels);
    for (int32_t i = 0; i < pixels; i++)
        from[i] += main + 4;
    if (rest)
        adze_dsp_expand(t->expanded + main / 2 * pixels, from, t->quads - main / 4, pixels);
}

/* Tap by tap. */
ADZE_DSP_KERNEL void adze_dsp_gather(const adze_dsp_image *t, const adze_dsp_pixels *at, int32_t pixels)
{
    const adze_qconv_params *p = t->p;
    const int8_t *from[3] = {0};
    uint32_t *to = t->expanded;
    for (int32_t ky = 0; ky < p->kernel_h; ky++)
        for (int32_t kx = 0; kx < p->kernel_w; kx++, to += t->channels / 2 * pixels) {
            for (int32_t i = 0; i < pixels; i++) {
                const int32_t y = at->y[i] + ky * p->dilation_h, x = at->x[i] + kx * p->dilation_w;
                const int inside = y >= 0 && y < p->in_h && x >= 0 && x < p->in_w;
                from[i] = inside ? t->x + ((ptrdiff_t)y * p->in_w + x) * p->in_c : t->zero;
            }
            adze_dsp_expand(to, from, t->channels / 4, pixels);
        }
}

#endif
