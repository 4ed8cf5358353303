/* dsp/dot4g.h: QConv and QGemm of dsp/conv.h with weights of 4 bits and a multiplier for each block of a channel's
 * inputs. SPDX-License-Identifier: 0BSD
 *
 * A weight is m * (u - z), 0 <= u, z <= 15, m < 2^12. Of two channels a, b: the words of the pair in the upper half of
 * one, the quadruples of a block in the lower; then for each block 16 * m + z of a below, of b above, and the words of
 * u as in dsp/dot4.h. A block's sum begins at 0 and is added to those of the channels, times m. Minus the sums of each
 * pixel's inputs stand behind the expanded tile, block by block. */
#ifndef ADZE_DSP_DOT4G_H
#define ADZE_DSP_DOT4G_H

#include "dsp/dot4.h"

/* For each block and pixel: minus the sum of its inputs. */
ADZE_DSP_KERNEL void adze_dsp_behind4g(uint32_t *x, int32_t quads, int32_t pixels, const uint32_t *w)
{
    const int32_t block = (int32_t)(*w & 0xffff) * 2;
    uint32_t *to = x + 2 * quads * pixels;
    for (int32_t words = quads * 2; words > 0; words -= block, x += block * pixels)
        for (int32_t i = 0; i < pixels; i++) {
            int32_t sum = 0;
            for (int32_t k = 0; k < block && k < words; k++)
                sum = adze_dsp_smlad(x[k * pixels + i], 0x00010001u, sum);
            *to++ = (uint32_t)-sum;
        }
}

/* The copy at sp is as in dsp/dot.h, but entry and rest are those of the last block, and r0 is the table; behind it: at
 * 40 and 44 entry and rest of the other blocks, at 48 the bytes of a block's inputs, at 52 where the block is entered
 * or goes on, at 56 the sums that the next block begins with, from 60 on those of the channels, at 84 a block's m and
 * z. r3: quadruples of a block, r12: of the tile. */
#define ADZE_DSP_DOT4G_ENTER                                                                                           \
    "push {r4-r11, lr}\n"                                                                                              \
    "sub sp, sp, #88\n"                                                                                                \
    "ldmia.w r0, {r1-r11}\n"                                                                                           \
    "stmia.w sp, {r1-r10}\n"                                                                                           \
    "sub r12, r2, r1\n"                                                                                                \
    "mov r1, r11\n"                                                                                                    \
    "mov r0, r5\n"                                                                                                     \
    "ldrh r3, [r1]\n"
#define ADZE_DSP_DOT4G_NEXT                                                                                            \
    "add r0, r0, #16\n"                                                                                                \
    "cmp r8, lr\n"                                                                                                     \
    "strd r0, r8, [sp, #16]\n"                                                                                         \
    "bne.w 1b\n"                                                                                                       \
    "add sp, sp, #88\n"                                                                                                \
    "pop {r4-r11, pc}\n"
/* r5 = r4 mod r3 of quadruples, but r3 where that is 0: those of the last block. r5 = r4 where there is one block. */
#define ADZE_DSP_DOT4G_LAST                                                                                            \
    "sub r5, r4, #1\n"                                                                                                 \
    "udiv r6, r5, r3\n"                                                                                                \
    "mls r5, r6, r3, r5\n"                                                                                             \
    "add r5, r5, #1\n"
/* Bounds of a block: its inputs begin at r0, r12 is behind them. Flag hi: it is not the last one. */
#define ADZE_DSP_DOT4G_BOUNDS                                                                                          \
    "ldr r12, [sp, #4]\n"                                                                                              \
    "ldr r3, [sp, #48]\n"                                                                                              \
    "sub r5, r12, r0\n"                                                                                                \
    "cmp r5, r3\n"

/* Three pixels. Per pair of channels and block: sums of a + 256 * b in r2-r4, of a in r5-r7. */
ADZE_DSP_ASM(124, adze_dsp_dot43g, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(ADZE_DSP_DOT4G_ENTER "movs r5, #24\n"
                                          "udiv r4, r12, r5\n"
                                          "mul r12, r3, r5\n"
                                          "str r12, [sp, #48]\n" ADZE_DSP_DOT4G_LAST "adr.w r12, 2f + 1\n"
                                          "movs r4, #80\n"
                                          "rsb r3, r3, #0\n"
                                          "and r3, r3, #7\n"
                                          "mla r3, r3, r4, r12\n"
                                          "rsb r5, r5, #0\n"
                                          "and r5, r5, #7\n"
                                          "mla r5, r5, r4, r12\n"
                                          "str r3, [sp, #40]\n"
                                          "str r5, [sp, #8]\n"
                                          "1:\n"
                                          "ldrd r2, r5, [r0]\n"
                                          "mov r3, r2\n"
                                          "mov r4, r2\n"
                                          "mov r6, r5\n"
                                          "mov r7, r5\n"
                                          "add r12, sp, #60\n"
                                          "stmia.w r12, {r2-r7}\n"
                                          "add r1, r1, #4\n"
                                          "ldrd r0, r4, [sp]\n"
                                          "3:\n" ADZE_DSP_DOT4G_BOUNDS "ldr r2, [sp, #8]\n"
                                          "itt hi\n"
                                          "addhi r12, r0, r3\n"
                                          "ldrhi r2, [sp, #40]\n"
                                          "str r2, [sp, #52]\n"
                                          "ldmia r4!, {r8, r9, r10}\n"
                                          "str r4, [sp, #56]\n"
                                          "ldr r11, [r1], #4\n"
                                          "str r11, [sp, #84]\n"
                                          "ubfx lr, r11, #16, #4\n"
                                          "and r11, r11, #15\n"
                                          "add.w lr, r11, lr, lsl #8\n"
                                          "mul r2, r8, lr\n"
                                          "mul r3, r9, lr\n"
                                          "mul r4, r10, lr\n"
                                          "mul r5, r8, r11\n"
                                          "mul r6, r9, r11\n"
                                          "mul r7, r10, r11\n"
                                          "ldr.w pc, [sp, #52]\n"
                                          ".p2align 2\n"
                                          "2:\n" /* eight steps */
                     ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP
                         ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP "cmp r0, r12\n"
                                          "bne.w 2b\n"
                                          "ldr r11, [sp, #84]\n"
                                          "sub r2, r2, r5\n"
                                          "sub r3, r3, r6\n"
                                          "sub r4, r4, r7\n"
                                          "asr r2, r2, #8\n"
                                          "asr r3, r3, #8\n"
                                          "asr r4, r4, #8\n"
                                          "ubfx lr, r11, #4, #12\n"
                                          "lsr.w r11, r11, #20\n"
                                          "add r12, sp, #60\n"
                                          "ldmia.w r12, {r8, r9, r10}\n"
                                          "mla r8, r5, lr, r8\n"
                                          "mla r9, r6, lr, r9\n"
                                          "mla r10, r7, lr, r10\n"
                                          "stmia.w r12!, {r8, r9, r10}\n"
                                          "ldmia.w r12, {r8, r9, r10}\n"
                                          "mla r8, r2, r11, r8\n"
                                          "mla r9, r3, r11, r9\n"
                                          "mla r10, r4, r11, r10\n"
                                          "stmia.w r12, {r8, r9, r10}\n"
                                          "ldr r12, [sp, #4]\n"
                                          "ldr r4, [sp, #56]\n"
                                          "cmp r0, r12\n"
                                          "bne.w 3b\n"
                                          "add r0, sp, #60\n"
                                          "ldmia r0!, {r5, r6, r7}\n"
                                          "ldmia r0, {r2, r3, r4}\n"
                                          "add r0, sp, #16\n"
                                          "ldmia.w r0, {r0, r8, r11, r12, lr}\n"
                                          "ldrd r9, r10, [r0, #8]\n" ADZE_DSP_DOT3_SCALE ADZE_DSP_DOT4G_NEXT);
}

/* Where a block of the quadruples in `n` is entered and goes on; r12 is the loop's address, r4 a step's bytes. */
#define ADZE_DSP_DOT41G_ENTRY(n, slot)                                                                                 \
    "lsr r6, " n ", #1\n"                                                                                              \
    "rsb r7, r6, #0\n"                                                                                                 \
    "and r7, r7, #3\n"                                                                                                 \
    "cmp r6, #0\n"                                                                                                     \
    "it eq\n"                                                                                                          \
    "moveq r7, #4\n"                                                                                                   \
    "mla r7, r7, r4, r12\n"                                                                                            \
    "mov r6, r7\n"                                                                                                     \
    "lsls " n ", " n ", #31\n"                                                                                         \
    "it mi\n"                                                                                                          \
    "submi r6, r12, #48\n"                                                                                             \
    "strd r6, r7, [sp, #" slot "]\n"

/* One pixel. Per pair of channels and block: the sum of a + 256 * b in r2, of a in r3. */
ADZE_DSP_ASM(124, adze_dsp_dot41g, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(
        ADZE_DSP_DOT4G_ENTER
        "lsr r4, r12, #3\n"
        "lsl r12, r3, #3\n"
        "str r12, [sp, #48]\n" ADZE_DSP_DOT4G_LAST "adr.w r12, 2f + 1\n"
        "movs r4, #80\n" ADZE_DSP_DOT41G_ENTRY("r5", "8") ADZE_DSP_DOT41G_ENTRY(
            "r3", "40") "1:\n"
                        "ldrd r2, r3, [r0]\n"
                        "strd r2, r3, [sp, #60]\n"
                        "add r1, r1, #4\n"
                        "ldrd r0, r4, [sp]\n"
                        "3:\n" ADZE_DSP_DOT4G_BOUNDS "ldrd r6, r7, [sp, #8]\n"
                        "itt hi\n"
                        "addhi r12, r0, r3\n"
                        "ldrdhi r6, r7, [sp, #40]\n"
                        "str r7, [sp, #52]\n"
                        "mov lr, r6\n"
                        "ldr r5, [r4], #4\n"
                        "str r4, [sp, #56]\n"
                        "ldr r8, [r1], #4\n"
                        "str r8, [sp, #84]\n"
                        "ubfx r9, r8, #16, #4\n"
                        "and r8, r8, #15\n"
                        "add.w r9, r8, r9, lsl #8\n"
                        "mul r2, r5, r9\n"
                        "mul r3, r5, r8\n"
                        "bx lr\n"
                        ".p2align 2\n" ADZE_DSP_DOT41_HALF "ldr.w pc, [sp, #52]\n"
                        "2:\n" ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP
                        "cmp r0, r12\n"
                        "bne.w 2b\n"
                        "ldr r11, [sp, #84]\n"
                        "sub r2, r2, r3\n"
                        "asr r2, r2, #8\n"
                        "ubfx lr, r11, #4, #12\n"
                        "lsr.w r11, r11, #20\n"
                        "ldrd r8, r9, [sp, #60]\n"
                        "mla r8, r3, lr, r8\n"
                        "mla r9, r2, r11, r9\n"
                        "strd r8, r9, [sp, #60]\n"
                        "ldr r12, [sp, #4]\n"
                        "ldr r4, [sp, #56]\n"
                        "cmp r0, r12\n"
                        "bne.w 3b\n"
                        "mov r3, r8\n"
                        "mov r2, r9\n"
                        "add r0, sp, #16\n"
                        "ldmia.w r0, {r0, r8, r11, r12, lr}\n"
                        "ldr r11, [sp, #36]\n"
                        "ldrd r9, r10, [r0, #8]\n" ADZE_DSP_DOT1_STORE ADZE_DSP_DOT4G_NEXT);
}

#define ADZE_DSP_BLOCKS                                                                                                \
    {                                                                                                                  \
        adze_dsp_dot43g, adze_dsp_dot41g, 80, 80, 48, 1, -1, adze_dsp_behind4g, 0                                      \
    }
ADZE_DSP_PRODUCTS(i4g, ADZE_DSP_BLOCKS)

#endif
