/* dsp/pool.h: max and average pooling of int8 for Cortex-M with DSP. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_POOL_H
#define ADZE_DSP_POOL_H

#include "dsp/dsp.h"
#include "ref/taps.h"

/* A window of pixels inside the image; down: bytes from the end of a row of it to the next, step: between pixels. */
typedef struct {
    const int8_t *x;
    int32_t rows, columns;
    ptrdiff_t step, down;
} adze_dsp_window;

/* Sums of four channels. */
ADZE_FORCE_INLINE void adze_dsp_sum4(const adze_dsp_window *t, int32_t *sum)
{
    const int8_t *x = t->x;
    uint32_t even = 0, odd = 0;
    int32_t room = 255; /* so many bytes' sum fits in int16 */
    for (int32_t i = 0; i < 4; i++)
        sum[i] = 0;
    for (int32_t r = t->rows; r > 0; r--, x += t->down)
        for (int32_t left = t->columns, n; left > 0; left -= n) {
            n = left < room ? left : room;
            room -= n;
            for (int32_t i = n; i > 0; i--, x += t->step) {
                const uint32_t v = adze_dsp_load(x);
                __asm__("sxtab16 %0, %0, %1" : "+r"(even) : "r"(v));
                __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(odd) : "r"(v));
            }
            if (room > 0 && (r > 1 || left > n))
                continue;
            room = 255;
            sum[0] += (int16_t)even;
            sum[1] += (int16_t)odd;
            sum[2] += (int32_t)even >> 16;
            sum[3] += (int32_t)odd >> 16;
            even = odd = 0;
        }
}

ADZE_FORCE_INLINE int32_t adze_dsp_sum1(const adze_dsp_window *t)
{
    const int8_t *x = t->x;
    int32_t sum = 0;
    for (int32_t r = t->rows; r > 0; r--, x += t->down)
        for (int32_t n = t->columns; n > 0; n--, x += t->step)
            sum += *x;
    return sum;
}

ADZE_FORCE_INLINE uint32_t adze_dsp_max4(const adze_dsp_window *t)
{
    const int8_t *x = t->x;
    uint32_t max = 0x80808080u;
    for (int32_t r = t->rows; r > 0; r--, x += t->down)
        for (int32_t n = t->columns; n > 0; n--, x += t->step)
            max = adze_dsp_max(max, adze_dsp_load(x));
    return max;
}

ADZE_FORCE_INLINE int8_t adze_dsp_max1(const adze_dsp_window *t)
{
    const int8_t *x = t->x;
    int8_t max = INT8_MIN;
    for (int32_t r = t->rows; r > 0; r--, x += t->down)
        for (int32_t n = t->columns; n > 0; n--, x += t->step)
            max = *x > max ? *x : max;
    return max;
}

ADZE_DSP_KERNEL void adze_maxpool_i8_dsp(const adze_pool_params *p, const int8_t *x, int8_t *y)
{
    const int32_t channels = p->channels, row = p->in_w * channels;
    adze_dsp_window t;
    t.step = p->dilation_w * channels;
    for (int32_t n = 0; n < p->batch; n++, x += p->in_h * row)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++, y += channels) {
                const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;
                const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, p->pad_bottom);
                const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, p->pad_right);
                t.x = x + (top + ty.first * p->dilation_h) * row + (left + tx.first * p->dilation_w) * channels;
                t.rows = ty.end - ty.first;
                t.columns = tx.end - tx.first;
                t.down = p->dilation_h * row - t.columns * t.step;
                int32_t c = 0;
                for (; c + 4 <= channels; c += 4, t.x += 4)
                    adze_dsp_store(y + c, adze_dsp_max4(&t));
                for (; c < channels; c++, t.x++)
                    y[c] = adze_dsp_max1(&t);
            }
}

ADZE_FORCE_INLINE int8_t adze_dsp_average(const adze_qpool_params *p, int32_t sum, int32_t inside, int32_t multiplier)
{
    const int32_t acc = adze_dsp_shift(sum - inside * p->x_zero_point, p->shift);
    int32_t q = adze_dsp_scale(acc, multiplier, 0);
    q -= q & ((uint32_t)acc * (uint32_t)multiplier == 0x80000000u); /* a half: to even */
    return (int8_t)adze_dsp_bound(p->y_zero_point + q, p->lo, p->hi);
}

ADZE_DSP_KERNEL void adze_qavgpool_i8_dsp(const adze_qpool_params *p, const int8_t *x, const int32_t *multiplier,
                                          int8_t *y)
{
    const int32_t channels = p->channels, row = p->in_w * channels;
    adze_dsp_window t;
    t.step = p->dilation_w * channels;
    for (int32_t n = 0; n < p->batch; n++, x += p->in_h * row)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++, y += channels) {
                const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;
                const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, p->pad_bottom);
                const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, p->pad_right);
                t.x = x + (top + ty.first * p->dilation_h) * row + (left + tx.first * p->dilation_w) * channels;
                t.rows = ty.end - ty.first;
                t.columns = tx.end - tx.first;
                t.down = p->dilation_h * row - t.columns * t.step;
                const int32_t inside = t.rows * t.columns;
                const int32_t m = multiplier[p->count_include_pad ? ty.padded * tx.padded : inside];
                int32_t c = 0, sum[4];
                for (; c + 4 <= channels; c += 4, t.x += 4) {
                    adze_dsp_sum4(&t, sum);
                    for (int32_t i = 0; i < 4; i++)
                        y[c + i] = adze_dsp_average(p, sum[i], inside, m);
                }
                for (; c < channels; c++, t.x++)
                    y[c] = adze_dsp_average(p, adze_dsp_sum1(&t), inside, m);
            }
}

#endif
