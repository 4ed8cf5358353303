/* dsp/wide.h: QConv and QGemm of dsp/conv.h with weights of 16 bits in flash. SPDX-License-Identifier: 0BSD
 *
 * Serves weights of 16 bits and those of 8 that dsp/dot.h cannot hold, and with -O speed all. Weights are packed as
 * there, but with a word of two inputs for each of two channels: [channel / 2][inputs / 4][2][2 channels]. */
#ifndef ADZE_DSP_WIDE_H
#define ADZE_DSP_WIDE_H

#include "dsp/conv.h"

/* Four inputs of three pixels by two channels: 24 multiplications in 16 instructions, 64 bytes. */
#define ADZE_DSP_WIDE3_STEP                                                                                            \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "ldrd r11, lr, [r1], #8\n"                                                                                         \
    "smlad r5, r8, r11, r5\n"                                                                                          \
    "smlad r6, r9, r11, r6\n"                                                                                          \
    "smlad r7, r10, r11, r7\n"                                                                                         \
    "smlad r2, r8, lr, r2\n"                                                                                           \
    "smlad r3, r9, lr, r3\n"                                                                                           \
    "smlad r4, r10, lr, r4\n"                                                                                          \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "ldrd r11, lr, [r1], #8\n"                                                                                         \
    "smlad r5, r8, r11, r5\n"                                                                                          \
    "smlad r6, r9, r11, r6\n"                                                                                          \
    "smlad r7, r10, r11, r7\n"                                                                                         \
    "smlad r2, r8, lr, r2\n"                                                                                           \
    "smlad r3, r9, lr, r3\n"                                                                                           \
    "smlad r4, r10, lr, r4\n"

/* Three pixels. Per pair of channels: sums of the first in r5-r7, of the second in r2-r4. */
ADZE_DSP_ASM(76, adze_dsp_wide3, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(ADZE_DSP_DOT_ENTER "adr.w r12, 2f\n"
                                        "add r3, r3, r12\n"
                                        "str r3, [sp, #8]\n"
                                        "ldrd r5, r2, [r0]\n"
                                        "1:\n"
                                        "mov r6, r5\n"
                                        "mov r7, r5\n"
                                        "mov r3, r2\n"
                                        "mov r4, r2\n"
                                        "ldmia.w sp, {r0, r12, pc}\n"
                                        ".p2align 2\n"
                                        "2:\n" /* eight steps */
                     ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP
                         ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_DOT_BEHIND
                                        "ldrd r9, r10, [r0, #8]\n" ADZE_DSP_DOT3_SCALE
                                        "ldrd r5, r2, [r0, #16]!\n" ADZE_DSP_DOT_NEXT);
}

/* Eight inputs of one pixel by two channels: 16 multiplications in 11 instructions, 44 bytes. */
#define ADZE_DSP_WIDE1_STEP                                                                                            \
    "ldmia.w r0!, {r4, r5, r6, r7}\n"                                                                                  \
    "ldmia.w r1!, {r8, r9, r10, r11}\n"                                                                                \
    "smlad r3, r4, r8, r3\n"                                                                                           \
    "smlad r2, r4, r9, r2\n"                                                                                           \
    "smlad r3, r5, r10, r3\n"                                                                                          \
    "smlad r2, r5, r11, r2\n"                                                                                          \
    "ldmia.w r1!, {r8, r9, r10, r11}\n"                                                                                \
    "smlad r3, r6, r8, r3\n"                                                                                           \
    "smlad r2, r6, r9, r2\n"                                                                                           \
    "smlad r3, r7, r10, r3\n"                                                                                          \
    "smlad r2, r7, r11, r2\n"

/* One pixel. Per pair of channels: the first's sum in r3, the second's in r2. */
ADZE_DSP_ASM(76, adze_dsp_wide1, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(
        ADZE_DSP_DOT_ENTER
        "adr.w r5, 2f\n"
        "add r3, r3, r5\n"
        "add r4, r4, r5\n"
        "strd r3, r4, [sp, #8]\n"
        "ldrd r3, r2, [r0]\n"
        "1:\n"
        "ldmia.w sp, {r0, r12, pc}\n"
        ".p2align 2\n" /* half a step, 28 bytes */
        "ldrd r4, r5, [r0], #8\n"
        "ldmia.w r1!, {r8, r9, r10, r11}\n"
        "smlad r3, r4, r8, r3\n"
        "smlad r2, r4, r9, r2\n"
        "smlad r3, r5, r10, r3\n"
        "smlad r2, r5, r11, r2\n"
        "ldr.w pc, [sp, #12]\n"
        "2:\n" ADZE_DSP_WIDE1_STEP ADZE_DSP_WIDE1_STEP ADZE_DSP_WIDE1_STEP ADZE_DSP_WIDE1_STEP ADZE_DSP_DOT_BEHIND
        "ldr r11, [sp, #36]\n"
        "ldrd r9, r10, [r0, #8]\n" ADZE_DSP_DOT1_STORE "ldrd r3, r2, [r0, #16]!\n" ADZE_DSP_DOT_NEXT);
}

#define ADZE_DSP_WIDE                                                                                                  \
    {                                                                                                                  \
        adze_dsp_wide3, adze_dsp_wide1, 64, 44, 28, 4, 0, NULL, 0                                                      \
    }
ADZE_DSP_PRODUCTS(i16, ADZE_DSP_WIDE)       /* weights of 16 bits */
ADZE_DSP_PRODUCTS(i16_speed, ADZE_DSP_WIDE) /* the same, in place of dsp/dot4g.h with -O speed */
ADZE_DSP_PRODUCTS(i8_wide, ADZE_DSP_WIDE)   /* of 8 */
ADZE_DSP_PRODUCTS(i8_speed, ADZE_DSP_WIDE)  /* of 8, with -O speed */

#endif
