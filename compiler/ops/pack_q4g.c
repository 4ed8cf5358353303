#include "ops/pack_q4g.h"
#include "ops/pack_q4.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"

enum { LARGEST_BLOCK = 256, SMALLEST_BLOCK = 16, MOST = 4095 };

/* A block of a channel: weight i is factor * (u - zero). */
typedef struct {
    int factor, zero;
} Head;

static adze_qgemm_params params_of(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return p;
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

static int64_t block_end(const adze_qgemm_params *p, int64_t k, int64_t block)
{
    return k + block < p->k ? k + block : p->k;
}

static bool head_of(const adze_qgemm_params *p, const int16_t *w, int64_t n, int64_t k, int64_t block, Head *out)
{
    int lo = 0, hi = 0, factor = 0;
    for (int64_t i = k; i < block_end(p, k, block); i++) {
        const int v = w[i * p->n + n];
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

static bool fits(const adze_qgemm_params *p, const int16_t *w, int64_t block)
{
    Head h;
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t k = 0; k < p->k; k += block)
            if (!head_of(p, w, n, k, block, &h))
                return false;
    return true;
}

/* The largest block that fits; 0: none. */
static int64_t block_of(const adze_qgemm_params *p, const int16_t *w)
{
    int64_t block = LARGEST_BLOCK;
    while (block >= SMALLEST_BLOCK && !fits(p, w, block))
        block /= 2;
    return block >= SMALLEST_BLOCK ? block : 0;
}

bool qgemm_i4g_ref_accepts(const Step *s)
{
    const adze_qgemm_params p = params_of(s);
    return s->in[1] && s->in[1]->data && s->in[1]->type == DT_I16 && (int64_t)p.k * p.n >= Q4_MIN_WEIGHTS &&
           block_of(&p, s->in[1]->data) != 0;
}

size_t qgemm_i4g_ref_scratch(const Step *s)
{
    return (size_t)(params_of(s).k / SMALLEST_BLOCK + 1) * sizeof(int32_t);
}

static size_t row_bytes(const adze_qgemm_params *p, int64_t block)
{
    size_t bytes = 0;
    for (int64_t k = 0; k < p->k; k += block)
        bytes += 2 + (size_t)(block_end(p, k, block) - k + 1) / 2;
    return bytes;
}

Packed qgemm_i4g_ref_packed(const Step *s)
{
    const adze_qgemm_params p = params_of(s);
    return (Packed){2 + (size_t)p.n * row_bytes(&p, block_of(&p, s->in[1]->data)), DT_U8};
}

static uint8_t *put(uint8_t *to, int64_t v)
{
    to[0] = (uint8_t)(v & 255);
    to[1] = (uint8_t)(v >> 8);
    return to + 2;
}

void qgemm_i4g_ref_pack(const Step *s, const void *logical, void *packed)
{
    const adze_qgemm_params p = params_of(s);
    const int16_t *w = logical;
    const int64_t block = block_of(&p, w);
    uint8_t *to = put(packed, block);
    for (int64_t n = 0; n < p.n; n++)
        for (int64_t k = 0; k < p.k; k += block) {
            Head h;
            head_of(&p, w, n, k, block, &h);
            to = put(to, h.factor * 16 + h.zero);
            for (int64_t i = k; i < block_end(&p, k, block); i++) {
                const int u = (h.factor ? w[i * p.n + n] / h.factor : 0) + h.zero;
                *to = (uint8_t)((i - k) % 2 ? *to | u << 4 : u);
                to += (i - k) % 2 || i + 1 == block_end(&p, k, block);
            }
        }
}

void qgemm_i4g_ref_unpack(const Step *s, const void *packed, void *logical)
{
    const adze_qgemm_params p = params_of(s);
    const uint8_t *from = packed;
    int16_t *w = logical;
    const int64_t block = from[0] | from[1] << 8;
    from += 2;
    for (int64_t n = 0; n < p.n; n++)
        for (int64_t k = 0; k < p.k; k += block) {
            const int head = from[0] | from[1] << 8;
            from += 2;
            for (int64_t i = k; i < block_end(&p, k, block); i++) {
                w[i * p.n + n] = (int16_t)((head >> 4) * ((*from >> ((i - k) % 2 * 4) & 15) - (head & 15)));
                from += (i - k) % 2 || i + 1 == block_end(&p, k, block);
            }
        }
}
