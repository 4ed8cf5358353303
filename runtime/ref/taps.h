/* ref/taps.h: which taps of a window lie inside the image. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_TAPS_H
#define ADZE_REF_TAPS_H

#include "adze.h"

/* Along one dimension: which taps of the kernel lie inside the image, when the window begins at `start`. */
typedef struct {
    int32_t first, end; /* taps inside the image: first <= tap < end */
    int32_t padded;     /* number of taps inside the padded image */
} adze_taps;

static inline adze_taps adze_taps_of(int32_t start, int32_t kernel, int32_t dilation, int32_t size, int32_t pad_end)
{
    adze_taps t = {0, 0, 0};
    for (int32_t k = 0; k < kernel; k++) {
        const int32_t at = start + k * dilation;
        t.first += at < 0 ? 1 : 0;
        t.end += at < size ? 1 : 0;
        t.padded += at < size + pad_end ? 1 : 0;
    }
    return t;
}

#endif
