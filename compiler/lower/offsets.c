/* Greedy offsets: buffers in some order, each at the lowest gap between those placed that are alive with it. */
#include "lower/offsets.h"

#include <stdint.h>
#include <stdlib.h>

size_t buffers_bound(const Buffer *b, size_t count, int steps)
{
    Arena *a = arena_new();
    size_t bound = 0, live = 0, *born = NEW_ARRAY(a, size_t, steps + 1), *dead = NEW_ARRAY(a, size_t, steps + 1);
    for (size_t i = 0; i < count; i++) {
        born[b[i].first] += b[i].bytes;
        dead[b[i].last + 1] += b[i].bytes;
    }
    for (int s = 0; s < steps; s++) {
        live = live + born[s] - dead[s];
        bound = live > bound ? live : bound;
    }
    arena_free(a);
    return bound;
}

static int by_size(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a->last != b->last ? (a->last > b->last ? -1 : 1) : a->id - b->id;
}

static int by_start(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    return a->first != b->first ? (a->first < b->first ? -1 : 1) : by_size(x, y);
}

static int by_end(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    return a->last != b->last ? (a->last > b->last ? -1 : 1) : by_size(x, y);
}

static int by_area(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    double s = (double)a->bytes * (a->last - a->first + 1), t = (double)b->bytes * (b->last - b->first + 1);
    return s != t ? (s < t ? 1 : -1) : by_size(x, y);
}

/* The lowest offset at which b fits between the placed buffers that live at the same time; placed is sorted by offset.
 */
static size_t lowest_gap(const Buffer *b, Buffer *const *placed, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const Buffer *o = placed[i];
        if (o->last < b->first || o->first > b->last)
            continue;
        if (o->offset >= at && o->offset - at >= b->bytes)
            return at;
        if (o->offset + o->bytes > at)
            at = o->offset + o->bytes;
    }
    return at;
}

static void insert(Buffer **placed, size_t count, Buffer *b)
{
    size_t i = count;
    for (; i > 0 && placed[i - 1]->offset > b->offset; i--)
        placed[i] = placed[i - 1];
    placed[i] = b;
}

static size_t place_in_order(Buffer **placed, Buffer *b, size_t count, int (*order)(const void *, const void *))
{
    size_t peak = 0;
    if (count)
        qsort(b, count, sizeof *b, order);
    for (size_t i = 0; i < count; i++) {
        b[i].offset = lowest_gap(&b[i], placed, i);
        if (b[i].offset + b[i].bytes > peak)
            peak = b[i].offset + b[i].bytes;
        insert(placed, i, &b[i]);
    }
    return peak;
}

size_t offsets_greedy(Arena *a, Buffer *b, size_t count)
{
    static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_start, by_end};
    enum { ORDERS = sizeof orders / sizeof *orders };
    Buffer **placed = NEW_ARRAY(a, Buffer *, count);
    size_t best = SIZE_MAX;
    int chosen = 0;
    for (int i = 0; i < ORDERS; i++) {
        size_t peak = place_in_order(placed, b, count, orders[i]);
        if (peak < best) {
            best = peak;
            chosen = i;
        }
    }
    return place_in_order(placed, b, count, orders[chosen]);
}
