/* ref/conv.h: Conv and depthwise Conv in plain loops, the judge of the other sets. SPDX-License-Identifier: 0BSD
 *
 * Serves every shape: groups, dilation, batch, any padding. Sums are float, in the order ky, kx, c; then + bias,
 * + residual. Weights are as the model has them: [out_c][kernel_h][kernel_w][in_c / group]. */
#ifndef ADZE_REF_CONV_H
#define ADZE_REF_CONV_H

#include "adze.h"
#include "ref/act.h"

/* The sum over the taps of one output element; x is an image, w the weights of its output channel, c0 the first
 * input channel of its group. */
ADZE_FORCE_INLINE float adze_conv_f32_ref_sum(const adze_conv_params *p, const float *x, const float *w, int32_t oy,
                                              int32_t ox, int32_t c0)
{
    const int32_t channels = p->in_c / p->group;
    float sum = 0.0f;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w)
                continue;
            const float *xs = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0;
            const float *ws = w + ((ptrdiff_t)ky * p->kernel_w + kx) * channels;
            for (int32_t c = 0; c < channels; c++)
                sum += xs[c] * ws[c];
        }
    }
    return sum;
}

ADZE_KERNEL void adze_conv_f32_ref(const adze_conv_params *p, const float *x, const float *w, const float *bias,
                                   const float *residual, float *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    ptrdiff_t i = 0;
    for (int32_t n = 0; n < p->batch; n++) {
        const float *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++)
                for (int32_t o = 0; o < p->out_c; o++, i++) {
                    const float *filter = w + (ptrdiff_t)o * p->kernel_h * p->kernel_w * channels;
                    float v = adze_conv_f32_ref_sum(p, image, filter, oy, ox, o / outputs * channels);
                    v += bias ? bias[o] : 0.0f;
                    v += residual ? residual[i] : 0.0f;
                    y[i] = adze_act_f32(v, p->lo, p->hi);
                }
    }
}

/* group == in_c == out_c: its weights [out_c][kernel_h][kernel_w][1] are those of a Conv. */
ADZE_KERNEL void adze_depthwise_f32_ref(const adze_conv_params *p, const float *x, const float *w, const float *bias,
                                        const float *residual, float *y)
{
    adze_conv_f32_ref(p, x, w, bias, residual, y);
}

#endif
