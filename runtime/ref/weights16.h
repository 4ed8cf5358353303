/* ref/weights16.h: Conv, depthwise Conv and Gemm with weights of 16 bits, IEEE 754 binary16, in plain loops; the order
 * of weights and sums is that of ref/conv.h and ref/gemm.h. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_WEIGHTS16_H
#define ADZE_REF_WEIGHTS16_H

#include "ref/act.h"
#include "ref/half.h"

ADZE_FORCE_INLINE float adze_conv_f16_ref_sum(const adze_conv_params *p, const float *x, const uint16_t *w, int32_t oy,
                                              int32_t ox, int32_t c0)
{
    const int32_t channels = p->in_c / p->group;
    float sum = 0.0f;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < p->kernel_w; kx++, w += channels) {
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w)
                continue;
            const float *xs = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c + c0;
            for (int32_t c = 0; c < channels; c++)
                sum += xs[c] * adze_half_load(w[c]);
        }
    }
    return sum;
}

ADZE_KERNEL void adze_conv_f16_ref(const adze_conv_params *p, const float *x, const uint16_t *w, const float *bias,
                                   const float *residual, float *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;
    ptrdiff_t i = 0;
    for (int32_t n = 0; n < p->batch; n++) {
        const float *image = x + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++)
                for (int32_t o = 0; o < p->out_c; o++, i++) {
                    float v = adze_conv_f16_ref_sum(p, image, w + o * taps, oy, ox, o / outputs * channels);
                    v += bias ? bias[o] : 0.0f;
                    v += residual ? residual[i] : 0.0f;
                    y[i] = adze_act_f32(v, p->lo, p->hi);
                }
    }
}

ADZE_KERNEL void adze_depthwise_f16_ref(const adze_conv_params *p, const float *x, const uint16_t *w, const float *bias,
                                        const float *residual, float *y)
{
    adze_conv_f16_ref(p, x, w, bias, residual, y);
}

ADZE_KERNEL void adze_gemm_f16_ref(const adze_gemm_params *p, const float *x, const uint16_t *w, const float *bias,
                                   const float *residual, float *y)
{
    ptrdiff_t i = 0;
    for (int32_t m = 0; m < p->m; m++, x += p->k)
        for (int32_t n = 0; n < p->n; n++, i++) {
            float v = 0.0f;
            for (int32_t k = 0; k < p->k; k++)
                v += x[k] * adze_half_load(w[(ptrdiff_t)k * p->n + n]);
            v += bias ? bias[n] : 0.0f;
            v += residual ? residual[i] : 0.0f;
            y[i] = adze_act_f32(v, p->lo, p->hi);
        }
}

#endif
