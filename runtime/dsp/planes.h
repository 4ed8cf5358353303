/* dsp/planes.h: four channels of some rows of an image as planes of int16, with their border. SPDX-License-Identifier:
 * 0BSD
 *
 * A word holds two neighbours of a row, the first column being that of the leftmost tap. */
#ifndef ADZE_DSP_PLANES_H
#define ADZE_DSP_PLANES_H

#include "dsp/dsp.h"

/* Some rows. The asm below knows these offsets. */
typedef struct {
    uint32_t *to;
    const int8_t *x;
    int32_t step, plane;  /*  8: bytes from a pixel to the next, from a plane to the next */
    uint32_t bytes, pair; /* 16: the zero point in each byte, in each half */
    int32_t before, left; /* 24: pairs outside of the row, one pair of which the second is inside */
    int32_t inside;       /* 32: pairs inside */
    int32_t right, after; /* 36: one pair of which the first is inside, pairs behind the row */
    int32_t skip, rows;   /* 44: bytes from the last pixel read to the next row */
} adze_dsp_planes_rows;

typedef struct {
    adze_dsp_planes_rows row; /* but for to, x, rows */
    uint32_t *words;          /* [4][rows][pairs] */
    int32_t rows, pairs;
    const int8_t *x; /* the first of the four channels */
    int32_t in_h, row_bytes;
    int32_t filled; /* the rows outside of the image are there, from the last four channels */
} adze_dsp_planes;

/* The pixels in r4 and r5 to four planes. One register's STM is shorter than its STR. */
#define ADZE_DSP_PLANES_STORE                                                                                          \
    "pkhbt r6, r4, r5, lsl #16\n"                                                                                      \
    "pkhtb r5, r5, r4, asr #16\n"                                                                                      \
    "sxtb16 r7, r6\n"                                                                                                  \
    "sxtb16 r6, r6, ror #8\n"                                                                                          \
    "sxtb16 r8, r5\n"                                                                                                  \
    "sxtb16 r9, r5, ror #8\n"                                                                                          \
    "stmia r0!, {r7}\n"                                                                                                \
    "stmia r3!, {r6}\n"                                                                                                \
    "str r8, [r12], #4\n"                                                                                              \
    "str r9, [lr], #4\n"

/* r5 times a pair outside. */
#define ADZE_DSP_PLANES_OUTSIDE                                                                                        \
    "stmia r0!, {r4}\n"                                                                                                \
    "stmia r3!, {r4}\n"                                                                                                \
    "str r4, [r12], #4\n"                                                                                              \
    "str r4, [lr], #4\n"                                                                                               \
    "subs r5, r5, #1\n"

/* The planes' next words are at r0, r3, r12, lr. */
ADZE_DSP_ASM(88, adze_dsp_planes_run, ADZE_UNUSED const adze_dsp_planes_rows *d)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #52\n"
                     "ldmia.w r0!, {r1-r12, lr}\n"
                     "stmia.w sp, {r1-r12, lr}\n"
                     "mov r0, r1\n"
                     "mov r1, r2\n"
                     "mov r2, r3\n"
                     "add r3, r0, r4\n"
                     "add r12, r3, r4\n"
                     "add lr, r12, r4\n"
                     "1:\n"
                     "ldr r5, [sp, #24]\n"
                     "cbz r5, 3f\n"
                     "ldr r4, [sp, #20]\n"
                     "2:\n" ADZE_DSP_PLANES_OUTSIDE "bne 2b\n"
                     "3:\n"
                     "ldrd r4, r10, [sp, #28]\n"
                     "cbz r4, 4f\n"
                     "ldr r4, [sp, #16]\n"
                     "ldr r5, [r1]\n"
                     "add r1, r1, r2\n" ADZE_DSP_PLANES_STORE "4:\n"
                     "lsrs r10, r10, #1\n"
                     "bcc 5f\n"
                     "ldr r4, [r1]\n"
                     "ldr r5, [r1, r2]\n"
                     "add r1, r1, r2, lsl #1\n" ADZE_DSP_PLANES_STORE "5:\n"
                     "beq 7f\n"
                     "6:\n"
                     "ldr r4, [r1]\n"
                     "ldr r5, [r1, r2]\n"
                     "add r1, r1, r2, lsl #1\n"
                     "pkhbt r6, r4, r5, lsl #16\n"
                     "pkhtb r4, r5, r4, asr #16\n"
                     "ldr r5, [r1]\n"
                     "ldr r7, [r1, r2]\n"
                     "add r1, r1, r2, lsl #1\n"
                     "pkhbt r8, r5, r7, lsl #16\n"
                     "pkhtb r5, r7, r5, asr #16\n"
                     "sxtb16 r9, r6\n"
                     "sxtb16 r11, r8\n"
                     "strd r9, r11, [r0], #8\n"
                     "sxtb16 r6, r6, ror #8\n"
                     "sxtb16 r8, r8, ror #8\n"
                     "strd r6, r8, [r3], #8\n"
                     "sxtb16 r9, r4\n"
                     "sxtb16 r11, r5\n"
                     "strd r9, r11, [r12], #8\n"
                     "sxtb16 r4, r4, ror #8\n"
                     "sxtb16 r5, r5, ror #8\n"
                     "strd r4, r5, [lr], #8\n"
                     "subs r10, r10, #1\n"
                     "bne 6b\n"
                     "7:\n"
                     "ldr r4, [sp, #36]\n"
                     "cbz r4, 8f\n"
                     "ldr r4, [r1]\n"
                     "ldr r5, [sp, #16]\n"
                     "add r1, r1, r2\n" ADZE_DSP_PLANES_STORE "8:\n"
                     "ldr r5, [sp, #40]\n"
                     "cbz r5, 10f\n"
                     "ldr r4, [sp, #20]\n"
                     "9:\n" ADZE_DSP_PLANES_OUTSIDE "bne 9b\n"
                     "10:\n"
                     "ldrd r4, r5, [sp, #44]\n"
                     "add r1, r1, r4\n"
                     "subs r5, r5, #1\n"
                     "str r5, [sp, #48]\n"
                     "bne.w 1b\n"
                     "add sp, sp, #52\n"
                     "pop {r4-r11, pc}\n");
}

/* What all rows have in common; words, rows, pairs are given. */
ADZE_FORCE_INLINE void adze_dsp_planes_of(adze_dsp_planes *t, int32_t in_h, int32_t in_w, int32_t in_c,
                                          int32_t pad_left, int32_t outside)
{
    adze_dsp_planes_rows *d = &t->row;
    t->in_h = in_h;
    t->row_bytes = in_w * in_c;
    t->filled = 0;
    d->step = in_c;
    d->plane = t->rows * t->pairs * 4;
    d->bytes = adze_dsp_repeat(outside);
    d->pair = (uint32_t)(uint16_t)outside * 0x10001u;
    d->before = pad_left / 2 < t->pairs ? pad_left / 2 : t->pairs;
    d->left = d->before < t->pairs ? pad_left % 2 : 0;
    const int32_t room = t->pairs - d->before - d->left, pixels = in_w - d->left;
    d->inside = pixels / 2 < room ? pixels / 2 : room;
    d->right = d->inside < room ? pixels % 2 : 0;
    d->after = room - d->inside - d->right;
    d->skip = (in_w - d->left - 2 * d->inside - d->right) * in_c;
}

/* `rows` rows outside of the image. */
ADZE_DSP_KERNEL uint32_t *adze_dsp_planes_outside(const adze_dsp_planes *t, uint32_t *to, int32_t rows)
{
    const ptrdiff_t plane = t->row.plane / 4;
    for (const uint32_t *end = to + rows * t->pairs; to < end; to++) {
        to[0] = to[plane] = to[2 * plane] = to[3 * plane] = t->row.pair;
        __asm__ volatile(""); /* a small loop */
    }
    return to;
}

/* Rows of the image from y on, in it or outside. */
ADZE_DSP_KERNEL void adze_dsp_planes_fill(adze_dsp_planes *t, int32_t y, int32_t rows)
{
    adze_dsp_planes_rows *d = &t->row;
    int32_t above = y < 0 ? -y : 0;
    above = y >= t->in_h || above > rows ? rows : above;
    int32_t inside = t->in_h - y - above;
    inside = inside < rows - above ? inside : rows - above;
    inside = above < rows ? inside : 0;
    d->to = t->words + above * t->pairs;
    d->x = t->x + (ptrdiff_t)(y + above) * t->row_bytes;
    d->rows = inside;
    if (inside > 0)
        adze_dsp_planes_run(d);
    if (t->filled)
        return;
    adze_dsp_planes_outside(t, t->words, above);
    adze_dsp_planes_outside(t, t->words + (above + inside) * t->pairs, rows - above - inside);
}

#endif
