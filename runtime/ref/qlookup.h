/* ref/qlookup.h: any function of one 8-bit operand, by table; x and y may be the same. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_QLOOKUP_H
#define ADZE_REF_QLOOKUP_H

#include "adze.h"

ADZE_KERNEL void adze_qlookup_i8_ref(const adze_unary_params *p, const int8_t *x, const int8_t *table, int8_t *y)
{
    for (int32_t i = 0; i < p->count; i++)
        y[i] = table[x[i] + 128];
}

/* The result has 16 bits; x and y do not overlap. */
ADZE_KERNEL void adze_qlookup_i8_i16_ref(const adze_unary_params *p, const int8_t *x, const int16_t *table, int16_t *y)
{
    for (int32_t i = 0; i < p->count; i++)
        y[i] = table[x[i] + 128];
}

#endif
