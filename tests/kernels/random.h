/* Random numbers of the kernel tests, the same in each run; a file begins with a RANDOM_SEED of its own. */
#ifndef ADZE_TESTS_RANDOM_H
#define ADZE_TESTS_RANDOM_H

#include <stdint.h>

static uint32_t random_state = RANDOM_SEED;

/* low to high, both included. */
static inline int32_t random_int(int32_t low, int32_t high)
{
    random_state = random_state * 1664525u + 1013904223u;
    return low + (int32_t)((random_state >> 8) % (uint32_t)(high - low + 1));
}

#endif
