/* dsp/tile.h: all channels of a tile of one or three pixels: sums, requantisation, residual, bounds.
 * SPDX-License-Identifier: 0BSD */
#ifndef ADZE_DSP_TILE_H
#define ADZE_DSP_TILE_H

#include "dsp/add.h"
#include "dsp/dot.h"

/* What the tiles of a layer have in common. Channels are those of one group. */
typedef struct {
    adze_dsp_loops loops;
    adze_dsp_dot three, one; /* tiles of three pixels and of one; y and y_end are the tile's */
    int8_t *sums;            /* a tile's channels, when there is a residual */
    int32_t *table;          /* see adze_dsp_dot */
    uint32_t *widened;       /* weights of the loop of three pixels, or NULL */
    int32_t channels, y_stride, quads;
    int32_t q_lo, q_hi, lo, hi;
    int32_t plain; /* neither a residual, nor narrower bounds, nor an odd channel */
    adze_dsp_sum add;
} adze_dsp_layer;

ADZE_FORCE_INLINE void adze_dsp_dot_run(const adze_dsp_layer *t, const adze_dsp_dot *d, int32_t pixels)
{
    if (pixels == 3)
        t->loops.three(d);
    else
        t->loops.one(d);
}

/* The last of an odd number of channels: its pair's second half goes to a place of its own. */
ADZE_DSP_KERNEL void adze_dsp_dot_last(const adze_dsp_layer *t, adze_dsp_dot d, int32_t pixels, int8_t *to)
{
    const int32_t last = t->channels - 1, stride = d.y_stride;
    int8_t y[6];
    d.table += (ptrdiff_t)last * 2;
    d.w += (ptrdiff_t)(last / 2) * adze_dsp_pair_words(&t->loops, d.w, t->quads);
    d.y = y;
    d.y_end = y + 2;
    d.y_stride = 2;
    adze_dsp_dot_run(t, &d, pixels);
    for (int32_t i = 0; i < pixels; i++)
        to[last + i * stride] = y[i * 2];
}

/* The expanded pixels to y; the residual of the first begins at residual[at], or residual is NULL: passed on as it is,
 * so that the compiler sees it when no layer of a program has one. */
ADZE_DSP_KERNEL void adze_dsp_tile(const adze_dsp_layer *t, adze_dsp_dot *d, int32_t pixels, const int8_t *residual,
                                   ptrdiff_t at, int8_t *y)
{
    int8_t *to = residual ? t->sums : y;
    d->y = to;
    d->y_end = to + (t->channels & ~1);
    if (t->channels > 1)
        adze_dsp_dot_run(t, d, pixels);
    if (t->channels & 1)
        adze_dsp_dot_last(t, *d, pixels, to);
    for (int32_t i = 0; i < pixels; i++, to += d->y_stride, y += t->y_stride) {
        if (residual) {
            adze_dsp_clamp(to, t->channels, t->q_lo, t->q_hi);
            adze_dsp_sum_run(&t->add, to, residual + at, y, t->channels);
            at += t->y_stride;
        }
        adze_dsp_clamp(y, t->channels, t->lo, t->hi);
    }
}

#endif
