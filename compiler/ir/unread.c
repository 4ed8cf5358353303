/* Freeing the data of large constants when their last reader is gone. */
#include "ir/uses.h"

#include <stdint.h>

enum { LARGE_BYTES = 64 * 1024 };

static size_t data_bytes(const Value *v)
{
    size_t bytes;
    return v->data && dtype_bytes(v->type, shape_count(&v->shape), &bytes) ? bytes : 0;
}

void unread_note(Graph *g, Value *v)
{
    if (v->is_const && !v->users.count && data_bytes(v) >= LARGE_BYTES)
        array_push(g->arena, &g->unread, v);
}

static void give_back(const Graph *g, const void *data, size_t bytes)
{
    while (g->outer)
        g = g->outer;
    for (size_t i = 0; i < g->files.count; i++)
        io_give_back(&g->files.items[i], data, bytes);
}

/* Bytes of an allocation. */
typedef struct {
    uintptr_t first;
    size_t bytes;
} Range;

static bool holds(Range r, const void *data)
{
    return data && (uintptr_t)data >= r.first && (uintptr_t)data - r.first < r.bytes;
}

static bool graph_reads(const Graph *g, Range r);

static bool attrs_read(const Node *n, Range r)
{
    for (size_t i = 0; i < n->attrs.count; i++) {
        const Attr *a = &n->attrs.items[i];
        if (a->kind == ATTR_TENSOR && holds(r, a->tensor.data))
            return true;
        if (a->kind == ATTR_GRAPH && graph_reads(a->graph, r))
            return true;
    }
    return false;
}

static bool graph_reads(const Graph *g, Range r)
{
    for (size_t i = 0; i < g->values.count; i++) {
        const Value *v = g->values.items[i];
        if (v->users.count && holds(r, v->data))
            return true;
    }
    for (size_t i = 0; i < g->fixed.count; i++) /* vectors are compared with them */
        if (holds(r, g->fixed.items[i].value->data))
            return true;
    GRAPH_NODES(g, n)
    if (attrs_read(n, r))
        return true;
    return false;
}

void graph_free_data(Graph *g, const void *data, size_t bytes)
{
    const void *first;
    Range r;
    if (bytes < LARGE_BYTES)
        return;
    give_back(g, data, bytes);
    if (g->outer || g->shares_data || !arena_large(g->arena, data, &first, &r.bytes))
        return;
    r.first = (uintptr_t)first;
    if (graph_reads(g, r))
        return;
    arena_free_large(g->arena, first);
    for (size_t i = 0; i < g->values.count; i++)
        if (holds(r, g->values.items[i]->data))
            g->values.items[i]->data = NULL;
}

void graph_free_unread(Graph *g)
{
    for (size_t i = 0; i < g->unread.count; i++) {
        const Value *v = g->unread.items[i];
        if (v->data && !v->users.count)
            graph_free_data(g, v->data, data_bytes(v));
    }
    g->unread.count = 0;
}
