/* dsp/widened.h: QConv of dsp/conv.h whose weights are widened to 16 bits once a call. SPDX-License-Identifier: 0BSD
 *
 * Weights lie in flash as dsp/dot.h wants them; those that fit into scratch and serve many pixels become those of
 * dsp/wide.h, whose loop of three pixels takes six instructions less for six outputs and one less for 24 products. One
 * group, an even number of channels. Scratch: that of dsp/conv.h and two bytes a weight. */
#ifndef ADZE_DSP_WIDENED_H
#define ADZE_DSP_WIDENED_H

#include "dsp/wide.h"

#define ADZE_DSP_WIDENED                                                                                               \
    {                                                                                                                  \
        adze_dsp_wide3, adze_dsp_dot1, 64, 56, 36, 2, 0, NULL, 1                                                       \
    }

ADZE_DSP_KERNEL void adze_qconv_i8_widened_dsp(const adze_qconv_params *p, const int8_t *x, const int32_t *w,
                                               const int32_t *bias, const int32_t *multiplier, const int8_t *residual,
                                               int8_t *y, void *scratch)
{
    const adze_dsp_loops loops = ADZE_DSP_WIDENED;
    adze_dsp_conv(&loops, p, x, w, bias, multiplier, residual, y, scratch);
}

#endif
