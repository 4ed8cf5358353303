/* ref/qgemm.h: QGemm in plain loops, the judge of the other sets; weights [k][n] of 8 or 16 bits.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QGEMM_H
#define ADZE_REF_QGEMM_H

#include "ref/requantize.h"

#define ADZE_QGEMM(W, T)                                                                                               \
    ADZE_KERNEL void adze_qgemm_##W##_ref(const adze_qgemm_params *p, const int8_t *x, const T *w,                     \
                                          const int32_t *bias, const int32_t *multiplier, const int8_t *residual,      \
                                          int8_t *y)                                                                   \
    {                                                                                                                  \
        ptrdiff_t i = 0;                                                                                               \
        for (int32_t m = 0; m < p->m; m++, x += p->k)                                                                  \
            for (int32_t n = 0; n < p->n; n++, i++) {                                                                  \
                int32_t sum = bias[n];                                                                                 \
                for (int32_t k = 0; k < p->k; k++)                                                                     \
                    sum += x[k] * w[(ptrdiff_t)k * p->n + n];                                                          \
                y[i] = adze_qgemm_store(p, sum, multiplier[n], residual ? residual + i : NULL);                        \
            }                                                                                                          \
    }

ADZE_QGEMM(i8, int8_t)
ADZE_QGEMM(i16, int16_t)

#endif
