/* ref/unary.h: element-wise functions of one float operand; x and y may be the same. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_UNARY_H
#define ADZE_REF_UNARY_H

#include "ref/act.h"

#include <math.h>

/* y = EXPRESSION of v, an element of x; alpha and beta are the operator's attributes. */
#define ADZE_UNARY_F32(NAME, EXPRESSION)                                                                               \
    ADZE_KERNEL void adze_##NAME##_f32_ref(const adze_unary_params *p, const float *x, float *y)                       \
    {                                                                                                                  \
        const int32_t n = p->count;                                                                                    \
        const float alpha = p->a, beta = p->b;                                                                         \
        (void)alpha;                                                                                                   \
        (void)beta;                                                                                                    \
        for (int32_t i = 0; i < n; i++) {                                                                              \
            const float v = x[i];                                                                                      \
            y[i] = EXPRESSION;                                                                                         \
        }                                                                                                              \
    }

static inline float adze_clip01(float v)
{
    v = v < 0.0f ? 0.0f : v;
    return v > 1.0f ? 1.0f : v;
}
static inline float adze_sigmoid(float v)
{
    return 1.0f / (1.0f + expf(-v));
}
/* log(1 + e^v) without overflow */
static inline float adze_softplus(float v)
{
    return v > 0.0f ? v + log1pf(expf(-v)) : log1pf(expf(v));
}
/* alpha * (e^v - 1) below zero */
static inline float adze_elu(float v, float alpha)
{
    return v < 0.0f ? alpha * expm1f(v) : v;
}

/* Activations */
ADZE_UNARY_F32(relu, v < 0.0f ? 0.0f : v)
/* Not v < 0 ? alpha * v : v, which gcc 12 vectorises wrongly for AVX-512 at -O3. */
ADZE_UNARY_F32(leaky_relu, (v < 0.0f ? 0.0f : v) + alpha * (v < 0.0f ? v : 0.0f))
ADZE_UNARY_F32(thresholded_relu, v > alpha ? v : 0.0f)
ADZE_UNARY_F32(clip, adze_act_f32(v, alpha, beta))
ADZE_UNARY_F32(elu, adze_elu(v, alpha))
ADZE_UNARY_F32(selu, (beta * adze_elu(v, alpha)))
ADZE_UNARY_F32(celu, v < 0.0f ? alpha * expm1f(v / alpha) : v)
ADZE_UNARY_F32(sigmoid, adze_sigmoid(v))
ADZE_UNARY_F32(hard_sigmoid, adze_clip01(beta + alpha * v))
ADZE_UNARY_F32(swish, (v * adze_sigmoid(alpha * v)))
ADZE_UNARY_F32(hard_swish, (v * adze_clip01(v / 6.0f + 0.5f)))
ADZE_UNARY_F32(softplus, adze_softplus(v))
ADZE_UNARY_F32(softsign, v / (1.0f + fabsf(v)))
ADZE_UNARY_F32(mish, (v * tanhf(adze_softplus(v))))
ADZE_UNARY_F32(gelu, 0.5f * v * (1.0f + erff(v * 0.70710678f)))
ADZE_UNARY_F32(gelu_tanh, 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v))))

/* Arithmetic */
ADZE_UNARY_F32(neg, -v)
ADZE_UNARY_F32(abs, fabsf(v))
ADZE_UNARY_F32(sign, v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v)
ADZE_UNARY_F32(reciprocal, 1.0f / v)
ADZE_UNARY_F32(sqrt, sqrtf(v))
ADZE_UNARY_F32(floor, floorf(v))
ADZE_UNARY_F32(ceil, ceilf(v))
ADZE_UNARY_F32(round, rintf(v)) /* half to even, in C's default rounding mode */
ADZE_UNARY_F32(exp, expf(v))
ADZE_UNARY_F32(log, logf(v))
ADZE_UNARY_F32(erf, erff(v))

/* Trigonometry */
ADZE_UNARY_F32(sin, sinf(v))
ADZE_UNARY_F32(cos, cosf(v))
ADZE_UNARY_F32(tan, tanf(v))
ADZE_UNARY_F32(asin, asinf(v))
ADZE_UNARY_F32(acos, acosf(v))
ADZE_UNARY_F32(atan, atanf(v))
ADZE_UNARY_F32(sinh, sinhf(v))
ADZE_UNARY_F32(cosh, coshf(v))
ADZE_UNARY_F32(tanh, tanhf(v))
ADZE_UNARY_F32(asinh, asinhf(v))
ADZE_UNARY_F32(acosh, acoshf(v))
ADZE_UNARY_F32(atanh, atanhf(v))

/* Questions; the answer is 0 or 1. */
ADZE_KERNEL void adze_is_nan_f32_ref(const adze_unary_params *p, const float *x, uint8_t *y)
{
    for (int32_t i = 0; i < p->count; i++)
        y[i] = (uint8_t)(x[i] != x[i]);
}
/* alpha > 0: +inf only; alpha < 0: -inf only; 0: both */
ADZE_KERNEL void adze_is_inf_f32_ref(const adze_unary_params *p, const float *x, uint8_t *y)
{
    for (int32_t i = 0; i < p->count; i++)
        y[i] = (uint8_t)((x[i] == INFINITY && p->a >= 0.0f) || (x[i] == -INFINITY && p->a <= 0.0f));
}

#endif
