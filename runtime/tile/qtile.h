/* tile/qtile.h: the register tile of the portable quantised kernels. SPDX-License-Identifier: 0BSD
 *
 * Four channels of as many pixels as the machine has registers for: 16 sums on RISC-V and 64-bit machines, 8 on a
 * Cortex-M3, 4 on a Cortex-M0+. Weights are packed [channel / 4][k][4], the last block filled up with zeros; inputs
 * of a tile are gathered [k][pixels], so that the inner loop has two pointers.
 *
 * ADZE_QTILE(NAME, T, STEP, W0, W1, W2, W3): the tile over one form of weights; W0 to W3 are those of an input at
 * `const T *w`, STEP elements further those of the next input. */
#ifndef ADZE_TILE_QTILE_H
#define ADZE_TILE_QTILE_H

#include "ref/requantize.h"

#if defined(__ARM_ARCH_6M__)
enum { ADZE_QTILE_PIXELS = 1 };
#elif defined(__arm__)
enum { ADZE_QTILE_PIXELS = 2 };
#else
enum { ADZE_QTILE_PIXELS = 4 };
#endif
enum { ADZE_QTILE_CHANNELS = 4 };

/* x [k]: sums of one pixel. */
#define ADZE_QTILE_1X4(NAME, T, STEP, W0, W1, W2, W3)                                                                  \
    ADZE_KERNEL void adze_##NAME##_1x4(const int8_t *x, const T *w, int32_t k, int32_t *sums)                          \
    {                                                                                                                  \
        int32_t a0 = 0, a1 = 0, a2 = 0, a3 = 0;                                                                        \
        for (; k > 0; k--, w += STEP) {                                                                                \
            const int32_t v = *x++;                                                                                    \
            a0 += v * W0;                                                                                              \
            a1 += v * W1;                                                                                              \
            a2 += v * W2;                                                                                              \
            a3 += v * W3;                                                                                              \
        }                                                                                                              \
        sums[0] = a0;                                                                                                  \
        sums[1] = a1;                                                                                                  \
        sums[2] = a2;                                                                                                  \
        sums[3] = a3;                                                                                                  \
    }

/* x [k][2]; named sums, since arrays stay in memory below -O3. */
#define ADZE_QTILE_2X4(NAME, T, STEP, W0, W1, W2, W3)                                                                  \
    ADZE_KERNEL void adze_##NAME##_2x4(const int8_t *x, const T *w, int32_t k, int32_t *sums)                          \
    {                                                                                                                  \
        int32_t a00 = 0, a01 = 0, a02 = 0, a03 = 0, a10 = 0, a11 = 0, a12 = 0, a13 = 0;                                \
        for (; k > 0; k--, x += 2, w += STEP) {                                                                        \
            const int32_t v0 = x[0], v1 = x[1];                                                                        \
            int32_t u = W0;                                                                                            \
            a00 += v0 * u;                                                                                             \
            a10 += v1 * u;                                                                                             \
            u = W1;                                                                                                    \
            a01 += v0 * u;                                                                                             \
            a11 += v1 * u;                                                                                             \
            u = W2;                                                                                                    \
            a02 += v0 * u;                                                                                             \
            a12 += v1 * u;                                                                                             \
            u = W3;                                                                                                    \
            a03 += v0 * u;                                                                                             \
            a13 += v1 * u;                                                                                             \
        }                                                                                                              \
        sums[0] = a00, sums[1] = a01, sums[2] = a02, sums[3] = a03;                                                    \
        sums[4] = a10, sums[5] = a11, sums[6] = a12, sums[7] = a13;                                                    \
    }

/* x [k][4] */
#define ADZE_QTILE_4X4(NAME, T, STEP, W0, W1, W2, W3)                                                                  \
    ADZE_KERNEL void adze_##NAME##_4x4(const int8_t *x, const T *w, int32_t k, int32_t *sums)                          \
    {                                                                                                                  \
        int32_t a00 = 0, a01 = 0, a02 = 0, a03 = 0, a10 = 0, a11 = 0, a12 = 0, a13 = 0;                                \
        int32_t a20 = 0, a21 = 0, a22 = 0, a23 = 0, a30 = 0, a31 = 0, a32 = 0, a33 = 0;                                \
        for (; k > 0; k--, x += 4, w += STEP) {                                                                        \
            const int32_t w0 = W0, w1 = W1, w2 = W2, w3 = W3;                                                          \
            int32_t v = x[0];                                                                                          \
            a00 += v * w0;                                                                                             \
            a01 += v * w1;                                                                                             \
            a02 += v * w2;                                                                                             \
            a03 += v * w3;                                                                                             \
            v = x[1];                                                                                                  \
            a10 += v * w0;                                                                                             \
            a11 += v * w1;                                                                                             \
            a12 += v * w2;                                                                                             \
            a13 += v * w3;                                                                                             \
            v = x[2];                                                                                                  \
            a20 += v * w0;                                                                                             \
            a21 += v * w1;                                                                                             \
            a22 += v * w2;                                                                                             \
            a23 += v * w3;                                                                                             \
            v = x[3];                                                                                                  \
            a30 += v * w0;                                                                                             \
            a31 += v * w1;                                                                                             \
            a32 += v * w2;                                                                                             \
            a33 += v * w3;                                                                                             \
        }                                                                                                              \
        sums[0] = a00, sums[1] = a01, sums[2] = a02, sums[3] = a03;                                                    \
        sums[4] = a10, sums[5] = a11, sums[6] = a12, sums[7] = a13;                                                    \
        sums[8] = a20, sums[9] = a21, sums[10] = a22, sums[11] = a23;                                                  \
        sums[12] = a30, sums[13] = a31, sums[14] = a32, sums[15] = a33;                                                \
    }

/* x [k][pixels], pixels is 1 or ADZE_QTILE_PIXELS; sums [pixels][4]. */
#define ADZE_QTILE(NAME, T, STEP, W0, W1, W2, W3)                                                                      \
    ADZE_QTILE_1X4(NAME, T, STEP, W0, W1, W2, W3)                                                                      \
    ADZE_QTILE_2X4(NAME, T, STEP, W0, W1, W2, W3)                                                                      \
    ADZE_QTILE_4X4(NAME, T, STEP, W0, W1, W2, W3)                                                                      \
    ADZE_FORCE_INLINE void adze_##NAME##_sums(const int8_t *x, int32_t pixels, const T *w, int32_t k, int32_t *sums)   \
    {                                                                                                                  \
        if (pixels == 1)                                                                                               \
            adze_##NAME##_1x4(x, w, k, sums);                                                                          \
        else if (ADZE_QTILE_PIXELS == 2)                                                                               \
            adze_##NAME##_2x4(x, w, k, sums);                                                                          \
        else                                                                                                           \
            adze_##NAME##_4x4(x, w, k, sums);                                                                          \
    }
ADZE_QTILE(qtile, int8_t, 4, w[0], w[1], w[2], w[3])

/* Weights of 8 bits as a form for qconv.h and qgemm.h. */
#define ADZE_QTILE8_inputs(x, pixels, k, xs) ((void)(xs))
#define ADZE_QTILE8_block(w, k) ((ptrdiff_t)(k)*ADZE_QTILE_CHANNELS)
#define ADZE_QTILE8_sums(x, pixels, w, k, xs, sums) adze_qtile_sums(x, pixels, w, k, sums)

#endif
