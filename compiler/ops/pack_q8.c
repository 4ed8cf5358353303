#include "ops/pack_q8.h"

#include <string.h>

#include "adze.h"

Q8Matrix q8_gemm(const Step *s, int64_t width, int64_t pair)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (Q8Matrix){1, p.n, 1, p.k, 1, p.n, width, pair, false};
}

Q8Matrix q8_conv(const Step *s, int64_t width, int64_t pair)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    return (Q8Matrix){p.group, p.out_c / p.group, 1, taps, taps, 1, width, pair, false};
}

static int64_t blocks(const Q8Matrix *m)
{
    return (m->channels + m->width - 1) / m->width;
}

static int64_t segment_bytes(const Q8Matrix *m)
{
    return (m->taps + m->pair - 1) / m->pair * m->pair * m->width;
}

static int64_t first_of(const Q8Matrix *m, int64_t block)
{
    const int64_t first = block * m->width, last = m->channels - m->width;
    return m->overlap && first > last ? last : first;
}

/* Of channel `i` of a block. */
static int64_t packed_at(const Q8Matrix *m, int64_t block, int64_t i, int64_t tap)
{
    const int64_t k = tap % m->taps;
    return (block * m->segments + tap / m->taps) * segment_bytes(m) + (k / m->pair * m->width + i) * m->pair +
           k % m->pair;
}

Packed q8_packed(const Q8Matrix *m)
{
    return (Packed){(size_t)(m->groups * blocks(m) * m->segments * segment_bytes(m)), DT_I8};
}

void q8_pack(const Q8Matrix *m, const int8_t *logical, int8_t *packed)
{
    const int64_t count = blocks(m);
    memset(packed, 0, q8_packed(m).bytes);
    for (int64_t b = 0; b < m->groups * count; b++) {
        const int64_t first = first_of(m, b % count);
        for (int64_t i = 0; i < m->width && first + i < m->channels; i++)
            for (int64_t k = 0; k < m->segments * m->taps; k++)
                packed[packed_at(m, b, i, k)] =
                    logical[(b / count * m->channels + first + i) * m->channel_step + k * m->tap_step];
    }
}

void q8_unpack(const Q8Matrix *m, const int8_t *packed, int8_t *logical)
{
    const int64_t count = blocks(m);
    for (int64_t b = 0; b < m->groups * count; b++) {
        const int64_t first = first_of(m, b % count);
        for (int64_t i = 0; i < m->width && first + i < m->channels; i++)
            for (int64_t k = 0; k < m->segments * m->taps; k++)
                logical[(b / count * m->channels + first + i) * m->channel_step + k * m->tap_step] =
                    packed[packed_at(m, b, i, k)];
    }
}
