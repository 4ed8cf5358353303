/* Which channels can only go together. */
#include "passes/shrink.h"

/* ---- Classes ---- */

static int32_t find(Shrink *s, int32_t i)
{
    while (s->parent[i] != i)
        i = s->parent[i] = s->parent[s->parent[i]];
    return i;
}

int32_t shrink_root(Shrink *s, const Value *v, int32_t channel)
{
    return find(s, s->of[v->id].base + channel);
}

void shrink_join(Shrink *s, int32_t a, int32_t b)
{
    a = find(s, a);
    b = find(s, b);
    if (a == b)
        return;
    if (s->live[b] && !s->live[a]) {
        int32_t other = a;
        a = b;
        b = other;
    }
    s->parent[b] = a;
    int32_t next = s->next[a]; /* two rings become one */
    s->next[a] = s->next[b];
    s->next[b] = next;
}

/* ---- By nodes ---- */

static void join_all(Shrink *s, const Value *x, const Value *y)
{
    const Channels *c = &s->of[y->id];
    for (int32_t i = 0; i < c->count; i++)
        shrink_join(s, s->of[x->id].base + (c->from ? c->from[i] : i), c->base + i);
}

static void join_concat(Shrink *s, const Node *n)
{
    const Value *y = node_out(n, 0);
    int axis = shrink_axis(s, y);
    bool along = axis_normalise(node_int(n, "axis", 1), y->shape.rank) == axis;
    int32_t at = s->of[y->id].base;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        for (int32_t k = 0; k < s->of[x->id].count && shrink_axis(s, x) >= 0; k++)
            shrink_join(s, s->of[x->id].base + k, at + k);
        at += along ? (int32_t)x->shape.dim[axis] : 0;
    }
}

static void join_node(Shrink *s, Node *n)
{
    const Value *y = node_out(n, 0), *x = node_in(n, 0);
    Role role = s->roles[n->id];
    if (role == ROLE_CONCAT)
        join_concat(s, n);
    if (role == ROLE_EACH)
        join_all(s, x, y);
    for (size_t i = 0; role == ROLE_MOVE && i < n->outputs.count; i++)
        join_all(s, x, node_out(n, i));
    for (size_t i = 0; role == ROLE_JOIN && i < n->inputs.count; i++)
        if (!node_in(n, i)->is_const && join_axis(s, node_in(n, i), y) >= 0 && shrink_axis(s, node_in(n, i)) >= 0)
            join_all(s, node_in(n, i), y);
    const Value *residual = node_in(n, residual_index(n));
    if (role == ROLE_PRODUCT && residual && shrink_axis(s, residual) == shrink_axis(s, y))
        join_all(s, residual, y);
}

Shrink *shrink_new(PassContext *c, Graph *g)
{
    Shrink *s = NEW(c->scratch, Shrink);
    *s = (Shrink){.context = c, .a = c->scratch, .g = g};
    s->node_ids = (size_t)g->node_ids;
    s->value_count = g->values.count;
    s->of = NEW_ARRAY(s->a, Channels, g->values.count);
    s->roles = NEW_ARRAY(s->a, Role, g->node_ids);
    for (size_t i = 0; i < g->values.count; i++)
        s->of[i] = (Channels){.axis = -1, .count = 1};
    GRAPH_NODES(g, n)
    {
        Role role = s->roles[n->id] = shrink_role(s, n);
        for (size_t i = 0; role == ROLE_OTHER && i < n->outputs.count; i++)
            if (n->outputs.items[i])
                s->of[n->outputs.items[i]->id] = (Channels){.axis = -1, .count = 1};
    }
    if (!s->total)
        return NULL;
    s->parent = NEW_ARRAY(s->a, int32_t, s->total);
    s->next = NEW_ARRAY(s->a, int32_t, s->total);
    s->live = NEW_ARRAY(s->a, bool, s->total);
    s->value_of = NEW_ARRAY(s->a, int32_t, s->total);
    for (int32_t i = 0; i < s->total; i++)
        s->parent[i] = s->next[i] = i, s->value_of[i] = -1;
    for (size_t i = 0; i < g->values.count; i++)
        for (int32_t k = 0; k < s->of[i].count && s->of[i].axis >= 0; k++)
            s->value_of[s->of[i].base + k] = (int32_t)i;
    GRAPH_NODES(g, n)
    {
        join_node(s, n);
    }
    return s;
}
