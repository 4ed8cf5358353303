/* ref/matmul.h: products of two computed matrices, batched and strided. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_MATMUL_H
#define ADZE_REF_MATMUL_H

#include "adze.h"

/* Four elements of a row at once where b is not contiguous along it: independent sums hide the latency of an addition.
 */
static inline void adze_matmul_dots_f32(const adze_matmul_params *p, const float *a, const float *b, float *y)
{
    const int32_t n = p->n, k = p->k, step = p->b_col;
    int32_t j = 0;
    for (; j + 4 <= n; j += 4, b += (ptrdiff_t)4 * step) {
        float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;
        for (int32_t l = 0; l < k; l++) {
            const float v = a[l * p->a_col], *c = b + (ptrdiff_t)l * p->b_row;
            s0 += v * c[0];
            s1 += v * c[step];
            s2 += v * c[2 * step];
            s3 += v * c[3 * step];
        }
        y[j] = s0 * p->alpha;
        y[j + 1] = s1 * p->alpha;
        y[j + 2] = s2 * p->alpha;
        y[j + 3] = s3 * p->alpha;
    }
    for (; j < n; j++, b += step) {
        float sum = 0.0f;
        for (int32_t l = 0; l < k; l++)
            sum += a[l * p->a_col] * b[(ptrdiff_t)l * p->b_row];
        y[j] = sum * p->alpha;
    }
}

/* One product. Where rows of b are contiguous, a row of y is a sum of rows of b, which compilers vectorise; else each
 * element is a dot product. Either way an element is summed in the order of k. */
static inline void adze_matmul_one_f32(const adze_matmul_params *p, const float *a, const float *b, float *y)
{
    const int32_t n = p->n, k = p->k;
    for (int32_t i = 0; i < p->m; i++, a += p->a_row, y += p->y_row) {
        if (p->b_col != 1) {
            adze_matmul_dots_f32(p, a, b, y);
            continue;
        }
        for (int32_t j = 0; j < n; j++)
            y[j] = 0.0f;
        for (int32_t l = 0; l < k; l++) {
            const float v = a[l * p->a_col];
            const float *row = b + (ptrdiff_t)l * p->b_row;
            for (int32_t j = 0; j < n; j++)
                y[j] += v * row[j];
        }
        for (int32_t j = 0; j < n; j++)
            y[j] *= p->alpha;
    }
}

ADZE_KERNEL void adze_matmul_f32_ref(const adze_matmul_params *p, const float *a, const float *b, float *y)
{
    const int32_t *count = p->batch, *as = p->a_stride, *bs = p->b_stride, *ys = p->y_stride;
    a += p->a_offset;
    b += p->b_offset;
    for (int32_t b0 = 0; b0 < count[0]; b0++)
        for (int32_t b1 = 0; b1 < count[1]; b1++)
            for (int32_t b2 = 0; b2 < count[2]; b2++)
                for (int32_t b3 = 0; b3 < count[3]; b3++)
                    adze_matmul_one_f32(p, a + b0 * as[0] + b1 * as[1] + b2 * as[2] + b3 * as[3],
                                        b + b0 * bs[0] + b1 * bs[1] + b2 * bs[2] + b3 * bs[3],
                                        y + b0 * ys[0] + b1 * ys[1] + b2 * ys[2] + b3 * ys[3]);
}

#endif
