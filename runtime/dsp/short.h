/* dsp/short.h: QConv with at most 32 inputs to an output, of many pixels: pointwise layers of few channels and 3x3
 * ones over three. SPDX-License-Identifier: 0BSD
 *
 * What rounds and stores an output weighs more here than the products. Weights lie in flash as dsp/dot.h wants them; a
 * block of channels is put into scratch as the loop reads it, for each two channels a, b: three times b's bias, three
 * times a's, the weights of dsp/wide.h, both multipliers. Then nothing but this stream is read on the way, and the
 * loop runs through several tiles of three pixels a call. One group, an even number of channels, neither shift nor
 * residual. A last tile that does not fit begins earlier and is partly computed twice.
 * Scratch: ADZE_DSP_SHORT_TILES bytes of tiles, or one tile; ADZE_DSP_SHORT_STREAM of stream; a tile's bytes. */
#ifndef ADZE_DSP_SHORT_H
#define ADZE_DSP_SHORT_H

#include "dsp/expand3x3.h"
#include "dsp/wide.h"

enum { ADZE_DSP_SHORT_TILES = 1024, ADZE_DSP_SHORT_STREAM = 3072, ADZE_DSP_SHORT_QUADS = 8 };

/* Some tiles by a block of channels. The asm below knows these offsets. */
typedef struct {
    const uint32_t *x;    /*  0: the expanded tiles */
    int32_t zero_point;   /*  4 */
    int32_t y_stride;     /*  8: from a pixel to the next */
    int8_t *y_end;        /* 12: behind the block's last channel of the first pixel of a tile */
    uint32_t entry;       /* 16: as adze_dsp_dot_size has it */
    const uint32_t *w;    /* 20: the stream */
    int32_t x_bytes;      /* 24: of a tile */
    const int8_t *y_last; /* 28: y_end of the last tile */
    int32_t y_skip;       /* 32: from y_end to the next tile */
    int8_t *y;            /* 36 */
} adze_dsp_short;

/* Per pair of channels: sums of the first in r5-r7, of the second in r2-r4. */
ADZE_DSP_ASM(72, adze_dsp_short_run, ADZE_UNUSED const adze_dsp_short *d)
{
    __asm__ volatile("push {r4-r11, lr}\n"
                     "sub sp, sp, #36\n"
                     "ldmia.w r0, {r1-r10}\n"
                     "adr.w r11, 2f\n"
                     "add r5, r5, r11\n"
                     "stmia.w sp, {r1-r9}\n"
                     "mov r0, r1\n"
                     "mov r1, r6\n"
                     "mov r12, r10\n"
                     "1:\n"
                     "ldmia.w r1!, {r2-r7}\n"
                     "ldr.w pc, [sp, #16]\n"
                     ".p2align 2\n"
                     "2:\n" /* eight steps */
                     ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP
                         ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP ADZE_DSP_WIDE3_STEP "ldmia.w sp, {r0, r8, r9, r10}\n"
                     "ldrd r11, lr, [r1], #8\n"
                     "smmlar r6, r6, r11, r8\n"
                     "smmlar r7, r7, r11, r8\n"
                     "smmlar r5, r5, r11, r8\n"
                     "smmlar r3, r3, lr, r8\n"
                     "smmlar r4, r4, lr, r8\n"
                     "smmlar r2, r2, lr, r8\n"
                     "ssat r6, #8, r6\n"
                     "ssat r7, #8, r7\n"
                     "ssat r5, #8, r5\n"
                     "ssat r3, #8, r3\n"
                     "ssat r4, #8, r4\n"
                     "ssat r2, #8, r2\n"
                     "strb r6, [r12, r9]\n"
                     "strb r7, [r12, r9, lsl #1]\n"
                     "strb r5, [r12], #1\n"
                     "strb r3, [r12, r9]\n"
                     "strb r4, [r12, r9, lsl #1]\n"
                     "strb r2, [r12], #1\n"
                     "cmp r12, r10\n"
                     "bne.w 1b\n"
                     "add r2, sp, #20\n"
                     "ldmia r2, {r1, r3, r4, r5}\n"
                     "cmp r10, r4\n"
                     "beq 3f\n"
                     "add r0, r0, r3\n"
                     "str r0, [sp]\n"
                     "add r12, r12, r5\n"
                     "add r10, r10, r9\n"
                     "add r10, r10, r9, lsl #1\n"
                     "str r10, [sp, #12]\n"
                     "b.w 1b\n"
                     "3:\n"
                     "add sp, sp, #36\n"
                     "pop {r4-r11, pc}\n");
}

/* What all rows of an image have in common. */
typedef struct {
    adze_dsp_short run;
    adze_dsp_image image;   /* a tile's kernel row as if of one pixel */
    adze_qconv_params wide; /* of image */
    uint32_t *tiles;
    int32_t most, quads; /* tiles a run; quadruples of inputs of a pixel */
    int32_t block;       /* channels */
} adze_dsp_short_layer;

/* The stream of some pairs of channels; a pair has `words` words in flash. */
ADZE_FORCE_INLINE void adze_dsp_short_stream(uint32_t *to, const uint32_t *w, const int32_t *bias,
                                             const int32_t *multiplier, int32_t pairs, int32_t words)
{
    for (; pairs > 0; pairs--, w += words, bias += 2, multiplier += 2) {
        to[0] = to[1] = to[2] = (uint32_t)bias[1];
        to[3] = to[4] = to[5] = (uint32_t)bias[0];
        adze_dsp_widen(w, to + 6, words);
        to += 6 + 2 * words;
        *to++ = (uint32_t)multiplier[0];
        *to++ = (uint32_t)multiplier[1];
    }
}

/* Expands at most n tiles of 3x3 kernels, the first at row y and column x; says how many. One that reaches over the
 * border is put together first. */
ADZE_DSP_KERNEL int32_t adze_dsp_short_3x3(const adze_dsp_short_layer *t, const adze_qconv_params *p, int32_t y,
                                           int32_t x, int32_t n)
{
    const int32_t row_bytes = p->in_w * 3;
    int32_t fit = x < 0 || y < 0 || y + 3 > p->in_h ? 0 : (p->in_w - 3 + p->stride_w - x) / (3 * p->stride_w);
    const int8_t *from = t->image.patch;
    int32_t down = t->image.row;
    if (fit < 1) {
        fit = 1;
        for (int32_t ky = 0; ky < 3; ky++, y++)
            adze_dsp_copy_row(&t->image, y < 0 || y >= p->in_h ? NULL : t->image.x + y * row_bytes, x,
                              t->image.patch + ky * down);
    } else {
        from = t->image.x + y * row_bytes + x * 3;
        down = row_bytes;
    }
    n = n < fit ? n : fit;
    adze_dsp_expand3x3(t->tiles, from, from + down, from + 2 * down, 3 * p->stride_w, n);
    return n;
}

/* A row of outputs, from row iy of the image on. */
ADZE_DSP_KERNEL void adze_dsp_short_row(adze_dsp_short_layer *t, const adze_qconv_params *p, int32_t iy, int8_t *y)
{
    adze_dsp_short *d = &t->run;
    const int32_t step = p->stride_w * p->in_c;
    for (int32_t ox = 0, n; ox < p->out_w; ox += 3 * n) {
        ox = ox < p->out_w - 3 ? ox : p->out_w - 3;
        n = (p->out_w - ox) / 3;
        n = n < t->most ? n : t->most;
        if (p->kernel_w == 3) {
            n = adze_dsp_short_3x3(t, p, iy, ox * p->stride_w - p->pad_left, n);
        } else {
            const int8_t *a = t->image.x + iy * p->in_w * p->in_c + ox * step;
            adze_dsp_expand3(t->tiles, a, a + step, a + 2 * step, t->quads, n, 3 * step - p->in_c);
        }
        d->y = y + ox * p->out_c;
        d->y_end = d->y + t->block;
        d->y_last = d->y_end + (n - 1) * 3 * p->out_c;
        adze_dsp_short_run(d);
    }
}

/* What depends on the shape; divides the scratch. */
ADZE_FORCE_INLINE void adze_dsp_short_layout(adze_dsp_short_layer *t, const adze_qconv_params *p, void *scratch)
{
    const int32_t quads = (p->kernel_h * p->kernel_w * p->in_c + 3) / 4, pair = quads * 16 + 32;
    t->quads = quads;
    t->most = ADZE_DSP_SHORT_TILES / 24 / quads;
    t->block = ADZE_DSP_SHORT_STREAM / pair * 2;
    t->block = t->block < p->out_c ? t->block : p->out_c;
    t->tiles = (uint32_t *)scratch;
    uint32_t *const stream = t->tiles + t->most * quads * 6;
    t->wide = *p;
    t->wide.kernel_w = 2 * p->stride_w + 3;
    t->image.p = &t->wide;
    t->image.channels = p->in_c;
    t->image.row = t->wide.kernel_w * p->in_c;
    t->image.contiguous = 1;
    t->image.patch = (int8_t *)(stream + t->block / 2 * (pair / 4));
    t->run.x = t->tiles;
    t->run.w = stream;
    t->run.entry = (uint32_t)(ADZE_DSP_SHORT_QUADS - quads) * 64 + 1;
    t->run.zero_point = p->y_zero_point;
    t->run.y_stride = p->out_c;
    t->run.x_bytes = quads * 24;
}

ADZE_DSP_SMALL void adze_qconv_i8_short_dsp(const adze_qconv_params *params, const int8_t *x, const int32_t *w,
                                            const int32_t *bias, const int32_t *multiplier,
                                            ADZE_UNUSED const int8_t *residual, int8_t *y, void *scratch)
{
    adze_qconv_params flat = *params;
    const adze_qconv_params *const p = &flat;
    adze_dsp_flatten(&flat);
    const int32_t y_row = p->out_w * p->out_c, x_image = p->in_h * p->in_w * p->in_c;
    adze_dsp_short_layer t;
    adze_dsp_short_layout(&t, p, scratch);
    for (int32_t c = 0; c < p->out_c; c += t.block) {
        t.block = t.block < p->out_c - c ? t.block : p->out_c - c;
        t.run.y_skip = 3 * p->out_c - t.block;
        adze_dsp_short_stream((uint32_t *)(uintptr_t)t.run.w, (const uint32_t *)w + c * t.quads, bias + c,
                              multiplier + c, t.block / 2, 2 * t.quads);
        int8_t *to = y + c;
        for (int32_t b = 0; b < p->batch; b++) {
            t.image.x = x + b * x_image;
            for (int32_t oy = 0; oy < p->out_h; oy++, to += y_row)
                adze_dsp_short_row(&t, p, oy * p->stride_h - p->pad_top, to);
        }
    }
    adze_dsp_clamp(y, p->batch * p->out_h * y_row, p->lo, p->hi);
}

#endif
