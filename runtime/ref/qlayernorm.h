/* ref/qlayernorm.h: LayerNormalization of 8- and 16-bit values in integers. SPDX-License-Identifier: 0BSD
 *
 * Of a row of N values q with sum S and sum of squares Q, whose zero point and scale s cancel:
 *
 *   d[k] = N * q[k] - S                            N times the distance from the mean, in steps
 *   W    = (N * Q - S * S) * 2^f + epsilon         epsilon = round(e * N^2 * 2^f / s^2), f even; 1 where that is 0
 *   n[k] = d[k] * 2^(f/2) / sqrt(W)                |n[k]| < sqrt(N), in units of 2^-t, t = 29 - ceil(log2(N) / 2)
 *   y[k] = ((n[k] * scale[k] >> 32) + bias[k]) >> shift
 *
 * The compiler puts gamma / (scale of y) into `scale`, beta / (scale of y), y's zero point and half a step into `bias`,
 * all in units of 2^-shift, and sees to |bias[k]| + |scale[k]| / 8 < 2^31, W < 2^63 and |d[k]| < 2^31. The root errs by
 * less than 2^-28 of it, and n by 2^-(f + 2) / (N - 1) of it, epsilon's rounding, and 1.5 units; y, before it is
 * rounded, by less than 2^(2 - shift) steps and epsilon's share (8 bits: 2^-31 of n). */
#ifndef ADZE_REF_QLAYERNORM_H
#define ADZE_REF_QLAYERNORM_H

#include "ref/requantize.h"

/* 2^30 / sqrt(w / 2^32) for 2^30 <= w: four of Newton's steps from the line that errs by 0.086 at most. */
ADZE_FORCE_INLINE int32_t adze_reciprocal_root(uint32_t w)
{
    uint32_t r = 2290045340u - (uint32_t)(((uint64_t)w * 1308597337u) >> 32);
    for (int32_t i = 0; i < 4; i++) {
        const uint32_t square = (uint32_t)(((uint64_t)r * r) >> 31);
        const uint32_t product = (uint32_t)(((uint64_t)w * square) >> 32);
        r = (uint32_t)(((uint64_t)r * (((uint32_t)3 << 29) - product)) >> 30);
    }
    return r > INT32_MAX ? INT32_MAX : (int32_t)r;
}

/* 1 / sqrt(W) = r * 2^(up - 62), where up is `half_shift`. */
ADZE_FORCE_INLINE int32_t adze_qlayernorm_root(uint64_t w, int32_t *half_shift)
{
    int32_t up = 0;
    w += w == 0;
    for (int32_t s = 32; s > 1; s >>= 1)
        if (!(w >> (64 - s))) {
            w <<= s;
            up += s >> 1;
        }
    *half_shift = up;
    return adze_reciprocal_root((uint32_t)(w >> 32));
}

/* x and y may be the same. T: the type of x and y; SQUARES: of a sum of squares. */
#define ADZE_QLAYERNORM(NAME, T, SQUARES)                                                                              \
    ADZE_KERNEL void NAME(const adze_qlayernorm_params *p, const T *x, const int32_t *scale, const int32_t *bias,      \
                          T *y)                                                                                        \
    {                                                                                                                  \
        const int32_t axis = p->axis;                                                                                  \
        const uint64_t epsilon = (uint64_t)(uint32_t)p->epsilon_high << 32 | (uint32_t)p->epsilon_low;                 \
        for (int32_t o = 0; o < p->outer; o++, x += axis, y += axis) {                                                 \
            int32_t sum = 0, up;                                                                                       \
            SQUARES squares = 0;                                                                                       \
            for (int32_t k = 0; k < axis; k++) {                                                                       \
                sum += x[k];                                                                                           \
                squares += (SQUARES)(x[k] * x[k]);                                                                     \
            }                                                                                                          \
            const uint64_t spread = (uint64_t)axis * squares - (uint64_t)((int64_t)sum * sum);                         \
            const int32_t root = adze_qlayernorm_root((spread << p->epsilon_shift) + epsilon, &up);                    \
            const int32_t left = adze_clamp(p->lift + up, 0, 30), right = adze_clamp(-p->lift - up, 0, 31);            \
            for (int32_t k = 0; k < axis; k++) {                                                                       \
                const int32_t d = (axis * x[k] - sum) * (int32_t)((uint32_t)1 << left) >> right;                       \
                const int32_t n = (int32_t)((int64_t)d * root >> 32);                                                  \
                const int32_t v = (int32_t)((int64_t)n * scale[k] >> 32) + bias[k];                                    \
                y[k] = (T)adze_clamp(v >> p->shift, p->lo, p->hi);                                                     \
            }                                                                                                          \
        }                                                                                                              \
    }
ADZE_QLAYERNORM(adze_qlayernorm_i8_ref, int8_t, uint32_t)
ADZE_QLAYERNORM(adze_qlayernorm_i16_ref, int16_t, uint64_t)

#endif
