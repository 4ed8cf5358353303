#include "ops/pack_dsp.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"
#include "ops/pack_q4.h"

/* Weights as channels of kernel rows; where element (channel, row, i) stands in the logical tensor is
 * channel * channel_step + (row * length + i) * tap_step. */
typedef struct {
    int64_t groups, channels, rows, length;
    int64_t channel_step, tap_step;
    int64_t tile; /* pixels */
} Layer;

static int64_t tile_of(int64_t pixels, int32_t shift)
{
    return pixels < 3 || shift ? 1 : 3;
}

static Layer conv_layer(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t length = (int64_t)p.kernel_w * (p.in_c / p.group);
    return (Layer){p.group,
                   p.out_c / p.group,
                   p.kernel_h,
                   length,
                   length * p.kernel_h,
                   1,
                   tile_of((int64_t)p.out_h * p.out_w, p.shift)};
}

static Layer gemm_layer(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Layer){1, p.n, 1, p.k, 1, p.n, tile_of(p.m, p.shift)};
}

/* A channel's inputs, in quadruples. */
static int64_t quads(Layer l)
{
    return (l.rows * l.length + 3) / 4;
}

/* Two int16 a word, two channels each. */
static int64_t group_halves(Layer l)
{
    return (l.channels + 1) / 2 * quads(l) * 4;
}

static Packed layer_packed(Layer l)
{
    return (Packed){(size_t)(l.groups * group_halves(l)) * sizeof(int16_t), DT_I32};
}

/* Of a channel's inputs the quadruples of all rows come first, then what the rows have left over. Input k of these is
 * in half k / 2 % 2 of word k / 4 * 2 + k % 2: bytes 0 and 2, then 1 and 3, widened by SXTB16. */
static int64_t half_at(Layer l, int64_t channel, int64_t row, int64_t i)
{
    const int64_t rest = l.length % 4, whole = l.length - rest;
    const int64_t k = i < whole ? row * whole + i : l.rows * whole + row * rest + (i - whole);
    return ((channel / 2 * quads(l) + k / 4) * 2 + k % 2) * 2 + k / 2 % 2;
}

static void layer_pack(Layer l, const int8_t *logical, int16_t *packed)
{
    memset(packed, 0, layer_packed(l).bytes);
    for (int64_t g = 0; g < l.groups; g++)
        for (int64_t c = 0; c < l.channels; c++)
            for (int64_t row = 0; row < l.rows; row++)
                for (int64_t i = 0; i < l.length; i++) {
                    const int8_t w = logical[(g * l.channels + c) * l.channel_step + (row * l.length + i) * l.tap_step];
                    int16_t *half = packed + g * group_halves(l) + half_at(l, c, row, i);
                    *half = (int16_t)(*half + (c % 2 ? w * 256 : w));
                }
}

static void layer_unpack(Layer l, const int16_t *packed, int8_t *logical)
{
    for (int64_t g = 0; g < l.groups; g++)
        for (int64_t c = 0; c < l.channels; c++)
            for (int64_t row = 0; row < l.rows; row++)
                for (int64_t i = 0; i < l.length; i++) {
                    const int16_t half = packed[g * group_halves(l) + half_at(l, c, row, i)];
                    const int8_t low = (int8_t)(half & 0xff);
                    logical[(g * l.channels + c) * l.channel_step + (row * l.length + i) * l.tap_step] =
                        c % 2 ? (int8_t)((half - low) / 256) : low;
                }
}

/* For a and b, a pair's channels: a + 256 * b in int16, and 256 times b's sum in int32. */
static bool weights_fit(const Step *s, Layer l)
{
    if (!s->in[1] || !s->in[1]->data)
        return false;
    for (int64_t c = 0; c < l.groups * l.channels; c++) {
        if (c % l.channels % 2 == 0)
            continue;
        const int8_t *w = (const int8_t *)s->in[1]->data + c * l.channel_step;
        int64_t sum = 0;
        for (int64_t i = 0; i < l.rows * l.length; i++) {
            const int8_t a = w[i * l.tap_step - l.channel_step], b = w[i * l.tap_step];
            if (b == -128 && a < 0)
                return false;
            sum += 128 * abs(b);
        }
        if (sum >= 1 << 23)
            return false;
    }
    return true;
}

/* What adze_dsp_sum (runtime/dsp/add.h) adds up stays in int32, the rounding and y's zero point << shift too. */
static bool sum_fits(int32_t a_multiplier, int32_t b_multiplier, int32_t shift)
{
    if (shift < 1 || shift > 22)
        return false;
    const int64_t largest = 255 * (llabs((int64_t)a_multiplier) + llabs((int64_t)b_multiplier));
    return largest + ((int64_t)129 << shift) < (int64_t)1 << 31;
}

static bool has_residual(const Step *s)
{
    return s->in_count > 4 && s->in[4];
}

/* As adze_dsp_layout (runtime/dsp/conv.h) divides it: the expanded tile; biases and multipliers; a pixel outside or the
 * tile's bytes; with a residual, the tile's sums. */
static size_t layer_scratch(const Step *s, Layer l, int64_t channels)
{
    int64_t bytes = quads(l) * 8 * l.tile + (l.channels + 1) / 2 * 16 + 8;
    bytes += channels % 4 ? (quads(l) * 4 + 4) * l.tile : channels;
    if (has_residual(s))
        bytes += l.channels * l.tile;
    return (size_t)bytes;
}

bool qconv_i8_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (!has_residual(s) || sum_fits(p.q_multiplier, p.r_multiplier, p.add_shift)) && weights_fit(s, conv_layer(s));
}

size_t qconv_i8_dsp_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return layer_scratch(s, conv_layer(s), p.in_c / p.group);
}

enum { FEW_TILES = 12 }; /* fewer do not pay for widening weights */

/* With the weights as two int16 each, see runtime/dsp/widened.h. */
static size_t widened_scratch(const Step *s)
{
    return qconv_i8_dsp_scratch(s) + layer_packed(conv_layer(s)).bytes * 2;
}

bool qconv_i8_widened_dsp_accepts(const Step *s)
{
    enum { SCRATCH = 4096 };
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t pixels = (int64_t)p.out_h * p.out_w;
    return p.group == 1 && p.out_c % 2 == 0 && p.shift == 0 && pixels >= 3 * FEW_TILES && qconv_i8_dsp_accepts(s) &&
           widened_scratch(s) <= SCRATCH;
}

size_t qconv_i8_widened_dsp_scratch(const Step *s)
{
    return widened_scratch(s);
}

/* Every pixel's one tap is inside the image. */
static bool strided_pointwise(adze_qconv_params p)
{
    return p.kernel_h == 1 && p.kernel_w == 1 && p.pad_top == 0 && p.pad_left == 0 &&
           (int64_t)(p.out_h - 1) * p.stride_h < p.in_h && (int64_t)(p.out_w - 1) * p.stride_w < p.in_w;
}

/* See runtime/dsp/short.h. Weights of 4 bits stay so. */
enum { SHORT_TILES = 1024, SHORT_STREAM = 3072, SHORT_INPUTS = 32 };

bool qconv_i8_short_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const bool pointwise = strided_pointwise(p) && p.in_c % 4 == 0 && p.in_c <= SHORT_INPUTS;
    const bool square =
        p.kernel_h == 3 && p.kernel_w == 3 && p.in_c == 3 && p.dilation_h == 1 && p.dilation_w == 1 && p.stride_w <= 2;
    return p.group == 1 && p.out_c % 2 == 0 && p.shift == 0 && p.out_w >= 3 &&
           (int64_t)p.out_h * p.out_w >= 3 * FEW_TILES && (pointwise || square) && !has_residual(s) &&
           weights_fit(s, conv_layer(s)) && !qconv_i4_dsp_accepts(s);
}

size_t qconv_i8_short_dsp_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t n = quads(conv_layer(s)), pair = 16 * n + 32, most = SHORT_STREAM / pair;
    const int64_t pairs = p.out_c / 2 < most ? p.out_c / 2 : most;
    const int64_t patch = p.kernel_w == 3 ? (int64_t)9 * (2 * p.stride_w + 3) : 0;
    return (size_t)(SHORT_TILES / 24 / n * 24 * n + pairs * pair + patch);
}

Packed qconv_i8_dsp_packed(const Step *s)
{
    return layer_packed(conv_layer(s));
}

void qconv_i8_dsp_pack(const Step *s, const void *logical, void *packed)
{
    layer_pack(conv_layer(s), logical, packed);
}

void qconv_i8_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    layer_unpack(conv_layer(s), packed, logical);
}

bool qgemm_i8_dsp_accepts(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (!has_residual(s) || sum_fits(p.q_multiplier, p.r_multiplier, p.add_shift)) && weights_fit(s, gemm_layer(s));
}

size_t qgemm_i8_dsp_scratch(const Step *s)
{
    return layer_scratch(s, gemm_layer(s), gemm_layer(s).length);
}

Packed qgemm_i8_dsp_packed(const Step *s)
{
    return layer_packed(gemm_layer(s));
}

void qgemm_i8_dsp_pack(const Step *s, const void *logical, void *packed)
{
    layer_pack(gemm_layer(s), logical, packed);
}

void qgemm_i8_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    layer_unpack(gemm_layer(s), packed, logical);
}

/* Exact Winograd, see runtime/dsp/winograd.h: [channel / 2][16 positions][in_c / 2][2 channels] words of two int16. */
static int64_t winograd_half(const adze_qconv_params *p, int64_t o, int64_t position, int64_t c)
{
    const int64_t word = ((o / 2 * 16 + position) * (p->in_c / 2) + c / 4 * 2 + c % 2) * 2 + o % 2;
    return word * 2 + c / 2 % 2;
}

/* (2G) g along one dimension: four values, `step` apart, of three. */
static void winograd_row(const int *g, int step, int *to, int to_step)
{
    to[0] = 2 * g[0];
    to[to_step] = g[0] + g[step] + g[2 * step];
    to[2 * to_step] = g[0] - g[step] + g[2 * step];
    to[3 * to_step] = 2 * g[2 * step];
}

/* Four times a sum with its bias fits int32. */
static bool quadruple_fits(const Step *s, Layer l)
{
    if (!s->in[1] || !s->in[1]->data || !s->in[2] || !s->in[2]->data)
        return false;
    const int8_t *w = s->in[1]->data;
    const int32_t *bias = s->in[2]->data;
    for (int64_t c = 0; c < l.channels; c++) {
        int64_t sum = llabs((int64_t)bias[c]);
        for (int64_t i = 0; i < l.rows * l.length; i++)
            sum += 128 * abs(w[c * l.channel_step + i]);
        if (sum >= 1 << 29)
            return false;
    }
    return true;
}

bool qconv_i8_winograd_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return p.kernel_h == 3 && p.kernel_w == 3 && p.stride_h == 1 && p.stride_w == 1 && p.dilation_h == 1 &&
           p.dilation_w == 1 && p.group == 1 && p.in_c % 4 == 0 && p.out_c % 2 == 0 && p.out_h % 2 == 0 &&
           p.out_w % 2 == 0 && p.shift == 0 && p.in_c <= 256 &&
           (!has_residual(s) || sum_fits(p.q_multiplier, p.r_multiplier, p.add_shift)) &&
           quadruple_fits(s, conv_layer(s));
}

size_t qconv_i8_winograd_dsp_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)p.in_c * 97 + 384 + (has_residual(s) ? (size_t)p.out_c * 12 : 0);
}

Packed qconv_i8_winograd_dsp_packed(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (Packed){(size_t)p.out_c * (size_t)p.in_c * 32, DT_I32};
}

void qconv_i8_winograd_dsp_pack(const Step *s, const void *logical, void *packed)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int8_t *w = logical;
    int16_t *to = packed;
    for (int64_t o = 0; o < p.out_c; o++)
        for (int64_t c = 0; c < p.in_c; c++) {
            int g[9], half[12], u[16];
            for (int i = 0; i < 9; i++)
                g[i] = w[(o * 9 + i) * p.in_c + c];
            for (int i = 0; i < 3; i++)
                winograd_row(g + i, 3, half + i, 3);
            for (int i = 0; i < 4; i++)
                winograd_row(half + 3 * i, 1, u + 4 * i, 1);
            for (int i = 0; i < 16; i++)
                to[winograd_half(&p, o, i, c)] = (int16_t)u[i];
        }
}

/* Of the four values of (2G) g the first and the last are twice g0 and g2, the difference of the others twice g1. */
void qconv_i8_winograd_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int16_t *from = packed;
    int8_t *w = logical;
    for (int64_t o = 0; o < p.out_c; o++)
        for (int64_t c = 0; c < p.in_c; c++) {
            int half[12]; /* [4][3]: (2G) g */
            for (int i = 0; i < 4; i++) {
                int u[4];
                for (int k = 0; k < 4; k++)
                    u[k] = from[winograd_half(&p, o, 4 * i + k, c)];
                half[3 * i] = u[0] / 2;
                half[3 * i + 1] = (u[1] - u[2]) / 2;
                half[3 * i + 2] = u[3] / 2;
            }
            for (int k = 0; k < 3; k++) {
                w[(o * 9 + k) * p.in_c + c] = (int8_t)(half[k] / 2);
                w[(o * 9 + 3 + k) * p.in_c + c] = (int8_t)((half[3 + k] - half[6 + k]) / 2);
                w[(o * 9 + 6 + k) * p.in_c + c] = (int8_t)(half[9 + k] / 2);
            }
        }
}

/* A word of two inputs for each channel, see runtime/dsp/wide.h: as half_at, but two words where there is one. */
static Packed wide_packed(Layer l)
{
    return (Packed){layer_packed(l).bytes * 2, DT_I32};
}

static int64_t wide_at(Layer l, int64_t group, int64_t channel, int64_t row, int64_t i)
{
    const int64_t half = group * group_halves(l) + half_at(l, channel, row, i);
    return (half / 2 * 2 + channel % 2) * 2 + half % 2;
}

/* Copies weights of `type` to or from their packed form. */
static void wide_copy(Layer l, DType type, void *logical, int16_t *packed, bool pack)
{
    int8_t *narrow = logical;
    int16_t *wide = logical;
    for (int64_t c = 0; c < l.groups * l.channels; c++)
        for (int64_t row = 0; row < l.rows; row++)
            for (int64_t i = 0; i < l.length; i++) {
                const int64_t from = c * l.channel_step + (row * l.length + i) * l.tap_step;
                int16_t *to = &packed[wide_at(l, c / l.channels, c % l.channels, row, i)];
                if (pack)
                    *to = type == DT_I16 ? wide[from] : narrow[from];
                else if (type == DT_I16)
                    wide[from] = *to;
                else
                    narrow[from] = (int8_t)*to;
            }
}

static void wide_pack(const Step *s, Layer l, const void *logical, void *packed)
{
    memset(packed, 0, wide_packed(l).bytes);
    wide_copy(l, s->in[1]->type, (void *)(uintptr_t)logical, packed, true);
}

bool qconv_wide_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return !has_residual(s) || sum_fits(p.q_multiplier, p.r_multiplier, p.add_shift);
}

Packed qconv_wide_dsp_packed(const Step *s)
{
    return wide_packed(conv_layer(s));
}

void qconv_wide_dsp_pack(const Step *s, const void *logical, void *packed)
{
    wide_pack(s, conv_layer(s), logical, packed);
}

void qconv_wide_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    wide_copy(conv_layer(s), s->in[1]->type, logical, (int16_t *)(uintptr_t)packed, false);
}

bool qgemm_wide_dsp_accepts(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return !has_residual(s) || sum_fits(p.q_multiplier, p.r_multiplier, p.add_shift);
}

Packed qgemm_wide_dsp_packed(const Step *s)
{
    return wide_packed(gemm_layer(s));
}

void qgemm_wide_dsp_pack(const Step *s, const void *logical, void *packed)
{
    wide_pack(s, gemm_layer(s), logical, packed);
}

void qgemm_wide_dsp_unpack(const Step *s, const void *packed, void *logical)
{
    wide_copy(gemm_layer(s), s->in[1]->type, logical, (int16_t *)(uintptr_t)packed, false);
}

/* Planes of four channels, see adze_dsp_band (runtime/dsp/depthwise.h). */
enum { PLANES_BYTES = 4096, MAX_TAPS = 64 };

typedef struct {
    int64_t words, rows, pairs;
    int64_t taps; /* words of a whole kernel */
} Planes;

static Planes depthwise_planes(adze_qconv_params p)
{
    if (p.in_w == 1 && p.kernel_w == 1 && p.out_w == 1 && p.dilation_h == 1 && p.pad_left == 0) {
        p.out_w = p.out_h;
        p.kernel_w = p.kernel_h;
        p.stride_w = p.stride_h;
        p.out_h = p.kernel_h = p.stride_h = 1;
    }
    Planes t;
    const int64_t turns = p.stride_w == 1 ? ((int64_t)p.out_w + 1) / 2 : p.out_w;
    t.words = p.stride_w == 1 ? ((int64_t)p.kernel_w + 2) / 2 : ((int64_t)p.kernel_w + 1) / 2;
    if (p.kernel_h == 1 && p.kernel_w >= 3 && p.kernel_w <= 6 && p.shift == 0)
        t.words = 4;
    t.pairs = turns + t.words - 1;
    t.taps = t.words * p.kernel_h;
    const int64_t high = (int64_t)(p.kernel_h - 1) * p.dilation_h + 1, fit = PLANES_BYTES / 16 / t.pairs;
    int64_t band = fit <= high ? 1 : (fit - high) / p.stride_h + 1;
    band = band > p.out_h ? p.out_h : band;
    t.rows = high + (band - 1) * p.stride_h;
    return t;
}

bool qdepthwise_i8_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const bool column = p.in_w == 1 && p.kernel_w == 1 && p.out_w == 1;
    const int32_t stride = column ? p.stride_h : p.stride_w, dilation = column ? p.dilation_h : p.dilation_w;
    return p.in_c == p.group && p.out_c == p.group && p.out_c >= 4 && stride <= 2 && dilation == 1 &&
           (!column || p.pad_left == 0) && !has_residual(s) && depthwise_planes(p).taps <= MAX_TAPS;
}

bool qdepthwise_3x3_i8_dsp_accepts(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return p.kernel_h == 3 && p.kernel_w == 3 && p.shift == 0 && qdepthwise_i8_dsp_accepts(s);
}

size_t qdepthwise_i8_dsp_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const Planes t = depthwise_planes(p);
    return (size_t)(t.rows * t.pairs * 16);
}

bool qadd_i8_dsp_accepts(const Step *s)
{
    adze_qbinary_params p;
    memcpy(&p, s->params, sizeof p);
    return p.rank == 1 && p.a_stride[0] == 1 && p.b_stride[0] == 1 && sum_fits(p.a_multiplier, p.b_multiplier, p.shift);
}

bool qsoftmax_i8_dsp_accepts(const Step *s)
{
    adze_qsoftmax_params p;
    memcpy(&p, s->params, sizeof p);
    return p.inner == 1;
}
