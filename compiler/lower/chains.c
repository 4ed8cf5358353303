/* Chains of element-wise steps become one step each, so that values between them need no memory and no second pass over
 * it. Requires: an order of steps, kernels chosen, outputs placed. Keeps: every bit of every result, and the bound on
 * the arena: a chain reads its operands at the place of its last step, and where they would have to live longer for
 * that and then weigh more than what the chain saves, the steps stay apart. From the last step to the first: by then
 * the readers of a value have become as few as they can. */
#include "lower/lower.h"
#include "ops/expression.h"

#include <string.h>

/* READERS: a value with more is not looked at. WORK: steps looked at for bounds, all in all. */
enum { READERS = 32, WORK = 20000000 };

typedef struct {
    int count; /* READERS + 1: more */
    int step[READERS];
} Readers;

typedef struct {
    Plan *plan;
    Arena *arena;
    Readers **readers; /* by Value.id of the root; NULL: none */
    size_t bound, work;
} Chains;

static void add_reader(Chains *c, const Value *root, int step)
{
    Readers *r = c->readers[root->id];
    if (!r)
        r = c->readers[root->id] = NEW(c->arena, Readers);
    for (int i = 0; i < r->count && i < READERS; i++)
        if (r->step[i] == step)
            return;
    if (r->count < READERS)
        r->step[r->count] = step;
    r->count += r->count <= READERS;
}

static void move_reader(Chains *c, const Value *root, int from, int to)
{
    Readers *r = c->readers[root->id];
    if (!r || r->count > READERS)
        return;
    int kept = 0;
    for (int i = 0; i < r->count; i++)
        if (r->step[i] != from && r->step[i] != to)
            r->step[kept++] = r->step[i];
    r->step[kept] = to;
    r->count = kept + 1;
}

static void find_readers(Chains *c)
{
    const Plan *p = c->plan;
    c->readers = NEW_ARRAY(c->arena, Readers *, p->place_count);
    for (size_t i = 0; i < p->steps.count; i++)
        for (int k = 0; k < p->steps.items[i]->in_count; k++)
            if (p->steps.items[i]->in[k] && !place_root(p, p->steps.items[i]->in[k])->is_const)
                add_reader(c, place_root(p, p->steps.items[i]->in[k]), (int)i);
}

/* The one step that reads what step i makes, when both can be members; -1. */
static int only_reader(const Chains *c, int i)
{
    const Plan *p = c->plan;
    const Step *s = p->steps.items[i];
    if (!expression_takes(s))
        return -1;
    const Value *root = place_root(p, s->out[0]);
    const Readers *r = c->readers[root->id];
    if (root != s->out[0] || place_of(p, root)->kind != PLACE_NONE || !r || r->count != 1)
        return -1;
    return expression_takes(p->steps.items[r->step[0]]) ? r->step[0] : -1;
}

static int last_reader(const Readers *r, int beyond)
{
    int last = r->count > READERS ? beyond : -1;
    for (int i = 0; i < r->count && i < READERS; i++)
        last = r->step[i] > last ? r->step[i] : last;
    return last;
}

/* At most one operand of step i lives longer than before, as long as the value that it takes the place of, and it is of
 * its size. */
static bool surely_no_larger(const Chains *c, int i, int j)
{
    const Plan *p = c->plan;
    const Step *s = p->steps.items[i];
    const Value *longer = NULL;
    for (int k = 0; k < s->in_count; k++) {
        const Value *root = s->in[k] ? place_root(p, s->in[k]) : NULL;
        if (!root || root == longer || root->is_const || place_of(p, root)->kind != PLACE_NONE ||
            last_reader(c->readers[root->id], j) >= j)
            continue;
        if (longer || value_bytes(root) != value_bytes(s->out[0]) || !step_may_overwrite(s, k))
            return false;
        longer = root;
    }
    return true;
}

/* Puts the joined step in place of j when the bound on the arena does not grow. */
static bool try_join(Chains *c, int i, int j)
{
    Plan *p = c->plan;
    Step *first = p->steps.items[i], *last = p->steps.items[j], *joined = expression_join(p, first, last);
    if (!joined)
        return false;
    bool sure = surely_no_larger(c, i, j);
    p->steps.items[i] = NULL;
    p->steps.items[j] = joined;
    if (sure)
        return true;
    if (c->work + p->steps.count <= WORK) {
        c->work += p->steps.count;
        size_t bound = memory_bound(p);
        if (bound <= c->bound) {
            c->bound = bound;
            return true;
        }
    }
    p->steps.items[i] = first;
    p->steps.items[j] = last;
    return false;
}

static void close_gaps(Plan *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->steps.count; i++)
        if (p->steps.items[i])
            p->steps.items[kept++] = p->steps.items[i];
    p->steps.count = kept;
}

void fuse_chains(Plan *p)
{
    Chains c = {.plan = p, .arena = arena_new()};
    find_readers(&c);
    c.bound = memory_bound(p);
    for (int i = (int)p->steps.count - 2; i >= 0; i--) {
        const Step *s = p->steps.items[i];
        int j = only_reader(&c, i);
        if (j <= i || !try_join(&c, i, j))
            continue;
        for (int k = 0; k < s->in_count; k++)
            if (s->in[k] && !place_root(p, s->in[k])->is_const)
                move_reader(&c, place_root(p, s->in[k]), i, j);
    }
    close_gaps(p);
    arena_free(c.arena);
}
