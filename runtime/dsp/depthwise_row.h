/* dsp/depthwise_row.h: depthwise QConv of any kernel: a row of a channel. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_DEPTHWISE_ROW_H
#define ADZE_DSP_DEPTHWISE_ROW_H

#include "dsp/dsp.h"

/* A row of a channel, for any kernel. The asm below knows these offsets. */
typedef struct {
    int32_t multiplier, zero_point; /*  0 */
    int32_t y_stride;               /*  8 */
    int8_t *y_last;                 /* 12 */
    int32_t bias, kernel_h;         /* 16 */
    const uint32_t *w;              /* 24: per kernel row [words][2]: the taps of an even pixel, and of an odd one */
    int32_t x_down, stride;         /* 28: bytes from the end of a kernel row to the next */
    int32_t row_bytes, shift;       /* 36: of x's words of a kernel row */
    const uint32_t *x;              /* 44 */
    int8_t *y;                      /* 48 */
    uint32_t entry;                 /* 52: -words mod 8 words are skipped in the first pass */
} adze_dsp_row;

#define ADZE_DSP_ROW_WORD                                                                                              \
    "ldr.w r8, [r3], #4\n"                                                                                             \
    "ldrd r9, r10, [r2], #8\n"                                                                                         \
    "smlad r6, r8, r9, r6\n"                                                                                           \
    "smlad r7, r8, r10, r7\n"

ADZE_DSP_ASM(72, adze_dsp_row_run, ADZE_UNUSED const adze_dsp_row *d)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #36\n"
                     "ldmia.w r0!, {r1-r9}\n"
                     "stmia.w sp, {r1-r9}\n"
                     "ldmia.w r0, {r2-r6}\n" /* row_bytes, shift, x, y, entry */
                     "mov r11, r2\n"
                     "mov lr, r3\n"
                     "mov r0, r4\n"
                     "mov r1, r5\n"
                     "adr.w r12, 3f\n"
                     "add r12, r12, r6\n"
                     "1:\n"
                     "ldrd r6, r4, [sp, #16]\n"
                     "ldr r2, [sp, #24]\n"
                     "mov r7, r6\n"
                     "mov r3, r0\n"
                     "2:\n"
                     "add r5, r3, r11\n"
                     "bx r12\n"
                     ".p2align 2\n"
                     "3:\n" ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD
                         ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD ADZE_DSP_ROW_WORD "cmp r3, r5\n"
                     "bne 3b\n"
                     "subs r4, r4, #1\n"
                     "beq 4f\n"
                     "ldr r8, [sp, #28]\n"
                     "add r3, r3, r8\n"
                     "b 2b\n"
                     "4:\n"
                     "ldrd r8, r9, [sp]\n"
                     "ldrd r10, r2, [sp, #8]\n"
                     "lsl r6, r6, lr\n"
                     "smmlar r6, r6, r8, r9\n"
                     "ssat r6, #8, r6\n"
                     "strb r6, [r1]\n"
                     "cmp r1, r2\n"
                     "beq 5f\n"
                     "ldr r3, [sp, #32]\n"
                     "add r1, r1, r10\n"
                     "adds r0, r0, #4\n"
                     "cmp r3, #1\n"
                     "bne 1b\n"
                     "lsl r7, r7, lr\n"
                     "smmlar r7, r7, r8, r9\n"
                     "ssat r7, #8, r7\n"
                     "strb r7, [r1]\n"
                     "cmp r1, r2\n"
                     "add r1, r1, r10\n"
                     "bne 1b\n"
                     "5:\n"
                     "add sp, sp, #36\n"
                     "pop {r4-r11, pc}\n");
}

/* A kernel row as adze_dsp_row wants it; the word that closes it has at most one tap. */
ADZE_FORCE_INLINE uint32_t *adze_dsp_taps(uint32_t *to, const int8_t *w, int32_t n, int32_t words)
{
    uint32_t before = 0;
    for (int32_t j = n / 2; j > 0; j--, to += 2, w += 2) {
        const uint32_t a = (uint32_t)w[0] & 0xffff, b = (uint32_t)w[1];
        to[0] = a | b << 16;
        to[1] = (before & 0xffff) | a << 16;
        before = b;
    }
    if (words > n / 2) {
        to[0] = n % 2 ? (uint32_t)w[0] & 0xffff : 0;
        to[1] = (before & 0xffff) | to[0] << 16;
        to += 2;
    }
    return to;
}

#endif
