/* tile/q4g.h: QConv and QGemm of tile/qconv.h and qgemm.h with weights of 4 bits and a multiplier for each block of a
 * channel's inputs. SPDX-License-Identifier: 0BSD
 *
 * A weight is multiplier * (u - z), 0 <= u, z <= 15, multiplier < 2^12. A block of four channels: the inputs of a block
 * in two bytes, low one first; then for each block 16 * multiplier + z of each channel, in two bytes, and the u of its
 * inputs, as in tile/qtile4.h. */
#ifndef ADZE_TILE_Q4G_H
#define ADZE_TILE_Q4G_H

#include "tile/qtile4.h"

ADZE_FORCE_INLINE int32_t adze_q4g_16(const int8_t *w)
{
    return (uint8_t)w[0] | (uint8_t)w[1] << 8;
}

/* One block of inputs: sums += multiplier * (sum x * u - z * sum x). */
ADZE_KERNEL void adze_q4g_add(const int8_t *x, int32_t pixels, const int8_t *w, int32_t k, int32_t *sums)
{
    int32_t xs[ADZE_QTILE_PIXELS], part[ADZE_QTILE_PIXELS * ADZE_QTILE_CHANNELS];
    adze_qtile4_add(x, pixels, k, xs);
    adze_qtile4_sums(x, pixels, w + 2 * ADZE_QTILE_CHANNELS, k, part);
    for (int32_t c = 0; c < ADZE_QTILE_CHANNELS; c++) {
        const int32_t head = adze_q4g_16(w + 2 * c), m = head >> 4, z = head & 15;
        for (int32_t i = 0, at = c; i < pixels; i++, at += ADZE_QTILE_CHANNELS)
            sums[at] += m * (part[at] - z * xs[i]);
    }
}

ADZE_KERNEL void adze_q4g_tile(const int8_t *x, int32_t pixels, const int8_t *w, int32_t k, int32_t *sums)
{
    const int32_t block = adze_q4g_16(w);
    memset(sums, 0, sizeof *sums * (size_t)(pixels * ADZE_QTILE_CHANNELS));
    for (w += 2; k > 0; k -= block) {
        const int32_t count = k < block ? k : block;
        adze_q4g_add(x, pixels, w, count, sums);
        x += count * pixels;
        w += 2 * (ADZE_QTILE_CHANNELS + count);
    }
}

/* Bytes of four channels. */
ADZE_FORCE_INLINE ptrdiff_t adze_q4g_bytes(const int8_t *w, ptrdiff_t k)
{
    const int32_t block = adze_q4g_16(w);
    return 2 + (k + block - 1) / block * 2 * ADZE_QTILE_CHANNELS + k * 2;
}

#define ADZE_Q4G_inputs(x, pixels, k, xs) ((void)(xs))
#define ADZE_Q4G_block(w, k) adze_q4g_bytes(w, k)
#define ADZE_Q4G_sums(x, pixels, w, k, xs, sums) adze_q4g_tile(x, pixels, w, k, sums)
ADZE_QCONV_TILE(qconv_i4g_tile, ADZE_Q4G)
ADZE_QGEMM_TILE(qgemm_i4g_tile, ADZE_Q4G)

#endif
