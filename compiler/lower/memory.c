/* Lifetimes, in-place decisions and offsets. Requires: steps in their final order, kernels chosen, inputs, outputs and
 * constants placed. Every buffer that is computed and is not an output of the graph gets a place in the arena; a step's
 * scratch lives during that step alone. The bound is computed after the in-place decisions; offsets are found by greedy
 * orders and, when these leave a gap to the bound, by exact search, limited by counted nodes. */
#include "lower/lower.h"
#include "lower/offsets.h"

#include <stdint.h>
#include <string.h>

enum { NODE_LIMIT = 100000, EXACT_BUFFERS = 1500 };

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
            const Value *root = place_root(p, s->out[k]);
            Place *place = place_of(p, root);
            if (place->kind == PLACE_NONE)
                *place = (Place){.kind = PLACE_ARENA, .bytes = value_bytes(root), .first = -1, .last = -1};
            if (place->first < 0)
                place->first = (int)i;
            place->last = (int)i;
        }
    }
}

bool step_may_overwrite(const Step *s, int k)
{
    return k < s->in_count && s->in[k] && s->overwritable >> k & 1;
}

/* Operands that share bytes with the overwritten one must be the very same value, overwritable as well: Add(x, x). */
static bool operands_apart(const Plan *p, const Step *s, int k)
{
    const Value *root = place_root(p, s->in[k]);
    for (int j = 0; j < s->in_count; j++)
        if (j != k && s->in[j] && place_root(p, s->in[j]) == root &&
            (s->in[j] != s->in[k] || !step_may_overwrite(s, j)))
            return false;
    return true;
}

/* May the step's output take the bytes of input k? Only when that is the input's last use and both are in the arena. */
static bool may_take(const Plan *p, const Step *s, int step, int k)
{
    if (!step_may_overwrite(s, k) || !s->out[0])
        return false;
    const Value *in = place_root(p, s->in[k]), *out = s->out[0];
    const Place *from = place_of((Plan *)p, in), *to = place_of((Plan *)p, out);
    return from->kind == PLACE_ARENA && to->kind == PLACE_ARENA && from->last == step && from->bytes == to->bytes &&
           to->first == step && in->type == out->type && operands_apart(p, s, k);
}

static void share_in_place(Plan *p)
{
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        s->in_place = -1;
        for (int k = 0; k < s->in_count && s->in_place < 0; k++)
            if (may_take(p, s, (int)i, k))
                s->in_place = k;
        if (s->in_place < 0)
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

static BufferList collect(Plan *p, Arena *a)
{
    BufferList list = {0};
    for (size_t i = 0; i < p->place_count; i++) {
        Place *at = &p->places[i];
        if (at->kind == PLACE_ARENA && at->first >= 0) {
            Buffer b = {align_up(at->bytes), 0, at->first, at->last, (int)list.count, &at->offset};
            array_push(a, &list, b);
        }
    }
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        if (s->scratch_bytes) {
            Buffer b = {align_up(s->scratch_bytes), 0, (int)i, (int)i, (int)list.count, &s->scratch_offset};
            array_push(a, &list, b);
        }
    }
    return list;
}

static void write_offsets(const BufferList *list)
{
    for (size_t i = 0; i < list->count; i++)
        *list->items[i].result = list->items[i].offset;
}

/* Closes the gap between the greedy peak and the bound, as far as the node limit allows. */
static size_t improve(Arena *a, BufferList *list, int steps, size_t bound, size_t peak)
{
    Buffer *trial = NEW_ARRAY(a, Buffer, list->count);
    size_t low = bound; /* nothing below is possible */
    for (int round = 0; round < 12 && low < peak; round++) {
        size_t capacity = round == 0 ? bound : align_up(low + (peak - low) / 2);
        if (capacity >= peak)
            capacity = peak - ARENA_ALIGN;
        bool proved;
        memcpy(trial, list->items, list->count * sizeof *trial);
        if (offsets_exact(a, trial, list->count, steps, capacity, NODE_LIMIT, &proved)) {
            memcpy(list->items, trial, list->count * sizeof *trial);
            peak = 0;
            for (size_t i = 0; i < list->count; i++)
                if (trial[i].offset + trial[i].bytes > peak)
                    peak = trial[i].offset + trial[i].bytes;
        } else {
            low = capacity + ARENA_ALIGN; /* impossible, or too hard to find */
        }
    }
    return peak;
}

void plan_memory(Plan *p)
{
    lifetimes(p);
    share_in_place(p);
    Arena *a = arena_new();
    BufferList list = collect(p, a);
    int steps = (int)p->steps.count;
    p->arena_lower_bound = buffers_bound(list.items, list.count, steps);
    p->arena_bytes = offsets_greedy(a, list.items, list.count);
    if (p->arena_bytes > p->arena_lower_bound && list.count <= EXACT_BUFFERS)
        p->arena_bytes = improve(a, &list, steps, p->arena_lower_bound, p->arena_bytes);
    write_offsets(&list);
    arena_free(a);
}
