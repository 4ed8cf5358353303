/* ref/gemm.h: Gemm with constant weights [k][n] in plain loops. SPDX-License-Identifier: 0BSD
 *
 * Sums are float, in the order of k; then + bias, + residual. */
#ifndef ADZE_REF_GEMM_H
#define ADZE_REF_GEMM_H

#include "adze.h"
#include "ref/act.h"

ADZE_KERNEL void adze_gemm_f32_ref(const adze_gemm_params *p, const float *x, const float *w, const float *bias,
                                   const float *residual, float *y)
{
    ptrdiff_t i = 0;
    for (int32_t m = 0; m < p->m; m++)
        for (int32_t n = 0; n < p->n; n++, i++) {
            float v = 0.0f;
            for (int32_t k = 0; k < p->k; k++)
                v += x[(ptrdiff_t)m * p->k + k] * w[(ptrdiff_t)k * p->n + n];
            v += bias ? bias[n] : 0.0f;
            v += residual ? residual[i] : 0.0f;
            y[i] = adze_act_f32(v, p->lo, p->hi);
        }
}

#endif
