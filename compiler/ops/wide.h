/* Kernels for calibration, which runs a float graph hundreds of times: Conv, Gemm, Relu and Clip on as many lanes as
 * this machine has. A lane is an output channel, whose sum starts with the bias and takes its products one after the
 * other, each rounded: the same bits on every machine, and those of tile/ with ADZE_NO_FMA. */
#ifndef ADZE_OPS_WIDE_H
#define ADZE_OPS_WIDE_H

#include "ops/plan.h"

/* NULL: none serves the step. */
const Kernel *wide_kernel(const Step *s);

/* Before a function whose loops gcc and clang vectorise: one copy for AVX2, one for any machine, of the same bits,
 * since nothing is reassociated or fused (-ffp-contract=off). */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(ADZE_FUZZER)
#define WIDE_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define WIDE_CLONES
#endif

#endif
