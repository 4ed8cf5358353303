#include "ir/graph.h"
#include "ir/uses.h"

#include <string.h>

enum { DEFAULT_OPSET = 13 };

Graph *graph_new(Arena *a, const char *name)
{
    Graph *g = NEW(a, Graph);
    g->arena = a;
    g->name = arena_strdup(a, name ? name : "");
    g->opsets = map_new(a);
    return g;
}

Graph *graph_new_inner(Graph *outer, const char *name)
{
    Graph *g = graph_new(outer->arena, name);
    g->outer = outer;
    return g;
}

static const char *plain_domain(const char *domain)
{
    return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

void graph_set_opset(Graph *g, const char *domain, int version)
{
    map_set(g->opsets, plain_domain(domain), (void *)(intptr_t)version);
}

int graph_opset(const Graph *g, const char *domain)
{
    domain = plain_domain(domain);
    if (strcmp(domain, "adze") == 0)
        return 1;
    for (; g; g = g->outer)
        if (map_has(g->opsets, domain))
            return (int)(intptr_t)map_get(g->opsets, domain);
    return *domain ? 1 : DEFAULT_OPSET;
}

size_t graph_input_named(const Graph *g, const char *name, size_t length)
{
    size_t i = 0;
    while (i < g->inputs.count &&
           (strlen(g->inputs.items[i]->name) != length || strncmp(g->inputs.items[i]->name, name, length) != 0))
        i++;
    return i;
}

int graph_state_of_input(const Graph *g, size_t input)
{
    for (size_t i = 0; i < g->states.count; i++)
        if (g->states.items[i].input == (int)input)
            return (int)i;
    return -1;
}

int graph_state_of_output(const Graph *g, size_t output)
{
    for (size_t i = 0; i < g->states.count; i++)
        if (g->states.items[i].output == (int)output)
            return (int)i;
    return -1;
}

bool graph_owns(const Graph *g, const Value *v)
{
    return v->id >= 0 && (size_t)v->id < g->values.count && g->values.items[v->id] == v;
}

Value *graph_value(Graph *g, const char *name, DType type, const Shape *shape)
{
    Value *v = NEW(g->arena, Value);
    v->id = (int)g->values.count;
    v->name = name && *name ? arena_strdup(g->arena, name) : "";
    v->type = type;
    v->shape.rank = -1;
    if (shape)
        v->shape = *shape;
    array_push(g->arena, &g->values, v);
    return v;
}

Value *graph_input(Graph *g, const char *name, DType type, const Shape *shape)
{
    Value *v = graph_value(g, name, type, shape);
    v->is_input = true;
    array_push(g->arena, &g->inputs, v);
    return v;
}

Value *graph_const(Graph *g, const char *name, DType type, const Shape *shape, const void *data)
{
    Value *v = graph_value(g, name, type, shape);
    v->is_const = true;
    v->data = data;
    return v;
}

Value *graph_const_ints(Graph *g, const char *name, const int64_t *values, int count)
{
    int64_t *data = NEW_ARRAY(g->arena, int64_t, count);
    if (count)
        memcpy(data, values, (size_t)count * sizeof *data);
    Shape shape = {.rank = 1, .dim = {count}};
    return graph_const(g, name, DT_I64, &shape, data);
}

void graph_output(Graph *g, Value *v)
{
    if (v->is_input || v->is_const || v->is_output || !graph_owns(g, v)) {
        Node *n = graph_node(g, "", "Identity", NULL);
        node_add_input(g, n, v);
        Value *copy = node_new_output(g, n, v->name);
        copy->type = v->type;
        copy->shape = v->shape;
        memcpy(copy->dim, v->dim, sizeof copy->dim);
        v = copy;
    }
    v->is_output = true;
    array_push(g->arena, &g->outputs, v);
}

static Node *new_node(Graph *g, const char *domain, const char *op_type, const char *name)
{
    Node *n = NEW(g->arena, Node);
    domain = plain_domain(domain);
    n->id = g->node_ids++;
    n->name = name && *name ? arena_strdup(g->arena, name) : "";
    n->domain = *domain ? arena_strdup(g->arena, domain) : "";
    n->op_type = arena_strdup(g->arena, op_type);
    n->version = graph_opset(g, domain);
    g->node_count++;
    return n;
}

Node *graph_node(Graph *g, const char *domain, const char *op_type, const char *name)
{
    return graph_node_before(g, NULL, domain, op_type, name);
}

Node *graph_node_before(Graph *g, Node *before, const char *domain, const char *op_type, const char *name)
{
    Node *n = new_node(g, domain, op_type, name);
    if (before && before->dead)
        before = node_next(before);
    n->next = before;
    n->prev = before ? before->prev : g->last;
    *(n->prev ? &n->prev->next : &g->first) = n;
    *(before ? &before->prev : &g->last) = n;
    return n;
}

void node_add_input(Graph *g, Node *n, Value *v)
{
    array_push(g->arena, &n->inputs, v);
    use_add(g, n, v);
}

void node_add_output(Graph *g, Node *n, Value *v)
{
    array_push(g->arena, &n->outputs, v);
    if (v)
        v->producer = n;
}

Value *node_new_output(Graph *g, Node *n, const char *name)
{
    Value *v = graph_value(g, name, DT_NONE, NULL);
    node_add_output(g, n, v);
    return v;
}

void node_set_input(Graph *g, Node *n, size_t index, Value *v)
{
    while (n->inputs.count <= index)
        array_push(g->arena, &n->inputs, NULL);
    use_remove(g, n, n->inputs.items[index]);
    n->inputs.items[index] = v;
    use_add(g, n, v);
}

Value *node_in(const Node *n, size_t index)
{
    return index < n->inputs.count ? n->inputs.items[index] : NULL;
}

Value *node_out(const Node *n, size_t index)
{
    return index < n->outputs.count ? n->outputs.items[index] : NULL;
}

bool node_is_of(const Node *n, const char *domain, const char *op_type)
{
    return n && strcmp(n->domain, domain) == 0 && strcmp(n->op_type, op_type) == 0;
}

bool node_is(const Node *n, const char *op_type)
{
    return node_is_of(n, "", op_type);
}

bool node_is_adze(const Node *n, const char *op_type)
{
    return node_is_of(n, "adze", op_type);
}

const char *node_label(Arena *a, const Node *n)
{
    /* diag_quote makes the names fit for a terminal; an operator's name is shown without the quotes. */
    const char *op = diag_quote(a, *n->domain ? arena_printf(a, "%s.%s", n->domain, n->op_type) : n->op_type);
    int op_length = (int)strlen(op) - 2;
    if (*n->name)
        return arena_printf(a, "node %s (%.*s)", diag_quote(a, n->name), op_length, op + 1);
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        if (v && *v->name)
            return arena_printf(a, "node of output %s (%.*s)", diag_quote(a, v->name), op_length, op + 1);
    }
    return arena_printf(a, "node #%d (%.*s)", n->id, op_length, op + 1);
}

Tensor value_tensor(const Value *v)
{
    return (Tensor){.type = v->type, .shape = v->shape, .data = v->data};
}

Node *node_next(const Node *n)
{
    Node *next = n->next;
    while (next && next->dead)
        next = next->next;
    return next;
}
