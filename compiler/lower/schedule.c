/* The order of execution: of all orders that keep the meaning, one with the smallest peak of live bytes.
 *
 * A state is the set of steps done; live bytes depend on the state alone. Best-first search over states by (peak so
 * far, more steps done first) finds an order of least peak; it is exact unless the limit on counted states is reached,
 * and then the order stays as it is. A step that frees at least as much as it allocates and fits below the peak so far
 * is taken at once: doing it later could not be better. Requires: graph outputs placed. Keeps: writers of a value in
 * order, readers between them. */
#include "lower/lower.h"

#include <stdint.h>
#include <string.h>

enum { MAX_STEPS = 2000, MAX_STATES = 20000 };

typedef ARRAY(int) IntList;

typedef struct {
    size_t bytes;  /* 0: not in the arena */
    IntList users; /* steps that read or write it, ascending */
    IntList writers;
} Root;

typedef struct {
    uint64_t *done;
    size_t peak, live;
    int count, step, from; /* reached by `step` from state `from` */
} State;

typedef struct {
    Plan *plan;
    Arena *arena;
    int count; /* of steps */
    size_t words;
    Root *roots;    /* by Value.id */
    IntList *after; /* steps that must come before a step */
    ARRAY(State) states;
    int *slots; /* hash table of state index + 1 */
    size_t slot_count;
    IntList heap; /* of state indices */
} Search;

static bool has(const uint64_t *set, int i)
{
    return set[i / 64] >> (i % 64) & 1;
}

static Root *root_of(Search *s, const Value *v)
{
    const Value *root = place_root(s->plan, v);
    return root->is_const ? NULL : &s->roots[root->id];
}

static bool in_arena(const Plan *p, const Value *root)
{
    PlaceKind kind = p->places[root->id].kind;
    return kind == PLACE_NONE || kind == PLACE_ARENA;
}

static void depend(Search *s, int step, int on)
{
    if (on != step)
        array_push(s->arena, &s->after[step], on);
}

/* What must stay in order: a reader behind the writer it read from, a writer behind earlier readers and writers. */
static void dependencies(Search *s)
{
    for (int i = 0; i < s->count; i++) {
        const Step *step = s->plan->steps.items[i];
        for (int k = 0; k < step->in_count; k++) {
            Root *r = step->in[k] ? root_of(s, step->in[k]) : NULL;
            if (!r)
                continue;
            if (r->writers.count)
                depend(s, i, r->writers.items[r->writers.count - 1]);
            array_push(s->arena, &r->users, i);
        }
        for (int k = 0; k < step->out_count; k++) {
            if (!step->out[k])
                continue;
            Root *r = root_of(s, step->out[k]);
            const Value *root = place_root(s->plan, step->out[k]);
            for (size_t u = 0; u < r->users.count; u++)
                depend(s, i, r->users.items[u]);
            array_push(s->arena, &r->users, i);
            array_push(s->arena, &r->writers, i);
            r->bytes = in_arena(s->plan, root) ? (value_bytes(root) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN : 0;
        }
    }
}

static bool ready(const Search *s, const uint64_t *done, int step)
{
    for (size_t i = 0; i < s->after[step].count; i++)
        if (!has(done, s->after[step].items[i]))
            return false;
    return true;
}

static bool written(const Root *r, const uint64_t *done)
{
    for (size_t i = 0; i < r->writers.count; i++)
        if (has(done, r->writers.items[i]))
            return true;
    return false;
}

/* Is `step` the last one that touches r, given what is done? */
static bool last_use(const Root *r, const uint64_t *done, int step)
{
    for (size_t i = 0; i < r->users.count; i++)
        if (r->users.items[i] != step && !has(done, r->users.items[i]))
            return false;
    return true;
}

static bool seen_before(const Step *s, int operand)
{
    for (int k = 0; k < operand; k++)
        if (s->in[k] && s->in[k] == s->in[operand])
            return true;
    return false;
}

/* Bytes alive while `step` runs and after it. */
static void effect(Search *s, const State *from, int step, size_t *during, size_t *after)
{
    const Step *st = s->plan->steps.items[step];
    size_t grown = 0, freed = 0, saved = 0;
    for (int k = 0; k < st->out_count; k++) {
        Root *r = st->out[k] ? root_of(s, st->out[k]) : NULL;
        if (!r || written(r, from->done))
            continue;
        grown += r->bytes;
        freed += last_use(r, from->done, step) ? r->bytes : 0;
    }
    for (int k = 0; k < st->in_count; k++) {
        Root *r = st->in[k] && !seen_before(st, k) ? root_of(s, st->in[k]) : NULL;
        if (!r || !r->bytes || !last_use(r, from->done, step))
            continue;
        freed += r->bytes;
        if (step_may_overwrite(st, k) && st->out[0] && root_of(s, st->out[0])->bytes == r->bytes)
            saved = r->bytes;
    }
    size_t scratch = (st->scratch_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    *during = from->live + grown + scratch - saved;
    *after = from->live + grown - freed;
}

static uint64_t hash_set(const uint64_t *set, size_t words)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < words; i++)
        h = (h ^ set[i]) * 1099511628211u, h ^= h >> 31;
    return h;
}

/* The index of a state with this set, or -1; *slot says where it is or belongs. */
static int find_state(const Search *s, const uint64_t *done, size_t *slot)
{
    size_t mask = s->slot_count - 1;
    for (*slot = (size_t)hash_set(done, s->words) & mask; s->slots[*slot]; *slot = (*slot + 1) & mask)
        if (memcmp(s->states.items[s->slots[*slot] - 1].done, done, s->words * sizeof *done) == 0)
            return s->slots[*slot] - 1;
    return -1;
}

static bool before(const Search *s, int x, int y)
{
    const State *a = &s->states.items[x], *b = &s->states.items[y];
    return a->peak != b->peak ? a->peak < b->peak : a->count != b->count ? a->count > b->count : x < y;
}

static void heap_push(Search *s, int state)
{
    array_push(s->arena, &s->heap, state);
    int *h = s->heap.items;
    for (size_t i = s->heap.count - 1; i > 0 && before(s, h[i], h[(i - 1) / 2]); i = (i - 1) / 2) {
        int t = h[i];
        h[i] = h[(i - 1) / 2];
        h[(i - 1) / 2] = t;
    }
}

static int heap_pop(Search *s)
{
    int *h = s->heap.items, top = h[0];
    h[0] = h[--s->heap.count];
    for (size_t i = 0;;) {
        size_t c = 2 * i + 1;
        if (c >= s->heap.count)
            return top;
        c += c + 1 < s->heap.count && before(s, h[c + 1], h[c]);
        if (!before(s, h[c], h[i]))
            return top;
        int t = h[i];
        h[i] = h[c];
        h[c] = t;
        i = c;
    }
}

static void reach(Search *s, int from_index, int step, size_t during, size_t after)
{
    State from = s->states.items[from_index];
    uint64_t *done = NEW_ARRAY(s->arena, uint64_t, s->words);
    memcpy(done, from.done, s->words * sizeof *done);
    done[step / 64] |= (uint64_t)1 << (step % 64);
    State next = {done, during > from.peak ? during : from.peak, after, from.count + 1, step, from_index};
    size_t slot;
    int known = find_state(s, done, &slot);
    if (known >= 0 && s->states.items[known].peak <= next.peak)
        return;
    array_push(s->arena, &s->states, next);
    s->slots[slot] = (int)s->states.count;
    heap_push(s, (int)s->states.count - 1);
}

static void expand(Search *s, int index)
{
    State from = s->states.items[index];
    int ready_count = 0, *ready_steps = NEW_ARRAY(s->arena, int, s->count);
    for (int i = 0; i < s->count; i++) {
        if (has(from.done, i) || !ready(s, from.done, i))
            continue;
        size_t during, after;
        effect(s, &from, i, &during, &after);
        if (during <= from.peak && after <= from.live) {
            reach(s, index, i, during, after);
            return;
        }
        ready_steps[ready_count++] = i;
    }
    for (int k = 0; k < ready_count; k++) {
        size_t during, after;
        effect(s, &from, ready_steps[k], &during, &after);
        reach(s, index, ready_steps[k], during, after);
    }
}

static void take_order(Search *s, int state)
{
    Step **order = NEW_ARRAY(s->plan->arena, Step *, s->count);
    for (int i = s->count - 1; i >= 0; i--) {
        order[i] = s->plan->steps.items[s->states.items[state].step];
        state = s->states.items[state].from;
    }
    memcpy(s->plan->steps.items, order, (size_t)s->count * sizeof *order);
}

static Search *search_new(Plan *p, Arena *a)
{
    Search *s = NEW(a, Search);
    s->plan = p;
    s->arena = a;
    s->count = (int)p->steps.count;
    s->words = (p->steps.count + 63) / 64;
    s->roots = NEW_ARRAY(a, Root, p->place_count);
    s->after = NEW_ARRAY(a, IntList, s->count);
    s->slot_count = 1u << 17;
    s->slots = NEW_ARRAY(a, int, s->slot_count);
    dependencies(s);
    State start = {.done = NEW_ARRAY(a, uint64_t, s->words), .step = -1, .from = -1};
    array_push(a, &s->states, start);
    heap_push(s, 0);
    return s;
}

void schedule(Plan *p)
{
    if (p->steps.count < 3 || p->steps.count > MAX_STEPS)
        return;
    Arena *a = arena_new();
    Search *s = search_new(p, a);
    while (s->heap.count && s->states.count < MAX_STATES) {
        int index = heap_pop(s);
        if (s->states.items[index].count == s->count) {
            take_order(s, index);
            break;
        }
        expand(s, index);
    }
    arena_free(a);
}
