/* dsp/winograd_out.h: dsp/winograd.h's transform of sums, and their rounding. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_WINOGRAD_OUT_H
#define ADZE_DSP_WINOGRAD_OUT_H

#include "dsp/dsp.h"

/* Where the sums of three tiles and two channels go. The asm below knows these offsets. */
typedef struct {
    const int32_t *sums;          /*  0 */
    int8_t *const *y;             /*  4: the first of four pixels, of each tile */
    int32_t tiles, zero_point;    /*  8 */
    int32_t y_stride, row_stride; /* 16: bytes from a pixel to the next, from a row to the next */
} adze_dsp_winograd_end;

/* A^T m A of one channel of all tiles: m's 16 values of a tile are six apart; channel: behind y; bias4: 4 * bias. The
 * sum is four times the true one. */
ADZE_DSP_ASM(52, adze_dsp_winograd_out, ADZE_UNUSED const adze_dsp_winograd_end *t, ADZE_UNUSED int32_t channel,
             ADZE_UNUSED int32_t bias4, ADZE_UNUSED int32_t multiplier)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #16\n"
                     "ldmia.w r0, {r5, r6, r7, r8, r9, r10}\n"
                     "and r11, r1, #1\n" /* the second of two channels */
                     "add r11, r11, r11, lsl #1\n"
                     "add r0, r5, r11, lsl #2\n"
                     "strd r1, r6, [sp]\n"
                     "str r7, [sp, #8]\n"
                     "1:\n"
                     "ldrd r4, r5, [sp]\n"
                     "ldr r1, [r5], #4\n"
                     "add r1, r1, r4\n"
                     "str r5, [sp, #4]\n"
                     "ldr r11, [r0, #0]\n"
                     "ldr r12, [r0, #96]\n"
                     "ldr lr, [r0, #192]\n"
                     "add r11, r11, r12\n"
                     "add r4, r11, lr\n"
                     "sub r12, r12, lr\n"
                     "ldr lr, [r0, #288]\n"
                     "sub r6, r12, lr\n"
                     "ldr r11, [r0, #24]\n"
                     "ldr r12, [r0, #120]\n"
                     "ldr lr, [r0, #216]\n"
                     "add r12, r12, r2\n"
                     "add r11, r11, r12\n"
                     "add r5, r11, lr\n"
                     "sub r12, r12, lr\n"
                     "ldr lr, [r0, #312]\n"
                     "sub r7, r12, lr\n"
                     "add r4, r4, r5\n"
                     "add r6, r6, r7\n"
                     "ldr r11, [r0, #48]\n"
                     "ldr r12, [r0, #144]\n"
                     "ldr lr, [r0, #240]\n"
                     "add r11, r11, r12\n"
                     "add r11, r11, lr\n"
                     "sub r12, r12, lr\n"
                     "ldr lr, [r0, #336]\n"
                     "sub r12, r12, lr\n"
                     "add r4, r4, r11\n"
                     "sub r5, r5, r11\n"
                     "add r6, r6, r12\n"
                     "sub r7, r7, r12\n"
                     "ldr r11, [r0, #72]\n"
                     "ldr r12, [r0, #168]\n"
                     "ldr lr, [r0, #264]\n"
                     "add r11, r11, r12\n"
                     "add r11, r11, lr\n"
                     "sub r12, r12, lr\n"
                     "ldr lr, [r0, #360]\n"
                     "sub r12, r12, lr\n"
                     "sub r5, r5, r11\n"
                     "sub r7, r7, r12\n"
                     "asr r4, r4, #2\n"
                     "asr r5, r5, #2\n"
                     "asr r6, r6, #2\n"
                     "asr r7, r7, #2\n"
                     "smmlar r4, r4, r3, r8\n"
                     "smmlar r5, r5, r3, r8\n"
                     "smmlar r6, r6, r3, r8\n"
                     "smmlar r7, r7, r3, r8\n"
                     "ssat r4, #8, r4\n"
                     "ssat r5, #8, r5\n"
                     "ssat r6, #8, r6\n"
                     "ssat r7, #8, r7\n"
                     "add r12, r1, r10\n"
                     "strb r4, [r1]\n"
                     "strb r5, [r1, r9]\n"
                     "strb r6, [r12]\n"
                     "strb r7, [r12, r9]\n"
                     "ldr r12, [sp, #8]\n"
                     "adds r0, r0, #4\n"
                     "subs r12, r12, #1\n"
                     "str r12, [sp, #8]\n"
                     "bne.w 1b\n"
                     "add sp, sp, #16\n"
                     "pop {r4-r11, pc}\n");
}

#endif
