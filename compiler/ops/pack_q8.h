/* Weights of 8 bits in blocks of channels: what the kernels of sets tile and avx2 have in common. Private to
 * compiler/ops. */
#ifndef ADZE_OPS_PACK_Q8_H
#define ADZE_OPS_PACK_Q8_H

#include "ops/plan.h"

/* `groups` times `channels` x `segments` of `taps`. Element (channel, tap) of a group stands in the logical tensor at
 * channel * channel_step + tap * tap_step; packed, in blocks [segments][taps / pair][width][pair], where what is
 * missing of a pair or of the last block is 0. `overlap`: that one begins `width` channels before their end instead. */
typedef struct {
    int64_t groups, channels, segments, taps, channel_step, tap_step, width, pair;
    bool overlap;
} Q8Matrix;

Q8Matrix q8_gemm(const Step *s, int64_t width, int64_t pair);
Q8Matrix q8_conv(const Step *s, int64_t width, int64_t pair); /* one segment */
Packed q8_packed(const Q8Matrix *m);
void q8_pack(const Q8Matrix *m, const int8_t *logical, int8_t *packed);
void q8_unpack(const Q8Matrix *m, const int8_t *packed, int8_t *logical);

/* The three functions of a kernel row. */
#define Q8_FUNCTIONS(name, matrix)                                                                                     \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        const Q8Matrix m = matrix(s);                                                                                  \
        return q8_packed(&m);                                                                                          \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        const Q8Matrix m = matrix(s);                                                                                  \
        q8_pack(&m, logical, packed);                                                                                  \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        const Q8Matrix m = matrix(s);                                                                                  \
        q8_unpack(&m, packed, logical);                                                                                \
    }

#endif
