#include "base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* clang 14 does not know the name in __builtin_cpu_supports; "avx" says that the system keeps the registers. */
static bool has_f16c(void)
{
    unsigned a, b, c = 0, d;
    return __builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}

bool cpu_has(const char *feature)
{
    __builtin_cpu_init();
    if (strcmp(feature, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (strcmp(feature, "f16c") == 0)
        return has_f16c();
    if (strcmp(feature, "avx512vnni") == 0)
        return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl");
    return strcmp(feature, "sse2") == 0;
}
#else
bool cpu_has(const char *feature)
{
#if defined(__aarch64__)
    return strcmp(feature, "neon") == 0;
#else
    (void)feature;
    return false;
#endif
}
#endif
