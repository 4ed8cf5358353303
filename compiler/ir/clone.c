#include "ir/graph.h"

#include <stdint.h>
#include <string.h>

/* The graphs being cloned, innermost first: a subgraph's captures are looked up outwards. */
typedef struct Scope {
    const Graph *from;
    Value **to; /* by Value.id of `from` */
    const struct Scope *outer;
} Scope;

static Value *cloned(const Scope *scope, Value *v)
{
    for (; v && scope; scope = scope->outer)
        if (graph_owns(scope->from, v))
            return scope->to[v->id];
    return v; /* of a graph around the one that is cloned */
}

static Value *clone_value(Graph *to, const Value *v)
{
    Value *copy = graph_value(to, v->name, v->type, &v->shape);
    for (int i = 0; i < MAX_RANK; i++)
        copy->dim[i] = v->dim[i] ? arena_strdup(to->arena, v->dim[i]) : NULL;
    copy->data = v->data;
    copy->quant = v->quant;
    copy->is_const = v->is_const;
    copy->is_input = v->is_input;
    copy->is_output = v->is_output;
    return copy;
}

static Graph *clone_graph(Arena *a, const Graph *from, Graph *outer, const Scope *outer_scope);

/* In front of `before`; NULL: as the last. */
static void clone_node(Graph *to, Node *before, const Node *n, const Scope *scope)
{
    Node *copy = before ? graph_node_before(to, before, n->domain, n->op_type, n->name)
                        : graph_node(to, n->domain, n->op_type, n->name);
    copy->version = n->version;
    copy->op = n->op;
    for (size_t i = 0; i < n->inputs.count; i++)
        node_add_input(to, copy, cloned(scope, n->inputs.items[i]));
    for (size_t i = 0; i < n->outputs.count; i++)
        node_add_output(to, copy, cloned(scope, n->outputs.items[i]));
    for (size_t i = 0; i < n->attrs.count; i++) {
        Attr attr = n->attrs.items[i];
        if (attr.kind == ATTR_GRAPH)
            attr.graph = clone_graph(to->arena, attr.graph, to, scope);
        node_set_attr(to, copy, &attr);
    }
}

static Graph *clone_graph(Arena *a, const Graph *from, Graph *outer, const Scope *outer_scope)
{
    Graph *to = graph_new(a, from->name);
    to->outer = outer;
    to->data_sha256 = from->data_sha256;
    to->made_by = from->made_by;
    to->shares_data = true;
    for (size_t i = 0; i < from->opsets->entries.count; i++)
        map_set(to->opsets, from->opsets->entries.items[i].key, from->opsets->entries.items[i].value);
    Arena *scratch = arena_new();
    Scope scope = {from, NEW_ARRAY(scratch, Value *, from->values.count), outer_scope};
    for (size_t i = 0; i < from->values.count; i++)
        scope.to[i] = clone_value(to, from->values.items[i]);
    for (size_t i = 0; i < from->inputs.count; i++)
        array_push(a, &to->inputs, cloned(&scope, from->inputs.items[i]));
    for (size_t i = 0; i < from->outputs.count; i++)
        array_push(a, &to->outputs, cloned(&scope, from->outputs.items[i]));
    GRAPH_NODES(from, n)
    {
        clone_node(to, NULL, n, &scope);
    }
    for (size_t i = 0; i < from->fixed.count; i++) {
        FixedInput f = from->fixed.items[i];
        f.value = scope.to[f.value->id];
        array_push(a, &to->fixed, f);
    }
    for (size_t i = 0; i < from->states.count; i++)
        array_push(a, &to->states, from->states.items[i]);
    to->inputs_last = from->inputs_last;
    to->outputs_last = from->outputs_last;
    arena_free(scratch);
    return to;
}

/* Each graph around a subgraph may own constants that it shares. */
static void mark_shared(const Graph *g)
{
    for (; g; g = g->outer)
        ((Graph *)(uintptr_t)g)->shares_data = true;
}

Graph *graph_clone(Arena *a, const Graph *g)
{
    mark_shared(g);
    return clone_graph(a, g, g->outer, NULL);
}

void graph_inline(Graph *g, Node *n, const Graph *inner)
{
    Arena *scratch = arena_new();
    Scope scope = {inner, NEW_ARRAY(scratch, Value *, inner->values.count), NULL};
    for (size_t i = 0; i < inner->values.count; i++) {
        scope.to[i] = clone_value(g, inner->values.items[i]);
        scope.to[i]->is_output = false;
    }
    GRAPH_NODES(inner, in)
    {
        clone_node(g, n, in, &scope);
    }
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i])
            graph_replace(g, n->outputs.items[i], cloned(&scope, inner->outputs.items[i]));
    graph_remove(g, n);
    arena_free(scratch);
}
