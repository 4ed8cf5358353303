/* Exact search for offsets below a capacity, after "MiniMalloc: A Lightweight Memory Allocator for Hardware-Accelerated
 * Machine Learning" (Moffitt, ASPLOS 2023).
 *
 * In some solution every buffer lies at 0 or on top of another that is alive with it (push all down); taken by
 * ascending offset, each then lies at its floor: the highest top of those placed before that are alive with it. So the
 * search places one buffer after the other at its floor, offsets never descending: complete. A branch ends
 * - when for some step the floor of its unplaced buffers plus their bytes exceeds the capacity;
 * - a buffer is not tried at or above the place where another unplaced one could lie completely below it.
 * The floors are kept on a stack, so that a branch is undone by copying back. */
#include "lower/offsets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Buffer *buffer;
    size_t count;
    int steps;
    size_t capacity;
    long nodes, limit;
    size_t *floor; /* by buffer */
    bool *placed;
    size_t *lowest; /* by step, for fits() */
    size_t *saved;  /* floors by depth */
    size_t *need;   /* by step: bytes of unplaced buffers alive */
    int *order;     /* buffers, the most constrained first */
    size_t unplaced;
} Exact;

static bool alive_together(const Buffer *a, const Buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* No step may need more than is left above the lowest floor of its unplaced buffers. */
static bool fits(Exact *e, size_t offset)
{
    for (int s = 0; s < e->steps; s++)
        e->lowest[s] = SIZE_MAX;
    for (size_t i = 0; i < e->count; i++) {
        if (e->placed[i])
            continue;
        size_t at = e->floor[i] > offset ? e->floor[i] : offset;
        for (int s = e->buffer[i].first; s <= e->buffer[i].last; s++)
            e->lowest[s] = at < e->lowest[s] ? at : e->lowest[s];
    }
    for (int s = 0; s < e->steps; s++)
        if (e->need[s] && e->lowest[s] + e->need[s] > e->capacity)
            return false;
    return true;
}

static void place(Exact *e, size_t i, size_t offset)
{
    Buffer *b = &e->buffer[i];
    b->offset = offset;
    e->placed[i] = true;
    e->unplaced--;
    for (int s = b->first; s <= b->last; s++)
        e->need[s] -= b->bytes;
    for (size_t k = 0; k < e->count; k++)
        if (!e->placed[k] && alive_together(b, &e->buffer[k]) && e->floor[k] < offset + b->bytes)
            e->floor[k] = offset + b->bytes;
}

static void unplace(Exact *e, size_t i, const size_t *floors)
{
    Buffer *b = &e->buffer[i];
    memcpy(e->floor, floors, e->count * sizeof *floors);
    e->placed[i] = false;
    e->unplaced++;
    for (int s = b->first; s <= b->last; s++)
        e->need[s] += b->bytes;
}

static bool search(Exact *e, size_t offset, size_t depth)
{
    if (e->unplaced == 0)
        return true;
    if (++e->nodes > e->limit || !fits(e, offset))
        return false;
    size_t lowest_top = SIZE_MAX;
    for (size_t i = 0; i < e->count; i++) {
        size_t at = e->floor[i] > offset ? e->floor[i] : offset;
        if (!e->placed[i] && at + e->buffer[i].bytes < lowest_top)
            lowest_top = at + e->buffer[i].bytes;
    }
    size_t *floors = e->saved + depth * e->count;
    memcpy(floors, e->floor, e->count * sizeof *floors);
    for (size_t k = 0; k < e->count; k++) {
        size_t i = (size_t)e->order[k];
        if (e->placed[i] || floors[i] < offset || floors[i] >= lowest_top)
            continue; /* below `offset` it was tried before, higher up another one comes first */
        place(e, i, floors[i]);
        if (search(e, floors[i], depth + 1))
            return true;
        unplace(e, i, floors);
        if (e->nodes > e->limit)
            return false;
    }
    return false;
}

static const Buffer *sort_base;

static int by_difficulty(const void *x, const void *y)
{
    int i = *(const int *)x, j = *(const int *)y;
    const Buffer *a = &sort_base[i], *b = &sort_base[j];
    double s = (double)a->bytes * (a->last - a->first + 1), t = (double)b->bytes * (b->last - b->first + 1);
    return s != t ? (s < t ? 1 : -1) : i - j;
}

bool offsets_exact(Arena *a, Buffer *b, size_t count, int steps, size_t capacity, long node_limit, bool *proved)
{
    Exact e = {.buffer = b, .count = count, .steps = steps, .capacity = capacity, .limit = node_limit};
    e.floor = NEW_ARRAY(a, size_t, count);
    e.placed = NEW_ARRAY(a, bool, count);
    e.need = NEW_ARRAY(a, size_t, steps);
    e.lowest = NEW_ARRAY(a, size_t, steps);
    e.saved = arena_array(a, count, count * sizeof *e.saved);
    e.order = NEW_ARRAY(a, int, count);
    e.unplaced = count;
    for (size_t i = 0; i < count; i++) {
        e.order[i] = (int)i;
        for (int s = b[i].first; s <= b[i].last; s++)
            e.need[s] += b[i].bytes;
    }
    sort_base = b;
    if (count)
        qsort(e.order, count, sizeof *e.order, by_difficulty);
    bool found = search(&e, 0, 0);
    *proved = found || e.nodes <= e.limit;
    return found;
}
