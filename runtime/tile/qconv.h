/* tile/qconv.h: QConv for any machine, on the register tile. SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [group][out_c / group / 4][kernel_h][kernel_w][in_c / group][4], zero-filled. Scratch holds the
 * inputs of a tile: 4 * kernel_h * kernel_w * in_c / group bytes. */
#ifndef ADZE_TILE_QCONV_H
#define ADZE_TILE_QCONV_H

#include "tile/qtile.h"

/* The inputs of one output pixel to every `step`-th byte of `to`; x is the first channel of a group of an image. */
ADZE_KERNEL void adze_qconv_i8_tile_gather(const adze_qconv_params *p, const int8_t *x, int32_t oy, int32_t ox,
                                           int8_t *to, int32_t step)
{
    const int32_t channels = p->in_c / p->group;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
        const int32_t iy = oy * p->stride_h + ky * p->dilation_h - p->pad_top;
        for (int32_t kx = 0; kx < p->kernel_w; kx++) {
            const int32_t ix = ox * p->stride_w + kx * p->dilation_w - p->pad_left;
            if (iy < 0 || iy >= p->in_h || ix < 0 || ix >= p->in_w) {
                for (int32_t c = 0; c < channels; c++, to += step)
                    *to = (int8_t)p->x_zero_point;
                continue;
            }
            const int8_t *from = x + ((ptrdiff_t)iy * p->in_w + ix) * p->in_c;
            for (int32_t c = 0; c < channels; c++, to += step)
                *to = from[c];
        }
    }
}

/* What the tiles of one group have in common; the pointers are those of its first channel. */
typedef struct {
    const int8_t *w;
    const int32_t *bias, *multiplier;
    const int8_t *residual; /* or NULL */
    int8_t *y;
    int32_t taps, channels;
} adze_qconv_tile;

/* ADZE_QCONV_TILE(NAME, FORM): the kernel over one form of weights, for which these are defined:
 * FORM_inputs(x, pixels, k, xs): what it needs of a tile's inputs, in xs [pixels]; FORM_block(w, k): bytes of four
 * channels; FORM_sums(x, pixels, w, k, xs, sums). _run: all channels of `pixels` pixels, whose inputs are x and whose
 * outputs begin at y[at], out_c apart. _group: one group of one image, tiles of consecutive pixels, rows one after the
 * other. */
#define ADZE_QCONV_TILE(NAME, FORM)                                                                                    \
    ADZE_FORCE_INLINE void adze_##NAME##_run(const adze_qconv_params *p, const adze_qconv_tile *t, const int8_t *x,    \
                                             int32_t pixels, ptrdiff_t at)                                             \
    {                                                                                                                  \
        int32_t sums[ADZE_QTILE_PIXELS * ADZE_QTILE_CHANNELS], xs[ADZE_QTILE_PIXELS];                                  \
        const int8_t *w = t->w;                                                                                        \
        FORM##_inputs(x, pixels, t->taps, xs);                                                                         \
        for (int32_t o = 0; o < t->channels; o += ADZE_QTILE_CHANNELS, w += FORM##_block(w, t->taps)) {                \
            const int32_t left = t->channels - o, count = left < ADZE_QTILE_CHANNELS ? left : ADZE_QTILE_CHANNELS;     \
            FORM##_sums(x, pixels, w, t->taps, xs, sums);                                                              \
            for (int32_t i = 0; i < pixels; i++) {                                                                     \
                const ptrdiff_t to = at + (ptrdiff_t)i * p->out_c + o;                                                 \
                const int8_t *r = t->residual ? t->residual + to : NULL;                                               \
                for (int32_t c = 0; c < count; c++)                                                                    \
                    t->y[to + c] = adze_qconv_store(p, t->bias[o + c] + sums[i * ADZE_QTILE_CHANNELS + c],             \
                                                    t->multiplier[o + c], r ? r + c : NULL);                           \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    ADZE_FORCE_INLINE void adze_##NAME##_group(const adze_qconv_params *p, const adze_qconv_tile *t, const int8_t *x,  \
                                               int8_t *scratch)                                                        \
    {                                                                                                                  \
        const int32_t pixels = p->out_h * p->out_w;                                                                    \
        int32_t oy = 0, ox = 0;                                                                                        \
        for (int32_t i = 0; i < pixels;) {                                                                             \
            const int32_t count = pixels - i < ADZE_QTILE_PIXELS ? 1 : ADZE_QTILE_PIXELS;                              \
            for (int32_t k = 0; k < count; k++) {                                                                      \
                adze_qconv_i8_tile_gather(p, x, oy, ox, scratch + k, count);                                           \
                if (++ox == p->out_w)                                                                                  \
                    ox = 0, oy++;                                                                                      \
            }                                                                                                          \
            adze_##NAME##_run(p, t, scratch, count, (ptrdiff_t)i * p->out_c);                                          \
            i += count;                                                                                                \
        }                                                                                                              \
    }                                                                                                                  \
    ADZE_KERNEL void adze_##NAME(const adze_qconv_params *p, const int8_t *x, const int8_t *w, const int32_t *bias,    \
                                 const int32_t *multiplier, const int8_t *residual, int8_t *y, void *scratch)          \
    {                                                                                                                  \
        const int32_t in = p->in_c / p->group, out = p->out_c / p->group;                                              \
        adze_qconv_tile t;                                                                                             \
        t.taps = p->kernel_h * p->kernel_w * in;                                                                       \
        t.channels = out;                                                                                              \
        const ptrdiff_t group_w =                                                                                      \
            (ptrdiff_t)(out + ADZE_QTILE_CHANNELS - 1) / ADZE_QTILE_CHANNELS * FORM##_block(w, t.taps);                \
        for (int32_t n = 0; n < p->batch; n++) {                                                                       \
            const ptrdiff_t x_at = (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;                                         \
            const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;                                      \
            for (int32_t g = 0; g < p->group; g++) {                                                                   \
                t.w = w + g * group_w;                                                                                 \
                t.bias = bias + g * out;                                                                               \
                t.multiplier = multiplier + g * out;                                                                   \
                t.residual = residual ? residual + y_at + g * out : NULL;                                              \
                t.y = y + y_at + g * out;                                                                              \
                adze_##NAME##_group(p, &t, x + x_at + g * in, (int8_t *)scratch);                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
ADZE_QCONV_TILE(qconv_i8_tile, ADZE_QTILE8)

#endif
