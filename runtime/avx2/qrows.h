/* avx2/qrows.h: rows of a quantised image with its border of zero points, as many as a window spans, in a ring.
 * SPDX-License-Identifier: 0BSD
 *
 * Windows then lie inside everywhere. Row i, counted from the border's first, is in slot i % span. */
#ifndef ADZE_AVX2_QROWS_H
#define ADZE_AVX2_QROWS_H

#include "avx2/qdot.h"

ADZE_AVX2_BEGIN

/* `next`: the first row that is not in the ring yet. */
typedef struct {
    int32_t span, width, next;
} adze_avx2_rows;

ADZE_FORCE_INLINE adze_avx2_rows adze_avx2_rows_of(const adze_qconv_params *p)
{
    const int32_t steps = p->out_w > 0 ? p->out_w - 1 : 0;
    const adze_avx2_rows r = {(p->kernel_h - 1) * p->dilation_h + 1,
                              steps * p->stride_w + (p->kernel_w - 1) * p->dilation_w + 1, 0};
    return r;
}

ADZE_FORCE_INLINE void adze_avx2_copy_bytes(const int8_t *x, ptrdiff_t count, int8_t *to)
{
    memcpy(to, x, (size_t)count);
}

/* Rows from `first` to before `end` come into the ring; x is an image. */
#define ADZE_AVX2_ROWS(NAME, T, COPY)                                                                                  \
    ADZE_AVX2_KERNEL void NAME(const adze_qconv_params *p, const int8_t *x, int32_t first, int32_t end,                \
                               adze_avx2_rows *r, T *ring)                                                             \
    {                                                                                                                  \
        const int32_t beyond = r->width - p->pad_left, inside = beyond < p->in_w ? beyond : p->in_w;                   \
        const ptrdiff_t row = (ptrdiff_t)r->width * p->in_c, left = (ptrdiff_t)p->pad_left * p->in_c;                  \
        for (int32_t i = first > r->next ? first : r->next; i < end; i++) {                                            \
            T *to = ring + i % r->span * row, *const behind = to + row;                                                \
            const int32_t iy = i - p->pad_top;                                                                         \
            if (iy >= 0 && iy < p->in_h && inside > 0) {                                                               \
                for (T *const until = to + left; to < until; to++)                                                     \
                    *to = (T)p->x_zero_point;                                                                          \
                COPY(x + (ptrdiff_t)iy * p->in_w * p->in_c, (ptrdiff_t)inside * p->in_c, to);                          \
                to += (ptrdiff_t)inside * p->in_c;                                                                     \
            }                                                                                                          \
            for (; to < behind; to++)                                                                                  \
                *to = (T)p->x_zero_point;                                                                              \
        }                                                                                                              \
        r->next = end > r->next ? end : r->next;                                                                       \
    }
ADZE_AVX2_ROWS(adze_avx2_rows_i8, int8_t, adze_avx2_copy_bytes)
ADZE_AVX2_ROWS(adze_avx2_rows_i16, int16_t, adze_avx2_widen)

ADZE_AVX2_END

#endif
