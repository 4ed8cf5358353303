#include "ops/pack_qavx2.h"

#include <string.h>

#include "adze.h"

enum { UNIT = 8 }; /* channels */

/* Weights as a matrix: `groups` times `channels` x `segments` of `taps`; element (channel, tap) of a group stands in
 * the logical tensor at channel * channel_step + tap * tap_step, and in the packed one in units [segments][taps / 2][8]
 * [2]. `overlap`: the last unit begins eight channels before their end. */
typedef struct {
    int64_t groups, channels, segments, taps, channel_step, tap_step;
    bool overlap;
} Matrix;

static Matrix qconv_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t in = p.in_c / p.group, all = (int64_t)p.kernel_h * p.kernel_w * in;
    const int64_t taps = p.group == 1 && p.dilation_w == 1 ? p.kernel_w * in : in;
    return (Matrix){p.group, p.out_c / p.group, all / taps, taps, all, 1, false};
}

static Matrix qgemm_matrix(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Matrix){1, p.n, 1, p.k, 1, p.n, false};
}

static Matrix qdepthwise_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w;
    return (Matrix){1, p.out_c, 1, taps, taps, 1, true};
}

static int64_t units(Matrix m)
{
    return (m.channels + UNIT - 1) / UNIT;
}

static int64_t segment_bytes(Matrix m)
{
    return (m.taps + 1) / 2 * 2 * UNIT;
}

static int64_t unit_bytes(Matrix m)
{
    return m.segments * segment_bytes(m);
}

static Packed matrix_packed(Matrix m)
{
    return (Packed){(size_t)(m.groups * units(m) * unit_bytes(m)), DT_I8};
}

static int64_t first_of(Matrix m, int64_t unit)
{
    return m.overlap && (unit + 1) * UNIT > m.channels ? m.channels - UNIT : unit * UNIT;
}

typedef void Move(int8_t *packed, int8_t *logical);

static void each(Matrix m, int8_t *packed, int8_t *logical, Move *move)
{
    for (int64_t g = 0; g < m.groups; g++, logical += m.channels * m.channel_step)
        for (int64_t u = 0; u < units(m); u++, packed += unit_bytes(m))
            for (int64_t i = 0; i < UNIT && first_of(m, u) + i < m.channels; i++)
                for (int64_t t = 0; t < m.segments * m.taps; t++) {
                    const int64_t k = t % m.taps;
                    move(packed + t / m.taps * segment_bytes(m) + (k / 2 * UNIT + i) * 2 + k % 2,
                         logical + (first_of(m, u) + i) * m.channel_step + t * m.tap_step);
                }
}

static void to_packed(int8_t *packed, int8_t *logical)
{
    *packed = *logical;
}

static void to_logical(int8_t *packed, int8_t *logical)
{
    *logical = *packed;
}

/* The three functions of a kernel row. */
#define MATRIX(name, matrix)                                                                                           \
    Packed name##_packed(const Step *s)                                                                                \
    {                                                                                                                  \
        return matrix_packed(matrix(s));                                                                               \
    }                                                                                                                  \
    void name##_pack(const Step *s, const void *logical, void *packed)                                                 \
    {                                                                                                                  \
        memset(packed, 0, matrix_packed(matrix(s)).bytes);                                                             \
        each(matrix(s), packed, (int8_t *)(uintptr_t)logical, to_packed);                                              \
    }                                                                                                                  \
    void name##_unpack(const Step *s, const void *packed, void *logical)                                               \
    {                                                                                                                  \
        each(matrix(s), (int8_t *)(uintptr_t)packed, logical, to_logical);                                             \
    }
MATRIX(qconv_i8_avx2, qconv_matrix)
MATRIX(qgemm_i8_avx2, qgemm_matrix)
MATRIX(qdepthwise_i8_avx2, qdepthwise_matrix)

bool qconv_i8_avx2_accepts(const Step *s)
{
    const Matrix m = qconv_matrix(s);
    return m.groups == 1 || m.channels > UNIT / 2;
}

/* Elements of a ring of rows (avx2/qrows.h). */
static int64_t ring_elements(const adze_qconv_params *p)
{
    const int64_t span = (p->kernel_h - 1) * (int64_t)p->dilation_h + 1;
    const int64_t steps = p->out_w > 0 ? p->out_w - 1 : 0;
    const int64_t width = steps * p->stride_w + (p->kernel_w - 1) * (int64_t)p->dilation_w + 1;
    return span * width * p->in_c;
}

/* A ring, or four pixels of a pointwise one. */
size_t qconv_i8_avx2_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t ring = ring_elements(&p) + 1, four = ((int64_t)p.in_c + 1) / 2 * 2 * 4;
    return (size_t)(ring > four || qconv_matrix(s).taps != p.in_c ? ring : four) * sizeof(int16_t);
}

/* Four rows. */
size_t qgemm_i8_avx2_scratch(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)(((int64_t)p.k + 1) / 2 * 2 * (p.m < 4 ? p.m : 4)) * sizeof(int16_t);
}

bool qdepthwise_i8_avx2_accepts(const Step *s)
{
    return qdepthwise_matrix(s).channels >= UNIT;
}

/* Where each tap is, and a ring. */
size_t qdepthwise_i8_avx2_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)(qdepthwise_matrix(s).taps + 1) * sizeof(void *) + (size_t)ring_elements(&p);
}

bool qavgpool_i8_avx2_accepts(const Step *s)
{
    adze_qpool_params p;
    memcpy(&p, s->params, sizeof p);
    return p.channels >= UNIT;
}

bool quantize_avx2_accepts(const Step *s)
{
    adze_quantize_params p;
    memcpy(&p, s->params, sizeof p);
    return p.axis == 1;
}
