#include "ops/pack_q4g.h"
#include "ops/pack_dsp.h"
#include "ops/pack_q4.h"
#include "ops/pack_qtile.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"

enum { LARGEST_BLOCK = 256, SMALLEST_BLOCK = 16, MOST = 4095, CHANNELS = 4 };

/* A block of a channel: weight i is factor * (u - zero). */
typedef struct {
    int factor, zero;
} Head;

static uint32_t head_word(Head h)
{
    return (uint32_t)(h.factor * 16 + h.zero);
}

static int common_factor(int a, int b)
{
    while (b) {
        const int rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t block_end(const Q4Matrix *m, int64_t tap, int64_t block)
{
    return tap + block < m->taps ? tap + block : m->taps;
}

static int weight(const Q4Matrix *m, const int16_t *w, int64_t channel, int64_t tap)
{
    return w[channel * m->channel_step + tap * m->tap_step];
}

static bool head_of(const Q4Matrix *m, const int16_t *w, int64_t channel, int64_t tap, int64_t block, Head *out)
{
    int lo = 0, hi = 0, factor = 0;
    for (int64_t i = tap; i < block_end(m, tap, block); i++) {
        const int v = weight(m, w, channel, i);
        factor = common_factor(factor, abs(v));
        lo = v < lo ? v : lo;
        hi = v > hi ? v : hi;
    }
    /* a few weights may have all of w in common */
    for (int d = 2; factor > MOST && d <= 15; d++)
        if (factor % d == 0 && factor / d <= MOST)
            factor /= d;
    const int one = factor ? factor : 1;
    lo /= one;
    hi /= one;
    *out = (Head){factor, lo < -8 ? -lo : hi > 7 ? 15 - hi : 8};
    return factor <= MOST && hi - lo <= 15;
}

static bool fits(const Q4Matrix *m, const int16_t *w, int64_t block)
{
    Head h;
    for (int64_t c = 0; c < m->channels; c++)
        for (int64_t tap = 0; tap < m->taps; tap += block)
            if (!head_of(m, w, c, tap, block, &h))
                return false;
    return true;
}

/* The largest block that fits; 0: none. */
static int64_t block_of(const Q4Matrix *m, const int16_t *w)
{
    int64_t block = LARGEST_BLOCK;
    while (block >= SMALLEST_BLOCK && !fits(m, w, block))
        block -= 4;
    return block >= SMALLEST_BLOCK ? block : 0;
}

static bool accepts(const Step *s, Q4Matrix m)
{
    return s->in[1] && s->in[1]->data && s->in[1]->type == DT_I16 && m.channels * m.taps >= Q4_MIN_WEIGHTS &&
           block_of(&m, s->in[1]->data) != 0;
}

static uint8_t *put(uint8_t *to, int64_t v)
{
    to[0] = (uint8_t)(v & 255);
    to[1] = (uint8_t)(v >> 8);
    return to + 2;
}

static int64_t get(const uint8_t *from)
{
    return from[0] | from[1] << 8;
}

static unsigned nibble(const Q4Matrix *m, const int16_t *w, int64_t channel, int64_t tap, Head h)
{
    return (unsigned)((h.factor ? weight(m, w, channel, tap) / h.factor : 0) + h.zero);
}

static int16_t weight_of(int64_t head, int u)
{
    return (int16_t)((head >> 4) * (u - (head & 15)));
}

/* Rows, a channel each. */
static size_t rows_bytes(const Q4Matrix *m, int64_t block)
{
    size_t bytes = 0;
    for (int64_t tap = 0; tap < m->taps; tap += block)
        bytes += 2 + (size_t)(block_end(m, tap, block) - tap + 1) / 2;
    return 2 + (size_t)m->channels * bytes;
}

static void rows_pack(const Q4Matrix *m, int64_t block, const int16_t *w, uint8_t *to)
{
    to = put(to, block);
    for (int64_t c = 0; c < m->channels; c++)
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            const int64_t end = block_end(m, tap, block);
            Head h;
            head_of(m, w, c, tap, block, &h);
            to = put(to, head_word(h));
            for (int64_t i = tap; i < end; i++) {
                const unsigned u = nibble(m, w, c, i, h);
                *to = (uint8_t)((i - tap) % 2 ? *to | u << 4 : u);
                to += (i - tap) % 2 || i + 1 == end;
            }
        }
}

static void rows_unpack(const Q4Matrix *m, const uint8_t *from, int16_t *w)
{
    const int64_t block = get(from);
    from += 2;
    for (int64_t c = 0; c < m->channels; c++)
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            const int64_t head = get(from), end = block_end(m, tap, block);
            from += 2;
            for (int64_t i = tap; i < end; i++) {
                w[c * m->channel_step + i * m->tap_step] = weight_of(head, *from >> ((i - tap) % 2 * 4) & 15);
                from += (i - tap) % 2 || i + 1 == end;
            }
        }
}

/* Blocks of four channels of a group: the size of a block of inputs; for each four heads, then two bytes an input. */
static int64_t quads_of(const Q4Matrix *m)
{
    return (m->channels / m->groups + CHANNELS - 1) / CHANNELS;
}

static size_t blocks_bytes(const Q4Matrix *m, int64_t block)
{
    const int64_t heads = (m->taps + block - 1) / block;
    return (size_t)(m->groups * quads_of(m) * (2 + heads * 2 * CHANNELS + m->taps * 2));
}

/* The channel that lies at `in_quad` of a block of four; -1: none. */
static int64_t channel_at(const Q4Matrix *m, int64_t quad, int64_t in_quad)
{
    const int64_t per_group = m->channels / m->groups, in_group = quad % quads_of(m) * CHANNELS + in_quad;
    return in_group < per_group ? quad / quads_of(m) * per_group + in_group : -1;
}

static void blocks_pack(const Q4Matrix *m, int64_t block, const int16_t *w, uint8_t *to)
{
    for (int64_t quad = 0; quad < m->groups * quads_of(m); quad++) {
        to = put(to, block);
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            Head h[CHANNELS] = {{0, 0}};
            for (int64_t c = 0; c < CHANNELS; c++) {
                if (channel_at(m, quad, c) >= 0)
                    head_of(m, w, channel_at(m, quad, c), tap, block, &h[c]);
                to = put(to, head_word(h[c]));
            }
            for (int64_t i = tap; i < block_end(m, tap, block); i++, to += 2) {
                unsigned all = 0;
                for (int64_t c = 0; c < CHANNELS; c++)
                    if (channel_at(m, quad, c) >= 0)
                        all |= nibble(m, w, channel_at(m, quad, c), i, h[c]) << (c * 4);
                put(to, all);
            }
        }
    }
}

static void blocks_unpack(const Q4Matrix *m, const uint8_t *from, int16_t *w)
{
    for (int64_t quad = 0; quad < m->groups * quads_of(m); quad++) {
        const int64_t block = get(from);
        from += 2;
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            const uint8_t *heads = from;
            from += 2 * CHANNELS;
            for (int64_t i = tap; i < block_end(m, tap, block); i++, from += 2)
                for (int64_t c = 0; c < CHANNELS; c++) {
                    const int64_t channel = channel_at(m, quad, c);
                    if (channel >= 0)
                        w[channel * m->channel_step + i * m->tap_step] =
                            weight_of(get(heads + 2 * c), (int)(get(from) >> (c * 4) & 15));
                }
        }
    }
}

/* Pairs of channels of a group, see dsp/dot4g.h. */
static int64_t pairs_of(const Q4Matrix *m)
{
    return (m->channels / m->groups + 1) / 2;
}

static int64_t inputs4(const Q4Matrix *m)
{
    return (m->taps + 3) / 4;
}

static int64_t pair_words(const Q4Matrix *m, int64_t block)
{
    return 1 + (m->taps + block - 1) / block + inputs4(m);
}

static size_t words_bytes(const Q4Matrix *m, int64_t block)
{
    return (size_t)(m->groups * pairs_of(m) * pair_words(m, block)) * sizeof(uint32_t);
}

/* Channel 0 or 1 of a pair; -1: none. */
static int64_t channel_of_pair(const Q4Matrix *m, int64_t pair, int64_t which)
{
    const int64_t per_group = m->channels / m->groups, in_group = pair % pairs_of(m) * 2 + which;
    return in_group < per_group ? pair / pairs_of(m) * per_group + in_group : -1;
}

/* Bit of input k of a quadruple in a word. */
static int bit_of(int64_t k, int64_t which)
{
    return (int)(k / 2 * 16 + which * 8 + k % 2 * 4);
}

/* Inputs behind the last are arbitrary: their u is z. */
static uint32_t word_of(const Q4Matrix *m, const int16_t *w, int64_t pair, int64_t quad, const Head *h)
{
    uint32_t word = 0;
    for (int64_t which = 0; which < 2; which++)
        for (int64_t k = 0; k < 4; k++) {
            const int64_t channel = channel_of_pair(m, pair, which), tap = quad * 4 + k;
            const uint32_t u =
                channel >= 0 && tap < m->taps ? nibble(m, w, channel, tap, h[which]) : (uint32_t)h[which].zero;
            word |= u << bit_of(k, which);
        }
    return word;
}

static void words_pack(const Q4Matrix *m, int64_t block, const int16_t *w, void *packed)
{
    uint32_t *to = packed;
    for (int64_t pair = 0; pair < m->groups * pairs_of(m); pair++) {
        *to++ = (uint32_t)(pair_words(m, block) << 16 | block / 4);
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            Head h[2] = {{0, 0}, {0, 0}};
            for (int64_t which = 0; which < 2; which++)
                if (channel_of_pair(m, pair, which) >= 0)
                    head_of(m, w, channel_of_pair(m, pair, which), tap, block, &h[which]);
            *to++ = head_word(h[0]) | head_word(h[1]) << 16;
            for (int64_t quad = tap / 4; quad < (block_end(m, tap, block) + 3) / 4; quad++)
                *to++ = word_of(m, w, pair, quad, h);
        }
    }
}

static void words_unpack(const Q4Matrix *m, const void *packed, int16_t *w)
{
    const uint32_t *from = packed;
    const int64_t block = (*from & 0xffff) * 4;
    for (int64_t pair = 0; pair < m->groups * pairs_of(m); pair++, from++)
        for (int64_t tap = 0; tap < m->taps; tap += block) {
            const int64_t end = block_end(m, tap, block), quads = (end + 3) / 4 - tap / 4;
            const uint32_t heads = *++from;
            for (int64_t which = 0; which < 2; which++) {
                const int64_t channel = channel_of_pair(m, pair, which);
                const int64_t head = which ? heads >> 16 : heads & 0xffff;
                for (int64_t i = tap; channel >= 0 && i < end; i++)
                    w[channel * m->channel_step + i * m->tap_step] =
                        weight_of(head, (int)(from[1 + i / 4 - tap / 4] >> bit_of(i % 4, which) & 15));
            }
            from += quads;
        }
}

/* Sums of dsp/conv.h come in the order of taps only where its kernel rows are whole quadruples. */
static bool conv_words_accept(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (p.kernel_h == 1 || p.kernel_w * (p.in_c / p.group) % 4 == 0) && qconv_wide_dsp_accepts(s);
}

/* A word holds the number of a pair's words in 16 bits. */
static bool words_accept(const Step *s, Q4Matrix m)
{
    return accepts(s, m) && pair_words(&m, SMALLEST_BLOCK) < 1 << 16;
}

/* Behind the expanded tile: adze_dsp_behind. */
static size_t words_scratch(Q4Matrix m)
{
    return (size_t)(inputs4(&m) / 4 * 3 + 4) * sizeof(int32_t);
}

size_t qconv_i4g_dsp_scratch(const Step *s)
{
    return qconv_i8_dsp_scratch(s) + words_scratch(q4_conv_matrix(s));
}

size_t qgemm_i4g_dsp_scratch(const Step *s)
{
    return qgemm_i8_dsp_scratch(s) + words_scratch(q4_gemm_matrix(s));
}

/* The functions of a row. */
#define FORM(name, matrix, form, type, accept)                                                                         \
    bool name##_accepts(const Step *s)                                                                                 \
    {                                                                                                                  \
        return accept;                                                                                                 \
    }                                                                                                                  \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        const Q4Matrix m = matrix(s);                                                                                  \
        return (Packed){form##_bytes(&m, block_of(&m, s->in[1]->data)), type};                                         \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        const Q4Matrix m = matrix(s);                                                                                  \
        form##_pack(&m, block_of(&m, logical), logical, packed);                                                       \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        const Q4Matrix m = matrix(s);                                                                                  \
        form##_unpack(&m, packed, logical);                                                                            \
    }
FORM(qconv_i4g_ref, q4_conv_matrix, rows, DT_U8, accepts(s, q4_conv_matrix(s)))
FORM(qgemm_i4g_ref, q4_gemm_matrix, rows, DT_U8, accepts(s, q4_gemm_matrix(s)))
FORM(qconv_i4g_tile, q4_conv_matrix, blocks, DT_I8, qconv_i8_tile_accepts(s) && accepts(s, q4_conv_matrix(s)))
FORM(qgemm_i4g_tile, q4_gemm_matrix, blocks, DT_I8, accepts(s, q4_gemm_matrix(s)))
FORM(qconv_i4g_dsp, q4_conv_matrix, words, DT_I32, conv_words_accept(s) && words_accept(s, q4_conv_matrix(s)))
FORM(qgemm_i4g_dsp, q4_gemm_matrix, words, DT_I32, qgemm_wide_dsp_accepts(s) && words_accept(s, q4_gemm_matrix(s)))

size_t qgemm_i4g_ref_scratch(const Step *s)
{
    return (size_t)(q4_gemm_matrix(s).taps / SMALLEST_BLOCK + 1) * sizeof(int32_t);
}
