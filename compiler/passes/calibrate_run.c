/* The graph on the calibration data, step by step: lowered as it is, run with kernels that give the same bits on every
 * machine: the wide ones, else the portable ones. */
#include "passes/calibrate.h"

#include "ops/run.h"
#include "ops/wide.h"

#include <string.h>

struct Evaluation {
    Calibrator *k;
    Arena *arena;
    Plan plan;
    Runner *runner;
    Observe *observe;
    void *context;
    size_t at_case;
    const Value **stands_for; /* by Value.id: the value of the model that a temporary of lowering is a view of */
    const Value **view;       /* by Value.id of what a step writes: a view of it with a range of its own, or NULL; */
    const Value **next_view;  /* by Value.id of a view: the next one */
    const Step **writer;      /* by Value.id: the last step that writes it; Concat and Pad take several */
    void **in, **out;
};

static const Kernel *portable_kernel(const Step *s)
{
    const Kernel *best = wide_kernel(s);
    if (best)
        return best;
    best = kernel_ref(s);
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].set, "tile") == 0 && kernel_serves(&kernels[i], s) &&
            (!best || kernels[i].priority > best->priority))
            best = &kernels[i];
    return best;
}

/* Else it shares that of what it is a view of; before ranges are measured, none has one. */
static bool has_own_range(Calibrator *k, const Value *view)
{
    return k->track && track_of(k, view)->v->id == view->id;
}

static void see(void *context, const Step *s, const void *const *in, void *const *out)
{
    Evaluation *e = context;
    (void)in;
    for (int i = 0; i < s->out_count; i++) {
        const Value *v = s->out[i];
        if (v && e->writer[v->id] != s)
            continue;
        if (v && (size_t)v->id >= e->k->count)
            v = e->stands_for[v->id];
        if (v && v->type == DT_F32 && (size_t)v->id < e->k->count && !v->is_const)
            e->observe(e->context, v, out[i], shape_count(&v->shape), e->at_case);
        for (const Value *u = v ? e->view[s->out[i]->id] : NULL; u; u = e->next_view[u->id])
            if (u != v && has_own_range(e->k, u))
                e->observe(e->context, u, out[i], shape_count(&u->shape), e->at_case);
    }
}

static const Value *alias_of(const Plan *p, const Value *v)
{
    return (size_t)v->id < p->place_count && p->places[v->id].kind == PLACE_ALIAS ? p->places[v->id].alias : NULL;
}

/* A view of whole what some step writes. */
static void add_view(Evaluation *e, const Value *v)
{
    const Value *written = v;
    for (const Value *next; (next = alias_of(&e->plan, written)) != NULL;)
        written = next;
    if (written == v || v->type != DT_F32 || v->is_const || shape_count(&written->shape) != shape_count(&v->shape))
        return;
    e->next_view[v->id] = e->view[written->id];
    e->view[written->id] = v;
}

static void find_temporaries(Evaluation *e)
{
    const Graph *g = e->plan.graph;
    e->view = NEW_ARRAY(e->arena, const Value *, g->values.count);
    e->next_view = NEW_ARRAY(e->arena, const Value *, g->values.count);
    e->stands_for = NEW_ARRAY(e->arena, const Value *, g->values.count);
    for (size_t i = 0; i < e->k->count; i++) {
        const Value *at = g->values.items[i], *next = alias_of(&e->plan, at);
        while (next && (size_t)next->id >= e->k->count) {
            at = next;
            next = alias_of(&e->plan, at);
        }
        if (!next && (size_t)at->id >= e->k->count)
            e->stands_for[at->id] = g->values.items[i];
        add_view(e, g->values.items[i]);
    }
}

static void find_writers(Evaluation *e)
{
    e->writer = NEW_ARRAY(e->arena, const Step *, e->plan.graph->values.count);
    for (size_t i = 0; i < e->plan.steps.count; i++) {
        const Step *s = e->plan.steps.items[i];
        for (int k = 0; k < s->out_count; k++)
            if (s->out[k])
                e->writer[s->out[k]->id] = s;
    }
}

Evaluation *evaluation_new(Calibrator *k, const Graph *graph, Observe *observe, void *context)
{
    Arena *a = arena_new();
    Evaluation *e = NEW(a, Evaluation);
    OpContext oc = {k->c->diag, a};
    *e = (Evaluation){.k = k, .arena = a, .observe = observe, .context = context};
    e->plan = (Plan){.arena = a, .graph = graph_clone(a, graph)};
    bool ok = true;
    GRAPH_NODES(e->plan.graph, n)
    ok = ok && op_lower(&oc, &e->plan, n);
    for (size_t i = 0; i < e->plan.steps.count; i++)
        e->plan.steps.items[i]->kernel = portable_kernel(e->plan.steps.items[i]);
    find_temporaries(e);
    find_writers(e);
    const Graph *g = e->plan.graph;
    e->in = NEW_ARRAY(a, void *, g->inputs.count + 1);
    e->out = NEW_ARRAY(a, void *, g->outputs.count + 1);
    for (size_t i = 0; i < g->inputs.count; i++)
        e->in[i] = arena_alloc(a, (size_t)bytes_of(g->inputs.items[i]));
    e->runner = ok ? runner_new(&e->plan, k->c->diag, false) : NULL;
    if (!e->runner) {
        arena_free(a);
        return NULL;
    }
    runner_hook(e->runner, see, e);
    return e;
}

bool evaluation_case(Evaluation *e, const unsigned char *const *data, size_t at_case)
{
    const Graph *g = e->plan.graph;
    e->at_case = at_case;
    for (size_t i = 0; i < g->inputs.count; i++) {
        const Value *v = g->inputs.items[i];
        size_t bytes = (size_t)bytes_of(v);
        memcpy(e->in[i], data[i] + at_case * bytes, bytes);
        if (v->type == DT_F32)
            e->observe(e->context, v, e->in[i], shape_count(&v->shape), at_case);
    }
    return runner_run(e->runner, e->k->c->diag, (const void *const *)e->in, e->out);
}

void evaluation_free(Evaluation *e)
{
    if (!e)
        return;
    runner_free(e->runner);
    arena_free(e->arena);
}

bool evaluate_all(Calibrator *k, Observe *observe, void *context)
{
    Evaluation *e = evaluation_new(k, k->g, observe, context);
    bool ok = e != NULL;
    for (size_t i = 0; ok && i < k->cal->own.cases; i++)
        ok = evaluation_case(e, k->cal->own.data, i);
    evaluation_free(e);
    return ok;
}
