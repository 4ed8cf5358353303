/* dsp/expand3x3.h: widens the inputs of 3x3 kernels over three channels, which the first layer of most networks has.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_EXPAND3X3_H
#define ADZE_DSP_EXPAND3X3_H

#include "dsp/expand.h"

/* Four bytes of three pixels, at LOAD and r12 bytes from one to the next. */
#define ADZE_DSP_EXPAND3X3_QUAD(LOAD, ROW)                                                                             \
    "ldr.w r4, " LOAD "\n"                                                                                             \
    "ldr.w r5, [" ROW ", r12]\n"                                                                                       \
    "ldr.w r6, [" ROW ", r12, lsl #1]\n" ADZE_DSP_EXPAND3_WORDS
#define ADZE_DSP_EXPAND3X3_ROW(ROW)                                                                                    \
    ADZE_DSP_EXPAND3X3_QUAD("[" ROW "]", ROW) ADZE_DSP_EXPAND3X3_QUAD("[" ROW ", #4]!", ROW)
/* The ninth byte. */
#define ADZE_DSP_EXPAND3X3_REST(ROW, A, B, C)                                                                          \
    "ldrsb " A ", [" ROW ", #4]!\n"                                                                                    \
    "ldrsb " B ", [" ROW ", r12]\n"                                                                                    \
    "ldrsb " C ", [" ROW ", r12, lsl #1]\n"

/* n tiles of three pixels, whose three rows of nine bytes begin at a, b, c and `step` bytes further each; to: 42 words
 * a tile, in the order of dsp/image.h: the weight that meets the upper half of the last three is zero. */
ADZE_DSP_ASM(36, adze_dsp_expand3x3, ADZE_UNUSED uint32_t *to, ADZE_UNUSED const int8_t *a, ADZE_UNUSED const int8_t *b,
             ADZE_UNUSED const int8_t *c, ADZE_UNUSED int32_t step, ADZE_UNUSED int32_t n)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "ldrd r12, r11, [sp, #36]\n"
                     "add r10, r12, r12, lsl #1\n"
                     "sub r10, r10, #8\n"
                     "1:\n" ADZE_DSP_EXPAND3X3_ROW("r1") ADZE_DSP_EXPAND3X3_ROW("r2") ADZE_DSP_EXPAND3X3_ROW("r3")
                         ADZE_DSP_EXPAND3X3_REST("r1", "r4", "r5", "r6") ADZE_DSP_EXPAND3X3_REST(
                             "r3", "r7", "r8", "r9") "pkhbt r4, r4, r7, lsl #16\n"
                                                     "pkhbt r5, r5, r8, lsl #16\n"
                                                     "pkhbt r6, r6, r9, lsl #16\n" ADZE_DSP_EXPAND3X3_REST(
                                                         "r2", "r7", "r8", "r9") "stmia.w r0!, {r4-r9}\n"
                                                                                 "add r1, r1, r10\n"
                                                                                 "add r2, r2, r10\n"
                                                                                 "add r3, r3, r10\n"
                                                                                 "subs r11, r11, #1\n"
                                                                                 "bne.w 1b\n"
                                                                                 "pop {r4-r11, pc}\n");
}

#endif
