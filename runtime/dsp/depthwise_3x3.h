/* dsp/depthwise_3x3.h: depthwise QConv of three by three taps: a channel of some rows. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_DEPTHWISE_3X3_H
#define ADZE_DSP_DEPTHWISE_3X3_H

#include "dsp/dsp.h"

/* A channel of a band. The asm below knows these offsets. */
typedef struct {
    int32_t multiplier, zero_point; /*  0 */
    int32_t y_stride;               /*  8: from a pixel to the next */
    int8_t *y_last;                 /* 12: the last pixel of the first row */
    int32_t y_step, x_skip; /* 16: from a row to the next; from the end of a row of x to the next one in bytes */
    const int8_t *y_end;    /* 24: where a row behind the last would begin */
    int32_t bias;           /* 28 */
    int8_t *y;              /* 32 */
    const uint32_t *x;      /* 36 */
    int32_t x_down;         /* 40: bytes from a kernel row to the next */
    const int8_t *w;        /* 44 */
    int32_t entry;          /* 48: 0 or 1 with stride 1, for rows of whole turns or half a turn more; 2 with stride 2 */
} adze_dsp_3x3;

/* Entry: r0 points to an adze_dsp_3x3. A copy of its first eight words lies at sp, behind it entry; y is in r3, rows of
 * x in r0-r2, weights in r4-r9: (w0, w1), (w1, w2) of each kernel row. */
#define ADZE_DSP_3X3_ENTER                                                                                             \
    "push {r4-r11, lr}\n"                                                                                              \
    "sub sp, sp, #36\n"                                                                                                \
    "ldmia.w r0!, {r1-r8}\n"                                                                                           \
    "stmia.w sp, {r1-r8}\n"                                                                                            \
    "ldmia.w r0, {r3, r4, r5, r10, r12}\n"                                                                             \
    "str r12, [sp, #32]\n"                                                                                             \
    "mov r0, r4\n"                                                                                                     \
    "add r1, r0, r5\n"                                                                                                 \
    "add r2, r1, r5\n"                                                                                                 \
    "ldrsb r4, [r10, #0]\n"                                                                                            \
    "ldrsb r11, [r10, #1]\n"                                                                                           \
    "ldrsb r5, [r10, #2]\n"                                                                                            \
    "pkhbt r4, r4, r11, lsl #16\n"                                                                                     \
    "pkhbt r5, r11, r5, lsl #16\n"                                                                                     \
    "ldrsb r6, [r10, #3]\n"                                                                                            \
    "ldrsb r11, [r10, #4]\n"                                                                                           \
    "ldrsb r7, [r10, #5]\n"                                                                                            \
    "pkhbt r6, r6, r11, lsl #16\n"                                                                                     \
    "pkhbt r7, r11, r7, lsl #16\n"                                                                                     \
    "ldrsb r8, [r10, #6]\n"                                                                                            \
    "ldrsb r11, [r10, #7]\n"                                                                                           \
    "ldrsb r9, [r10, #8]\n"                                                                                            \
    "pkhbt r8, r8, r11, lsl #16\n"                                                                                     \
    "pkhbt r9, r11, r9, lsl #16\n"
/* The end of a row: r10, r11 are y_stride, y_last. */
#define ADZE_DSP_3X3_LEAVE                                                                                             \
    "add r3, r11, r10\n"                                                                                               \
    "ldrd r10, r12, [sp, #16]\n"                                                                                       \
    "add r11, r11, r10\n"                                                                                              \
    "str r11, [sp, #12]\n"                                                                                             \
    "ldr r10, [sp, #24]\n"                                                                                             \
    "add r0, r0, r12\n"                                                                                                \
    "add r1, r1, r12\n"                                                                                                \
    "add r2, r2, r12\n"                                                                                                \
    "cmp r3, r10\n"                                                                                                    \
    "bne.w 2b\n"                                                                                                       \
    "add sp, sp, #36\n"                                                                                                \
    "pop {r4-r11, pc}\n"

/* Two neighbours and the third tap; r12 is the sum, from the bias. */
#define ADZE_DSP_3X3_ONE                                                                                               \
    "ldrd r10, r11, [r0], #4\n"                                                                                        \
    "ldr r12, [sp, #28]\n"                                                                                             \
    "smlad r12, r10, r4, r12\n"                                                                                        \
    "smlabt r12, r11, r5, r12\n"                                                                                       \
    "ldrd r10, r11, [r1], #4\n"                                                                                        \
    "smlad r12, r10, r6, r12\n"                                                                                        \
    "smlabt r12, r11, r7, r12\n"                                                                                       \
    "ldrd r10, r11, [r2], #4\n"                                                                                        \
    "smlad r12, r10, r8, r12\n"                                                                                        \
    "smlabt r12, r11, r9, r12\n"                                                                                       \
    "ldrd r10, r11, [sp]\n"                                                                                            \
    "smmlar r12, r12, r10, r11\n"                                                                                      \
    "ldrd r10, r11, [sp, #8]\n"                                                                                        \
    "ssat r12, #8, r12\n"                                                                                              \
    "strb r12, [r3]\n"

/* Two sums, in r12 and lr, become two pixels. */
#define ADZE_DSP_3X3_STORE                                                                                             \
    "ldrd r10, r11, [sp]\n"                                                                                            \
    "smmlar r12, r12, r10, r11\n"                                                                                      \
    "smmlar lr, lr, r10, r11\n"                                                                                        \
    "ldrd r10, r11, [sp, #8]\n"                                                                                        \
    "ssat r12, #8, r12\n"                                                                                              \
    "ssat lr, #8, lr\n"                                                                                                \
    "strb r12, [r3]\n"                                                                                                 \
    "strb lr, [r3, r10]\n"                                                                                             \
    "add r3, r3, r10, lsl #1\n"
/* Two pixels with stride 1. */
#define ADZE_DSP_3X3_TWO                                                                                               \
    "ldrd r10, r11, [r0], #4\n"                                                                                        \
    "ldr r12, [sp, #28]\n"                                                                                             \
    "smlatb lr, r10, r4, r12\n"                                                                                        \
    "smlad r12, r10, r4, r12\n"                                                                                        \
    "smlad lr, r11, r5, lr\n"                                                                                          \
    "smlabt r12, r11, r5, r12\n"                                                                                       \
    "ldrd r10, r11, [r1], #4\n"                                                                                        \
    "smlatb lr, r10, r6, lr\n"                                                                                         \
    "smlad r12, r10, r6, r12\n"                                                                                        \
    "smlad lr, r11, r7, lr\n"                                                                                          \
    "smlabt r12, r11, r7, r12\n"                                                                                       \
    "ldrd r10, r11, [r2], #4\n"                                                                                        \
    "smlatb lr, r10, r8, lr\n"                                                                                         \
    "smlad r12, r10, r8, r12\n"                                                                                        \
    "smlad lr, r11, r9, lr\n"                                                                                          \
    "smlabt r12, r11, r9, r12\n" ADZE_DSP_3X3_STORE
/* The first half of a turn. */
#if defined(ADZE_SIZE)
#define ADZE_DSP_3X3_HALF
#else
#define ADZE_DSP_3X3_HALF ADZE_DSP_3X3_TWO
#endif

/* A turn is four pixels with stride 1 (two with -O size), from 1 on, or from 6 on if the row is no whole turns, or two
 * with stride 2, from 5 on; an odd row ends with one. */
ADZE_DSP_ASM(72, adze_dsp_3x3_run, ADZE_UNUSED const adze_dsp_3x3 *d)
{
    __asm__ volatile(ADZE_DSP_3X3_ENTER "ldrd r10, r11, [sp, #8]\n"
                                        "2:\n"
                                        "cmp r3, r11\n"
                                        "beq.w 3f\n"
                                        "ldr r12, [sp, #32]\n"
                                        "tbh [pc, r12, lsl #1]\n"
                                        "0:\n"
                                        ".short (1f - 0b) / 2, (6f - 0b) / 2, (5f - 0b) / 2\n"
                                        "1:\n" ADZE_DSP_3X3_HALF "6:\n" ADZE_DSP_3X3_TWO "cmp r3, r11\n"
                                        "blo.w 1b\n"
                                        "bhi 4f\n"
                                        "b 3f\n"
                                        "5:\n"
                                        "ldrd r10, r11, [r0], #8\n"
                                        "ldr r12, [sp, #28]\n"
                                        "smlad lr, r11, r4, r12\n"
                                        "smlad r12, r10, r4, r12\n"
                                        "ldr r10, [r0]\n"
                                        "smlabt r12, r11, r5, r12\n"
                                        "smlabt lr, r10, r5, lr\n"
                                        "ldrd r10, r11, [r1], #8\n"
                                        "smlad lr, r11, r6, lr\n"
                                        "smlad r12, r10, r6, r12\n"
                                        "ldr r10, [r1]\n"
                                        "smlabt r12, r11, r7, r12\n"
                                        "smlabt lr, r10, r7, lr\n"
                                        "ldrd r10, r11, [r2], #8\n"
                                        "smlad lr, r11, r8, lr\n"
                                        "smlad r12, r10, r8, r12\n"
                                        "ldr r10, [r2]\n"
                                        "smlabt r12, r11, r9, r12\n"
                                        "smlabt lr, r10, r9, lr\n" ADZE_DSP_3X3_STORE "cmp r3, r11\n"
                                        "blo 5b\n"
                                        "bhi 4f\n"
                                        "3:\n" ADZE_DSP_3X3_ONE "4:\n" ADZE_DSP_3X3_LEAVE);
}

#endif
