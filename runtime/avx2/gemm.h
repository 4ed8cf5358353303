/* avx2/gemm.h: Gemm with AVX2 and FMA. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [n / 16][k][16]; see avx2/tile.h. */
#ifndef ADZE_AVX2_GEMM_H
#define ADZE_AVX2_GEMM_H

#include "adze.h"
#include "avx2/avx2.h"
#include "avx2/tile.h"

ADZE_AVX2_BEGIN

/* w: floats, or, by the constant `halves`, halves. */
ADZE_FORCE_INLINE void adze_avx2_gemm(const int halves, const adze_gemm_params *p, const float *x, const void *w,
                                      const float *bias, const float *residual, float *y)
{
    adze_avx2_f32 t = {.x = x, .w = w, .bias = bias, .residual = residual, .y = y, .lo = p->lo, .hi = p->hi};
    t.taps = p->k;
    t.rows = 1;
    t.runs = 1;
    t.length = p->k;
    t.channels = p->n;
    const int32_t pass = adze_avx2_pass(t.taps);
    for (int32_t o = 0; o < p->n; o += pass) {
        const int32_t end = p->n - o < pass ? p->n : o + pass;
        adze_avx2_pixels at;
        at.count = 0;
        for (int32_t m = 0; m < p->m; m++)
            adze_avx2_pixel(halves, &t, o, end, &at, (ptrdiff_t)m * p->k, (ptrdiff_t)m * p->n, m == p->m - 1);
    }
}

ADZE_AVX2_KERNEL void adze_gemm_f32_avx2(const adze_gemm_params *p, const float *x, const float *w, const float *bias,
                                         const float *residual, float *y)
{
    adze_avx2_gemm(0, p, x, w, bias, residual, y);
}

ADZE_AVX2_END

#endif
