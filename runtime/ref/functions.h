/* ref/functions.h: element-wise functions of floats, one element at a time: what the kernels of unary.h and binary.h
 * loop over, and what a layer that is one expression is written with. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_FUNCTIONS_H
#define ADZE_REF_FUNCTIONS_H

#include "ref/act.h"

#include <math.h>

/* EXPRESSION of v; alpha and beta are the operator's attributes. */
#define ADZE_FUNCTION(NAME, EXPRESSION)                                                                                \
    ADZE_FORCE_INLINE float adze_##NAME##_f32(float v)                                                                 \
    {                                                                                                                  \
        return EXPRESSION;                                                                                             \
    }
#define ADZE_FUNCTION_ALPHA(NAME, EXPRESSION)                                                                          \
    ADZE_FORCE_INLINE float adze_##NAME##_f32(float v, float alpha)                                                    \
    {                                                                                                                  \
        return EXPRESSION;                                                                                             \
    }
#define ADZE_FUNCTION_ALPHA_BETA(NAME, EXPRESSION)                                                                     \
    ADZE_FORCE_INLINE float adze_##NAME##_f32(float v, float alpha, float beta)                                        \
    {                                                                                                                  \
        return EXPRESSION;                                                                                             \
    }
/* EXPRESSION of two operands. */
#define ADZE_FUNCTION_2(NAME, EXPRESSION)                                                                              \
    ADZE_FORCE_INLINE float adze_##NAME##_f32(float u, float v)                                                        \
    {                                                                                                                  \
        return EXPRESSION;                                                                                             \
    }

ADZE_FORCE_INLINE float adze_clip01(float v)
{
    v = v < 0.0f ? 0.0f : v;
    return v > 1.0f ? 1.0f : v;
}

/* Activations */
ADZE_FUNCTION(relu, v < 0.0f ? 0.0f : v)
/* Not v < 0 ? alpha * v : v, which gcc 12 vectorises wrongly for AVX-512 at -O3. */
ADZE_FUNCTION_ALPHA(leaky_relu, (v < 0.0f ? 0.0f : v) + alpha * (v < 0.0f ? v : 0.0f))
ADZE_FUNCTION_ALPHA(thresholded_relu, v > alpha ? v : 0.0f)
ADZE_FUNCTION_ALPHA_BETA(clip, adze_act_f32(v, alpha, beta))
ADZE_FUNCTION_ALPHA(elu, v < 0.0f ? alpha * expm1f(v) : v)
ADZE_FUNCTION_ALPHA_BETA(selu, (beta * adze_elu_f32(v, alpha)))
ADZE_FUNCTION_ALPHA(celu, v < 0.0f ? alpha * expm1f(v / alpha) : v)
ADZE_FUNCTION(sigmoid, 1.0f / (1.0f + expf(-v)))
ADZE_FUNCTION_ALPHA_BETA(hard_sigmoid, adze_clip01(beta + alpha * v))
ADZE_FUNCTION_ALPHA(swish, (v * adze_sigmoid_f32(alpha * v)))
ADZE_FUNCTION(hard_swish, (v * adze_clip01(v / 6.0f + 0.5f)))
/* log(1 + e^v) without overflow */
ADZE_FUNCTION(softplus, v > 0.0f ? v + log1pf(expf(-v)) : log1pf(expf(v)))
ADZE_FUNCTION(softsign, v / (1.0f + fabsf(v)))
ADZE_FUNCTION(mish, (v * tanhf(adze_softplus_f32(v))))
ADZE_FUNCTION(gelu, 0.5f * v * (1.0f + erff(v * 0.70710678f)))
ADZE_FUNCTION(gelu_tanh, 0.5f * v * (1.0f + tanhf(0.79788456f * (v + 0.044715f * v * v * v))))

/* Arithmetic */
ADZE_FUNCTION(neg, -v)
ADZE_FUNCTION(abs, fabsf(v))
ADZE_FUNCTION(sign, v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v)
ADZE_FUNCTION(reciprocal, 1.0f / v)
ADZE_FUNCTION(sqrt, sqrtf(v))
ADZE_FUNCTION(floor, floorf(v))
ADZE_FUNCTION(ceil, ceilf(v))
ADZE_FUNCTION(round, rintf(v)) /* half to even, in C's default rounding mode */
ADZE_FUNCTION(exp, expf(v))
ADZE_FUNCTION(log, logf(v))
ADZE_FUNCTION(erf, erff(v))

/* Trigonometry */
ADZE_FUNCTION(sin, sinf(v))
ADZE_FUNCTION(cos, cosf(v))
ADZE_FUNCTION(tan, tanf(v))
ADZE_FUNCTION(asin, asinf(v))
ADZE_FUNCTION(acos, acosf(v))
ADZE_FUNCTION(atan, atanf(v))
ADZE_FUNCTION(sinh, sinhf(v))
ADZE_FUNCTION(cosh, coshf(v))
ADZE_FUNCTION(tanh, tanhf(v))
ADZE_FUNCTION(asinh, asinhf(v))
ADZE_FUNCTION(acosh, acoshf(v))
ADZE_FUNCTION(atanh, atanhf(v))

/* Two operands */
ADZE_FUNCTION_2(add, u + v)
ADZE_FUNCTION_2(sub, u - v)
ADZE_FUNCTION_2(mul, (u * v))
ADZE_FUNCTION_2(div, u / v)
ADZE_FUNCTION_2(pow, powf(u, v))
ADZE_FUNCTION_2(min, (u < v || u != u) ? u : v) /* a NaN operand gives NaN */
ADZE_FUNCTION_2(max, (u > v || u != u) ? u : v)
ADZE_FUNCTION_2(fmod, fmodf(u, v)) /* the sign of u */
/* PRelu, u < 0 ? u * v : u. Not written so, because gcc 12 vectorises that wrongly for AVX-512 at -O3. */
ADZE_FUNCTION_2(prelu, (u < 0.0f ? 0.0f : u) + v * (u < 0.0f ? u : 0.0f))

#endif
