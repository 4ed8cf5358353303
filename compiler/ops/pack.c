#include "ops/pack.h"

#include <string.h>

#include "adze.h"

/* Weights as a matrix: `groups` times `channels` x `taps`; where element (channel, tap) of a group stands in the
 * logical tensor is channel * channel_step + tap * tap_step. */
typedef struct {
    int64_t groups, channels, taps;
    int64_t channel_step, tap_step;
} Matrix;

static Matrix conv_matrix(const Step *s)
{
    adze_conv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    return (Matrix){p.group, p.out_c / p.group, taps, taps, 1};
}

/* Each channel of a depthwise Conv is a group; packed together they are one group of one input channel. */
static Matrix depthwise_matrix(const Step *s)
{
    adze_conv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w;
    return (Matrix){1, p.out_c, taps, taps, 1};
}

static Matrix gemm_matrix(const Step *s)
{
    adze_gemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Matrix){1, p.n, p.k, 1, p.n};
}

/* How channels are cut into blocks [block][tap][width]: `width` wide, except that a last block of no more than `half`
 * channels is `half` wide (half == width: no such block). */
typedef struct {
    int64_t width, half;
} Blocks;
static const Blocks tile_blocks = {4, 4}, avx2_blocks = {16, 8};

static int64_t blocks_channels(Blocks b, int64_t channels)
{
    return (channels + b.half - 1) / b.half * b.half;
}

static Packed blocks_packed(Matrix m, Blocks b)
{
    const int64_t floats = m.groups * blocks_channels(b, m.channels) * m.taps;
    return (Packed){(size_t)floats * sizeof(float), DT_F32};
}

/* Index, in a group's packed weights, of a channel's tap 0, and *step from a tap to the next. */
static int64_t blocks_at(Matrix m, Blocks b, int64_t channel, int64_t *step)
{
    const int64_t first = channel / b.width * b.width;
    *step = m.channels - first <= b.half ? b.half : b.width;
    return first * m.taps + (channel - first);
}

static void blocks_pack(Matrix m, Blocks b, const float *logical, float *packed)
{
    memset(packed, 0, blocks_packed(m, b).bytes);
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t c = 0; c < m.channels; c++) {
            const float *from = logical + (g * m.channels + c) * m.channel_step;
            int64_t step;
            float *to = packed + g * blocks_channels(b, m.channels) * m.taps + blocks_at(m, b, c, &step);
            for (int64_t k = 0; k < m.taps; k++)
                to[k * step] = from[k * m.tap_step];
        }
}

static void blocks_unpack(Matrix m, Blocks b, const float *packed, float *logical)
{
    for (int64_t g = 0; g < m.groups; g++)
        for (int64_t c = 0; c < m.channels; c++) {
            float *to = logical + (g * m.channels + c) * m.channel_step;
            int64_t step;
            const float *from = packed + g * blocks_channels(b, m.channels) * m.taps + blocks_at(m, b, c, &step);
            for (int64_t k = 0; k < m.taps; k++)
                to[k * m.tap_step] = from[k * step];
        }
}

/* The three functions of a kernel row. */
#define BLOCKED(name, matrix, blocks)                                                                                  \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        return blocks_packed(matrix(s), blocks);                                                                       \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        blocks_pack(matrix(s), blocks, logical, packed);                                                               \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        blocks_unpack(matrix(s), blocks, packed, logical);                                                             \
    }
BLOCKED(conv_f32_tile, conv_matrix, tile_blocks)
BLOCKED(depthwise_f32_tile, depthwise_matrix, tile_blocks)
BLOCKED(gemm_f32_tile, gemm_matrix, tile_blocks)
BLOCKED(conv_f32_avx2, conv_matrix, avx2_blocks)
BLOCKED(gemm_f32_avx2, gemm_matrix, avx2_blocks)

Packed depthwise_f32_avx2_packed(const Step *s)
{
    const Matrix m = depthwise_matrix(s);
    return (Packed){(size_t)((m.channels + 7) / 8 * 8 * m.taps) * sizeof(float), DT_F32};
}

void depthwise_f32_avx2_pack(const Step *s, const void *logical, void *packed)
{
    const Matrix m = depthwise_matrix(s);
    const int64_t row = (m.channels + 7) / 8 * 8;
    const float *from = logical;
    float *to = packed;
    memset(packed, 0, depthwise_f32_avx2_packed(s).bytes);
    for (int64_t c = 0; c < m.channels; c++)
        for (int64_t k = 0; k < m.taps; k++)
            to[k * row + c] = from[c * m.taps + k];
}

void depthwise_f32_avx2_unpack(const Step *s, const void *packed, void *logical)
{
    const Matrix m = depthwise_matrix(s);
    const int64_t row = (m.channels + 7) / 8 * 8;
    const float *from = packed;
    float *to = logical;
    for (int64_t c = 0; c < m.channels; c++)
        for (int64_t k = 0; k < m.taps; k++)
            to[c * m.taps + k] = from[k * row + c];
}

bool conv_blocked_accepts(const Step *s)
{
    adze_conv_params p;
    memcpy(&p, s->params, sizeof p);
    return p.group == 1 || p.out_c / p.group >= 4;
}
