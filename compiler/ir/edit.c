#include "ir/graph.h"
#include "ir/uses.h"

#include <string.h>

/* Replaces in n's inputs and in its subgraphs; returns how often. */
static size_t replace_in_node(Node *n, const Value *old, Value *new)
{
    size_t found = 0;
    for (size_t i = 0; i < n->inputs.count; i++) {
        if (n->inputs.items[i] == old) {
            n->inputs.items[i] = new;
            found++;
        }
    }
    for (size_t i = 0; i < n->attrs.count; i++) {
        if (n->attrs.items[i].kind != ATTR_GRAPH)
            continue;
        GRAPH_NODES(n->attrs.items[i].graph, m)
        {
            found += replace_in_node(m, old, new);
        }
    }
    return found;
}

static void replace_output(Graph *g, Value *old, Value *new)
{
    if (new->is_input || new->is_const || new->is_output || !graph_owns(g, new)) {
        Node *n = graph_node(g, "", "Identity", NULL);
        node_add_input(g, n, new);
        new = node_new_output(g, n, NULL);
        new->type = old->type;
        new->shape = old->shape;
        memcpy(new->dim, old->dim, sizeof new->dim);
    }
    new->name = old->name;
    new->quant = old->quant;
    new->is_output = true;
    old->name = "";
    old->is_output = false;
    for (size_t i = 0; i < g->outputs.count; i++)
        if (g->outputs.items[i] == old)
            g->outputs.items[i] = new;
}

void graph_replace(Graph *g, Value *old, Value *new)
{
    while (!graph_owns(g, old) && g->outer)
        g = g->outer;
    if (old == new)
        return;
    size_t kept = 0, count = old->users.count;
    Node *before = NULL;
    for (size_t i = 0; i < count; i++) {
        Node *n = old->users.items[i];
        if (n == new->producer) {
            old->users.items[kept++] = n;
            continue;
        }
        /* A node that reads it a thousand times stands there a thousand times, one behind the other. */
        if (n == before)
            continue;
        before = n;
        for (size_t uses = replace_in_node(n, old, new); uses > 0; uses--)
            use_add(g, n, new);
    }
    old->users.count = kept;
    unread_note(g, old);
    if (old->is_output)
        replace_output(g, old, new);
}

/* Takes n out of the list and away from its outputs. */
static void unlink_node(Graph *g, Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *v = n->outputs.items[i];
        if (v && v->producer == n)
            v->producer = NULL;
    }
    *(n->prev ? &n->prev->next : &g->first) = n->next;
    *(n->next ? &n->next->prev : &g->last) = n->prev;
    n->dead = true;
    g->node_count--;
}

void graph_remove(Graph *g, Node *n)
{
    if (n->dead)
        return;
    for (size_t i = n->inputs.count; i-- > 0;)
        use_remove(g, n, n->inputs.items[i]);
    each_node_capture(g, n, use_remove);
    unlink_node(g, n);
}

/* While a sweep runs, the users of g's own values may be dead nodes; they are dropped from the end as they are met, and
 * the rest when the sweep is over. So a value of many users costs one look at each. */
static bool is_needed(const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *v = n->outputs.items[i];
        while (v && v->users.count && v->users.items[v->users.count - 1]->dead)
            v->users.count--;
        if (v && (v->users.count || v->is_output))
            return true;
    }
    return false;
}

static void drop_dead_users(Graph *g, Value *v)
{
    size_t kept = 0;
    if (!v->users.count)
        return;
    for (size_t i = 0; i < v->users.count; i++)
        if (!v->users.items[i]->dead)
            v->users.items[kept++] = v->users.items[i];
    v->users.count = kept;
    unread_note(g, v);
}

static void remove_outer_use(Graph *g, Node *n, Value *v)
{
    if (v && !graph_owns(g, v))
        use_remove(g, n, v);
}

/* One walk from the last node to the first, which finds all of a graph in order. */
static size_t sweep_once(Graph *g)
{
    size_t removed = 0;
    for (Node *n = g->last, *prev; n; n = prev) {
        prev = n->prev;
        if (!is_needed(n)) {
            for (size_t i = 0; i < n->inputs.count; i++)
                remove_outer_use(g, n, n->inputs.items[i]);
            each_node_capture(g, n, remove_outer_use);
            unlink_node(g, n);
            removed++;
            continue;
        }
        for (size_t i = 0; i < n->attrs.count; i++)
            if (n->attrs.items[i].kind == ATTR_GRAPH)
                removed += graph_sweep(n->attrs.items[i].graph);
    }
    return removed;
}

size_t graph_sweep(Graph *g)
{
    size_t removed = 0, more;
    do {
        more = sweep_once(g);
        removed += more;
    } while (more); /* once more to see that it was enough; often, only where nodes are out of order */
    for (size_t i = 0; i < g->values.count && removed; i++)
        drop_dead_users(g, g->values.items[i]);
    return removed;
}
