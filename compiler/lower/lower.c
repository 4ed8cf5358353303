#include "lower/lower.h"
#include "lower/check.h"

#include <inttypes.h>

Place *place_of(const Plan *p, const Value *v)
{
    return &p->places[v->id];
}

size_t value_bytes(const Value *v)
{
    size_t bytes = 0;
    if (!dtype_bytes(v->type, shape_count(&v->shape), &bytes))
        return 0;
    return bytes;
}

/* Lowering makes new values (temporaries, constants): the table must hold them all. */
static void grow_places(Plan *p)
{
    size_t need = p->graph->values.count;
    if (need <= p->place_count)
        return;
    p->places = arena_grow(p->arena, p->places, p->place_count * sizeof *p->places, need * sizeof *p->places);
    p->place_count = need;
}

bool lower_nodes(Plan *p, Diag *d, Arena *scratch)
{
    OpContext c = {d, scratch};
    size_t errors = d->error_count;
    GRAPH_NODES(p->graph, n)
    {
        p->lowering = n;
        op_lower(&c, p, n);
    }
    p->lowering = NULL;
    grow_places(p);
    return d->error_count == errors;
}

static void copy_to_output(Plan *p, const Value *from, int index)
{
    Value *to = plan_temp(p, from->type, &from->shape);
    grow_places(p);
    plan_copy(p, (Value *)from, to);
    p->places[to->id] = (Place){.kind = PLACE_OUTPUT, .index = index, .bytes = value_bytes(to)};
}

/* The next value of a state that is the old value of another one is read apart, so that the order in which states are
 * written does not matter. */
static const Value *apart_from_states(Plan *p, const Value *root, size_t output)
{
    const Place *from = place_of(p, root);
    if (from->kind != PLACE_INPUT)
        return root;
    int state = graph_state_of_input(p->graph, (size_t)from->index);
    if (state < 0 || state == graph_state_of_output(p->graph, output))
        return root;
    Value *copy = plan_temp(p, root->type, &root->shape);
    grow_places(p);
    plan_copy(p, (Value *)root, copy);
    return copy;
}

void lower_outputs(Plan *p)
{
    Graph *g = p->graph;
    grow_places(p);
    for (size_t i = 0; i < g->inputs.count; i++) {
        Value *v = g->inputs.items[i];
        p->places[v->id] = (Place){.kind = PLACE_INPUT, .index = (int)i, .bytes = value_bytes(v)};
    }
    for (size_t i = 0; i < g->values.count; i++) {
        Value *v = g->values.items[i];
        if (v->is_const)
            p->places[v->id] = (Place){.kind = PLACE_CONST, .bytes = value_bytes(v)};
    }
    for (size_t i = 0; i < g->outputs.count; i++) {
        const Value *root = place_root(p, g->outputs.items[i]);
        if (graph_state_of_output(g, i) >= 0)
            copy_to_output(p, apart_from_states(p, root, i), (int)i); /* place_states leaves it out where it can */
        else if (place_of(p, root)->kind == PLACE_NONE)
            *place_of(p, root) = (Place){.kind = PLACE_OUTPUT, .index = (int)i, .bytes = value_bytes(root)};
        else
            copy_to_output(p, root, (int)i);
    }
}

/* Layer names: C identifiers from node names, unique, short. */
static const char *layer_name(Plan *p, const Step *s, Map *taken)
{
    const char *from = s->node && s->node->name[0] ? s->node->name : s->node ? s->node->op_type : "copy";
    char name[48];
    size_t n = 0;
    for (const char *c = from; *c && n < sizeof name - 1; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        bool digit = *c >= '0' && *c <= '9';
        if (letter || digit)
            name[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
        else if (n && name[n - 1] != '_')
            name[n++] = '_';
    }
    while (n && name[n - 1] == '_')
        n--;
    name[n] = 0;
    const char *base = !n || (name[0] >= '0' && name[0] <= '9') ? arena_printf(p->arena, "layer_%s", name) : name;
    const char *unique = arena_strdup(p->arena, base);
    for (int k = 1; map_has(taken, unique); k++)
        unique = arena_printf(p->arena, "%s_%d", base, k + 1);
    map_set(taken, unique, p);
    return unique;
}

static void name_layers(Plan *p)
{
    Map *taken = map_new(p->arena);
    for (size_t i = 0; i < p->steps.count; i++)
        p->steps.items[i]->name = layer_name(p, p->steps.items[i], taken);
}

/* A plan that is wrong must not become C. The bound of one memory is known twice: to the planner and to the judge. */
static bool judge(const Plan *p, Diag *d)
{
    Arena *a = arena_new();
    const char *wrong = plan_check(a, p);
    size_t bound = p->memory_count == 1 ? plan_bound(a, p) : p->arena_lower_bound;
    if (!wrong && bound != p->arena_lower_bound)
        wrong = arena_printf(a, "its bound is %zu bytes, not %zu", bound, p->arena_lower_bound);
    if (wrong)
        diag_error(d, "internal error in the memory plan: %s; hint: please report it with the model", wrong);
    arena_free(a);
    return !wrong;
}

Plan *lower_graph(Graph *g, const Target *target, Diag *d, Arena *scratch)
{
    Plan *p = NEW(g->arena, Plan);
    p->arena = g->arena;
    p->graph = g;
    if (!lower_nodes(p, d, scratch))
        return NULL;
    lower_outputs(p);
    share_copies(p);
    name_layers(p);
    if (!select_kernels(p, target, d))
        return NULL;
    schedule(p);
    fuse_chains(p);
    place_states(p);
    plan_memory(p, target);
    return judge(p, d) ? p : NULL;
}
