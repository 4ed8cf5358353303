/* ref/unary_f64.h: element-wise functions of one double operand; x and y may be the same.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_UNARY_F64_H
#define ADZE_REF_UNARY_F64_H

#include "adze.h"

#include <math.h>

#define ADZE_UNARY_F64(NAME, EXPRESSION)                                                                               \
    ADZE_KERNEL void adze_##NAME##_f64_ref(const adze_unary_params *p, const double *x, double *y)                     \
    {                                                                                                                  \
        for (int32_t i = 0; i < p->count; i++) {                                                                       \
            const double v = x[i];                                                                                     \
            y[i] = EXPRESSION;                                                                                         \
        }                                                                                                              \
    }

ADZE_UNARY_F64(neg, -v)
ADZE_UNARY_F64(abs, fabs(v))
ADZE_UNARY_F64(sign, v > 0.0 ? 1.0 : v < 0.0 ? -1.0 : v)
ADZE_UNARY_F64(reciprocal, 1.0 / v)
ADZE_UNARY_F64(sqrt, sqrt(v))
ADZE_UNARY_F64(floor, floor(v))
ADZE_UNARY_F64(ceil, ceil(v))
ADZE_UNARY_F64(round, rint(v)) /* half to even, in C's default rounding mode */
ADZE_UNARY_F64(exp, exp(v))
ADZE_UNARY_F64(log, log(v))

#endif
