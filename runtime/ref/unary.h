/* ref/unary.h: element-wise functions of one float operand; x and y may be the same. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_UNARY_H
#define ADZE_REF_UNARY_H

#include "ref/functions.h"

/* y = the function of x, an element at a time; a and b of the parameters are the operator's attributes. */
#define ADZE_UNARY_F32(NAME, ARGUMENTS)                                                                                \
    ADZE_KERNEL void adze_##NAME##_f32_ref(const adze_unary_params *p, const float *x, float *y)                       \
    {                                                                                                                  \
        const int32_t n = p->count;                                                                                    \
        const float alpha = p->a, beta = p->b;                                                                         \
        (void)alpha;                                                                                                   \
        (void)beta;                                                                                                    \
        for (int32_t i = 0; i < n; i++) {                                                                              \
            const float v = x[i];                                                                                      \
            y[i] = adze_##NAME##_f32 ARGUMENTS;                                                                        \
        }                                                                                                              \
    }

/* Activations */
ADZE_UNARY_F32(relu, (v))
ADZE_UNARY_F32(leaky_relu, (v, alpha))
ADZE_UNARY_F32(thresholded_relu, (v, alpha))
ADZE_UNARY_F32(clip, (v, alpha, beta))
ADZE_UNARY_F32(elu, (v, alpha))
ADZE_UNARY_F32(selu, (v, alpha, beta))
ADZE_UNARY_F32(celu, (v, alpha))
ADZE_UNARY_F32(sigmoid, (v))
ADZE_UNARY_F32(hard_sigmoid, (v, alpha, beta))
ADZE_UNARY_F32(swish, (v, alpha))
ADZE_UNARY_F32(hard_swish, (v))
ADZE_UNARY_F32(softplus, (v))
ADZE_UNARY_F32(softsign, (v))
ADZE_UNARY_F32(mish, (v))
ADZE_UNARY_F32(gelu, (v))
ADZE_UNARY_F32(gelu_tanh, (v))

/* Arithmetic */
ADZE_UNARY_F32(neg, (v))
ADZE_UNARY_F32(abs, (v))
ADZE_UNARY_F32(sign, (v))
ADZE_UNARY_F32(reciprocal, (v))
ADZE_UNARY_F32(sqrt, (v))
ADZE_UNARY_F32(floor, (v))
ADZE_UNARY_F32(ceil, (v))
ADZE_UNARY_F32(round, (v))
ADZE_UNARY_F32(exp, (v))
ADZE_UNARY_F32(log, (v))
ADZE_UNARY_F32(erf, (v))

/* Trigonometry */
ADZE_UNARY_F32(sin, (v))
ADZE_UNARY_F32(cos, (v))
ADZE_UNARY_F32(tan, (v))
ADZE_UNARY_F32(asin, (v))
ADZE_UNARY_F32(acos, (v))
ADZE_UNARY_F32(atan, (v))
ADZE_UNARY_F32(sinh, (v))
ADZE_UNARY_F32(cosh, (v))
ADZE_UNARY_F32(tanh, (v))
ADZE_UNARY_F32(asinh, (v))
ADZE_UNARY_F32(acosh, (v))
ADZE_UNARY_F32(atanh, (v))

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
