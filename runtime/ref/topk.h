/* ref/topk.h: the k largest (smallest) elements along the middle axis of [outer, axis, inner], best first, and their
 * indices. SPDX-License-Identifier: 0BSD
 *
 * Of equals the one with the lower index comes first; NaN is above infinity. Each element is inserted into the output,
 * which is kept in order, so that nothing else is needed to hold it. */
#ifndef ADZE_REF_TOPK_H
#define ADZE_REF_TOPK_H

#include "adze.h"

/* ABOVE: is a above b? */
#define ADZE_TOPK(SUFFIX, T, ABOVE)                                                                                    \
    static inline int adze_above_##SUFFIX(T a, T b)                                                                    \
    {                                                                                                                  \
        return ABOVE;                                                                                                  \
    }                                                                                                                  \
    static inline void adze_topk_row_##SUFFIX(const adze_topk_params *p, const T *x, T *y, int64_t *index)             \
    {                                                                                                                  \
        const int32_t inner = p->inner;                                                                                \
        int32_t kept = 0;                                                                                              \
        for (int32_t i = 0; i < p->axis; i++) {                                                                        \
            const T v = x[(ptrdiff_t)i * inner];                                                                       \
            int32_t at = kept < p->k ? kept++ : p->k;                                                                  \
            for (; at > 0; at--) {                                                                                     \
                const ptrdiff_t before = (ptrdiff_t)(at - 1) * inner;                                                  \
                if (!(p->smallest ? adze_above_##SUFFIX(y[before], v) : adze_above_##SUFFIX(v, y[before])))            \
                    break;                                                                                             \
                if (at < p->k) {                                                                                       \
                    y[before + inner] = y[before];                                                                     \
                    index[before + inner] = index[before];                                                             \
                }                                                                                                      \
            }                                                                                                          \
            if (at < p->k) {                                                                                           \
                y[(ptrdiff_t)at * inner] = v;                                                                          \
                index[(ptrdiff_t)at * inner] = i;                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    ADZE_KERNEL void adze_topk_##SUFFIX##_ref(const adze_topk_params *p, const T *x, T *y, int64_t *index)             \
    {                                                                                                                  \
        const ptrdiff_t in = (ptrdiff_t)p->axis * p->inner, out = (ptrdiff_t)p->k * p->inner;                          \
        for (int32_t o = 0; o < p->outer; o++, x += in, y += out, index += out)                                        \
            for (int32_t i = 0; i < p->inner; i++)                                                                     \
                adze_topk_row_##SUFFIX(p, x + i, y + i, index + i);                                                    \
    }

ADZE_TOPK(f32, float, a > b || (a != a && b == b))
ADZE_TOPK(f64, double, a > b || (a != a && b == b))
ADZE_TOPK(i8, int8_t, a > b)
ADZE_TOPK(u8, uint8_t, a > b)
ADZE_TOPK(i32, int32_t, a > b)
ADZE_TOPK(i64, int64_t, a > b)

#endif
