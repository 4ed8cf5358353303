/* ref/reduce.h: reductions over the middle axis of [outer, axis, inner], in the order of the axis.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_REDUCE_H
#define ADZE_REF_REDUCE_H

#include "adze.h"

#include <math.h>

/* ACC sum = START; for each element v: sum = STEP; y = END. */
#define ADZE_REDUCE(NAME, SUFFIX, T, ACC, START, STEP, END)                                                            \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_reduce_params *p, const T *x, T *y)                       \
    {                                                                                                                  \
        const int32_t axis = p->axis, inner = p->inner;                                                                \
        for (int32_t o = 0; o < p->outer; o++, x += axis * inner) {                                                    \
            for (int32_t i = 0; i < inner; i++) {                                                                      \
                ACC sum = START;                                                                                       \
                for (int32_t k = 0; k < axis; k++) {                                                                   \
                    const T v = x[k * inner + i];                                                                      \
                    sum = STEP;                                                                                        \
                }                                                                                                      \
                *y++ = (T)(END);                                                                                       \
            }                                                                                                          \
        }                                                                                                              \
    }

ADZE_REDUCE(reduce_sum, f32, float, float, 0.0f, sum + v, sum)
ADZE_REDUCE(reduce_mean, f32, float, float, 0.0f, sum + v, sum / (float)axis)
ADZE_REDUCE(reduce_max, f32, float, float, -INFINITY, (sum > v || sum != sum) ? sum : v, sum)
ADZE_REDUCE(reduce_min, f32, float, float, INFINITY, (sum < v || sum != sum) ? sum : v, sum)
ADZE_REDUCE(reduce_prod, f32, float, float, 1.0f, (sum * v), sum)
ADZE_REDUCE(reduce_l1, f32, float, float, 0.0f, sum + fabsf(v), sum)
ADZE_REDUCE(reduce_l2, f32, float, float, 0.0f, sum + v * v, sqrtf(sum))
ADZE_REDUCE(reduce_sum_square, f32, float, float, 0.0f, sum + v * v, sum)
ADZE_REDUCE(reduce_log_sum, f32, float, float, 0.0f, sum + v, logf(sum))

/* log of the sum of e^v: the largest element is taken out first, so that nothing overflows. */
ADZE_KERNEL void adze_reduce_log_sum_exp_f32_ref(const adze_reduce_params *p, const float *x, float *y)
{
    const int32_t axis = p->axis, inner = p->inner;
    for (int32_t o = 0; o < p->outer; o++, x += axis * inner) {
        for (int32_t i = 0; i < inner; i++) {
            float largest = -INFINITY, sum = 0.0f;
            for (int32_t k = 0; k < axis; k++)
                largest = x[k * inner + i] > largest ? x[k * inner + i] : largest;
            if (!(largest > -INFINITY && largest < INFINITY))
                largest = 0.0f;
            for (int32_t k = 0; k < axis; k++)
                sum += expf(x[k * inner + i] - largest);
            *y++ = logf(sum) + largest;
        }
    }
}

/* Integers: sums and products wrap around; the mean is cut towards zero. */
#define ADZE_REDUCE_INT(SUFFIX, T, WIDE, LOWEST, HIGHEST)                                                              \
    ADZE_REDUCE(reduce_sum, SUFFIX, T, WIDE, 0, sum + (WIDE)v, sum)                                                    \
    ADZE_REDUCE(reduce_mean, SUFFIX, T, WIDE, 0, sum + (WIDE)v, axis ? (T)sum / (T)axis : 0)                           \
    ADZE_REDUCE(reduce_max, SUFFIX, T, T, LOWEST, sum > v ? sum : v, sum)                                              \
    ADZE_REDUCE(reduce_min, SUFFIX, T, T, HIGHEST, sum < v ? sum : v, sum)                                             \
    ADZE_REDUCE(reduce_prod, SUFFIX, T, WIDE, 1, (sum * (WIDE)v), sum)                                                 \
    ADZE_REDUCE(reduce_l1, SUFFIX, T, WIDE, 0, sum + (v < 0 ? 0 - (WIDE)v : (WIDE)v), sum)                             \
    ADZE_REDUCE(reduce_sum_square, SUFFIX, T, WIDE, 0, sum + (WIDE)v * (WIDE)v, sum)
ADZE_REDUCE_INT(i32, int32_t, uint32_t, INT32_MIN, INT32_MAX)
ADZE_REDUCE_INT(i64, int64_t, uint64_t, INT64_MIN, INT64_MAX)
ADZE_REDUCE(reduce_max, i16, int16_t, int16_t, INT16_MIN, sum > v ? sum : v, sum)
ADZE_REDUCE(reduce_min, i16, int16_t, int16_t, INT16_MAX, sum < v ? sum : v, sum)
ADZE_REDUCE(reduce_max, i8, int8_t, int8_t, INT8_MIN, sum > v ? sum : v, sum)
ADZE_REDUCE(reduce_min, i8, int8_t, int8_t, INT8_MAX, sum < v ? sum : v, sum)
ADZE_REDUCE(reduce_max, u8, uint8_t, uint8_t, 0, sum > v ? sum : v, sum)
ADZE_REDUCE(reduce_min, u8, uint8_t, uint8_t, UINT8_MAX, sum < v ? sum : v, sum)

/* The index of the first element that is the largest (smallest); with p->keep of the last one. */
#define ADZE_ARG(NAME, SUFFIX, T, BETTER)                                                                              \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_reduce_params *p, const T *x, int64_t *y)                 \
    {                                                                                                                  \
        const int32_t axis = p->axis, inner = p->inner;                                                                \
        for (int32_t o = 0; o < p->outer; o++, x += axis * inner) {                                                    \
            for (int32_t i = 0; i < inner; i++) {                                                                      \
                int32_t best = 0;                                                                                      \
                for (int32_t k = 1; k < axis; k++) {                                                                   \
                    const T v = x[k * inner + i], u = x[best * inner + i];                                             \
                    if (v BETTER u || (p->keep && v == u))                                                             \
                        best = k;                                                                                      \
                }                                                                                                      \
                *y++ = best;                                                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }
#define ADZE_ARGS(SUFFIX, T) ADZE_ARG(arg_max, SUFFIX, T, >) ADZE_ARG(arg_min, SUFFIX, T, <)
ADZE_ARGS(f32, float)
ADZE_ARGS(i32, int32_t)
ADZE_ARGS(i64, int64_t)
ADZE_ARGS(i8, int8_t)
ADZE_ARGS(u8, uint8_t)

#endif
