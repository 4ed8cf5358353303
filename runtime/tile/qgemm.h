/* tile/qgemm.h: QGemm for any machine, on the register tile. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [n / 4][k][4], zero-filled. Scratch holds the inputs of a tile: 4 * k bytes. */
#ifndef ADZE_TILE_QGEMM_H
#define ADZE_TILE_QGEMM_H

#include "tile/qtile.h"

/* One form of weights; see ADZE_QCONV_TILE. */
#define ADZE_QGEMM_TILE(NAME, FORM)                                                                                    \
    ADZE_KERNEL void adze_##NAME(const adze_qgemm_params *p, const int8_t *x, const int8_t *w, const int32_t *bias,    \
                                 const int32_t *multiplier, const int8_t *residual, int8_t *y, void *scratch)          \
    {                                                                                                                  \
        const ptrdiff_t k = p->k;                                                                                      \
        int32_t sums[ADZE_QTILE_PIXELS * ADZE_QTILE_CHANNELS], xs[ADZE_QTILE_PIXELS];                                  \
        for (int32_t m = 0; m < p->m;) {                                                                               \
            const int32_t rows = p->m - m < ADZE_QTILE_PIXELS ? 1 : ADZE_QTILE_PIXELS;                                 \
            const int8_t *from = x + m * k;                                                                            \
            if (rows > 1) {                                                                                            \
                int8_t *to = (int8_t *)scratch;                                                                        \
                for (ptrdiff_t i = 0; i < k; i++)                                                                      \
                    for (int32_t r = 0; r < rows; r++)                                                                 \
                        *to++ = from[r * k + i];                                                                       \
                from = (const int8_t *)scratch;                                                                        \
            }                                                                                                          \
            FORM##_inputs(from, rows, p->k, xs);                                                                       \
            for (int32_t n = 0; n < p->n; n += ADZE_QTILE_CHANNELS) {                                                  \
                const int32_t count = p->n - n < ADZE_QTILE_CHANNELS ? p->n - n : ADZE_QTILE_CHANNELS;                 \
                FORM##_sums(from, rows, w + n / ADZE_QTILE_CHANNELS * FORM##_block(w, k), p->k, xs, sums);             \
                for (int32_t r = 0; r < rows; r++)                                                                     \
                    for (int32_t c = 0; c < count; c++) {                                                              \
                        const ptrdiff_t at = (ptrdiff_t)(m + r) * p->n + n + c;                                        \
                        y[at] = adze_qgemm_store(p, bias[n + c] + sums[r * ADZE_QTILE_CHANNELS + c],                   \
                                                 multiplier[n + c], residual ? residual + at : NULL);                  \
                    }                                                                                                  \
            }                                                                                                          \
            m += rows;                                                                                                 \
        }                                                                                                              \
    }
ADZE_QGEMM_TILE(qgemm_i8_tile, ADZE_QTILE8)

#endif
