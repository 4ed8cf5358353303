/* ref/bitwise.h: element-wise on the bits of integers, by size. SPDX-License-Identifier: 0BSD
 *
 * Shifts are those of unsigned integers; what is shifted by its width or more is zero. */
#ifndef ADZE_REF_BITWISE_H
#define ADZE_REF_BITWISE_H

#include "ref/broadcast.h"
#include "ref/element.h"

/* STEP of u, an element of x, and v, one of z. */
#define ADZE_BITWISE_2(NAME, BYTES, STEP)                                                                              \
    ADZE_KERNEL void adze_##NAME##_##BYTES##_ref(const adze_broadcast_params *p, const void *x, const void *z,         \
                                                 void *to)                                                             \
    {                                                                                                                  \
        const adze_element_##BYTES *a = (const adze_element_##BYTES *)x, *b = (const adze_element_##BYTES *)z;         \
        adze_element_##BYTES *y = (adze_element_##BYTES *)to;                                                          \
        ADZE_BROADCAST(adze_element_##BYTES, adze_element_##BYTES, STEP);                                              \
    }

#define ADZE_BITWISE(BYTES)                                                                                            \
    ADZE_BITWISE_2(bitwise_and, BYTES, u &v)                                                                           \
    ADZE_BITWISE_2(bitwise_or, BYTES, u | v)                                                                           \
    ADZE_BITWISE_2(bitwise_xor, BYTES, u ^ v)                                                                          \
    ADZE_BITWISE_2(shift_left, BYTES, v < 8 * BYTES ? (uint64_t)u << v : 0)                                            \
    ADZE_BITWISE_2(shift_right, BYTES, v < 8 * BYTES ? (uint64_t)u >> v : 0)                                           \
    ADZE_KERNEL void adze_bitwise_not_##BYTES##_ref(const adze_unary_params *p, const void *x, void *y)                \
    {                                                                                                                  \
        const adze_element_##BYTES *from = (const adze_element_##BYTES *)x;                                            \
        adze_element_##BYTES *to = (adze_element_##BYTES *)y;                                                          \
        for (int32_t i = 0; i < p->count; i++)                                                                         \
            to[i] = (adze_element_##BYTES) ~from[i];                                                                   \
    }
ADZE_BITWISE(1)
ADZE_BITWISE(2)
ADZE_BITWISE(4)
ADZE_BITWISE(8)

#endif
