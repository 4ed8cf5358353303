/* dsp/dot.h: sums of products of expanded inputs with packed weights. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed two channels a, b by two inputs k, l in a word: two int16, a[k] + 256 * b[k] and a[l] + 256 *
 * b[l]. SMLAD with that word sums a + 256 * b, SMLAD with its SXTB16 sums a alone: the difference is 256 times b's sum,
 * exact whatever overflows, as long as b's sum fits in 24 bits. So a word of four int8 weights costs one
 * SXTB16.
 *
 * Inputs are expanded to int16 once for all channels. Four consecutive bytes 0, 1, 2, 3 become the pairs (0, 2), (1,
 * 3): weights come in that order, [channel / 2][k / 4][2] words. A tile is one pixel, or three of which the words
 * alternate. */
#ifndef ADZE_DSP_DOT_H
#define ADZE_DSP_DOT_H

#include "dsp/dsp.h"

/* The asm below knows these offsets. Channels are even in number. */
typedef struct {
    const uint32_t *x;     /*  0: the expanded tile */
    const uint32_t *x_end; /*  4 */
    uint32_t entry, rest;  /*  8: set by adze_dsp_dot_size */
    const int32_t *table;  /* 16: per pair of channels two biases, two multipliers; two more words are read */
    int8_t *y;             /* 20: the first channel of the first pixel */
    int32_t y_stride;      /* 24: from a pixel to the next */
    int32_t zero_point;    /* 28 */
    const int8_t *y_end;   /* 32: behind the last channel of the first pixel */
    int32_t shift;         /* 36: must be 0 for three pixels */
    const uint32_t *w;     /* 40 */
} adze_dsp_dot;

/* The two loops over one form of weights: bytes of code of a step of each, of half a step; words of weights of two
 * channels by four inputs, and in front of those of two channels (-1: in blocks, and the upper half of a pair's first
 * word says how many words it has). */
typedef struct {
    void (*three)(const adze_dsp_dot *), (*one)(const adze_dsp_dot *);
    uint32_t three_bytes, one_bytes, half_bytes;
    int32_t words, head;
    /* called for each expanded tile, or NULL; w: the group's */
    void (*expanded)(uint32_t *x, int32_t quads, int32_t pixels, const uint32_t *w);
    int32_t widened; /* the loop of three pixels reads weights that dsp/widened.h has put into scratch */
} adze_dsp_loops;

/* Words behind the expanded tile that `expanded` may write: a number for each block of 16 inputs and more. */
ADZE_FORCE_INLINE int32_t adze_dsp_behind(const adze_dsp_loops *l, int32_t quads)
{
    return (l->expanded ? 4 : 0) + (l->head < 0 ? quads / 4 * 3 : 0);
}

/* Of the weights of two channels. */
ADZE_FORCE_INLINE int32_t adze_dsp_pair_words(const adze_dsp_loops *l, const uint32_t *w, int32_t quads)
{
    return l->head < 0 ? (int32_t)(*w >> 16) : quads * l->words + l->head;
}

/* Where the loops are entered for n quadruples of inputs, as Thumb addresses from their start: so that the last pass is
 * whole. An odd quadruple of one pixel is half a step, which stands before the loop. */
ADZE_FORCE_INLINE void adze_dsp_dot_size(adze_dsp_dot *d, const adze_dsp_loops *l, int32_t n, int32_t pixels)
{
    d->x_end = d->x + n * 2 * pixels;
    d->rest = (uint32_t)(n < 2 ? 4 : -(n / 2) & 3) * l->one_bytes + 1;
    d->entry = n & 1 ? 1u - l->half_bytes : d->rest;
    if (pixels == 3)
        d->entry = (uint32_t)(-n & 7) * l->three_bytes + 1;
}

/* Entry: r0 points to an adze_dsp_dot. Its copy lies at sp, r3 is entry, r4 is rest, r0 the table. */
#define ADZE_DSP_DOT_ENTER                                                                                             \
    "push {r4-r11, lr}\n"                                                                                              \
    "sub sp, sp, #40\n"                                                                                                \
    "ldmia.w r0, {r1-r11}\n"                                                                                           \
    "stmia.w sp, {r1-r10}\n"                                                                                           \
    "mov r1, r11\n"                                                                                                    \
    "mov r0, r5\n"
#define ADZE_DSP_DOT_LEAVE                                                                                             \
    "add sp, sp, #40\n"                                                                                                \
    "pop {r4-r11, pc}\n"

/* Behind the loop: table, y, y_stride, zero_point, y_end. */
#define ADZE_DSP_DOT_BEHIND                                                                                            \
    "cmp r0, r12\n"                                                                                                    \
    "bne.w 2b\n"                                                                                                       \
    "add r0, sp, #16\n"                                                                                                \
    "ldmia.w r0, {r0, r8, r11, r12, lr}\n"
/* The next pair of channels, whose first words are in place. */
#define ADZE_DSP_DOT_NEXT                                                                                              \
    "cmp r8, lr\n"                                                                                                     \
    "strd r0, r8, [sp, #16]\n"                                                                                         \
    "bne.w 1b\n" ADZE_DSP_DOT_LEAVE
/* Six sums to bytes: three pixels of the first channel in r5-r7, of the second in r2-r4. */
#define ADZE_DSP_DOT3_STORE                                                                                            \
    "ssat r6, #8, r6\n"                                                                                                \
    "ssat r7, #8, r7\n"                                                                                                \
    "ssat r5, #8, r5\n"                                                                                                \
    "ssat r3, #8, r3\n"                                                                                                \
    "ssat r4, #8, r4\n"                                                                                                \
    "ssat r2, #8, r2\n"                                                                                                \
    "strb r6, [r8, r11]\n"                                                                                             \
    "strb r7, [r8, r11, lsl #1]\n"                                                                                     \
    "strb r5, [r8], #1\n"                                                                                              \
    "strb r3, [r8, r11]\n"                                                                                             \
    "strb r4, [r8, r11, lsl #1]\n"                                                                                     \
    "strb r2, [r8], #1\n"
/* The same of sums that are not scaled yet: multipliers of the channels in r9 and r10, zero point in r12. */
#define ADZE_DSP_DOT3_SCALE                                                                                            \
    "smmlar r6, r6, r9, r12\n"                                                                                         \
    "smmlar r7, r7, r9, r12\n"                                                                                         \
    "smmlar r5, r5, r9, r12\n"                                                                                         \
    "smmlar r3, r3, r10, r12\n"                                                                                        \
    "smmlar r4, r4, r10, r12\n"                                                                                        \
    "smmlar r2, r2, r10, r12\n" ADZE_DSP_DOT3_STORE
/* Two sums, of the first channel in r3, of the second in r2, are scaled and stored. */
#define ADZE_DSP_DOT1_STORE                                                                                            \
    "lsl r2, r2, r11\n"                                                                                                \
    "lsl r3, r3, r11\n"                                                                                                \
    "smmlar r3, r3, r9, r12\n"                                                                                         \
    "smmlar r2, r2, r10, r12\n"                                                                                        \
    "ssat r3, #8, r3\n"                                                                                                \
    "ssat r2, #8, r2\n"                                                                                                \
    "strb r3, [r8], #1\n"                                                                                              \
    "strb r2, [r8], #1\n"
/* What stands behind a loop whose sums are those of a + 256 * b and of a. */
#define ADZE_DSP_DOT3_FINISH                                                                                           \
    ADZE_DSP_DOT_BEHIND                                                                                                \
    "ldrd r9, r10, [r0, #4]\n"                                                                                         \
    "sub r2, r2, r5\n"                                                                                                 \
    "sub r3, r3, r6\n"                                                                                                 \
    "sub r4, r4, r7\n"                                                                                                 \
    "add r2, r9, r2, asr #8\n"                                                                                         \
    "add r3, r9, r3, asr #8\n"                                                                                         \
    "add r4, r9, r4, asr #8\n"                                                                                         \
    "ldr r9, [r0, #12]\n"                                                                                              \
    "smmlar r6, r6, r10, r12\n"                                                                                        \
    "smmlar r7, r7, r10, r12\n"                                                                                        \
    "smmlar r5, r5, r10, r12\n"                                                                                        \
    "smmlar r3, r3, r9, r12\n"                                                                                         \
    "smmlar r4, r4, r9, r12\n"                                                                                         \
    "smmlar r2, r2, r9, r12\n" ADZE_DSP_DOT3_STORE "ldr r5, [r0, #16]!\n" ADZE_DSP_DOT_NEXT
#define ADZE_DSP_DOT1_FINISH                                                                                           \
    ADZE_DSP_DOT_BEHIND                                                                                                \
    "ldr r11, [sp, #36]\n"                                                                                             \
    "ldr r4, [r0, #4]\n"                                                                                               \
    "ldrd r9, r10, [r0, #8]\n"                                                                                         \
    "sub r2, r2, r3\n"                                                                                                 \
    "add r2, r4, r2, asr #8\n" ADZE_DSP_DOT1_STORE "ldr r3, [r0, #16]!\n" ADZE_DSP_DOT_NEXT

/* Four inputs of three pixels by two channels: 24 multiplications in 17 instructions, 68 bytes. */
#define ADZE_DSP_DOT3_STEP                                                                                             \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "ldrd r11, lr, [r1], #8\n"                                                                                         \
    "smlad r2, r8, r11, r2\n"                                                                                          \
    "smlad r3, r9, r11, r3\n"                                                                                          \
    "smlad r4, r10, r11, r4\n"                                                                                         \
    "sxtb16 r11, r11\n"                                                                                                \
    "smlad r5, r8, r11, r5\n"                                                                                          \
    "smlad r6, r9, r11, r6\n"                                                                                          \
    "smlad r7, r10, r11, r7\n"                                                                                         \
    "ldmia.w r0!, {r8, r9, r10}\n"                                                                                     \
    "smlad r2, r8, lr, r2\n"                                                                                           \
    "smlad r3, r9, lr, r3\n"                                                                                           \
    "smlad r4, r10, lr, r4\n"                                                                                          \
    "sxtb16 lr, lr\n"                                                                                                  \
    "smlad r5, r8, lr, r5\n"                                                                                           \
    "smlad r6, r9, lr, r6\n"                                                                                           \
    "smlad r7, r10, lr, r7\n"

/* Three pixels. Per pair of channels: sums of a + 256 * b in r2-r4, of a in r5-r7. */
ADZE_DSP_ASM(76, adze_dsp_dot3, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(ADZE_DSP_DOT_ENTER "adr.w r12, 2f\n"
                                        "add r3, r3, r12\n"
                                        "str r3, [sp, #8]\n"
                                        "ldr r5, [r0]\n"
                                        "1:\n"
                                        "mov r2, r5\n"
                                        "mov r6, r5\n"
                                        "mov r7, r5\n"
                                        "mov r3, r5\n"
                                        "mov r4, r5\n"
                                        "ldmia.w sp, {r0, r12, pc}\n"
                                        ".p2align 2\n"
                                        "2:\n" /* eight steps */
                     ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP
                         ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_STEP ADZE_DSP_DOT3_FINISH);
}

/* Eight inputs of one pixel by two channels: 16 multiplications in 14 instructions, 56 bytes. */
#define ADZE_DSP_DOT1_STEP                                                                                             \
    "ldmia.w r0!, {r4, r5, r6, r7}\n"                                                                                  \
    "ldmia.w r1!, {r8, r9, r10, r11}\n"                                                                                \
    "smlad r2, r4, r8, r2\n"                                                                                           \
    "sxtb16 r8, r8\n"                                                                                                  \
    "smlad r3, r4, r8, r3\n"                                                                                           \
    "smlad r2, r5, r9, r2\n"                                                                                           \
    "sxtb16 r9, r9\n"                                                                                                  \
    "smlad r3, r5, r9, r3\n"                                                                                           \
    "smlad r2, r6, r10, r2\n"                                                                                          \
    "sxtb16 r10, r10\n"                                                                                                \
    "smlad r3, r6, r10, r3\n"                                                                                          \
    "smlad r2, r7, r11, r2\n"                                                                                          \
    "sxtb16 r11, r11\n"                                                                                                \
    "smlad r3, r7, r11, r3\n"

/* One pixel. Per pair of channels: the sum of a + 256 * b in r2, of a in r3. */
ADZE_DSP_ASM(76, adze_dsp_dot1, ADZE_UNUSED const adze_dsp_dot *d)
{
    __asm__ volatile(
        ADZE_DSP_DOT_ENTER
        "adr.w r5, 2f\n"
        "add r3, r3, r5\n"
        "add r4, r4, r5\n"
        "strd r3, r4, [sp, #8]\n"
        "ldr r3, [r0]\n"
        "1:\n"
        "mov r2, r3\n"
        "ldmia.w sp, {r0, r12, pc}\n"
        ".p2align 2\n" /* half a step, 36 bytes */
        "ldrd r4, r5, [r0], #8\n"
        "ldrd r8, r9, [r1], #8\n"
        "smlad r2, r4, r8, r2\n"
        "sxtb16 r8, r8\n"
        "smlad r3, r4, r8, r3\n"
        "smlad r2, r5, r9, r2\n"
        "sxtb16 r9, r9\n"
        "smlad r3, r5, r9, r3\n"
        "ldr.w pc, [sp, #12]\n"
        "2:\n" ADZE_DSP_DOT1_STEP ADZE_DSP_DOT1_STEP ADZE_DSP_DOT1_STEP ADZE_DSP_DOT1_STEP ADZE_DSP_DOT1_FINISH);
}

#define ADZE_DSP_NARROW                                                                                                \
    {                                                                                                                  \
        adze_dsp_dot3, adze_dsp_dot1, 68, 56, 36, 2, 0, NULL, 0                                                        \
    }

#endif
