/* dsp/winograd_dot.h: the products of dsp/winograd.h. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_WINOGRAD_DOT_H
#define ADZE_DSP_WINOGRAD_DOT_H

#include "dsp/dsp.h"

/* The asm below knows these offsets. */
typedef struct {
    int32_t *sums;           /*  0: [16][2 channels][3 tiles] */
    int32_t row_bytes;       /*  4: of x, of a position */
    const int32_t *sums_end; /*  8 */
    uint32_t entry;          /* 12: -pairs mod 8 steps are skipped in the first pass */
    const uint32_t *x, *w;   /* 16: [16][pairs][3 tiles] words; of the two channels */
} adze_dsp_winograd_dot;

/* Two inputs of three tiles by two channels: 12 multiplications in 8 instructions, 32 bytes. */
#define ADZE_DSP_WINOGRAD_STEP                                                                                         \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "ldrd r11, lr, [r1], #8\n"                                                                                         \
    "smlad r2, r8, r11, r2\n"                                                                                          \
    "smlad r3, r9, r11, r3\n"                                                                                          \
    "smlad r4, r10, r11, r4\n"                                                                                         \
    "smlad r5, r8, lr, r5\n"                                                                                           \
    "smlad r6, r9, lr, r6\n"                                                                                           \
    "smlad r7, r10, lr, r7\n"

/* All positions of three tiles and two channels. */
ADZE_DSP_ASM(52, adze_dsp_winograd_run, ADZE_UNUSED const adze_dsp_winograd_dot *d)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #16\n"
                     "ldmia.w r0, {r1-r6}\n"
                     "adr.w r12, 2f\n"
                     "add r4, r4, r12\n"
                     "stmia.w sp, {r1-r4}\n"
                     "mov r0, r5\n"
                     "mov r1, r6\n"
                     "add r12, r0, r2\n"
                     "1:\n"
                     "movs r2, #0\n"
                     "movs r3, #0\n"
                     "movs r4, #0\n"
                     "movs r5, #0\n"
                     "movs r6, #0\n"
                     "movs r7, #0\n"
                     "ldr.w pc, [sp, #12]\n"
                     ".p2align 2\n"
                     "2:\n" ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP
                         ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP ADZE_DSP_WINOGRAD_STEP
                     "cmp r0, r12\n"
                     "bne.w 2b\n"
                     "ldmia.w sp, {r8, r9, r10}\n"
                     "stmia.w r8!, {r2-r7}\n"
                     "add r12, r12, r9\n"
                     "cmp r8, r10\n"
                     "str r8, [sp]\n"
                     "bne.w 1b\n"
                     "add sp, sp, #16\n"
                     "pop {r4-r11, pc}\n");
}

#endif
