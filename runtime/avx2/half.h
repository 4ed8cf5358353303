/* avx2/half.h: Conv, depthwise Conv and Gemm with AVX2, FMA and F16C, and weights of 16 bits, IEEE 754 binary16.
 * SPDX-License-Identifier: 0BSD
 *
 * Weights are packed as those of the same kernels in float32, whose tiles read them: a load of eight converts them, and
 * the bits are those of float32 weights of the same values. */
#ifndef ADZE_AVX2_HALF_H
#define ADZE_AVX2_HALF_H

#include "avx2/conv.h"
#include "avx2/depthwise.h"
#include "avx2/gemm.h"

ADZE_AVX2_BEGIN

ADZE_AVX2_KERNEL void adze_conv_f16_avx2(const adze_conv_params *p, const float *x, const uint16_t *w,
                                         const float *bias, const float *residual, float *y)
{
    adze_avx2_conv(1, p, x, w, bias, residual, y);
}

ADZE_AVX2_KERNEL void adze_depthwise_f16_avx2(const adze_conv_params *p, const float *x, const uint16_t *w,
                                              const float *bias, const float *residual, float *y)
{
    adze_avx2_depthwise_conv(1, p, x, w, bias, residual, y);
}

ADZE_AVX2_KERNEL void adze_gemm_f16_avx2(const adze_gemm_params *p, const float *x, const uint16_t *w,
                                         const float *bias, const float *residual, float *y)
{
    adze_avx2_gemm(1, p, x, w, bias, residual, y);
}

ADZE_AVX2_END

#endif
