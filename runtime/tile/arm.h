/* tile/arm.h: the inner loops of the register tile for Arm cores with a float unit. SPDX-License-Identifier: 0BSD
 *
 * gcc and clang load every float on its own; here a load of several registers is one instruction. Sums are in s16 to
 * s31 (pixel, channel), weights and inputs below. The order of each sum is that of the C loops, so that the bits are
 * the same. A loop is one statement: between several, compilers shuffle registers. */
#ifndef ADZE_TILE_ARM_H
#define ADZE_TILE_ARM_H

#include "adze.h"

/* One pixel: its four sums, its input in each channel, the four weights. */
#define ADZE_ARM_PIXEL(a, b, c, d, va, vb, vc, vd, wa, wb, wc, wd)                                                     \
    "vfma.f32 s" #a ", s" #va ", s" #wa "\n\tvfma.f32 s" #b ", s" #vb ", s" #wb "\n\t"                                 \
    "vfma.f32 s" #c ", s" #vc ", s" #wc "\n\tvfma.f32 s" #d ", s" #vd ", s" #wd "\n\t"
/* One input of each of four pixels. */
#define ADZE_ARM_STEP(va, vb, vc, vd, wa, wb, wc, wd)                                                                  \
    ADZE_ARM_PIXEL(16, 17, 18, 19, va, va, va, va, wa, wb, wc, wd)                                                     \
    ADZE_ARM_PIXEL(20, 21, 22, 23, vb, vb, vb, vb, wa, wb, wc, wd)                                                     \
    ADZE_ARM_PIXEL(24, 25, 26, 27, vc, vc, vc, vc, wa, wb, wc, wd)                                                     \
    ADZE_ARM_PIXEL(28, 29, 30, 31, vd, vd, vd, vd, wa, wb, wc, wd)
#define ADZE_ARM_CLOBBERS                                                                                              \
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15", "s16",       \
        "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31", "cc", \
        "memory"

/* Adds a run of `length` inputs of four pixels, times the weights of four channels, to sums[pixel * 4 + channel]; two
 * inputs a turn: 39 instructions for 32 multiply-accumulates. Returns the end of the weights. */
ADZE_FORCE_INLINE const float *adze_arm_run(float *sums, const float *w, const float *x0, const float *x1,
                                            const float *x2, const float *x3, int32_t length)
{
    /* clang-format off */
    __asm__ volatile(
        "vldmia %[sums], {s16-s31}\n\t"
        "subs %[length], %[length], #2\n\t"
        "blt 2f\n"
        "1:\n\t"
        "vldmia %[w]!, {s0-s7}\n\t"
        "vldmia %[x0]!, {s8-s9}\n\t"
        "vldmia %[x1]!, {s10-s11}\n\t"
        "vldmia %[x2]!, {s12-s13}\n\t"
        "vldmia %[x3]!, {s14-s15}\n\t"
        ADZE_ARM_STEP(8, 10, 12, 14, 0, 1, 2, 3)
        ADZE_ARM_STEP(9, 11, 13, 15, 4, 5, 6, 7)
        "subs %[length], %[length], #2\n\t"
        "bge 1b\n"
        "2:\n\t"
        "cmn %[length], #1\n\t" /* -1: one is left */
        "bne 3f\n\t"
        "vldmia %[w]!, {s0-s3}\n\t"
        "vldr s8, [%[x0]]\n\t"
        "vldr s10, [%[x1]]\n\t"
        "vldr s12, [%[x2]]\n\t"
        "vldr s14, [%[x3]]\n\t"
        ADZE_ARM_STEP(8, 10, 12, 14, 0, 1, 2, 3)
        "3:\n\t"
        "vstmia %[sums], {s16-s31}"
        : [w] "+r"(w), [x0] "+r"(x0), [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3), [length] "+r"(length)
        : [sums] "r"(sums)
        : ADZE_ARM_CLOBBERS);
    /* clang-format on */
    return w;
}

/* Adds `taps` (at least one) taps of a depthwise kernel of four channels for four pixels; `next` elements from the
 * inputs of a tap to those of the next. 27 instructions for 16 multiply-accumulates. */
ADZE_FORCE_INLINE void adze_arm_taps(float *sums, const float *w, const float *x0, const float *x1, const float *x2,
                                     const float *x3, ptrdiff_t next, int32_t taps)
{
    const ptrdiff_t bytes = next * (ptrdiff_t)sizeof(float);
    /* clang-format off */
    __asm__ volatile(
        "vldmia %[sums], {s16-s31}\n"
        "1:\n\t"
        "vldmia %[w]!, {s0-s3}\n\t"
        "vldmia %[x0], {s4-s7}\n\t"
        "vldmia %[x1], {s8-s11}\n\t"
        ADZE_ARM_PIXEL(16, 17, 18, 19, 4, 5, 6, 7, 0, 1, 2, 3)
        "vldmia %[x2], {s12-s15}\n\t"
        "vldmia %[x3], {s4-s7}\n\t"
        ADZE_ARM_PIXEL(20, 21, 22, 23, 8, 9, 10, 11, 0, 1, 2, 3)
        ADZE_ARM_PIXEL(24, 25, 26, 27, 12, 13, 14, 15, 0, 1, 2, 3)
        ADZE_ARM_PIXEL(28, 29, 30, 31, 4, 5, 6, 7, 0, 1, 2, 3)
        "add %[x0], %[x0], %[next]\n\t"
        "add %[x1], %[x1], %[next]\n\t"
        "add %[x2], %[x2], %[next]\n\t"
        "add %[x3], %[x3], %[next]\n\t"
        "subs %[taps], %[taps], #1\n\t"
        "bne 1b\n\t"
        "vstmia %[sums], {s16-s31}"
        : [w] "+r"(w), [x0] "+r"(x0), [x1] "+r"(x1), [x2] "+r"(x2), [x3] "+r"(x3), [taps] "+r"(taps)
        : [sums] "r"(sums), [next] "r"(bytes)
        : ADZE_ARM_CLOBBERS);
    /* clang-format on */
}

#endif
