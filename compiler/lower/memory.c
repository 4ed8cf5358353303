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
        if (!s)
            continue;
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
        if (!s)
            continue;
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

/* Elements that a step reads of its input, with repetition where a kernel window passes over it several times. */
static size_t reads_of(const Step *s, const Value *in)
{
    size_t bytes = value_bytes(in);
    const Value *out = s->out[0];
    bool window = (s->kind == KIND_CONV || s->kind == KIND_DEPTHWISE) && in == s->in[0] && out && out->shape.rank > 0;
    if (!window)
        return bytes;
    int64_t channels = s->kind == KIND_CONV ? out->shape.dim[out->shape.rank - 1] : 1;
    size_t again = (size_t)(s->macs / (channels > 0 ? channels : 1)) * dtype_size(in->type);
    return again > bytes ? again : bytes;
}

/* Bytes read and written per run in each buffer of a value; Buffer.traffic of scratch stays at its most. */
static void count_traffic(Plan *p, BufferList *list)
{
    Arena *a = arena_new();
    size_t *traffic = NEW_ARRAY(a, size_t, p->place_count);
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->in_count; k++)
            if (s->in[k])
                traffic[place_root(p, s->in[k])->id] += reads_of(s, s->in[k]);
        for (int k = 0; k < s->out_count; k++)
            if (s->out[k])
                traffic[place_root(p, s->out[k])->id] += value_bytes(s->out[k]);
    }
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].value >= 0)
            list->items[i].traffic = traffic[list->items[i].value];
    arena_free(a);
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
            Buffer b = {align_up(at->bytes), 0, at->first, at->last, (int)list.count, &at->offset, (int)i, 0};
            array_push(a, &list, b);
        }
    }
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        if (s && s->scratch_bytes) {
            Buffer b = {align_up(s->scratch_bytes), 0,  (int)i,  (int)i, (int)list.count,
                        &s->scratch_offset,         -1, SIZE_MAX};
            array_push(a, &list, b);
        }
    }
    return list;
}

size_t memory_bound(const Plan *p)
{
    Arena *a = arena_new();
    Plan trial = *p;
    trial.places = NEW_ARRAY(a, Place, p->place_count + 1);
    memcpy(trial.places, p->places, p->place_count * sizeof *p->places);
    lifetimes(&trial);
    share_in_place(&trial);
    BufferList list = collect(&trial, a);
    size_t bound = buffers_bound(list.items, list.count, (int)p->steps.count);
    arena_free(a);
    return bound;
}

static size_t peak_of(const Buffer *b, size_t count)
{
    size_t peak = 0;
    for (size_t i = 0; i < count; i++)
        if (b[i].offset + b[i].bytes > peak)
            peak = b[i].offset + b[i].bytes;
    return peak;
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
            peak = peak_of(trial, list->count);
        } else {
            low = capacity + ARENA_ALIGN; /* impossible, or too hard to find */
        }
    }
    return peak;
}

/* Offsets for the buffers of one memory. */
static PlanMemory pack(Arena *a, BufferList *list, int steps)
{
    PlanMemory m = {.name = ""};
    m.lower_bound = buffers_bound(list->items, list->count, steps);
    m.bytes = offsets_greedy(a, list->items, list->count);
    if (m.bytes > m.lower_bound && list->count <= EXACT_BUFFERS)
        m.bytes = improve(a, list, steps, m.lower_bound, m.bytes);
    return m;
}

/* The target's RAM, the fastest first; as many as a plan can name. */
static int ram_of(const Target *t, const Memory **out)
{
    int count = 0;
    for (size_t i = 0; i < t->memories.count && count < PLAN_MEMORIES; i++) {
        const Memory *m = &t->memories.items[i];
        if (!m->ram)
            continue;
        int at = count++;
        for (; at > 0 && out[at - 1]->speed > m->speed; at--)
            out[at] = out[at - 1];
        out[at] = m;
    }
    return count;
}

/* The step at which most bytes are alive. */
static int fullest_step(Arena *a, const BufferList *list, int steps)
{
    size_t *live = NEW_ARRAY(a, size_t, steps + 1);
    int fullest = 0;
    for (size_t i = 0; i < list->count; i++)
        for (int s = list->items[i].first; s <= list->items[i].last; s++)
            live[s] += list->items[i].bytes;
    for (int s = 0; s < steps; s++)
        fullest = live[s] > live[fullest] ? s : fullest;
    return fullest;
}

/* Of the buffers alive at the fullest step, the one with the fewest accesses a byte goes to the next memory. */
static void evict(Arena *a, BufferList *from, BufferList *to, int steps)
{
    int step = fullest_step(a, from, steps);
    size_t chosen = from->count;
    double least = 0;
    for (size_t i = 0; i < from->count; i++) {
        const Buffer *b = &from->items[i];
        double density = (double)b->traffic / (double)b->bytes;
        if (b->first <= step && step <= b->last && (chosen == from->count || density < least)) {
            chosen = i;
            least = density;
        }
    }
    array_push(a, to, from->items[chosen]);
    from->items[chosen] = from->items[--from->count];
}

static void finish_memory(Plan *p, PlanMemory m, const BufferList *list)
{
    m.start = p->arena_bytes;
    for (size_t i = 0; i < list->count; i++) {
        const Buffer *b = &list->items[i];
        *b->result = m.start + b->offset;
        m.traffic += b->traffic == SIZE_MAX ? b->bytes : b->traffic;
    }
    p->arena_bytes += m.bytes;
    p->arena_lower_bound += m.lower_bound;
    p->memories[p->memory_count++] = m;
}

void plan_memory(Plan *p, const Target *target)
{
    lifetimes(p);
    share_in_place(p);
    Arena *a = arena_new();
    BufferList list = collect(p, a);
    count_traffic(p, &list);
    int steps = (int)p->steps.count;
    const Memory *ram[PLAN_MEMORIES];
    int ram_count = ram_of(target, ram);
    for (int k = 0; k == 0 || list.count; k++) {
        BufferList rest = {0};
        PlanMemory m = pack(a, &list, steps);
        while (k + 1 < ram_count && m.bytes > ram[k]->bytes && list.count) {
            evict(a, &list, &rest, steps);
            if (buffers_bound(list.items, list.count, steps) <= ram[k]->bytes)
                m = pack(a, &list, steps);
        }
        if (k > 0 || rest.count)
            m.name = ram[k]->name;
        finish_memory(p, m, &list);
        list = rest;
    }
    arena_free(a);
}
