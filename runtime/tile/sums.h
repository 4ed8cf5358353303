/* tile/sums.h: QGemmSums and QConvSums for any machine, on the register tile; packing and scratch are those of
 * tile/qgemm.h and tile/qconv.h. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_TILE_SUMS_H
#define ADZE_TILE_SUMS_H

#include "tile/qconv.h"

/* What a tile needs of its layer; offset and lift are those of the first channel. */
typedef struct {
    const int8_t *w;
    const int32_t *offset, *lift; /* lift: or NULL */
    int32_t x_zero, taps, channels, out_c;
} adze_sums_tile;

/* The channels of `pixels` pixels, whose inputs are x [taps][pixels] and whose sums begin at y, out_c apart. Parts wrap
 * around, results do not. */
ADZE_KERNEL void adze_sums_tile_run(const adze_sums_tile *t, const int8_t *x, int32_t pixels, int32_t *y)
{
    int32_t sums[ADZE_QTILE_PIXELS * ADZE_QTILE_CHANNELS], xs[ADZE_QTILE_PIXELS] = {0};
    const int8_t *w = t->w;
    for (int32_t k = 0; t->lift && k < t->taps; k++)
        for (int32_t i = 0; i < pixels; i++)
            xs[i] += x[(ptrdiff_t)k * pixels + i];
    for (int32_t o = 0; o < t->channels; o += ADZE_QTILE_CHANNELS, w += (ptrdiff_t)t->taps * ADZE_QTILE_CHANNELS) {
        const int32_t left = t->channels - o, count = left < ADZE_QTILE_CHANNELS ? left : ADZE_QTILE_CHANNELS;
        adze_qtile_sums(x, pixels, w, t->taps, sums);
        for (int32_t i = 0; i < pixels; i++)
            for (int32_t c = 0; c < count; c++) {
                uint32_t sum = (uint32_t)t->x_zero * (uint32_t)t->offset[o + c];
                sum += (uint32_t)sums[i * ADZE_QTILE_CHANNELS + c];
                if (t->lift)
                    sum += (uint32_t)t->lift[o + c] * (uint32_t)xs[i];
                y[(ptrdiff_t)i * t->out_c + o + c] = (int32_t)sum;
            }
    }
}

ADZE_KERNEL void adze_qgemm_sums_i8_tile(const adze_qgemm_params *p, const int8_t *x, const int8_t *w,
                                         const int32_t *offset, const int32_t *x_zero, const int32_t *lift, int32_t *y,
                                         void *scratch)
{
    const int32_t k = p->k;
    const adze_sums_tile t = {w, offset, lift, *x_zero, k, p->n, p->n};
    for (int32_t m = 0, rows; m < p->m; m += rows, x += (ptrdiff_t)rows * k, y += (ptrdiff_t)rows * p->n) {
        const int8_t *from = x;
        rows = p->m - m < ADZE_QTILE_PIXELS ? 1 : ADZE_QTILE_PIXELS;
        if (rows > 1) {
            int8_t *to = (int8_t *)scratch;
            for (int32_t i = 0; i < k; i++)
                for (int32_t r = 0; r < rows; r++)
                    *to++ = x[(ptrdiff_t)r * k + i];
            from = (const int8_t *)scratch;
        }
        adze_sums_tile_run(&t, from, rows, y);
    }
}

/* Tiles of consecutive pixels of an image, rows one after the other, group by group. */
ADZE_KERNEL void adze_qconv_sums_i8_tile(const adze_qconv_params *params, const int8_t *x, const int8_t *w,
                                         const int32_t *offset, const int32_t *x_zero, const int32_t *lift, int32_t *y,
                                         void *scratch)
{
    adze_qconv_params p = *params;
    const int32_t inputs = p.in_c / p.group, channels = p.out_c / p.group, taps = p.kernel_h * p.kernel_w * inputs;
    const int32_t pixels = p.out_h * p.out_w, block = (channels + 3) / ADZE_QTILE_CHANNELS * ADZE_QTILE_CHANNELS;
    p.x_zero_point = (adze_small)*x_zero; /* of bytes, as x is */
    for (int32_t n = 0; n < p.batch; n++, x += (ptrdiff_t)p.in_h * p.in_w * p.in_c, y += (ptrdiff_t)pixels * p.out_c)
        for (int32_t g = 0; g < p.group; g++) {
            const adze_sums_tile t = {w + (ptrdiff_t)g * block * taps,
                                      offset + g * channels,
                                      lift ? lift + g * channels : NULL,
                                      *x_zero,
                                      taps,
                                      channels,
                                      p.out_c};
            for (int32_t i = 0, count; i < pixels; i += count) {
                count = pixels - i < ADZE_QTILE_PIXELS ? 1 : ADZE_QTILE_PIXELS;
                for (int32_t k = 0; k < count; k++)
                    adze_qconv_i8_tile_gather(&p, x + g * inputs, (i + k) / p.out_w, (i + k) % p.out_w,
                                              (int8_t *)scratch + k, count);
                adze_sums_tile_run(&t, (const int8_t *)scratch, count, y + (ptrdiff_t)i * p.out_c + g * channels);
            }
        }
}

#endif
