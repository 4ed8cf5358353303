/* ref/q4g.h: QGemm with weights of 4 bits and a multiplier for each block of a channel's inputs.
 * SPDX-License-Identifier: 0BSD
 *
 * A weight is multiplier * (u - z), 0 <= u, z <= 15, multiplier < 2^12. Packed: the block's inputs in two bytes, low
 * one first; then a row a channel: for each block 16 * multiplier + z in two bytes, and its u, two a byte, the first
 * one low. sum x * w = sum over blocks of multiplier * (sum x * u - z * sum x). Scratch: the sum of x of each block. */
#ifndef ADZE_REF_Q4G_H
#define ADZE_REF_Q4G_H

#include "ref/requantize.h"

/* Moves *w behind the block. */
ADZE_FORCE_INLINE int32_t adze_q4g_block(const int8_t *x, const uint8_t **w, int32_t count, int32_t x_sum)
{
    const uint8_t *at = *w + 2;
    const int32_t head = (*w)[0] | (*w)[1] << 8;
    int32_t sum = 0;
    for (; count > 1; count -= 2, x += 2) {
        const int32_t pair = *at++;
        sum += x[0] * (pair & 15);
        sum += x[1] * (pair >> 4);
    }
    if (count)
        sum += x[0] * (*at++ & 15);
    *w = at;
    return (head >> 4) * (sum - (head & 15) * x_sum);
}

ADZE_KERNEL void adze_qgemm_i4g_ref(const adze_qgemm_params *p, const int8_t *x, const uint8_t *w, const int32_t *bias,
                                    const int32_t *multiplier, const int8_t *residual, int8_t *y, void *scratch)
{
    const int32_t block = w[0] | w[1] << 8;
    int32_t *sums = (int32_t *)scratch;
    ptrdiff_t i = 0;
    for (int32_t m = 0; m < p->m; m++, x += p->k) {
        const uint8_t *at = w + 2;
        for (int32_t k = 0; k < p->k; k++) {
            if (k % block == 0)
                sums[k / block] = 0;
            sums[k / block] += x[k];
        }
        for (int32_t n = 0; n < p->n; n++, i++) {
            int32_t sum = bias[n];
            for (int32_t k = 0; k < p->k; k += block)
                sum += adze_q4g_block(x + k, &at, p->k - k < block ? p->k - k : block, sums[k / block]);
            y[i] = adze_qgemm_store(p, sum, multiplier[n], residual ? residual + i : NULL);
        }
    }
}

#endif
