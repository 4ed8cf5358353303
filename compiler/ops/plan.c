/* Building the Plan: what an operator's lowering calls. */
#include "ops/plan.h"

#include "adze.h"

#include <string.h>

const char *kind_name(Kind k)
{
    static const char *const names[] = {
#define X(k) #k,
        KINDS(X)
#undef X
    };
    return (unsigned)k < KIND_COUNT ? names[k] : "?";
}

Step *plan_step(Plan *p, Kind kind, const char *function, const char *params_type, const void *params, size_t bytes)
{
    Step *s = NEW(p->arena, Step);
    s->kind = kind;
    s->function = function;
    s->node = p->lowering;
    s->name = p->lowering ? p->lowering->op_type : "";
    s->params_type = params_type;
    s->in_place = -1;
    if (bytes > sizeof s->params)
        bytes = sizeof s->params;
    memcpy(s->params, params, bytes);
    s->params_bytes = bytes;
    array_push(p->arena, &p->steps, s);
    return s;
}

void step_in(Step *s, Value *v)
{
    if (s->in_count < STEP_MAX_IN)
        s->in[s->in_count++] = v;
}

void step_out(Step *s, Value *v)
{
    if (s->out_count < STEP_MAX_OUT)
        s->out[s->out_count++] = v;
}

/* Lowering makes values, so that the table grows with the graph. */
static Place *place_at(Plan *p, const Value *v)
{
    size_t need = p->graph->values.count;
    if ((size_t)v->id >= need)
        need = (size_t)v->id + 1;
    if (need > p->place_count) {
        p->places = arena_grow(p->arena, p->places, p->place_count * sizeof *p->places, need * sizeof *p->places);
        p->place_count = need;
    }
    return &p->places[v->id];
}

const Value *place_root(const Plan *p, const Value *v)
{
    while ((size_t)v->id < p->place_count && p->places[v->id].kind == PLACE_ALIAS)
        v = p->places[v->id].alias;
    return v;
}

void plan_alias(Plan *p, Value *out, Value *in)
{
    *place_at(p, out) = (Place){.kind = PLACE_ALIAS, .alias = in};
}

Value *plan_temp(Plan *p, DType type, const Shape *shape)
{
    return graph_value(p->graph, NULL, type, shape);
}

Step *plan_copy(Plan *p, Value *from, Value *to)
{
    adze_copy_params params = {.rank = 1, .x_stride = {1}, .y_stride = {1}};
    params.dim[0] = (int32_t)shape_count(&from->shape);
    Step *s = PLAN_STEP(p, KIND_COPY, NULL, adze_copy_params, &params);
    step_in(s, from);
    step_out(s, to);
    return s;
}

bool step_copies_all(const Step *s)
{
    adze_copy_params p;
    if (s->kind != KIND_COPY || s->in_count != 1 || !s->in[0] || !s->out[0])
        return false;
    memcpy(&p, s->params, sizeof p);
    return p.rank == 1 && p.x_stride[0] == 1 && p.y_stride[0] == 1 && !p.x_offset && !p.y_offset &&
           p.dim[0] == shape_count(&s->in[0]->shape) && p.dim[0] == shape_count(&s->out[0]->shape);
}
