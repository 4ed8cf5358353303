#include "ops/pack_q4.h"
#include "ops/pack_dsp.h"
#include "ops/pack_qtile.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"

Q4Matrix q4_conv_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    return (Q4Matrix){p.group, p.out_c, taps, taps, 1};
}

Q4Matrix q4_gemm_matrix(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Q4Matrix){1, p.n, p.k, 1, p.n};
}

/* The z of a channel; -1: its weights do not fit 4 bits. It is 8 where that serves. */
static int channel_zero(Q4Matrix m, const int8_t *w, int64_t channel)
{
    int lo = 0, hi = 0;
    for (int64_t i = 0; i < m.taps; i++) {
        const int v = w[channel * m.channel_step + i * m.tap_step];
        lo = v < lo ? v : lo;
        hi = v > hi ? v : hi;
    }
    if (hi - lo > 15)
        return -1;
    return lo < -8 ? -lo : hi > 7 ? 15 - hi : 8;
}

static bool fits(const Step *s, Q4Matrix m)
{
    if (!s->in[1] || !s->in[1]->data || s->in[1]->type != DT_I8 || m.channels * m.taps < Q4_MIN_WEIGHTS)
        return false;
    for (int64_t c = 0; c < m.channels; c++)
        if (channel_zero(m, s->in[1]->data, c) < 0)
            return false;
    return true;
}

const char *q4_stays(const Step *s)
{
    const bool depthwise = s->kind == KIND_QDEPTHWISE;
    if ((!depthwise && s->kind != KIND_QCONV && s->kind != KIND_QGEMM) || strstr(s->kernel->function, "_i4_") ||
        strncmp(s->params_type, s->kind == KIND_QGEMM ? "adze_qgemm_params" : "adze_qconv_params", 17) != 0 ||
        !fits(s, s->kind == KIND_QGEMM ? q4_gemm_matrix(s) : q4_conv_matrix(s)))
        return NULL;
    return depthwise
               ? "its depthwise weights of 4 bits are stored in 8 or more: there is no kernel for them"
               : "its weights of 4 bits are stored in 8 or more: those kernels are faster (-O speed), or no kernel "
                 "of 4 bits serves its groups";
}

static int64_t row_bytes(Q4Matrix m)
{
    return 1 + (m.taps + 1) / 2;
}

static void rows_pack(Q4Matrix m, const int8_t *w, uint8_t *to)
{
    memset(to, 0, (size_t)(m.channels * row_bytes(m)));
    for (int64_t c = 0; c < m.channels; c++, to += row_bytes(m)) {
        to[0] = (uint8_t)channel_zero(m, w, c);
        for (int64_t i = 0; i < m.taps; i++)
            to[1 + i / 2] |= (uint8_t)((w[c * m.channel_step + i * m.tap_step] + to[0]) << (i % 2 * 4));
    }
}

static void rows_unpack(Q4Matrix m, const uint8_t *from, int8_t *w)
{
    for (int64_t c = 0; c < m.channels; c++, from += row_bytes(m))
        for (int64_t i = 0; i < m.taps; i++)
            w[c * m.channel_step + i * m.tap_step] = (int8_t)((from[1 + i / 2] >> (i % 2 * 4) & 15) - from[0]);
}

/* Blocks of four channels of a group. */
static int64_t group_bytes(Q4Matrix m)
{
    return (m.channels / m.groups + 3) / 4 * (m.taps + 1) * 2;
}

/* The byte of a channel's z (tap -1), or of a weight; the channel's half of it begins at bit channel % 2 * 4. */
static int64_t block_at(Q4Matrix m, int64_t c, int64_t tap)
{
    const int64_t per_group = m.channels / m.groups, in_group = c % per_group;
    return c / per_group * group_bytes(m) + (in_group / 4 * (m.taps + 1) + tap + 1) * 2 + in_group % 4 / 2;
}

static int block_shift(Q4Matrix m, int64_t c)
{
    return (int)(c % (m.channels / m.groups) % 2 * 4);
}

static void blocks_pack(Q4Matrix m, const int8_t *w, uint8_t *to)
{
    memset(to, 0, (size_t)(m.groups * group_bytes(m)));
    for (int64_t c = 0; c < m.channels; c++) {
        const int zero = channel_zero(m, w, c), shift = block_shift(m, c);
        to[block_at(m, c, -1)] |= (uint8_t)(zero << shift);
        for (int64_t i = 0; i < m.taps; i++)
            to[block_at(m, c, i)] |= (uint8_t)((w[c * m.channel_step + i * m.tap_step] + zero) << shift);
    }
}

static void blocks_unpack(Q4Matrix m, const uint8_t *from, int8_t *w)
{
    for (int64_t c = 0; c < m.channels; c++)
        for (int64_t i = 0; i < m.taps; i++) {
            const int shift = block_shift(m, c), zero = from[block_at(m, c, -1)] >> shift & 15;
            w[c * m.channel_step + i * m.tap_step] = (int8_t)((from[block_at(m, c, i)] >> shift & 15) - zero);
        }
}

/* The functions of a row, but accepts. */
#define FORM(name, matrix, form, size, type)                                                                           \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        const Q4Matrix m = matrix(s);                                                                                  \
        return (Packed){(size_t)(size), type};                                                                         \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        form##_pack(matrix(s), logical, packed);                                                                       \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        form##_unpack(matrix(s), packed, logical);                                                                     \
    }
FORM(qconv_i4_ref, q4_conv_matrix, rows, m.channels *row_bytes(m), DT_U8)
FORM(qgemm_i4_ref, q4_gemm_matrix, rows, m.channels *row_bytes(m), DT_U8)
FORM(qconv_i4_tile, q4_conv_matrix, blocks, m.groups *group_bytes(m), DT_I8)
FORM(qgemm_i4_tile, q4_gemm_matrix, blocks, m.groups *group_bytes(m), DT_I8)

bool qconv_i4_ref_accepts(const Step *s)
{
    return fits(s, q4_conv_matrix(s));
}

bool qgemm_i4_ref_accepts(const Step *s)
{
    return fits(s, q4_gemm_matrix(s));
}

bool qconv_i4_tile_accepts(const Step *s)
{
    return qconv_i8_tile_accepts(s) && fits(s, q4_conv_matrix(s));
}

bool qgemm_i4_tile_accepts(const Step *s)
{
    return fits(s, q4_gemm_matrix(s));
}

/* dsp: pairs of words as dsp/dot.h packs weights of 8 bits, here u, are one: the second word is shifted by 4 bits. In
 * front of a pair's words stands one of its z: a's, and a's + 256 * b's. Inputs behind the last are arbitrary: their u
 * is z too. */
typedef Packed PackedFn(const Step *s);
typedef void PackFn(const Step *s, const void *logical, void *packed);
typedef void UnpackFn(const Step *s, const void *packed, void *logical);

typedef struct {
    Q4Matrix m;
    PackedFn *packed;
    PackFn *pack;
    UnpackFn *unpack;
} Wide;

static Wide qconv_wide(const Step *s)
{
    return (Wide){q4_conv_matrix(s), qconv_i8_dsp_packed, qconv_i8_dsp_pack, qconv_i8_dsp_unpack};
}

static Wide qgemm_wide(const Step *s)
{
    return (Wide){q4_gemm_matrix(s), qgemm_i8_dsp_packed, qgemm_i8_dsp_pack, qgemm_i8_dsp_unpack};
}

/* Pairs of channels of all groups, and pairs of words of each. */
static int64_t pairs_of(Q4Matrix m)
{
    return m.groups * ((m.channels / m.groups + 1) / 2);
}

static int64_t quads_of(const Step *s, Wide w)
{
    return (int64_t)w.packed(s).bytes / 8 / pairs_of(w.m);
}

static Packed words_packed(const Step *s, Wide w)
{
    return (Packed){(size_t)(pairs_of(w.m) * (quads_of(s, w) + 1) * 4), DT_I32};
}

/* The z of channel 0 or 1 of a pair; 0 where there is none. */
static uint32_t pair_zero(Q4Matrix m, const int8_t *w, int64_t pair, int64_t which)
{
    const int64_t per_group = m.channels / m.groups, pairs = (per_group + 1) / 2;
    const int64_t in_group = pair % pairs * 2 + which;
    return in_group < per_group ? (uint32_t)channel_zero(m, w, pair / pairs * per_group + in_group) : 0;
}

/* Of words of u, and words of ones where there are weights: u or, elsewhere, z. */
static uint32_t word_of(const uint32_t *u, const uint32_t *ones, uint32_t zero)
{
    uint32_t word = 0;
    for (int half = 0; half < 2; half++)
        for (int byte = 0; byte < 4; byte++) {
            const int bit = byte * 8;
            const uint32_t z = byte % 2 ? zero >> 8 : zero & 255;
            word |= (ones[half] >> bit & 1 ? u[half] >> bit & 15 : z) << (bit + half * 4);
        }
    return word;
}

static void words_pack(const Step *s, Wide w, const int8_t *logical, uint32_t *to)
{
    const int64_t pairs = pairs_of(w.m), quads = quads_of(s, w), count = w.m.channels * w.m.taps;
    int8_t *plain = malloc((size_t)count);
    uint32_t *u = malloc(w.packed(s).bytes), *ones = malloc(w.packed(s).bytes);
    for (int64_t c = 0; c < w.m.channels; c++) {
        const int zero = channel_zero(w.m, logical, c);
        for (int64_t i = 0; i < w.m.taps; i++) {
            const int64_t at = c * w.m.channel_step + i * w.m.tap_step;
            plain[at] = (int8_t)(logical[at] + zero);
        }
    }
    w.pack(s, plain, u);
    memset(plain, 1, (size_t)count);
    w.pack(s, plain, ones);
    for (int64_t pair = 0; pair < pairs; pair++) {
        const uint32_t a = pair_zero(w.m, logical, pair, 0), b = pair_zero(w.m, logical, pair, 1);
        *to++ = a | (a + 256 * b) << 16;
        for (int64_t q = 0; q < quads; q++)
            *to++ = word_of(u + (pair * quads + q) * 2, ones + (pair * quads + q) * 2, a | b << 8);
    }
    free(plain), free(u), free(ones);
}

static void words_unpack(const Step *s, Wide w, const uint32_t *from, int8_t *logical)
{
    const int64_t pairs = pairs_of(w.m), quads = quads_of(s, w), per_group = w.m.channels / w.m.groups;
    uint32_t *u = malloc(w.packed(s).bytes);
    for (int64_t pair = 0; pair < pairs; pair++)
        for (int64_t q = 0; q < quads; q++) {
            const uint32_t word = from[pair * (quads + 1) + 1 + q];
            u[(pair * quads + q) * 2] = word & 0x0f0f0f0fu;
            u[(pair * quads + q) * 2 + 1] = word >> 4 & 0x0f0f0f0fu;
        }
    w.unpack(s, u, logical);
    for (int64_t c = 0; c < w.m.channels; c++) {
        const int64_t in_group = c % per_group, pair = c / per_group * ((per_group + 1) / 2) + in_group / 2;
        const uint32_t zeros = from[pair * (quads + 1)];
        const int zero = (int)(in_group % 2 ? zeros >> 24 : zeros & 15);
        for (int64_t i = 0; i < w.m.taps; i++)
            logical[c * w.m.channel_step + i * w.m.tap_step] -= (int8_t)zero;
    }
    free(u);
}

#define DSP(name)                                                                                                      \
    bool name##_i4_dsp_accepts(const Step *s)                                                                          \
    {                                                                                                                  \
        return fits(s, name##_wide(s).m) && name##_i8_dsp_accepts(s);                                                  \
    }                                                                                                                  \
    /* behind the expanded tile a word a pixel */                                                                      \
    size_t name##_i4_dsp_scratch(const Step *s)                                                                        \
    {                                                                                                                  \
        return name##_i8_dsp_scratch(s) + 16;                                                                          \
    }                                                                                                                  \
    Packed name##_i4_dsp_packed(const Step *s)                                                                         \
    {                                                                                                                  \
        return words_packed(s, name##_wide(s));                                                                        \
    }                                                                                                                  \
    void name##_i4_dsp_pack(const Step *s, const void *logical, void *packed)                                          \
    {                                                                                                                  \
        words_pack(s, name##_wide(s), logical, packed);                                                                \
    }                                                                                                                  \
    void name##_i4_dsp_unpack(const Step *s, const void *packed, void *logical)                                        \
    {                                                                                                                  \
        words_unpack(s, name##_wide(s), packed, logical);                                                              \
    }
DSP(qconv)
DSP(qgemm)
