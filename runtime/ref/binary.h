/* ref/binary.h: element-wise arithmetic of two float operands, with broadcasting. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_BINARY_H
#define ADZE_REF_BINARY_H

#include "ref/broadcast.h"
#include "ref/functions.h"

/* float: y = act(function of u and v) */
#define ADZE_BINARY_F32(NAME)                                                                                          \
    ADZE_KERNEL void adze_##NAME##_f32_ref(const adze_broadcast_params *p, const float *a, const float *b, float *y)   \
    {                                                                                                                  \
        const float lo = p->lo, hi = p->hi;                                                                            \
        ADZE_BROADCAST(float, float, adze_act_f32(adze_##NAME##_f32(u, v), lo, hi));                                   \
    }

ADZE_BINARY_F32(add)
ADZE_BINARY_F32(sub)
ADZE_BINARY_F32(mul)
ADZE_BINARY_F32(div)
ADZE_BINARY_F32(pow)
ADZE_BINARY_F32(min)
ADZE_BINARY_F32(max)
ADZE_BINARY_F32(fmod)
ADZE_BINARY_F32(prelu)

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
