/* dsp/dot4.h: QConv and QGemm of dsp/conv.h with weights of 4 bits. SPDX-License-Identifier: 0BSD
 *
 * A weight w of a channel is stored as u = w + z, 0 <= u <= 15, with a z of the channel. Two channels a, b by four
 * inputs are one word: those of dsp/dot.h made of u, the second shifted by 4 bits. In front of a pair's words stands
 * one of its z: a's below, a's + 256 * b's above. sum x * w = sum x * u - z * sum x: minus the sum of a pixel's inputs
 * stands behind the expanded tile, and the sums begin with it. */
#ifndef ADZE_DSP_DOT4_H
#define ADZE_DSP_DOT4_H

#include "dsp/conv.h"

/* Behind a tile's 2 * quads * pixels words, for each pixel: minus the sum of its inputs. */
ADZE_DSP_KERNEL void adze_dsp_behind4(uint32_t *x, int32_t quads, int32_t pixels, const uint32_t *w)
{
    uint32_t *to = x + 2 * quads * pixels;
    (void)w;
    for (int32_t i = 0; i < pixels; i++) {
        int32_t sum = 0;
        for (const uint32_t *at = x + i; at < to; at += pixels)
            sum = adze_dsp_smlad(*at, 0x00010001u, sum);
        to[i] = (uint32_t)-sum;
    }
}

/* Four inputs of three pixels by two channels: 24 multiplications in 20 instructions, 80 bytes. */
#define ADZE_DSP_DOT43_STEP                                                                                            \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "ldr.w lr, [r1], #4\n"                                                                                             \
    "and.w r11, lr, #0x0f0f0f0f\n"                                                                                     \
    "lsr.w lr, lr, #4\n"                                                                                               \
    "smlad r2, r8, r11, r2\n"                                                                                          \
    "smlad r3, r9, r11, r3\n"                                                                                          \
    "smlad r4, r10, r11, r4\n"                                                                                         \
    "sxtb16 r11, r11\n"                                                                                                \
    "smlad r5, r8, r11, r5\n"                                                                                          \
    "smlad r6, r9, r11, r6\n"                                                                                          \
    "smlad r7, r10, r11, r7\n"                                                                                         \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "and.w lr, lr, #0x0f0f0f0f\n"                                                                                      \
    "smlad r2, r8, lr, r2\n"                                                                                           \
    "smlad r3, r9, lr, r3\n"                                                                                           \
    "smlad r4, r10, lr, r4\n"                                                                                          \
    "sxtb16 lr, lr\n"                                                                                                  \
    "smlad r5, r8, lr, r5\n"                                                                                           \
    "smlad r6, r9, lr, r6\n"                                                                                           \
    "smlad r7, r10, lr, r7\n"

/* Three pixels. Per pair of channels: sums of a + 256 * b in r2-r4, of a in r5-r7. */
ADZE_DSP_ASM(76, adze_dsp_dot43, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(ADZE_DSP_DOT_ENTER "adr.w r12, 2f\n"
                                        "add r3, r3, r12\n"
                                        "str r3, [sp, #8]\n"
                                        "ldr r5, [r0]\n"
                                        "1:\n"
                                        "ldr r12, [sp, #4]\n"
                                        "ldr r11, [r1], #4\n"
                                        "ldmia.w r12, {r8, r9, r10}\n"
                                        "lsr.w lr, r11, #16\n"
                                        "uxth.w r11, r11\n"
                                        "mla r2, r8, lr, r5\n"
                                        "mla r3, r9, lr, r5\n"
                                        "mla r4, r10, lr, r5\n"
                                        "mla r6, r9, r11, r5\n"
                                        "mla r7, r10, r11, r5\n"
                                        "mla r5, r8, r11, r5\n"
                                        "ldmia.w sp, {r0, r12, pc}\n"
                                        ".p2align 2\n"
                                        "2:\n" /* eight steps */
                     ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP
                         ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT43_STEP ADZE_DSP_DOT3_FINISH);
}

/* Eight inputs of one pixel by two channels: 16 multiplications in 20 instructions, 80 bytes. */
#define ADZE_DSP_DOT41_STEP                                                                                            \
    "ldmia.w r0!, {r4, r5, r6, r7}\n"                                                                                  \
    "ldrd r9, r11, [r1], #8\n"                                                                                         \
    "and.w r8, r9, #0x0f0f0f0f\n"                                                                                      \
    "lsr.w r9, r9, #4\n"                                                                                               \
    "smlad r2, r4, r8, r2\n"                                                                                           \
    "sxtb16 r8, r8\n"                                                                                                  \
    "and.w r9, r9, #0x0f0f0f0f\n"                                                                                      \
    "smlad r3, r4, r8, r3\n"                                                                                           \
    "smlad r2, r5, r9, r2\n"                                                                                           \
    "sxtb16 r9, r9\n"                                                                                                  \
    "and.w r10, r11, #0x0f0f0f0f\n"                                                                                    \
    "smlad r3, r5, r9, r3\n"                                                                                           \
    "smlad r2, r6, r10, r2\n"                                                                                          \
    "sxtb16 r10, r10\n"                                                                                                \
    "lsr.w r11, r11, #4\n"                                                                                             \
    "smlad r3, r6, r10, r3\n"                                                                                          \
    "and.w r11, r11, #0x0f0f0f0f\n"                                                                                    \
    "smlad r2, r7, r11, r2\n"                                                                                          \
    "sxtb16 r11, r11\n"                                                                                                \
    "smlad r3, r7, r11, r3\n"

/* Half a step, with the jump to the next one behind it 48 bytes. */
#define ADZE_DSP_DOT41_HALF                                                                                            \
    "ldrd r4, r5, [r0], #8\n"                                                                                          \
    "ldr.w r9, [r1], #4\n"                                                                                             \
    "and.w r8, r9, #0x0f0f0f0f\n"                                                                                      \
    "lsr.w r9, r9, #4\n"                                                                                               \
    "smlad r2, r4, r8, r2\n"                                                                                           \
    "sxtb16 r8, r8\n"                                                                                                  \
    "and.w r9, r9, #0x0f0f0f0f\n"                                                                                      \
    "smlad r3, r4, r8, r3\n"                                                                                           \
    "smlad r2, r5, r9, r2\n"                                                                                           \
    "sxtb16 r9, r9\n"                                                                                                  \
    "smlad r3, r5, r9, r3\n"

/* One pixel. Per pair of channels: the sum of a + 256 * b in r2, of a in r3. */
ADZE_DSP_ASM(76, adze_dsp_dot41, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(
        ADZE_DSP_DOT_ENTER
        "adr.w r5, 2f\n"
        "add r3, r3, r5\n"
        "add r4, r4, r5\n"
        "strd r3, r4, [sp, #8]\n"
        "ldr r3, [r0]\n"
        "1:\n"
        "ldr r12, [sp, #4]\n"
        "ldr r5, [r1], #4\n"
        "ldr r4, [r12]\n"
        "lsr.w r6, r5, #16\n"
        "uxth.w r5, r5\n"
        "mla r2, r4, r6, r3\n"
        "mla r3, r4, r5, r3\n"
        "ldmia.w sp, {r0, r12, pc}\n"
        ".p2align 2\n" ADZE_DSP_DOT41_HALF "ldr.w pc, [sp, #12]\n"
        "2:\n" ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP ADZE_DSP_DOT41_STEP ADZE_DSP_DOT1_FINISH);
}

#define ADZE_DSP_NIBBLES                                                                                               \
    {                                                                                                                  \
        adze_dsp_dot43, adze_dsp_dot41, 80, 80, 48, 1, 1, adze_dsp_behind4, 0                                          \
    }
ADZE_DSP_PRODUCTS(i4, ADZE_DSP_NIBBLES)

#endif
