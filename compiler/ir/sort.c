#include "ir/graph.h"

/* A depth-first walk from each node, in the old order, over what it depends on: nodes in order stay where they are, and
 * a producer that comes too late moves in front of its first reader. The stack is explicit: graphs may be chains of a
 * hundred thousand nodes. */
typedef enum { NEW_NODE, ON_STACK, PLACED } Visit;

typedef struct {
    size_t *start; /* by Node.id: dependencies[start[id]..start[id + 1]) */
    Node **dependencies;
    size_t *next;   /* by Node.id: the next dependency to look at */
    Visit *visit;   /* by Node.id */
    Node **stack;   /* at most each node once */
    Node **ordered; /* the result */
    size_t count;
} Sort;

/* Calls for each pair (producer, reader) in list order: counts them, or enters them when `fill` has a position for each
 * reader. */
static void each_edge(const Graph *g, size_t *start, size_t *fill, Node **dependencies)
{
    GRAPH_NODES(g, n)
    {
        for (size_t i = 0; i < n->outputs.count; i++) {
            const Value *v = n->outputs.items[i];
            for (size_t k = 0; v && k < v->users.count; k++) {
                int reader = v->users.items[k]->id;
                if (fill)
                    dependencies[fill[reader]++] = n;
                else
                    start[reader + 1]++;
            }
        }
    }
}

static void find_dependencies(Arena *scratch, const Graph *g, Sort *s)
{
    size_t ids = (size_t)g->node_ids;
    s->start = NEW_ARRAY(scratch, size_t, ids + 1);
    s->next = NEW_ARRAY(scratch, size_t, ids + 1);
    each_edge(g, s->start, NULL, NULL);
    for (size_t i = 0; i < ids; i++)
        s->start[i + 1] += s->start[i];
    s->dependencies = NEW_ARRAY(scratch, Node *, s->start[ids]);
    for (size_t i = 0; i < ids; i++)
        s->next[i] = s->start[i];
    each_edge(g, NULL, s->next, s->dependencies);
    for (size_t i = 0; i < ids; i++)
        s->next[i] = s->start[i];
}

/* Places n behind everything that it depends on; false for a cycle. */
static bool place(Sort *s, Node *n)
{
    size_t depth = 0;
    if (s->visit[n->id] == PLACED)
        return true;
    s->stack[depth++] = n;
    s->visit[n->id] = ON_STACK;
    while (depth) {
        n = s->stack[depth - 1];
        if (s->next[n->id] == s->start[n->id + 1]) {
            s->visit[n->id] = PLACED;
            s->ordered[s->count++] = n;
            depth--;
            continue;
        }
        Node *producer = s->dependencies[s->next[n->id]++];
        if (s->visit[producer->id] == ON_STACK)
            return false;
        if (s->visit[producer->id] == NEW_NODE) {
            s->visit[producer->id] = ON_STACK;
            s->stack[depth++] = producer;
        }
    }
    return true;
}

static void relink(Graph *g, Node *const *ordered, size_t count)
{
    g->first = count ? ordered[0] : NULL;
    g->last = count ? ordered[count - 1] : NULL;
    for (size_t i = 0; i < count; i++) {
        ordered[i]->prev = i ? ordered[i - 1] : NULL;
        ordered[i]->next = i + 1 < count ? ordered[i + 1] : NULL;
    }
}

bool graph_sort(Graph *g)
{
    Arena *scratch = arena_new();
    Sort s = {.visit = NEW_ARRAY(scratch, Visit, g->node_ids),
              .stack = NEW_ARRAY(scratch, Node *, g->node_count),
              .ordered = NEW_ARRAY(scratch, Node *, g->node_count)};
    find_dependencies(scratch, g, &s);
    bool acyclic = true;
    for (Node *n = g->first; n && acyclic; n = node_next(n))
        acyclic = place(&s, n);
    if (acyclic)
        relink(g, s.ordered, s.count);
    arena_free(scratch);
    return acyclic;
}
