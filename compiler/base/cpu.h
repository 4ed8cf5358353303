/* What the processor that adze runs on can do. */
#ifndef ADZE_BASE_CPU_H
#define ADZE_BASE_CPU_H

#include <stdbool.h>

/* By the name that targets and kernels.def have for it: "sse2", "avx2" (with FMA), "f16c", "avx512vnni", "neon"; false
 * for any other. */
bool cpu_has(const char *feature);

#endif
