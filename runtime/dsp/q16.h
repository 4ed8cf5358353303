/* dsp/q16.h: QConv, QGemm and depthwise QConv of 16-bit activations and 8-bit weights, whose sums fit 32 bits with
 * their bias. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [group][out_c / group / 2][quads][2 channels], quads = inputs of a sum / 4, rounded up: a word of
 * four weights in the order 0, 2, 1, 3, so that SXTB16 gives 0, 1 and, turned by a byte, 2, 3, as the inputs lie. What
 * fills the last quad and an odd channel up is 0. Scratch: the inputs of two pixels, 4 * quads each. */
#ifndef ADZE_DSP_Q16_H
#define ADZE_DSP_Q16_H

#include "dsp/dsp.h"
#include "ref/q16.h"
#include "ref/taps.h"

/* requantize16 of a sum of 32 bits. With a shift above 32 the low word of the product does not reach the result. */
ADZE_FORCE_INLINE int16_t adze_dsp_requantize16(const adze_qconv16_params *p, int32_t acc, int32_t m)
{
    if (p->shift <= 32)
        return adze_requantize16(acc, m, p->shift, p->y_zero_point, p->lo, p->hi);
    const int32_t high = (int32_t)(((int64_t)acc * m) >> 32) + ((int32_t)1 << (p->shift - 33));
    return (int16_t)adze_clamp((high >> (p->shift - 32)) + p->y_zero_point, p->lo, p->hi);
}

/* Two words at *from, a multiple of 4, which moves on. */
#define ADZE_DSP_TWO(low, high, from) __asm__("ldrd %0, %1, [%2], #8" : "=r"(low), "=r"(high), "+r"(from)::"memory")

/* Two pixels by two channels: 16 multiplications a quad. a and b are multiples of 4; sums: a's two, b's two. */
ADZE_DSP_KERNEL void adze_dsp_dot16(const int16_t *a, const int16_t *b, const uint32_t *w, int32_t quads, int32_t *sums)
{
    int32_t a0 = 0, a1 = 0, b0 = 0, b1 = 0;
    for (const uint32_t *end = w + 2 * quads; w != end;) {
        uint32_t al, ah, bl, bh, w0, w1;
        ADZE_DSP_TWO(w0, w1, w);
        ADZE_DSP_TWO(al, ah, a);
        ADZE_DSP_TWO(bl, bh, b);
        uint32_t low = adze_dsp_even(w0), high = adze_dsp_odd(w0);
        a0 = adze_dsp_smlad(al, low, a0);
        b0 = adze_dsp_smlad(bl, low, b0);
        a0 = adze_dsp_smlad(ah, high, a0);
        b0 = adze_dsp_smlad(bh, high, b0);
        low = adze_dsp_even(w1), high = adze_dsp_odd(w1);
        a1 = adze_dsp_smlad(al, low, a1);
        b1 = adze_dsp_smlad(bl, low, b1);
        a1 = adze_dsp_smlad(ah, high, a1);
        b1 = adze_dsp_smlad(bh, high, b1);
    }
    sums[0] = a0, sums[1] = a1, sums[2] = b0, sums[3] = b1;
}

/* n values, two at a time while there are two. */
ADZE_FORCE_INLINE int16_t *adze_dsp_copy16(int16_t *to, const int16_t *from, int32_t n)
{
    for (; n > 1; n -= 2, to += 2, from += 2)
        adze_dsp_store(to, adze_dsp_load(from));
    if (n)
        *to++ = *from;
    return to;
}

/* The inputs of one output pixel; x is the first channel of a group of an image. */
ADZE_DSP_KERNEL void adze_dsp_gather16(const adze_qconv16_params *p, const int16_t *x, int32_t oy, int32_t ox,
                                       int16_t *to)
{
    const int32_t channels = p->in_c / p->group, left = ox * p->stride_w - p->pad_left;
    const int32_t run = p->group == 1 && p->dilation_w == 1 && left >= 0 && left + p->kernel_w <= p->in_w;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        if (run && iy >= 0 && iy < p->in_h) {
            to = adze_dsp_copy16(to, x + ((ptrdiff_t)iy * p->in_w + left) * p->in_c, p->kernel_w * channels);
            continue;
        }
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = left + kx * p->dilation_w;
            if (iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w) {
                to = adze_dsp_copy16(to, x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c, channels);
                continue;
            }
            for (int32_t c = 0; c < channels; c++)
                *to++ = (int16_t)p->x_zero_point;
        }
    }
}

/* All channels of a group for two pixels, or for one where b is NULL; y and z are the pixels' first channels. */
ADZE_DSP_KERNEL void adze_dsp_pixels16(const adze_qconv16_params *p, const int16_t *a, const int16_t *b,
                                       const uint32_t *w, int32_t quads, const int32_t *bias, const int32_t *multiplier,
                                       int16_t *y, int16_t *z)
{
    const int32_t channels = p->out_c / p->group;
    for (int32_t c = 0; c < channels; c += 2, w += 2 * quads) {
        int32_t sums[4];
        adze_dsp_dot16(a, b ? b : a, w, quads, sums);
        for (int32_t i = 0; i < 2 && c + i < channels; i++) {
            y[c + i] = adze_dsp_requantize16(p, bias[c + i] + sums[i], multiplier[c + i]);
            if (b)
                z[c + i] = adze_dsp_requantize16(p, bias[c + i] + sums[2 + i], multiplier[c + i]);
        }
    }
}

/* One group of one image: pixels in pairs, rows one after the other. A pointwise kernel's inputs lie as they are read
 * where they are whole quads. */
ADZE_DSP_KERNEL void adze_dsp_group16(const adze_qconv16_params *p, const int16_t *x, const uint32_t *w, int32_t quads,
                                      const int32_t *bias, const int32_t *multiplier, int16_t *y, int16_t *scratch)
{
    const int32_t channels = p->in_c / p->group, pixels = p->out_h * p->out_w;
    const int32_t direct = p->kernel_h == 1 && p->kernel_w == 1 && channels % 4 == 0 && (uintptr_t)x % 4 == 0 &&
                           p->in_c % 2 == 0 && p->pad_top == 0 && p->pad_left == 0 &&
                           (p->out_h - 1) * p->stride_h < p->in_h && (p->out_w - 1) * p->stride_w < p->in_w;
    for (int32_t i = 0, oy = 0, ox = 0; i < pixels; i += 2) {
        const int16_t *from[2] = {NULL, NULL};
        for (int32_t k = 0; k < 2 && i + k < pixels; k++) {
            from[k] = x + ((ptrdiff_t)oy * p->stride_h * p->in_w + (ptrdiff_t)ox * p->stride_w) * p->in_c;
            if (!direct) {
                from[k] = scratch + k * 4 * quads;
                adze_dsp_gather16(p, x, oy, ox, scratch + k * 4 * quads);
            }
            if (++ox == p->out_w)
                ox = 0, oy++;
        }
        int16_t *to = y + (ptrdiff_t)i * p->out_c;
        adze_dsp_pixels16(p, from[0], from[1], w, quads, bias, multiplier, to, to + p->out_c);
    }
}

ADZE_DSP_SMALL void adze_qconv_i16x8_dsp(const adze_qconv16_params *p, const int16_t *x, const int32_t *w,
                                         const int32_t *bias, const int32_t *multiplier, int16_t *y, void *scratch)
{
    const int32_t in = p->in_c / p->group, out = p->out_c / p->group;
    const int32_t quads = (p->kernel_h * p->kernel_w * in + 3) / 4;
    memset(scratch, 0, (size_t)quads * 16);
    for (int32_t n = 0; n < p->batch; n++)
        for (int32_t g = 0; g < p->group; g++)
            adze_dsp_group16(p, x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c + g * in,
                             (const uint32_t *)w + (ptrdiff_t)g * ((out + 1) / 2) * 2 * quads, quads, bias + g * out,
                             multiplier + g * out, y + (ptrdiff_t)n * p->out_h * p->out_w * p->out_c + g * out,
                             (int16_t *)scratch);
}

/* A pointwise QConv over one row of m pixels. */
ADZE_DSP_SMALL void adze_qgemm_i16x8_dsp(const adze_qgemm16_params *p, const int16_t *x, const int32_t *w,
                                         const int32_t *bias, const int32_t *multiplier, int16_t *y, void *scratch)
{
    adze_qconv16_params c;
    ADZE_DSP_ROW(c, p);
    adze_qconv_i16x8_dsp(&c, x, w, bias, multiplier, y, scratch);
}

/* Depthwise: weights [kernel_h][kernel_w][channels, an even number] of two bytes, so that two channels are a word, and
 * their products one SMLABB and one SMLATT. The input's zero point is 0: taps outside of the image are left out. */
ADZE_DSP_KERNEL void adze_dsp_depthwise16(const adze_qconv16_params *p, const int16_t *x, const int16_t *w, int32_t oy,
                                          int32_t ox, const int32_t *bias, const int32_t *multiplier, int16_t *y)
{
    const int32_t channels = p->in_c, even = (channels + 1) / 2 * 2;
    const int32_t top = oy * p->stride_h - p->pad_top, left = ox * p->stride_w - p->pad_left;
    const adze_taps ty = adze_taps_of(top, p->kernel_h, p->dilation_h, p->in_h, 0);
    const adze_taps tx = adze_taps_of(left, p->kernel_w, p->dilation_w, p->in_w, 0);
    const int32_t down = p->dilation_h * p->in_w * channels, along = p->dilation_w * channels;
    x += (top + ty.first * p->dilation_h) * p->in_w * channels + (left + tx.first * p->dilation_w) * channels;
    w += (ty.first * p->kernel_w + tx.first) * even;
    for (int32_t c = 0; c < channels; c += 2, x += 2, w += 2) {
        int32_t a = 0, b = 0;
        const int16_t *xs = x, *ws = w;
        for (int32_t ky = ty.first; ky < ty.end; ky++, xs += down, ws += p->kernel_w * even) {
            const int16_t *xk = xs, *wk = ws;
            for (int32_t kx = tx.first; kx < tx.end; kx++, xk += along, wk += even) {
                const uint32_t two = c + 1 < channels ? adze_dsp_load(xk) : (uint16_t)*xk, by = adze_dsp_load(wk);
                a += (int16_t)two * (int16_t)by;
                b += (int16_t)(two >> 16) * (int16_t)(by >> 16);
            }
        }
        y[c] = adze_dsp_requantize16(p, bias[c] + a, multiplier[c]);
        if (c + 1 < channels)
            y[c + 1] = adze_dsp_requantize16(p, bias[c + 1] + b, multiplier[c + 1]);
    }
}

ADZE_DSP_KERNEL void adze_qdepthwise_i16x8_dsp(const adze_qconv16_params *p, const int16_t *x, const int16_t *w,
                                               const int32_t *bias, const int32_t *multiplier, int16_t *y)
{
    for (int32_t n = 0; n < p->batch; n++, x += (ptrdiff_t)p->in_h * p->in_w * p->in_c)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++, y += p->out_c)
                adze_dsp_depthwise16(p, x, w, oy, ox, bias, multiplier, y);
}

#endif
