/* Fuzz targets: one file each, FUZZ_TARGET(name)(data, size). `make fuzz` links each with libFuzzer, test_corpus
 * replays the committed files with all of them. A target aborts when a promise is broken; refusing an input is no
 * failure. */
#ifndef ADZE_TESTS_FUZZ_H
#define ADZE_TESTS_FUZZ_H

#include "base/arena.h"
#include "base/diag.h"
#include "ir/graph.h"

#include <stdint.h>
#include <stdlib.h>

#ifdef ADZE_FUZZER
#define FUZZ_TARGET(name) int LLVMFuzzerTestOneInput
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#else
#define FUZZ_TARGET(name) int fuzz_##name
#endif
int fuzz_model(const uint8_t *data, size_t size);
int fuzz_text(const uint8_t *data, size_t size);
int fuzz_yaml(const uint8_t *data, size_t size);
int fuzz_npy(const uint8_t *data, size_t size);

/* A promise: an input that is not taken has an error, one that is taken has none. */
static inline void fuzz_promise(bool kept)
{
    if (!kept)
        abort();
}

/* line.c: a graph that was read goes the rest of the line: operators, passes, plan; a small one is also run, apart
 * and in its arena, which must give the same bytes. */
void fuzz_line(Arena *a, Diag *d, Graph *g);

#endif
