#include "ir/graph.h"
#include "ir/uses.h"

#include <string.h>

static const void *copy_bytes(Arena *a, const void *data, size_t count, size_t size)
{
    void *copy = arena_array(a, count, size);
    if (count && data)
        memcpy(copy, data, count * size);
    return copy;
}

static const char *const *copy_strings(Arena *a, const char *const *strings, size_t count)
{
    const char **copy = NEW_ARRAY(a, const char *, count);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_strdup(a, strings[i] ? strings[i] : "");
    return copy;
}

static Attr *find(const Node *n, const char *name)
{
    for (size_t i = 0; i < n->attrs.count; i++)
        if (strcmp(n->attrs.items[i].name, name) == 0)
            return &n->attrs.items[i];
    return NULL;
}

static void detach(Graph *g, Node *n, Attr *a)
{
    if (a->kind != ATTR_GRAPH)
        return;
    each_capture(g, n, a->graph, use_remove);
    if (a->graph->owner == n)
        a->graph->owner = NULL;
}

static void attach(Graph *g, Node *n, Attr *a)
{
    if (a->kind != ATTR_GRAPH)
        return;
    a->graph->outer = g;
    a->graph->owner = n;
    each_capture(g, n, a->graph, use_add);
}

void node_set_attr(Graph *g, Node *n, const Attr *attr)
{
    Attr *old = find(n, attr->name);
    Attr a = *attr;
    if (old && old->kind == ATTR_GRAPH && a.kind == ATTR_GRAPH && old->graph == a.graph)
        return;
    a.name = arena_strdup(g->arena, attr->name);
    if (a.kind == ATTR_STRING)
        a.s = arena_strdup(g->arena, attr->s ? attr->s : "");
    else if (a.kind == ATTR_INTS)
        a.ints = copy_bytes(g->arena, attr->ints, attr->count, sizeof *a.ints);
    else if (a.kind == ATTR_FLOATS)
        a.floats = copy_bytes(g->arena, attr->floats, attr->count, sizeof *a.floats);
    else if (a.kind == ATTR_STRINGS)
        a.strings = copy_strings(g->arena, attr->strings, attr->count);
    if (old) {
        detach(g, n, old);
        *old = a;
    } else {
        array_push(g->arena, &n->attrs, a);
    }
    attach(g, n, &a);
}

void node_remove_attr(Graph *g, Node *n, const char *name)
{
    Attr *a = find(n, name);
    if (!a)
        return;
    detach(g, n, a);
    size_t index = (size_t)(a - n->attrs.items);
    memmove(a, a + 1, (n->attrs.count - index - 1) * sizeof *a);
    n->attrs.count--;
}

void node_set_int(Graph *g, Node *n, const char *name, int64_t v)
{
    node_set_attr(g, n, &(Attr){.name = name, .kind = ATTR_INT, .i = v});
}

void node_set_float(Graph *g, Node *n, const char *name, float v)
{
    node_set_attr(g, n, &(Attr){.name = name, .kind = ATTR_FLOAT, .f = v});
}

void node_set_ints(Graph *g, Node *n, const char *name, const int64_t *v, size_t count)
{
    node_set_attr(g, n, &(Attr){.name = name, .kind = ATTR_INTS, .ints = v, .count = count});
}

void node_set_string(Graph *g, Node *n, const char *name, const char *v)
{
    node_set_attr(g, n, &(Attr){.name = name, .kind = ATTR_STRING, .s = v});
}

const Attr *node_attr(const Node *n, const char *name)
{
    return find(n, name);
}

int64_t node_int(const Node *n, const char *name, int64_t otherwise)
{
    const Attr *a = find(n, name);
    return a && a->kind == ATTR_INT ? a->i : otherwise;
}

float node_float(const Node *n, const char *name, float otherwise)
{
    const Attr *a = find(n, name);
    return a && a->kind == ATTR_FLOAT ? a->f : otherwise;
}

const char *node_string(const Node *n, const char *name, const char *otherwise)
{
    const Attr *a = find(n, name);
    return a && a->kind == ATTR_STRING ? a->s : otherwise;
}

int node_ints(const Node *n, const char *name, int64_t *out, int max)
{
    const Attr *a = find(n, name);
    if (!a || a->kind != ATTR_INTS)
        return -1;
    for (int i = 0; i < max && (size_t)i < a->count; i++)
        out[i] = a->ints[i];
    return a->count > INT32_MAX ? INT32_MAX : (int)a->count;
}
