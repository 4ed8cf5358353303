/* ref/sums.h: products of integers that give their sums, i32, for zero points that are only known at run time, and
 * DynamicQuantize, which finds them. SPDX-License-Identifier: 0BSD
 *
 * y = sum of (x - x_zero) * (w + lift), lift by output channel (NULL: 0), so that weights stay bytes whatever their
 * zero point is; the compiler sees to 255 * sum |w + lift| < 2^31. Other sets sum x * w and use `offset`, which holds
 * -(sum of w + lift) for each output channel. Shapes are those of QGemm, QConv and QMatMul. */
#ifndef ADZE_REF_SUMS_H
#define ADZE_REF_SUMS_H

#include "ref/qmatmul.h"
#include "ref/quantize.h"

ADZE_KERNEL void adze_qgemm_sums_i8_ref(const adze_qgemm_params *p, const int8_t *x, const int8_t *w,
                                        const int32_t *offset, const int32_t *x_zero, const int32_t *lift, int32_t *y)
{
    (void)offset;
    for (int32_t m = 0; m < p->m; m++, x += p->k)
        for (int32_t n = 0; n < p->n; n++) {
            const int32_t up = lift ? lift[n] : 0;
            int32_t sum = 0;
            for (int32_t k = 0; k < p->k; k++)
                sum += (x[k] - *x_zero) * (w[(ptrdiff_t)k * p->n + n] + up);
            *y++ = sum;
        }
}

/* The sum of an output channel at (oy, ox), whose weights are w and whose group's inputs begin at x. */
static inline int32_t adze_qconv_sums_one(const adze_qconv_params *p, const int8_t *x, const int8_t *w, int32_t oy,
                                          int32_t ox, int32_t x_zero, int32_t lift)
{
    const int32_t channels = p->in_c / p->group;
    int32_t sum = 0;
    for (int32_t ky = 0; ky < p->kernel_h; ky++)
        for (int32_t kx = 0; kx < p->kernel_w; kx++, w += channels) {
            const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            const int8_t *pixel = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c;
            for (int32_t c = 0; c < channels && iy >= 0 && iy < p->in_h && ix >= 0 && ix < p->in_w; c++)
                sum += (pixel[c] - x_zero) * (w[c] + lift);
        }
    return sum;
}

ADZE_KERNEL void adze_qconv_sums_i8_ref(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                        const int32_t *offset, const int32_t *x_zero, const int32_t *lift, int32_t *y)
{
    const int32_t channels = p->in_c / p->group, outputs = p->out_c / p->group;
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * channels;
    (void)offset;
    for (int32_t n = 0; n < p->batch; n++, x += (ptrdiff_t)p->in_h * p->in_w * p->in_c)
        for (int32_t oy = 0; oy < p->out_h; oy++)
            for (int32_t ox = 0; ox < p->out_w; ox++)
                for (int32_t o = 0; o < p->out_c; o++)
                    *y++ = adze_qconv_sums_one(p, x + o / outputs * channels, w + o * taps, oy, ox, *x_zero,
                                               lift ? lift[o] : 0);
}

static inline void adze_qmatmul_sums_one(const adze_qmatmul_params *p, const int8_t *a, const int8_t *b, int32_t *y)
{
    for (int32_t i = 0; i < p->m; i++, a += p->a_row)
        for (int32_t j = 0; j < p->n; j++)
            *y++ = adze_qmatmul_dot(p, a, b + j * p->b_col);
}

ADZE_KERNEL void adze_qmatmul_sums_i8_ref(const adze_qmatmul_params *params, const int8_t *a, const int8_t *b,
                                          const int32_t *a_zero, const int32_t *b_zero, int32_t *y)
{
    adze_qmatmul_params p = *params;
    p.a_zero_point = *a_zero;
    p.b_zero_point = *b_zero;
    ADZE_QMATMUL_EACH(&p, a, b, y, adze_qmatmul_sums_one);
}

/* ONNX's DynamicQuantizeLinear, less 128: 0 is within the range, and all zeros have the scale 1. */
ADZE_KERNEL void adze_dynamic_quantize_f32_i8_ref(const adze_unary_params *p, const float *x, int8_t *y, float *scale,
                                                  int32_t *zero_point)
{
    float least = 0.0f, most = 0.0f;
    for (int32_t i = 0; i < p->count; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    const float step = (most - least) / 255.0f, s = step == 0.0f ? 1.0f : step;
    const int32_t zero = adze_quantize_one((0.0f - least) / s, -128, -128, 127);
    for (int32_t i = 0; i < p->count; i++)
        y[i] = (int8_t)adze_quantize_one(x[i] / s, zero, -128, 127);
    *scale = s;
    *zero_point = zero;
}

#endif
