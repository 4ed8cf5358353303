/* ref/binary.h: element-wise arithmetic of two float operands, with broadcasting. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_BINARY_H
#define ADZE_REF_BINARY_H

#include "ref/act.h"
#include "ref/broadcast.h"

#include <math.h>

/* float: y = act(EXPRESSION of u and v) */
#define ADZE_BINARY_F32(NAME, EXPRESSION)                                                                              \
    ADZE_KERNEL void adze_##NAME##_f32_ref(const adze_broadcast_params *p, const float *a, const float *b, float *y)   \
    {                                                                                                                  \
        const float lo = p->lo, hi = p->hi;                                                                            \
        ADZE_BROADCAST(float, float, adze_act_f32(EXPRESSION, lo, hi));                                                \
    }

ADZE_BINARY_F32(add, u + v)
ADZE_BINARY_F32(sub, u - v)
ADZE_BINARY_F32(mul, (u * v))
ADZE_BINARY_F32(div, u / v)
ADZE_BINARY_F32(pow, powf(u, v))
ADZE_BINARY_F32(min, (u < v || u != u) ? u : v) /* a NaN operand gives NaN */
ADZE_BINARY_F32(max, (u > v || u != u) ? u : v)
ADZE_BINARY_F32(fmod, fmodf(u, v)) /* the sign of u */
/* PRelu, u < 0 ? u * v : u. Not written so, because gcc 12 vectorises that wrongly for AVX-512 at -O3. */
ADZE_BINARY_F32(prelu, (u < 0.0f ? 0.0f : u) + v * (u < 0.0f ? u : 0.0f))

/* double, without activation */
#define ADZE_BINARY_F64(NAME, EXPRESSION)                                                                              \
    ADZE_KERNEL void adze_##NAME##_f64_ref(const adze_broadcast_params *p, const double *a, const double *b,           \
                                           double *y)                                                                  \
    {                                                                                                                  \
        ADZE_BROADCAST(double, double, EXPRESSION);                                                                    \
    }

ADZE_BINARY_F64(add, u + v)
ADZE_BINARY_F64(sub, u - v)
ADZE_BINARY_F64(mul, (u * v))
ADZE_BINARY_F64(div, u / v)
ADZE_BINARY_F64(pow, pow(u, v))
ADZE_BINARY_F64(min, (u < v || u != u) ? u : v)
ADZE_BINARY_F64(max, (u > v || u != u) ? u : v)
ADZE_BINARY_F64(fmod, fmod(u, v))

#endif
