#include "ops/pack_q16.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"

/* Weight (channel, tap) stands at channel * channel_step + tap * tap_step of the logical tensor. */
typedef struct {
    int64_t groups, channels, taps, channel_step, tap_step; /* channels: of a group */
} Matrix;

static Matrix conv_matrix(const Step *s)
{
    adze_qconv16_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    return (Matrix){p.group, p.out_c / p.group, taps, taps, 1};
}

static Matrix gemm_matrix(const Step *s)
{
    adze_qgemm16_params p;
    memcpy(&p, s->params, sizeof p);
    return (Matrix){1, p.n, p.k, 1, p.n};
}

static int64_t quads_of(Matrix m)
{
    return (m.taps + 3) / 4;
}

static Packed packed_of(Matrix m)
{
    return (Packed){(size_t)(m.groups * ((m.channels + 1) / 2 * 2) * quads_of(m)) * sizeof(int32_t), DT_I32};
}

/* Byte of a weight: those of a word have the order 0, 2, 1, 3. */
static int64_t byte_of(Matrix m, int64_t channel, int64_t tap)
{
    static const int place[] = {0, 2, 1, 3};
    const int64_t group = channel / m.channels, c = channel % m.channels, pairs = (m.channels + 1) / 2;
    return (((group * pairs + c / 2) * quads_of(m) + tap / 4) * 2 + c % 2) * 4 + place[tap % 4];
}

static int64_t element_of(Matrix m, int64_t channel, int64_t tap)
{
    return channel * m.channel_step + tap * m.tap_step;
}

static void pack(Matrix m, const int8_t *w, uint8_t *to)
{
    memset(to, 0, packed_of(m).bytes);
    for (int64_t c = 0; c < m.groups * m.channels; c++)
        for (int64_t t = 0; t < m.taps; t++)
            to[byte_of(m, c, t)] = (uint8_t)w[element_of(m, c, t)];
}

static void unpack(Matrix m, const uint8_t *from, int8_t *w)
{
    for (int64_t c = 0; c < m.groups * m.channels; c++)
        for (int64_t t = 0; t < m.taps; t++)
            w[element_of(m, c, t)] = (int8_t)from[byte_of(m, c, t)];
}

/* With the bias, in 32 bits. */
static bool sums_fit(const Step *s, Matrix m)
{
    if (!s->in[1] || !s->in[1]->data || !s->in[2] || !s->in[2]->data)
        return false;
    const int8_t *w = s->in[1]->data;
    const int32_t *bias = s->in[2]->data;
    for (int64_t c = 0; c < m.groups * m.channels; c++) {
        int64_t sum = llabs((int64_t)bias[c]);
        for (int64_t t = 0; t < m.taps; t++)
            sum += (int64_t)32768 * abs(w[element_of(m, c, t)]);
        if (sum > INT32_MAX)
            return false;
    }
    return true;
}

#define FORM(name, matrix)                                                                                             \
    bool name##_accepts(const Step *s)                                                                                 \
    {                                                                                                                  \
        return sums_fit(s, matrix(s));                                                                                 \
    }                                                                                                                  \
    size_t name##_scratch(const Step *s)                                                                               \
    {                                                                                                                  \
        return (size_t)quads_of(matrix(s)) * 16;                                                                       \
    }                                                                                                                  \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        return packed_of(matrix(s));                                                                                   \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        pack(matrix(s), logical, packed);                                                                              \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        unpack(matrix(s), packed, logical);                                                                            \
    }
FORM(qconv_i16x8_dsp, conv_matrix)
FORM(qgemm_i16x8_dsp, gemm_matrix)

bool qdepthwise_i16x8_dsp_accepts(const Step *s)
{
    adze_qconv16_params p;
    memcpy(&p, s->params, sizeof p);
    return p.x_zero_point == 0 && sums_fit(s, conv_matrix(s));
}

/* [tap][channels, an even number] */
static int64_t even_channels(Matrix m)
{
    return (m.groups + 1) / 2 * 2;
}

Packed qdepthwise_i16x8_dsp_packed(const Step *s)
{
    const Matrix m = conv_matrix(s);
    return (Packed){(size_t)(m.taps * even_channels(m)) * sizeof(int16_t), DT_I16};
}

void qdepthwise_i16x8_dsp_pack(const Step *s, const void *logical, void *packed)
{
    const Matrix m = conv_matrix(s);
    const int8_t *w = logical;
    int16_t *to = packed;
    memset(to, 0, qdepthwise_i16x8_dsp_packed(s).bytes);
    for (int64_t c = 0; c < m.groups; c++)
        for (int64_t t = 0; t < m.taps; t++)
            to[t * even_channels(m) + c] = w[c * m.taps + t];
}

void qdepthwise_i16x8_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    const Matrix m = conv_matrix(s);
    const int16_t *from = packed;
    int8_t *w = logical;
    for (int64_t c = 0; c < m.groups; c++)
        for (int64_t t = 0; t < m.taps; t++)
            w[c * m.taps + t] = (int8_t)from[t * even_channels(m) + c];
}
