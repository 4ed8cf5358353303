/* avx2/qgemm.h: QGemm on x86-64. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [unit][k / 2][8][2] (qdot.h). Scratch holds the inputs of four rows, 16 bits each. */
#ifndef ADZE_AVX2_QGEMM_H
#define ADZE_AVX2_QGEMM_H

#include "avx2/qdot.h"

ADZE_AVX2_BEGIN

ADZE_AVX2_KERNEL void adze_qgemm_i8_avx2(const adze_qgemm_params *p, const int8_t *x, const int8_t *w,
                                         const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                         int8_t *y, void *scratch)
{
    const adze_avx2_qlayer l = {ADZE_AVX2_QOUT(p), w, bias, multiplier, p->n, (ptrdiff_t)(p->k + 1) / 2 * 16, p->n};
    adze_avx2_qmatrix(&l, x, p->m, p->k, residual, y, (int16_t *)scratch);
}

ADZE_AVX2_END

#endif
