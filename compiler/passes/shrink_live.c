/* Which classes of channels are live, from the outputs to the inputs. */
#include "passes/shrink.h"

#include <math.h>

static void mark(Shrink *s, int32_t root)
{
    if (s->live[root])
        return;
    s->live[root] = true;
    array_push(s->a, &s->queue, root);
}

static void mark_channel(Shrink *s, const Value *v, int32_t channel)
{
    if (s->of[v->id].axis >= 0)
        mark(s, shrink_root(s, v, channel));
}

static void mark_all(Shrink *s, const Value *v)
{
    for (int32_t i = 0; v && i < s->of[v->id].count; i++)
        mark_channel(s, v, i);
}

bool channel_is_live(Shrink *s, const Value *v, int32_t channel)
{
    return s->of[v->id].axis < 0 || s->live[shrink_root(s, v, channel)];
}

int32_t live_count(Shrink *s, const Value *v)
{
    int32_t count = 0;
    for (int32_t i = 0; i < s->of[v->id].count; i++)
        count += channel_is_live(s, v, i);
    return count;
}

/* ---- What is read whatever its values are ---- */

static bool has_subgraph(const Node *n)
{
    for (size_t i = 0; i < n->attrs.count; i++)
        if (n->attrs.items[i].kind == ATTR_GRAPH)
            return true;
    return false;
}

/* Does n read this value by channels, as its role says? */
static bool reads_channels(const Shrink *s, const Node *n, size_t index)
{
    const Value *v = node_in(n, index), *y = node_out(n, 0);
    int axis = s->of[v->id].axis;
    switch (s->roles[n->id]) {
    case ROLE_PRODUCT:
        return (index == 0 || index == residual_index(n)) && axis == v->shape.rank - 1;
    case ROLE_EACH:
    case ROLE_MOVE:
        return index == 0;
    case ROLE_JOIN:
        return join_axis(s, v, y) == axis;
    case ROLE_CONCAT:
        return true;
    case ROLE_OTHER:
        break;
    }
    return false;
}

static void mark_readers(Shrink *s, const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        if (node_in(n, i) && !reads_channels(s, n, i))
            mark_all(s, node_in(n, i));
    Role role = s->roles[n->id];
    /* A product of something without channels keeps no fewer of them; so for what is joined to it. */
    const Value *residual = role == ROLE_PRODUCT ? node_in(n, residual_index(n)) : NULL;
    if (residual && !residual->is_const && s->of[residual->id].axis != s->of[node_out(n, 0)->id].axis) {
        mark_all(s, residual);
        mark_all(s, node_out(n, 0));
    }
    int32_t at = 0;
    const Value *y = node_out(n, 0);
    for (size_t i = 0; role == ROLE_CONCAT && i < n->inputs.count; i++) {
        int axis = s->of[y->id].axis;
        const Value *x = node_in(n, i);
        for (int32_t k = 0; s->of[x->id].axis < 0 && k < x->shape.dim[axis]; k++)
            mark_channel(s, y, at + k);
        at += (int32_t)x->shape.dim[axis]; /* all have channels when it is another axis that is joined */
        if (axis_normalise(node_int(n, "axis", 1), y->shape.rank) != axis)
            at = 0;
    }
}

static void mark_seeds(Shrink *s)
{
    for (size_t i = 0; i < s->g->values.count; i++) {
        const Value *v = s->g->values.items[i];
        bool all = v->is_output;
        for (size_t k = 0; s->of[i].axis >= 0 && k < v->users.count; k++)
            all = all || has_subgraph(v->users.items[k]); /* which may read it inside */
        if (all)
            mark_all(s, v);
    }
    GRAPH_NODES(s->g, n)
    {
        mark_readers(s, n);
    }
}

/* ---- What products read ---- */

int32_t border_carrier(const Shrink *s, const Product *p, int32_t group)
{
    int32_t best = -1;
    double most = 0;
    for (int32_t c = 0; c < p->in && p->padded && !p->q; c++) {
        Fact x = shrink_fact(s, p->x, group * p->in + c);
        if (!x.constant || !(fabs((double)x.value) > most))
            continue;
        most = fabs((double)x.value);
        best = group * p->in + c;
    }
    return best;
}

/* How a row may do without inputs. */
typedef struct {
    bool fold, map;
    int32_t carrier;
    const bool *merges; /* by input channel of the group; of a quantised product */
} Row;

/* Marks the channel of x that output o needs because of input channel c of its group. */
static void mark_need(Shrink *s, const Product *p, int32_t o, int32_t c, const Row *row)
{
    int32_t group = o / p->out, channel = group * p->in + c;
    if (channel_is_live(s, p->x, channel) || product_ignores(p, o, c))
        return;
    Fact x = shrink_fact(s, p->x, channel);
    if (p->q) {
        if (row->fold && q_folds(p, &x))
            return;
        if (row->merges && x.same / p->in == group && row->merges[x.same - group * p->in])
            channel = x.same;
    } else if (fact_is_zero(&x)) {
        bool finite = true;
        for (int64_t t = 0; t < p->taps; t++)
            finite = finite && isfinite(product_weight(p, o, t, c));
        if (finite)
            return;
    } else if (row->fold && x.constant) {
        if (!p->padded)
            return;
        channel = row->carrier;
    } else if (row->map && x.image) {
        return;
    } else if (row->fold && x.same / p->in == group) {
        channel = x.same;
    }
    mark_channel(s, p->x, channel);
}

static void mark_row(Shrink *s, const Product *p, int32_t o, bool fold)
{
    if (s->of[p->x->id].axis < 0)
        return;
    Row row = {.fold = fold};
    if (fold)
        row = (Row){true, border_map_pays(s, p), border_carrier(s, p, o / p->out), p->q ? q_merges(s, p, o) : NULL};
    for (int32_t c = 0; c < p->in; c++)
        mark_need(s, p, o, c, &row);
}

static void propagate(Shrink *s, bool fold)
{
    Product p;
    while (s->queue.count) {
        int32_t first = s->queue.items[--s->queue.count], i = first;
        do {
            const Value *v = s->g->values.items[s->value_of[i]];
            if (v->producer && s->roles[v->producer->id] == ROLE_PRODUCT && product_of(v->producer, &p))
                mark_row(s, &p, i - s->of[v->id].base, fold);
            i = s->next[i];
        } while (i != first);
    }
}

/* ---- What keeps shapes possible ---- */

static int32_t live_in(Shrink *s, const Value *v, int32_t from, int32_t count)
{
    int32_t live = 0;
    for (int32_t i = 0; i < count; i++)
        live += channel_is_live(s, v, from + i);
    return live;
}

static void raise(Shrink *s, const Value *v, int32_t from, int32_t count, int32_t to)
{
    int32_t missing = to - live_in(s, v, from, count);
    for (int32_t i = 0; i < count && missing > 0; i++) {
        if (channel_is_live(s, v, from + i))
            continue;
        mark_channel(s, v, from + i);
        missing--;
    }
}

/* A group goes as a whole, and those that stay have the same number of channels. */
static void mark_groups(Shrink *s, const Product *p)
{
    int32_t in = 0, out = 0;
    for (int32_t k = 0; k < p->group; k++) {
        int32_t x = live_in(s, p->x, k * p->in, p->in), y = live_in(s, p->y, k * p->out, p->out);
        in = x > in ? x : in;
        out = y > out ? y : out;
    }
    in = in > 0 ? in : 1;
    out = out > 0 ? out : 1;
    for (int32_t k = 0; k < p->group; k++) {
        if (!live_in(s, p->x, k * p->in, p->in) && !live_in(s, p->y, k * p->out, p->out))
            continue;
        raise(s, p->x, k * p->in, p->in, in);
        raise(s, p->y, k * p->out, p->out, out);
    }
}

void shrink_live(Shrink *s, bool fold)
{
    Product p;
    for (int32_t i = 0; i < s->total; i++)
        s->live[i] = false;
    mark_seeds(s);
    do {
        propagate(s, fold);
        GRAPH_NODES(s->g, n)
        {
            if (s->roles[n->id] == ROLE_PRODUCT && product_of(n, &p) && p.group > 1)
                mark_groups(s, &p);
        }
        /* A tensor has at least one channel. */
        for (size_t i = 0; i < s->g->values.count && !s->queue.count; i++)
            if (s->of[i].axis >= 0 && !live_count(s, s->g->values.items[i]))
                mark_channel(s, s->g->values.items[i], 0);
    } while (s->queue.count);
}
