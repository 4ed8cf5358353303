/* Lifetimes, in-place decisions and offsets. Requires: steps in order, kernels chosen, inputs/outputs/constants placed.
 * Every buffer that is computed and is not an output of the graph gets a place in the arena; a step's scratch lives
 * during that step alone. */
#include "lower/lower.h"

#include <stdint.h>
#include <stdlib.h>

/* A piece of arena memory: a value's bytes, or a step's scratch. */
typedef struct {
    Place *place;
    Step *scratch_of;
    size_t bytes, offset;
    int first, last;
} Buffer;

typedef ARRAY(Buffer) BufferList;

static void use(Plan *p, const Value *v, int step)
{
    if (!v || v->is_const)
        return;
    Place *place = place_of(p, place_root(p, v));
    place->last = step;
}

/* Where each root buffer is first written and last used. */
static void lifetimes(Plan *p)
{
    for (size_t i = 0; i < p->place_count; i++)
        p->places[i].first = p->places[i].last = -1;
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->in_count; k++)
            use(p, s->in[k], (int)i);
        for (int k = 0; k < s->out_count; k++) {
            if (!s->out[k])
                continue;
            Place *place = place_of(p, place_root(p, s->out[k]));
            if (place->kind == PLACE_NONE)
                *place = (Place){.kind = PLACE_ARENA, .bytes = value_bytes(s->out[k]), .first = -1, .last = -1};
            if (place->first < 0)
                place->first = (int)i;
            place->last = (int)i;
        }
    }
}

/* May the step's output take the bytes of its input in_place? Only when that is the input's last use, both are in the
 * arena, and no other operand shares these bytes. */
static bool may_overwrite(const Plan *p, const Step *s, int step)
{
    if (s->in_place < 0 || s->in_place >= s->in_count || !s->in[s->in_place] || !s->out[0])
        return false;
    const Value *in = place_root(p, s->in[s->in_place]), *out = s->out[0];
    const Place *from = place_of(p, in), *to = place_of(p, out);
    if (from->kind != PLACE_ARENA || to->kind != PLACE_ARENA || from->last != step || from->bytes != to->bytes ||
        to->first != step || s->in[s->in_place]->type != out->type)
        return false;
    for (int k = 0; k < s->in_count; k++)
        if (k != s->in_place && s->in[k] && place_root(p, s->in[k]) == in)
            return false;
    return true;
}

static void share_in_place(Plan *p)
{
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        if (!may_overwrite(p, s, (int)i))
            continue;
        const Value *in = place_root(p, s->in[s->in_place]);
        place_of(p, in)->last = place_of(p, s->out[0])->last;
        *place_of(p, s->out[0]) = (Place){.kind = PLACE_ALIAS, .alias = in};
    }
}

static size_t align_up(size_t n)
{
    return (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

static BufferList collect(Plan *p)
{
    BufferList list = {0};
    for (size_t i = 0; i < p->place_count; i++) {
        Place *at = &p->places[i];
        if (at->kind == PLACE_ARENA && at->first >= 0) {
            Buffer b = {at, NULL, align_up(at->bytes), 0, at->first, at->last};
            array_push(p->arena, &list, b);
        }
    }
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        if (s->scratch_bytes) {
            Buffer b = {NULL, s, align_up(s->scratch_bytes), 0, (int)i, (int)i};
            array_push(p->arena, &list, b);
        }
    }
    return list;
}

static int by_size(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? 1 : -1;
    return a->first != b->first ? (a->first < b->first ? -1 : 1) : (a->last > b->last) - (a->last < b->last);
}

static int by_start(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return by_size(x, y);
}

static int by_area(const void *x, const void *y)
{
    const Buffer *a = x, *b = y;
    double s = (double)a->bytes * (a->last - a->first + 1), t = (double)b->bytes * (b->last - b->first + 1);
    return s != t ? (s < t ? 1 : -1) : by_size(x, y);
}

static int by_offset(const void *x, const void *y)
{
    const Buffer *a = *(Buffer *const *)x, *b = *(Buffer *const *)y;
    return a->offset != b->offset ? (a->offset < b->offset ? -1 : 1) : 0;
}

/* The lowest offset at which b fits between the placed buffers that live at the same time. */
static size_t lowest_gap(const Buffer *b, Buffer **placed, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) { /* sorted by offset */
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

static size_t place_in_order(Arena *a, BufferList *list, int (*order)(const void *, const void *))
{
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, order);
    Buffer **placed = NEW_ARRAY(a, Buffer *, list->count);
    size_t peak = 0;
    for (size_t i = 0; i < list->count; i++) {
        Buffer *b = &list->items[i];
        b->offset = lowest_gap(b, placed, i);
        if (b->offset + b->bytes > peak)
            peak = b->offset + b->bytes;
        placed[i] = b;
        qsort(placed, i + 1, sizeof *placed, by_offset);
    }
    return peak;
}

static size_t lower_bound(const BufferList *list, size_t steps)
{
    size_t bound = 0;
    for (size_t s = 0; s < steps; s++) {
        size_t live = 0;
        for (size_t i = 0; i < list->count; i++)
            if (list->items[i].first <= (int)s && (int)s <= list->items[i].last)
                live += list->items[i].bytes;
        if (live > bound)
            bound = live;
    }
    return bound;
}

void plan_memory(Plan *p)
{
    lifetimes(p);
    share_in_place(p);
    BufferList list = collect(p);
    static int (*const orders[])(const void *, const void *) = {by_size, by_area, by_start};
    size_t best = SIZE_MAX, chosen = 0;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        size_t peak = place_in_order(p->arena, &list, orders[i]);
        if (peak < best) {
            best = peak;
            chosen = i;
        }
    }
    p->arena_bytes = place_in_order(p->arena, &list, orders[chosen]);
    p->arena_lower_bound = lower_bound(&list, p->steps.count);
    for (size_t i = 0; i < list.count; i++) {
        const Buffer *b = &list.items[i];
        if (b->place)
            b->place->offset = b->offset;
        else
            b->scratch_of->scratch_offset = b->offset;
    }
}
