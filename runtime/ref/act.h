/* ref/act.h: the bounds that end every kernel's sum. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_ACT_H
#define ADZE_REF_ACT_H

#include "adze.h"

/* lo <= result <= hi; NaN stays NaN. */
ADZE_FORCE_INLINE float adze_act_f32(float v, float lo, float hi)
{
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

#endif
