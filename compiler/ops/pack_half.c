#include "ops/pack_half.h"
#include "ops/pack.h"

#include <stdlib.h>
#include <string.h>

#include "adze.h"

static size_t weights_of(const Step *s)
{
    return (size_t)shape_count(&s->in[1]->shape);
}

bool half_accepts(const Step *s)
{
    if (!s->in[1] || !s->in[1]->data || s->in[1]->type != DT_F32)
        return false;
    const float *w = s->in[1]->data;
    for (size_t i = 0; i < weights_of(s); i++) {
        const uint16_t h = float_to_half(w[i]);
        const float back = half_to_float(h);
        if ((h & 0x7C00u) == 0x7C00u || memcmp(&back, &w[i], sizeof back) != 0)
            return false;
    }
    return true;
}

static void to_halves(const float *from, size_t count, uint16_t *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = float_to_half(from[i]);
}

static void from_halves(const uint16_t *from, size_t count, float *to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = half_to_float(from[i]);
}

Packed half_ref_packed(const Step *s)
{
    return (Packed){weights_of(s) * sizeof(uint16_t), DT_U16};
}

void half_ref_pack(const Step *s, const void *logical, void *packed)
{
    to_halves(logical, weights_of(s), packed);
}

void half_ref_unpack(const Step *s, const void *packed, void *logical)
{
    from_halves(packed, weights_of(s), logical);
}

/* The three functions of a row, over those of float32. */
#define HALF(kernel, set)                                                                                              \
    Packed kernel##_f16_##set##_packed(const Step *s)                                                                  \
    {                                                                                                                  \
        return (Packed){kernel##_f32_##set##_packed(s).bytes / 2, DT_U16};                                             \
    }                                                                                                                  \
    void kernel##_f16_##set##_pack(const Step *s, const void *logical, void *packed)                                   \
    {                                                                                                                  \
        const size_t bytes = kernel##_f32_##set##_packed(s).bytes;                                                     \
        float *wide = malloc(bytes);                                                                                   \
        kernel##_f32_##set##_pack(s, logical, wide);                                                                   \
        to_halves(wide, bytes / sizeof *wide, packed);                                                                 \
        free(wide);                                                                                                    \
    }                                                                                                                  \
    void kernel##_f16_##set##_unpack(const Step *s, const void *packed, void *logical)                                 \
    {                                                                                                                  \
        const size_t bytes = kernel##_f32_##set##_packed(s).bytes;                                                     \
        float *wide = malloc(bytes);                                                                                   \
        from_halves(packed, bytes / sizeof *wide, wide);                                                               \
        kernel##_f32_##set##_unpack(s, wide, logical);                                                                 \
        free(wide);                                                                                                    \
    }
HALF(conv, tile)
HALF(depthwise, tile)
HALF(gemm, tile)
HALF(conv, avx2)
HALF(depthwise, avx2)
HALF(gemm, avx2)

bool conv_f16_blocked_accepts(const Step *s)
{
    return conv_blocked_accepts(s) && half_accepts(s);
}

size_t conv_f16_tile_scratch(const Step *s)
{
    adze_conv_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)p.kernel_h * (size_t)p.kernel_w * (size_t)(p.in_c / p.group) * 4 * sizeof(float);
}

size_t depthwise_f16_tile_scratch(const Step *s)
{
    adze_conv_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)p.kernel_h * (size_t)p.kernel_w * 4 * sizeof(float);
}

size_t gemm_f16_tile_scratch(const Step *s)
{
    adze_gemm_params p;
    memcpy(&p, s->params, sizeof p);
    return p.m < 4 ? 1 : (size_t)p.k * 4 * sizeof(float);
}
