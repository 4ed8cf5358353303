/* Offsets for buffers with fixed lifetimes: dynamic storage allocation. */
#ifndef ADZE_LOWER_OFFSETS_H
#define ADZE_LOWER_OFFSETS_H

#include "base/arena.h"

#include <stdbool.h>

typedef struct {
    size_t bytes, offset;
    int first, last; /* steps, inclusive */
    int id;          /* breaks ties, so that the result does not depend on addresses */
    size_t *result;  /* where the caller wants the offset; not used here */
    int value;       /* Value.id, or -1 for scratch; not used here, nor is the next */
    size_t traffic;  /* bytes read and written in it by one run */
} Buffer;

/* The largest sum of bytes alive at one step: no arena can be smaller. */
size_t buffers_bound(const Buffer *b, size_t count, int steps);
/* Several greedy orders; sets offsets, returns the peak. */
size_t offsets_greedy(Arena *a, Buffer *b, size_t count);
/* Sets offsets below `capacity` and returns true, or returns false with offsets unspecified: *proved tells whether that
 * is impossible, or the limit on counted nodes was reached. */
bool offsets_exact(Arena *a, Buffer *b, size_t count, int steps, size_t capacity, long node_limit, bool *proved);

#endif
