/* A model written by hand in the form of the generated ones: y = softmax(x) over 4 floats, z = x summed in int8 steps.
 */
#ifndef TINY_H
#define TINY_H

#include <stdint.h>

#define TINY_INPUT_COUNT 2
#define TINY_OUTPUT_COUNT 2

#define TINY_INPUT_0_TYPE float
#define TINY_INPUT_0_ELEMENTS 4
#define TINY_INPUT_1_TYPE int8_t
#define TINY_INPUT_1_ELEMENTS 3
#define TINY_OUTPUT_0_TYPE float
#define TINY_OUTPUT_0_ELEMENTS 4
#define TINY_OUTPUT_1_TYPE int32_t
#define TINY_OUTPUT_1_ELEMENTS 1

#define TINY_ARENA_BYTES 16
typedef union {
    uint64_t align_;
    float exponentials[4];
} tiny_arena;

int tiny_run(tiny_arena *arena, const float *x, const int8_t *n, float *y, int32_t *z);

#endif
