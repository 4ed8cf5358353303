/* Runs a Plan the way the emitted program does: all values and scratch at their places in one arena. */
#include "ops/run.h"
#include "ops/expression.h"

#include <string.h>

typedef struct {
    const Plan *plan;
    Diag *diag;
    unsigned char *arena;
    const void *const *in;
    void *const *out;
    size_t errors; /* reported before this run */
} Memory;

/* The address that the plan gives the value; NULL after an error (or for a value of no bytes). */
static void *address(const Memory *m, const Value *v)
{
    const Plan *p = m->plan;
    for (size_t hops = 0; hops <= p->place_count; hops++) {
        const Place *at = v->id >= 0 && (size_t)v->id < p->place_count ? &p->places[v->id] : NULL;
        if (v->is_const && (!at || at->kind == PLACE_NONE || at->kind == PLACE_CONST))
            return (void *)(uintptr_t)const_bytes(v);
        if (!at)
            break;
        switch (at->kind) {
        case PLACE_INPUT:
            return (void *)(uintptr_t)m->in[at->index];
        case PLACE_OUTPUT:
            return m->out[at->index];
        case PLACE_ARENA:
            if (at->offset > p->arena_bytes || at->bytes > p->arena_bytes - at->offset) {
                diag_error(m->diag, "internal error: value %s lies outside the arena",
                           diag_quote(m->diag->arena, v->name));
                return NULL;
            }
            return m->arena + at->offset;
        case PLACE_ALIAS:
            v = at->alias;
            break;
        default:
            hops = p->place_count;
            break;
        }
    }
    diag_error(m->diag, "internal error: value %s has no place", diag_quote(m->diag->arena, v->name));
    return NULL;
}

static bool run_kernel(const Memory *m, const Step *s, const void **in, void *const *out, Arena *temporary)
{
    const Kernel *k = s->kernel && kernel_runs_here(s->kernel) ? s->kernel : kernel_ref(s);
    if (!k || !kernel_runs_here(k))
        return diag_error(m->diag, "%s: no kernel", s->node ? node_label(m->diag->arena, s->node) : "a step");
    if (k->pack && s->in_count > 1 && s->in[1] && s->in[1]->is_const) {
        void *packed = arena_alloc(temporary, k->packed(s).bytes);
        k->pack(s, in[1], packed);
        in[1] = packed;
    }
    /* Another kernel than the planned one may need another scratch. */
    size_t scratch = k->scratch ? k->scratch(s) : 0;
    void *at = k == s->kernel && scratch <= s->scratch_bytes ? (void *)(m->arena + s->scratch_offset)
                                                             : arena_alloc(temporary, scratch);
    k->run(s->params, in, out, at);
    return true;
}

static bool run_step(const Memory *m, const Step *s, Arena *temporary)
{
    const void *in[STEP_MAX_IN] = {0};
    void *out[STEP_MAX_OUT] = {0};
    for (int i = 0; i < s->in_count; i++)
        in[i] = s->in[i] ? address(m, s->in[i]) : NULL;
    for (int i = 0; i < s->out_count; i++)
        out[i] = s->out[i] ? address(m, s->out[i]) : NULL;
    if (m->diag->error_count != m->errors)
        return false;
    bool ok = true;
    if (s->expression)
        expression_run(s->expression, in, out);
    else
        ok = run_kernel(m, s, in, out, temporary);
    arena_reset(temporary);
    return ok;
}

bool plan_run_arena(const Plan *p, Diag *d, void *arena, const void *const *in, void *const *out)
{
    Memory m = {p, d, arena, in, out, d->error_count};
    Arena *temporary = arena_new();
    bool ok = true;
    for (size_t i = 0; ok && i < p->steps.count; i++)
        ok = run_step(&m, p->steps.items[i], temporary);
    for (size_t i = 0; ok && i < p->graph->outputs.count; i++) {
        const Value *v = p->graph->outputs.items[i];
        size_t bytes;
        if (graph_state_of_output(p->graph, i) >= 0) /* a step wrote it */
            continue;
        const void *data = address(&m, v);
        ok = d->error_count == m.errors && dtype_bytes(v->type, shape_count(&v->shape), &bytes);
        if (ok && bytes && data != out[i])
            memmove(out[i], data, bytes);
    }
    arena_free(temporary);
    return ok;
}
