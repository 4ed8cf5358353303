/* ref/q4g.h: QConv and QGemm with weights of 4 bits and a multiplier for each block of a channel's inputs.
 * SPDX-License-Identifier: 0BSD
 *
 * A weight is multiplier * (u - z), 0 <= u, z <= 15, multiplier < 2^12. Packed: the block's inputs in two bytes, low
 * one first; then a row a channel: for each block 16 * multiplier + z in two bytes, and its u, two a byte, the first
 * one low. sum x * w = sum over blocks of multiplier * (sum x * u - z * sum x). The inputs of a QConv's channel are
 * those of [kernel_h][kernel_w][in_c / group]. Scratch of QGemm: the sum of x of each block. */
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

/* A block of one row as it is read, input by input. */
typedef struct {
    const uint8_t *at;
    int32_t block, head, count, sum, x_sum, total;
} adze_q4g_reader;

ADZE_FORCE_INLINE void adze_q4g_end(adze_q4g_reader *r)
{
    r->total += (r->head >> 4) * (r->sum - (r->head & 15) * r->x_sum);
    r->at += (r->count + 1) / 2;
    r->count = r->sum = r->x_sum = 0;
}

ADZE_FORCE_INLINE void adze_q4g_next(adze_q4g_reader *r, int32_t x)
{
    if (r->count == 0) {
        r->head = r->at[0] | r->at[1] << 8;
        r->at += 2;
    }
    r->sum += x * (r->at[r->count / 2] >> (r->count % 2 * 4) & 15);
    r->x_sum += x;
    if (++r->count == r->block)
        adze_q4g_end(r);
}

/* The sum over the taps of one output element, as in ref/qconv.h; the reader is then behind the row. */
ADZE_NOCLONE static inline int32_t adze_q4g_sum(const adze_qconv_params *p, const int8_t *x, adze_q4g_reader *r,
                                                int32_t oy, int32_t ox, int32_t c0)
{
    const int32_t channels = p->in_c / p->group;
    r->total = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            const int32_t inside = iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w;
            const int8_t *xs = inside ? x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0 : NULL;
            for (int32_t c = 0; c < channels; c++)
                adze_q4g_next(r, inside ? xs[c] : p->x_zero_point);
        }
    }
    if (r->count)
        adze_q4g_end(r);
    return r->total;
}

ADZE_NOCLONE ADZE_KERNEL void adze_qconv_i4g_ref(const adze_qconv_params *p, const int8_t *x, const uint8_t *w,
                                                 const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                                 int8_t *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    adze_q4g_reader r;
    ptrdiff_t i = 0;
    memset(&r, 0, sizeof r);
    r.block = w[0] | w[1] << 8;
    for (int32_t n = 0; n < p->batch; n++) {
        const int8_t *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++) {
                r.at = w + 2;
                for (int32_t o = 0; o < p->out_c; o++, i++) {
                    const int32_t sum = adze_q4g_sum(p, image, &r, oy, ox, o / outputs * channels);
                    y[i] = adze_qconv_store(p, bias[o] + sum, multiplier[o], residual ? residual + i : NULL);
                }
            }
    }
}

#endif
