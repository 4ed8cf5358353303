#include "ops/pack_qtile.h"

#include <string.h>

#include "adze.h"

/* Weights as a matrix: `groups` times `channels` x `taps`; element (channel, tap) of a group stands in the logical
 * tensor at channel * channel_step + tap * tap_step, and in the packed one in blocks [tap][width] of channels. */
typedef struct {
    int64_t groups, channels, taps, channel_step, tap_step, width;
} Matrix;

static Matrix qconv_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    return (Matrix){p.group, p.out_c / p.group, taps, taps, 1, 4};
}

static Matrix qgemm_matrix(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Matrix){1, p.n, p.k, 1, p.n, 4};
}

static int64_t group_bytes(Matrix m)
{
    return (m.channels + m.width - 1) / m.width * m.width * m.taps;
}

static int64_t packed_at(Matrix m, int64_t g, int64_t channel, int64_t tap)
{
    return g * group_bytes(m) + (channel / m.width * m.taps + tap) * m.width + channel % m.width;
}

static int64_t logical_at(Matrix m, int64_t g, int64_t channel, int64_t tap)
{
    return (g * m.channels + channel) * m.channel_step + tap * m.tap_step;
}

static Packed matrix_packed(Matrix m)
{
    return (Packed){(size_t)(m.groups * group_bytes(m)), DT_I8};
}

static void matrix_pack(Matrix m, const int8_t *logical, int8_t *packed)
{
    memset(packed, 0, matrix_packed(m).bytes);
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t c = 0; c < m.channels; c++)
            for (int64_t k = 0; k < m.taps; k++)
                packed[packed_at(m, g, c, k)] = logical[logical_at(m, g, c, k)];
}

static void matrix_unpack(Matrix m, const int8_t *packed, int8_t *logical)
{
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t c = 0; c < m.channels; c++)
            for (int64_t k = 0; k < m.taps; k++)
                logical[logical_at(m, g, c, k)] = packed[packed_at(m, g, c, k)];
}

/* The three functions of a kernel row. */
#define MATRIX(name, matrix)                                                                                           \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        return matrix_packed(matrix(s));                                                                               \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        matrix_pack(matrix(s), logical, packed);                                                                       \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        matrix_unpack(matrix(s), packed, logical);                                                                     \
    }
MATRIX(qconv_i8_tile, qconv_matrix)
MATRIX(qgemm_i8_tile, qgemm_matrix)

bool qconv_i8_tile_accepts(const Step *s)
{
    const Matrix m = qconv_matrix(s);
    return m.groups == 1 || m.channels >= 4;
}

size_t qconv_i8_tile_scratch(const Step *s)
{
    return (size_t)qconv_matrix(s).taps * 4;
}

size_t qgemm_i8_tile_scratch(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return p.m < 2 ? 1 : (size_t)p.k * 4;
}
