/* tile/qtile4.h: QConv and QGemm of tile/qconv.h and qgemm.h with weights of 4 bits. SPDX-License-Identifier: 0BSD
 *
 * A weight w of a channel is stored as u = w + z, 0 <= u <= 15, with a z of the channel, two a byte, the first one low.
 * A block of four channels: their z in two bytes, then two bytes an input. sum x * w = sum x * u - z * sum x: the
 * inputs are added up once for all channels. */
#ifndef ADZE_TILE_QTILE4_H
#define ADZE_TILE_QTILE4_H

#include "tile/qconv.h"
#include "tile/qgemm.h"

ADZE_QTILE(qtile4, int8_t, 2, (w[0] & 15), ((uint8_t)w[0] >> 4), (w[1] & 15), ((uint8_t)w[1] >> 4))

/* xs: the sum of the inputs of each pixel. */
ADZE_KERNEL void adze_qtile4_add(const int8_t *x, int32_t pixels, int32_t k, int32_t *xs)
{
    for (int32_t i = 0; i < pixels; i++) {
        int32_t sum = 0;
        for (ptrdiff_t at = i; at < (ptrdiff_t)k * pixels; at += pixels)
            sum += x[at];
        xs[i] = sum;
    }
}

ADZE_FORCE_INLINE void adze_qtile4_block(const int8_t *x, int32_t pixels, const int8_t *w, int32_t k, const int32_t *xs,
                                         int32_t *sums)
{
    adze_qtile4_sums(x, pixels, w + 2, k, sums);
    for (int32_t i = 0; i < pixels; i++, sums += ADZE_QTILE_CHANNELS)
        for (int32_t c = 0; c < ADZE_QTILE_CHANNELS; c++)
            sums[c] -= ((uint8_t)w[c / 2] >> (c % 2 * 4) & 15) * xs[i];
}

#define ADZE_QTILE4_inputs(x, pixels, k, xs) adze_qtile4_add(x, pixels, k, xs)
#define ADZE_QTILE4_block(w, k) (((ptrdiff_t)(k) + 1) * 2)
#define ADZE_QTILE4_sums(x, pixels, w, k, xs, sums) adze_qtile4_block(x, pixels, w, k, xs, sums)
ADZE_QCONV_TILE(qconv_i4_tile, ADZE_QTILE4)
ADZE_QGEMM_TILE(qgemm_i4_tile, ADZE_QTILE4)

#endif
