/* Judges a memory plan after plan_memory made it, from the steps alone: it shares no lifetimes and no sums with the
 * planner. */
#include "lower/check.h"

#include <string.h>

/* Who wrote each unit of ARENA_ALIGN bytes last: Value.id + 1 of a root, or place_count + 1 + step for scratch. */
typedef struct {
    Arena *arena;
    const Plan *plan;
    size_t *owner;
    const char *wrong; /* the first thing that is */
} Replay;

static size_t units_of(size_t bytes)
{
    return bytes / ARENA_ALIGN + (bytes % ARENA_ALIGN != 0);
}

static const Place *in_arena(const Plan *p, const Value *v)
{
    const Place *at = v ? &p->places[place_root(p, v)->id] : NULL;
    return at && at->kind == PLACE_ARENA ? at : NULL;
}

static bool overlap(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static void wrong(Replay *r, const char *what, const Step *s)
{
    if (!r->wrong)
        r->wrong = arena_printf(r->arena, "step %s %s", s->name, what);
}

/* Does the plan divide its memories at this place? */
static bool crosses(const Plan *p, size_t offset, size_t bytes)
{
    for (int i = 1; i < p->memory_count; i++)
        if (offset < p->memories[i].start && offset + bytes > p->memories[i].start)
            return true;
    return false;
}

static bool lies_well(Replay *r, const Step *s, size_t offset, size_t bytes)
{
    const Plan *p = r->plan;
    if (offset > p->arena_bytes || bytes > p->arena_bytes - offset || crosses(p, offset, bytes))
        wrong(r, "writes outside of its memory", s);
    else if (offset % ARENA_ALIGN)
        wrong(r, "writes at an address that is not aligned", s);
    return !r->wrong;
}

static void write_bytes(Replay *r, const Step *s, size_t offset, size_t bytes, size_t who)
{
    if (!lies_well(r, s, offset, bytes))
        return;
    for (size_t i = 0; i < units_of(bytes); i++)
        r->owner[offset / ARENA_ALIGN + i] = who;
}

static void read_operand(Replay *r, const Step *s, const Value *v)
{
    const Place *at = in_arena(r->plan, v);
    for (size_t i = 0; at && !r->wrong && i < units_of(value_bytes(v)); i++)
        if (r->owner[at->offset / ARENA_ALIGN + i] != (size_t)place_root(r->plan, v)->id + 1)
            wrong(r, arena_printf(r->arena, "reads bytes of value %d that were overwritten", v->id), s);
}

/* An output may share bytes with the in-place operand only, and with no scratch. */
static void check_output(Replay *r, const Step *s, const Value *v)
{
    const Place *at = in_arena(r->plan, v);
    if (!at)
        return;
    size_t bytes = value_bytes(v);
    if (s->scratch_bytes && overlap(at->offset, bytes, s->scratch_offset, s->scratch_bytes))
        wrong(r, "has an output that overlaps its scratch", s);
    for (int k = 0; k < s->in_count; k++) {
        const Place *from = in_arena(r->plan, s->in[k]);
        if (from && k != s->in_place && !(s->in_place >= 0 && s->in[k] == s->in[s->in_place]) &&
            overlap(at->offset, bytes, from->offset, value_bytes(s->in[k])))
            wrong(r, arena_printf(r->arena, "has an output that overlaps operand %d", k), s);
    }
    write_bytes(r, s, at->offset, bytes, (size_t)place_root(r->plan, v)->id + 1);
}

const char *plan_check(Arena *a, const Plan *p)
{
    Replay r = {.arena = a, .plan = p, .owner = NEW_ARRAY(a, size_t, units_of(p->arena_bytes) + 1)};
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

/* Bytes that become alive and cease at a step, by difference: a plan of a thousand steps takes no square of that. */
size_t plan_bound(Arena *a, const Plan *p)
{
    size_t count = p->place_count, steps = p->steps.count;
    size_t *first = NEW_ARRAY(a, size_t, count + 1), *last = NEW_ARRAY(a, size_t, count + 1);
    int64_t *change = NEW_ARRAY(a, int64_t, steps + 2);
    for (size_t i = 0; i < steps; i++) {
        const Step *s = p->steps.items[i];
        for (int k = 0; k < s->in_count + s->out_count; k++) {
            const Value *v = k < s->in_count ? s->in[k] : s->out[k - s->in_count];
            if (!in_arena(p, v))
                continue;
            int root = place_root(p, v)->id;
            first[root] = first[root] ? first[root] : i + 1;
            last[root] = i + 1;
        }
        change[i] += (int64_t)units_of(s->scratch_bytes);
        change[i + 1] -= (int64_t)units_of(s->scratch_bytes);
    }
    for (size_t v = 0; v < count; v++)
        if (first[v]) {
            change[first[v] - 1] += (int64_t)units_of(p->places[v].bytes);
            change[last[v]] -= (int64_t)units_of(p->places[v].bytes);
        }
    int64_t live = 0, bound = 0;
    for (size_t i = 0; i < steps; i++) {
        live += change[i];
        bound = live > bound ? live : bound;
    }
    return (size_t)bound * ARENA_ALIGN;
}
