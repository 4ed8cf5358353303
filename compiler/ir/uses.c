#include "ir/uses.h"

#include <string.h>

void use_add(Graph *g, Node *n, Value *v)
{
    if (!v || n->dead)
        return;
    while (!graph_owns(g, v)) {
        n = g->owner;
        g = g->outer;
        if (!n || !g)
            return;
    }
    array_push(g->arena, &v->users, n);
}

void use_remove(Graph *g, Node *n, Value *v)
{
    if (!v || n->dead)
        return;
    while (!graph_owns(g, v)) {
        n = g->owner;
        g = g->outer;
        if (!n || !g)
            return;
    }
    /* Searched and closed up from both ends: nodes go away in order or in reverse, and a constant may have a hundred
     * thousand users. */
    Node **users = v->users.items;
    size_t count = v->users.count;
    for (size_t i = 0; i < (count + 1) / 2; i++) {
        size_t mirrored = count - 1 - i;
        if (users[mirrored] == n) {
            memmove(users + mirrored, users + mirrored + 1, i * sizeof *users);
            v->users.count--;
            break;
        }
        if (users[i] == n) {
            memmove(users + 1, users, i * sizeof *users);
            v->users.items++;
            v->users.count--;
            v->users.capacity--;
            break;
        }
    }
    unread_note(g, v);
}

/* Whether v belongs to `sub` or a graph between it and `root`. */
static bool owned_within(const Graph *sub, const Graph *root, const Value *v)
{
    for (const Graph *h = sub; h; h = h->outer) {
        if (graph_owns(h, v))
            return true;
        if (h == root)
            break;
    }
    return false;
}

static void walk(Graph *g, Node *n, Graph *root, Graph *sub, UseFn *f)
{
    GRAPH_NODES(sub, m)
    {
        for (size_t i = 0; i < m->inputs.count; i++) {
            Value *v = m->inputs.items[i];
            if (v && !owned_within(sub, root, v))
                f(g, n, v);
        }
        for (size_t i = 0; i < m->attrs.count; i++)
            if (m->attrs.items[i].kind == ATTR_GRAPH)
                walk(g, n, root, m->attrs.items[i].graph, f);
    }
}

void each_capture(Graph *g, Node *n, Graph *sub, UseFn *f)
{
    walk(g, n, sub, sub, f);
}

void each_node_capture(Graph *g, Node *n, UseFn *f)
{
    for (size_t i = 0; i < n->attrs.count; i++)
        if (n->attrs.items[i].kind == ATTR_GRAPH)
            each_capture(g, n, n->attrs.items[i].graph, f);
}
