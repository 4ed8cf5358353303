#include "lower/lower.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "target/target.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { MAX_ELEMENTS = 4096, MAX_MACS = 1 << 20, MAX_STEPS = 200 };

static const Target *target(void)
{
    static Target t;
    static Arena *keep;
    if (!keep) {
        keep = arena_new();
        fuzz_promise(target_load(keep, diag_new(keep), "x86-64", &t));
    }
    return &t;
}

static bool small(const Graph *g)
{
    for (size_t i = 0; i < g->values.count; i++) {
        const Shape *s = &g->values.items[i]->shape;
        if (shape_known(s) && (shape_count(s) < 0 || shape_count(s) > MAX_ELEMENTS))
            return false;
    }
    return true;
}

static void **buffers(Arena *a, Value *const *values, size_t count)
{
    void **all = NEW_ARRAY(a, void *, count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t bytes;
        fuzz_promise(dtype_bytes(values[i]->type, shape_count(&values[i]->shape), &bytes));
        unsigned char *b = arena_alloc(a, bytes + 1);
        for (size_t k = 0; k < bytes; k++)
            b[k] = (unsigned char)(values[i]->type == DT_BOOL ? k & 1 : k * 7 % 64);
        all[i] = b;
    }
    return all;
}

static void run_both_ways(Arena *a, Diag *d, const Plan *p)
{
    const Graph *g = p->graph;
    void **in = buffers(a, g->inputs.items, g->inputs.count);
    void **apart = buffers(a, g->outputs.items, g->outputs.count),
         **joint = buffers(a, g->outputs.items, g->outputs.count);
    void *arena = arena_alloc(a, p->arena_bytes + 64);
    bool one = plan_run(p, d, (const void *const *)in, apart, false);
    bool two = plan_run_arena(p, d, arena, (const void *const *)in, joint);
    fuzz_promise(one == two);
    for (size_t i = 0; one && i < g->outputs.count; i++) {
        size_t bytes;
        dtype_bytes(g->outputs.items[i]->type, shape_count(&g->outputs.items[i]->shape), &bytes);
        fuzz_promise(memcmp(apart[i], joint[i], bytes) == 0);
    }
}

static bool cheap(const Plan *p)
{
    int64_t macs = 0;
    for (size_t i = 0; i < p->steps.count; i++)
        if ((macs += p->steps.items[i]->macs) > MAX_MACS)
            return false;
    return p->steps.count <= MAX_STEPS && p->arena_bytes < 1 << 20;
}

void fuzz_line(Arena *a, Diag *d, Graph *g)
{
    Arena *scratch = arena_new();
    PassContext pc = {.diag = d, .scratch = scratch};
    if (small(g) && g->node_count <= MAX_STEPS) {
        ops_bind(g);
        bool ok = ops_check(g, d) && passes_run(&pc, g);
        fuzz_promise(ok || d->error_count);
        Plan *p = ok && small(g) ? lower_graph(g, target(), d, scratch) : NULL;
        if (p && cheap(p))
            run_both_ways(a, d, p);
    }
    arena_free(scratch);
}
