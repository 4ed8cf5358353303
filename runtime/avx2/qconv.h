/* avx2/qconv.h: QConv on x86-64: any kernel, stride, dilation, padding, groups of five channels and more.
 * SPDX-License-Identifier: 0BSD
 *
 * Weights are packed [group][unit] as qdot.h says. A segment is a row of the window, or with groups or dilation a tap.
 * Scratch is a ring of rows (qrows.h), 16 bits an element, and one element; a pointwise QConv is a product of matrices,
 * and scratch holds the inputs of four pixels. */
#ifndef ADZE_AVX2_QCONV_H
#define ADZE_AVX2_QCONV_H

#include "avx2/qrows.h"

ADZE_AVX2_BEGIN

ADZE_FORCE_INLINE adze_avx2_inputs adze_avx2_inputs_of(const adze_qconv_params *p, const adze_avx2_rows *r,
                                                       const int16_t *ring)
{
    const int32_t channels = p->in_c / p->group, whole = p->group == 1 && p->dilation_w == 1;
    const adze_avx2_inputs in = {ring,
                                 p->kernel_h,
                                 whole ? 1 : p->kernel_w,
                                 ((whole ? p->kernel_w : 1) * channels + 1) / 2,
                                 r->span,
                                 p->dilation_h,
                                 (ptrdiff_t)r->width * p->in_c,
                                 (ptrdiff_t)p->dilation_w * p->in_c,
                                 (ptrdiff_t)p->stride_w * p->in_c};
    return in;
}

/* One image, row by row, group by group. */
ADZE_FORCE_INLINE void adze_avx2_qconv_image(const adze_qconv_params *p, const adze_avx2_inputs *in, adze_avx2_qlayer l,
                                             adze_avx2_rows r, const int8_t *x, const int8_t *residual, int8_t *y,
                                             int16_t *ring)
{
    const int32_t group_in = p->in_c / p->group, units = (l.channels + ADZE_AVX2_QUNIT - 1) / ADZE_AVX2_QUNIT;
    const adze_avx2_qlayer begin = l;
    for (int32_t oy = 0; oy < p->out_h; oy++) {
        const int32_t first = oy * p->stride_h;
        adze_avx2_rows_i16(p, x, first, first + r.span, &r, ring);
        l = begin;
        for (int32_t g = 0; g < p->group; g++) {
            const ptrdiff_t at = (ptrdiff_t)oy * p->out_w * p->out_c + g * l.channels;
            const adze_avx2_qtile t = {&l, in, first % r.span, g * group_in, residual ? residual + at : NULL, y + at};
            adze_avx2_qrow(t, p->out_w);
            l.w += units * l.unit;
            l.bias += l.channels;
            l.multiplier += l.channels;
        }
    }
}

/* Of one pixel, each once, in order. */
ADZE_FORCE_INLINE int32_t adze_avx2_is_pointwise(const adze_qconv_params *p)
{
    return p->kernel_h == 1 && p->kernel_w == 1 && p->group == 1 && p->out_h == p->in_h && p->out_w == p->in_w &&
           p->stride_h == 1 && p->stride_w == 1 && p->dilation_w == 1;
}

ADZE_AVX2_KERNEL void adze_qconv_i8_avx2(const adze_qconv_params *p, const int8_t *x, const int8_t *w,
                                         const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                         int8_t *y, void *scratch)
{
    int16_t *const ring = (int16_t *)scratch;
    const adze_avx2_rows r = adze_avx2_rows_of(p);
    const adze_avx2_inputs in = adze_avx2_inputs_of(p, &r, ring);
    const ptrdiff_t unit = (ptrdiff_t)in.rows * in.segments * in.pairs * 16;
    const adze_avx2_qlayer l = {ADZE_AVX2_QOUT(p), w, bias, multiplier, p->out_c / p->group, unit, p->out_c};
    if (adze_avx2_is_pointwise(p)) {
        adze_avx2_qmatrix(&l, x, p->batch * p->out_h * p->out_w, p->in_c, residual, y, ring);
        return;
    }
    ring[r.span * in.row] = 0; /* what an odd segment at the end is joined by */
    for (int32_t n = 0; n < p->batch; n++) {
        const ptrdiff_t x_at = (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        adze_avx2_qconv_image(p, &in, l, r, x + x_at, residual ? residual + y_at : NULL, y + y_at, ring);
    }
}

ADZE_AVX2_END

#endif
