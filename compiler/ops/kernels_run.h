/* The adapters that run.c makes, one a row of kernels.def: what Kernel.run points to. */
#ifndef ADZE_OPS_KERNELS_RUN_H
#define ADZE_OPS_KERNELS_RUN_H

#if defined(__x86_64__)
#define KERNEL_X86 KERNEL
#else
#define KERNEL_X86(...)
#endif
#define KERNEL(function, ...)                                                                                          \
    void run_##function(const void *p, const void *const *in, void *const *out, void *scratch);
#define KERNEL_ARM(...)
#include "ops/kernels.def"
#undef KERNEL
#undef KERNEL_X86
#undef KERNEL_ARM

#endif
