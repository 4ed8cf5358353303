/* dsp/expand.h: widens a tile's inputs to int16, in the order that dsp/dot.h reads. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_EXPAND_H
#define ADZE_DSP_EXPAND_H

#include "dsp/dsp.h"

/* Of r4, r5, r6 the even bytes, then the odd ones. */
#define ADZE_DSP_EXPAND3_WORDS                                                                                         \
    "sxtb16 r7, r4\n"                                                                                                  \
    "sxtb16 r8, r5\n"                                                                                                  \
    "sxtb16 r9, r6\n"                                                                                                  \
    "stmia r0!, {r7, r8, r9}\n"                                                                                        \
    "sxtb16 r7, r4, ror #8\n"                                                                                          \
    "sxtb16 r8, r5, ror #8\n"                                                                                          \
    "sxtb16 r9, r6, ror #8\n"                                                                                          \
    "stmia r0!, {r7, r8, r9}\n"

/* Four bytes of three pixels. */
#define ADZE_DSP_EXPAND3_STEP                                                                                          \
    "ldr r4, [r1], #4\n"                                                                                               \
    "ldr r5, [r2], #4\n"                                                                                               \
    "ldr r6, [r3], #4\n" ADZE_DSP_EXPAND3_WORDS

/* 4 * n bytes of each of three pixels, at any address, and again `skip` bytes behind them, in all `rows` times;
 * to: 6 * n * rows words. */
ADZE_DSP_ASM(32, adze_dsp_expand3, ADZE_UNUSED uint32_t *to, ADZE_UNUSED const int8_t *a, ADZE_UNUSED const int8_t *b,
             ADZE_UNUSED const int8_t *c, ADZE_UNUSED int32_t n, ADZE_UNUSED int32_t rows, ADZE_UNUSED ptrdiff_t skip)
{
    __asm__ volatile("push {r4-r11}\n"
                     "ldrd r10, r11, [sp, #32]\n"
                     "1:\n"
                     "adds r12, r10, #1\n"
                     "tst r10, #1\n"
                     "bne 3f\n"
                     "mov r12, r10\n"
                     ".p2align 2\n"
                     "2:\n" ADZE_DSP_EXPAND3_STEP "3:\n" ADZE_DSP_EXPAND3_STEP "subs r12, r12, #2\n"
                     "bne 2b\n"
                     "ldr r4, [sp, #40]\n"
                     "add r1, r1, r4\n"
                     "add r2, r2, r4\n"
                     "add r3, r3, r4\n"
                     "subs r11, r11, #1\n"
                     "bne 1b\n"
                     "pop {r4-r11}\n"
                     "bx lr\n");
}

/* The same for one pixel; to: 2 * n words. */
ADZE_DSP_KERNEL void adze_dsp_expand1(uint32_t *to, const int8_t *a, int32_t n)
{
    for (; n > 0; n--, a += 4, to += 2) {
        const uint32_t v = adze_dsp_load(a);
        to[0] = adze_dsp_even(v);
        to[1] = adze_dsp_odd(v);
    }
}

#endif
