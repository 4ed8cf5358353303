/* fashion.h: interface of a neural network compiled by adze 0.1.0. Do not edit.
 *
 *   model    fashion.onnx
 *   SHA-256  64861384a54f249feb90803937dfa0d9da6c5284d20c9555f29e12709fb219a7
 *   target   cortex-m4
 *   options  -t cortex-m4
 *
 * SPDX-License-Identifier: 0BSD
 * The code in this folder may be used, copied, changed and passed on for any purpose, without fee and without
 * attribution; there is no warranty. The constant data is the model's and keeps the model's licence. */
#ifndef FASHION_H
#define FASHION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FASHION_ADZE_VERSION "0.1.0"
#define FASHION_MODEL_SHA256 "64861384a54f249feb90803937dfa0d9da6c5284d20c9555f29e12709fb219a7"
#define FASHION_TARGET "cortex-m4"
#define FASHION_OPTIONS "-t cortex-m4"
#define FASHION_LAYER_COUNT 14 /* what FASHION_LAYER_BEGIN and _END number from 0; see fashion.c */

#define FASHION_INPUT_COUNT 1
#define FASHION_OUTPUT_COUNT 1

/* input 0, `input`: "input" of the model, float [1][1][28][28], row-major, 3136 bytes */
#define FASHION_INPUT_0_NAME "input"
#define FASHION_INPUT_0_TYPE float
#define FASHION_INPUT_0_ELEMENTS 784
#define FASHION_INPUT_0_RANK 4
#define FASHION_INPUT_0_SHAPE {1, 1, 28, 28}
#define FASHION_INPUT_0_CHANNELS_LAST 0
/* output 0, `logits`: "logits" of the model, float [1][10], row-major, 40 bytes */
#define FASHION_OUTPUT_0_NAME "logits"
#define FASHION_OUTPUT_0_TYPE float
#define FASHION_OUTPUT_0_ELEMENTS 10
#define FASHION_OUTPUT_0_RANK 2
#define FASHION_OUTPUT_0_SHAPE {1, 10}
#define FASHION_OUTPUT_0_CHANNELS_LAST 0

/* What fashion_run returns. */
#define FASHION_OK 0
#define FASHION_NULL_POINTER 1 /* an argument is NULL */

/* All memory that fashion_run writes besides its outputs. Nothing in it outlives a call: models that never
 * run at once may share it, `union { fashion_arena a; other_arena b; }`. Behind each buffer: the bytes that it
 * takes, and the layers during which it is in use; buffers that are not needed at once share bytes. */
#define FASHION_ARENA_BYTES 62720
typedef union {
    uint64_t align_;
    unsigned char bytes_[FASHION_ARENA_BYTES];
    struct { float v[12544]; } stem_conv;                                    /* 0..50175, layers 0 to 1 */
    struct { unsigned char before_[50176]; float v[3136]; } pool_maxpool;    /* 50176..62719, layers 1 to 2 */
    struct { unsigned char before_[25088]; float v[3136]; } d1_dw_conv;      /* 25088..37631, layers 2 to 3 */
    struct { float v[6272]; } d1_pw_conv;                                    /* 0..25087, layers 3 to 6 */
    struct { unsigned char before_[25088]; float v[6272]; } d2_dw_conv;      /* 25088..50175, layers 4 to 5 */
    struct { unsigned char before_[25088]; float v[1568]; } d3_dw_conv;      /* 25088..31359, layers 6 to 7 */
    struct { float v[3136]; } d3_pw_conv;                                    /* 0..12543, layers 7 to 10 */
    struct { unsigned char before_[12544]; float v[3136]; } r1_c1_conv;      /* 12544..25087, layers 8 to 9 */
    struct { unsigned char before_[18816]; float v[3136]; } d4_dw_conv;      /* 18816..31359, layers 10 to 11 */
    struct { float v[4704]; } d4_pw_conv;                                    /* 0..18815, layers 11 to 12 */
    struct { unsigned char before_[18816]; float v[96]; } gap_globalaveragepool; /* 18816..19199, layers 12 to 13 */
} fashion_arena;

/* Runs the network once. Inputs and outputs are the caller's, row-major, and must not overlap each other or
 * the arena. Re-entrant: calls with different arenas may run at the same time. */
int fashion_run(fashion_arena *arena, const float *input, float *logits);

#ifdef __cplusplus
}
#endif

#endif
