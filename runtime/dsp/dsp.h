/* dsp/dsp.h: what the kernels for Cortex-M with the DSP extension share. SPDX-License-Identifier: 0BSD
 *
 * Eight-bit tensors are widened to pairs of int16 in a word, so that one SMLAD does two multiplications. */
#ifndef ADZE_DSP_DSP_H
#define ADZE_DSP_DSP_H

#include "adze.h"

#if !defined(__ARM_FEATURE_DSP) || !defined(__thumb2__) || !defined(__GNUC__)
#error                                                                                                                 \
    "these kernels were chosen for a Cortex-M with the DSP extension, and gcc or clang: compile the model for another target"
#endif

/* The head of a function that is one asm statement: gcc must neither clone it nor drop arguments that no C reads. What
 * it pushes, which gcc's call graph does not know, stands in its assembler name for `adze bench`: "NAME.stack76". */
#if defined(__clang__)
#define ADZE_DSP_NAKED static __attribute__((naked, noinline, unused))
#else
#define ADZE_DSP_NAKED static __attribute__((naked, noipa, unused))
#endif
#define ADZE_DSP_ASM(STACK, NAME, ...)                                                                                 \
    static void NAME(__VA_ARGS__) __asm__(#NAME ".stack" #STACK);                                                      \
    ADZE_DSP_NAKED void NAME(__VA_ARGS__)

/* One copy a program, with -O speed too: constant shapes gain nothing beside the asm. What runs but a few times a layer
 * is SMALL, and with clang all, whose unrolled loops gain next to nothing. */
#if defined(__clang__)
#define ADZE_DSP_SMALL static __attribute__((noinline, unused, minsize))
#else
#define ADZE_DSP_SMALL static __attribute__((noinline, unused, optimize("Os")))
#endif
#if defined(ADZE_SIZE) || defined(__clang__)
#define ADZE_DSP_KERNEL ADZE_DSP_SMALL
#else
#define ADZE_DSP_KERNEL static __attribute__((noinline, unused, optimize("no-ipa-cp-clone")))
#endif

/* The parameters c of a pointwise QConv over one row of m pixels, for those of a QGemm, p; the rest is 0. */
#define ADZE_DSP_ROW(c, p)                                                                                             \
    do {                                                                                                               \
        memset(&(c), 0, sizeof(c));                                                                                    \
        (c).batch = (c).kernel_h = (c).kernel_w = (c).stride_h = (c).stride_w = (c).dilation_h = (c).dilation_w = 1;   \
        (c).in_h = (c).out_h = (c).group = 1;                                                                          \
        (c).in_w = (c).out_w = (p)->m;                                                                                 \
        (c).in_c = (p)->k;                                                                                             \
        (c).out_c = (p)->n;                                                                                            \
        (c).y_zero_point = (p)->y_zero_point;                                                                          \
        (c).shift = (p)->shift;                                                                                        \
        (c).lo = (p)->lo;                                                                                              \
        (c).hi = (p)->hi;                                                                                              \
    } while (0)

/* Bytes 0 and 2 of a word as two int16, and bytes 1 and 3. */
ADZE_FORCE_INLINE uint32_t adze_dsp_even(uint32_t v)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(v));
    return r;
}

ADZE_FORCE_INLINE uint32_t adze_dsp_odd(uint32_t v)
{
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(v));
    return r;
}

/* The low halves of a and b as one word (a low), and the high halves. */
ADZE_FORCE_INLINE uint32_t adze_dsp_low(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

ADZE_FORCE_INLINE uint32_t adze_dsp_high(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(r) : "r"(a), "r"(b));
    return r;
}

ADZE_FORCE_INLINE int32_t adze_dsp_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(sum));
    return r;
}

/* ((int64_t)a * m + 2^31 >> 32) + add */
ADZE_FORCE_INLINE int32_t adze_dsp_scale(int32_t a, int32_t m, int32_t add)
{
    int32_t r;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(m), "r"(add));
    return r;
}

ADZE_FORCE_INLINE int32_t adze_dsp_saturate(int32_t v)
{
    int32_t r;
    __asm__("ssat %0, #8, %1" : "=r"(r) : "r"(v));
    return r;
}

/* acc << shift, as the contract has it: the result fits. */
ADZE_FORCE_INLINE int32_t adze_dsp_shift(int32_t acc, int32_t shift)
{
    return (int32_t)((uint32_t)acc << shift);
}

/* Four bytes from any address. */
ADZE_FORCE_INLINE uint32_t adze_dsp_load(const void *from)
{
    uint32_t r;
    memcpy(&r, from, sizeof r);
    return r;
}

ADZE_FORCE_INLINE void adze_dsp_store(void *to, uint32_t v)
{
    memcpy(to, &v, sizeof v);
}

/* The larger, the smaller of each pair of signed bytes. */
ADZE_FORCE_INLINE uint32_t adze_dsp_max(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

ADZE_FORCE_INLINE uint32_t adze_dsp_min(uint32_t a, uint32_t b)
{
    uint32_t r;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(r) : "r"(a), "r"(b));
    return r;
}

/* The same byte four times. */
ADZE_FORCE_INLINE uint32_t adze_dsp_repeat(int32_t v)
{
    return (uint32_t)(uint8_t)v * 0x01010101u;
}

ADZE_FORCE_INLINE int32_t adze_dsp_bound(int32_t v, int32_t lo, int32_t hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

/* Bounds n bytes in place. */
ADZE_DSP_SMALL void adze_dsp_clamp(int8_t *y, int32_t n, int32_t lo, int32_t hi)
{
    if (lo <= -128 && hi >= 127)
        return;
    const uint32_t lo4 = adze_dsp_repeat(lo), hi4 = adze_dsp_repeat(hi);
    for (; n >= 4; n -= 4, y += 4)
        adze_dsp_store(y, adze_dsp_min(adze_dsp_max(adze_dsp_load(y), lo4), hi4));
    for (; n > 0; n--, y++)
        *y = (int8_t)(*y < lo ? lo : *y > hi ? hi : *y);
}

#endif
