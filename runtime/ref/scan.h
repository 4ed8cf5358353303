/* ref/scan.h: running sums and products along the middle axis of [outer, axis, inner]. SPDX-License-Identifier: 0BSD
 *
 * In the order of the axis, with p->reverse from its end; integers wrap around. y may be x. */
#ifndef ADZE_REF_SCAN_H
#define ADZE_REF_SCAN_H

#include "adze.h"

/* ACC sum = START; for each element v: y = sum before (p->exclusive) or behind sum = STEP. */
#define ADZE_SCAN(NAME, SUFFIX, T, ACC, START, STEP)                                                                   \
    ADZE_KERNEL void adze_##NAME##_##SUFFIX##_ref(const adze_scan_params *p, const T *x, T *y)                         \
    {                                                                                                                  \
        for (int32_t o = 0; o < p->outer; o++) {                                                                       \
            for (int32_t i = 0; i < p->inner; i++) {                                                                   \
                ACC sum = START;                                                                                       \
                for (int32_t k = 0; k < p->axis; k++) {                                                                \
                    const int32_t row = o * p->axis + (p->reverse ? p->axis - 1 - k : k);                              \
                    const ptrdiff_t at = (ptrdiff_t)row * p->inner + i;                                                \
                    const ACC v = (ACC)x[at], before = sum;                                                            \
                    sum = STEP;                                                                                        \
                    y[at] = (T)(p->exclusive ? before : sum);                                                          \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#define ADZE_SCANS(SUFFIX, T, ACC)                                                                                     \
    ADZE_SCAN(cumsum, SUFFIX, T, ACC, 0, before + v)                                                                   \
    ADZE_SCAN(cumprod, SUFFIX, T, ACC, 1, before *v)
ADZE_SCANS(f32, float, float)
ADZE_SCANS(f64, double, double)
ADZE_SCANS(i32, int32_t, uint32_t)
ADZE_SCANS(i64, int64_t, uint64_t)

#endif
