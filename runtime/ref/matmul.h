/* ref/matmul.h: products of two computed matrices, batched and strided. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_MATMUL_H
#define ADZE_REF_MATMUL_H

#include "adze.h"

/* One product, y[m,n] contiguous. Where rows of b are contiguous, a row of y is a sum of rows of b, which compilers
 * vectorise; else each element is a dot product. Either way an element is summed in the order of k. */
static inline void adze_matmul_one_f32(const adze_matmul_params *p, const float *a, const float *b, float *y)
{
    const int32_t n = p->n, k = p->k;
    for (int32_t i = 0; i < p->m; i++, a += p->a_row, y += n) {
        if (p->b_col == 1) {
            for (int32_t j = 0; j < n; j++)
                y[j] = 0.0f;
            for (int32_t l = 0; l < k; l++) {
                const float v = a[l * p->a_col];
                const float *row = b + l * p->b_row;
                for (int32_t j = 0; j < n; j++)
                    y[j] += v * row[j];
            }
            for (int32_t j = 0; j < n; j++)
                y[j] *= p->alpha;
        } else {
            for (int32_t j = 0; j < n; j++) {
                float sum = 0.0f;
                for (int32_t l = 0; l < k; l++)
                    sum += a[l * p->a_col] * b[l * p->b_row + j * p->b_col];
                y[j] = sum * p->alpha;
            }
        }
    }
}

ADZE_KERNEL void adze_matmul_f32_ref(const adze_matmul_params *p, const float *a, const float *b, float *y)
{
    const int32_t *count = p->batch, *as = p->a_stride, *bs = p->b_stride;
    for (int32_t b0 = 0; b0 < count[0]; b0++)
        for (int32_t b1 = 0; b1 < count[1]; b1++)
            for (int32_t b2 = 0; b2 < count[2]; b2++)
                for (int32_t b3 = 0; b3 < count[3]; b3++) {
                    adze_matmul_one_f32(p, a + b0 * as[0] + b1 * as[1] + b2 * as[2] + b3 * as[3],
                                        b + b0 * bs[0] + b1 * bs[1] + b2 * bs[2] + b3 * bs[3], y);
                    y += p->m * p->n;
                }
}

#endif
