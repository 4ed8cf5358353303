#include "tests/support/plan_check.h"

#include <string.h>

/* Who wrote each byte of the arena last: Value.id + 1 of a root, or SCRATCH + step. */
typedef struct {
    Arena *arena;
    const Plan *plan;
    size_t *owner;
    const char *wrong; /* the first thing that is */
} Replay;

static const Place *in_arena(const Plan *p, const Value *v)
{
    const Place *at = v ? &p->places[place_root(p, v)->id] : NULL;
    return at && at->kind == PLACE_ARENA ? at : NULL;
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static void write_bytes(Replay *r, const Step *s, size_t offset, size_t bytes, size_t who)
{
    if (offset > r->plan->arena_bytes || bytes > r->plan->arena_bytes - offset) {
        r->wrong = arena_printf(r->arena, "step %s writes outside of the arena", s->name);
        return;
    }
    for (size_t i = 0; i < bytes; i++)
        r->owner[offset + i] = who;
}

static void read_operand(Replay *r, const Step *s, const Value *v)
{
    const Place *at = in_arena(r->plan, v);
    for (size_t i = 0; at && i < value_bytes(v); i++)
        if (r->owner[at->offset + i] != (size_t)place_root(r->plan, v)->id + 1) {
            r->wrong = arena_printf(r->arena, "step %s reads bytes of value %d that were overwritten", s->name, v->id);
            return;
        }
}

/* An output may share bytes with the in-place operand only, and with no scratch. */
static void check_output(Replay *r, const Step *s, const Value *v)
{
    const Place *at = in_arena(r->plan, v);
    if (!at)
        return;
    size_t bytes = value_bytes(v);
    if (s->scratch_bytes && overlap(at->offset, bytes, s->scratch_offset, s->scratch_bytes))
        r->wrong = arena_printf(r->arena, "step %s: output and scratch overlap", s->name);
    for (int k = 0; k < s->in_count; k++) {
        const Place *from = in_arena(r->plan, s->in[k]);
        if (from && k != s->in_place && !(s->in_place >= 0 && s->in[k] == s->in[s->in_place]) &&
            overlap(at->offset, bytes, from->offset, value_bytes(s->in[k])))
            r->wrong = arena_printf(r->arena, "step %s: output overlaps operand %d", s->name, k);
    }
    write_bytes(r, s, at->offset, bytes, (size_t)place_root(r->plan, v)->id + 1);
}

const char *plan_check(Arena *a, const Plan *p)
{
    Replay r = {a, p, NEW_ARRAY(a, size_t, p->arena_bytes + 1), NULL};
    for (size_t i = 0; i < p->steps.count && !r.wrong; i++) {
        const Step *s = p->steps.items[i];
        if (s->scratch_bytes)
            write_bytes(&r, s, s->scratch_offset, s->scratch_bytes, p->place_count + 1 + i);
        for (int k = 0; k < s->in_count; k++)
            read_operand(&r, s, s->in[k]);
        for (int k = 0; k < s->out_count && !r.wrong; k++)
            check_output(&r, s, s->out[k]);
    }
    return r.wrong;
}

size_t plan_bound(Arena *a, const Plan *p)
{
    size_t count = p->place_count, bound = 0;
    int *first = NEW_ARRAY(a, int, count + 1), *last = NEW_ARRAY(a, int, count + 1);
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->in_count + s->out_count; k++) {
            const Value *v = k < s->in_count ? s->in[k] : s->out[k - s->in_count];
            if (!in_arena(p, v))
                continue;
            int root = place_root(p, v)->id;
            first[root] = first[root] ? first[root] : (int)i + 1;
            last[root] = (int)i + 1;
        }
    }
    for (size_t i = 0; i < p->steps.count; i++) {
        size_t live = (p->steps.items[i]->scratch_bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
        for (size_t v = 0; v < count; v++)
            if (first[v] && first[v] <= (int)i + 1 && last[v] >= (int)i + 1)
                live += (p->places[v].bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
        bound = live > bound ? live : bound;
    }
    return bound;
}
