/* avx2/avx2.h: how the kernels of this folder are compiled. SPDX-License-Identifier: 0BSD
 *
 * ADZE_AVX2_BEGIN and ADZE_AVX2_END stand around functions that use AVX2 and FMA, so that a file of them compiles
 * without -mavx2; whoever calls them knows that the processor has both. */
#ifndef ADZE_AVX2_AVX2_H
#define ADZE_AVX2_AVX2_H

#include "adze.h"

#if !defined(__x86_64__) || !defined(__GNUC__)
#error "these kernels were chosen for x86-64 with AVX2, and gcc or clang: compile the model for another target"
#endif

#include <immintrin.h>

#if defined(__clang__)
#define ADZE_AVX2_BEGIN _Pragma("clang attribute push(__attribute__((target(\"avx2,fma\"))), apply_to = function)")
#define ADZE_AVX2_END _Pragma("clang attribute pop")
#define ADZE_AVX2_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ADZE_AVX2_BEGIN _Pragma("GCC push_options") _Pragma("GCC target(\"avx2,fma\")")
#define ADZE_AVX2_END _Pragma("GCC pop_options")
#define ADZE_AVX2_UNROLL _Pragma("GCC unroll 16")
#endif

/* Never inlined into a caller: that one need not be compiled for AVX2. */
#define ADZE_AVX2_KERNEL static __attribute__((noinline, unused))

ADZE_AVX2_BEGIN

/* A copy that the compiler cannot know to be one: gcc keeps sums with the same start in one register, and copies. */
ADZE_FORCE_INLINE __m256 adze_avx2_copy(__m256 v)
{
    __asm__("" : "+x"(v));
    return v;
}

/* An index that the compiler cannot take apart: clang adds half of it to every pointer outside of the loop, and then
 * has more pointers than registers. */
ADZE_FORCE_INLINE ptrdiff_t adze_avx2_index(ptrdiff_t i)
{
    __asm__("" : "+r"(i));
    return i;
}

/* All ones in the first `count` lanes; none for count <= 0. */
ADZE_FORCE_INLINE __m256i adze_avx2_mask(int32_t count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

ADZE_FORCE_INLINE int adze_avx2_weight_bytes(const int halves)
{
    return halves ? 2 : 4;
}

/* Eight weights, floats or halves. Not the intrinsic: it would ask for F16C wherever this file is used, also by kernels
 * that read floats only. */
ADZE_FORCE_INLINE __m256 adze_avx2_weights(const int halves, const void *w)
{
    if (halves) {
        __m256 v;
        __asm__("vcvtph2ps %1, %0" : "=x"(v) : "m"(*(const __m128i_u *)w));
        return v;
    }
    return _mm256_loadu_ps((const float *)w);
}

/* lo <= result <= hi; NaN stays NaN: max and min give their second operand then. */
ADZE_FORCE_INLINE __m256 adze_avx2_act(__m256 v, __m256 lo, __m256 hi)
{
    return _mm256_min_ps(hi, _mm256_max_ps(lo, v));
}

ADZE_AVX2_END

#endif
