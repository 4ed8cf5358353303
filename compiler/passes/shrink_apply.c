/* Takes the channels that are not live out of the graph: weights, constants, the lists of Reshape, Split and Slice, and
 * the shapes of all values. */
#include "passes/shrink.h"

#include <string.h>

/* The positions of an axis that stay. */
typedef struct {
    const int32_t *at;
    int32_t count;
} Kept;

static Kept kept_of(Shrink *s, const Value *v)
{
    int32_t *at = NEW_ARRAY(s->a, int32_t, s->of[v->id].count), count = 0;
    for (int32_t i = 0; i < s->of[v->id].count; i++)
        if (channel_is_live(s, v, i))
            at[count++] = i;
    return (Kept){at, count};
}

static bool all_live(Shrink *s, const Value *v)
{
    return live_count(s, v) == s->of[v->id].count;
}

static Value *taken(Shrink *s, const Value *v, int axis, Kept kept)
{
    size_t size = dtype_size(v->type), inner = size;
    int64_t outer = 1, dim = v->shape.dim[axis];
    Shape shape = v->shape;
    for (int i = 0; i < axis; i++)
        outer *= shape.dim[i];
    for (int i = axis + 1; i < shape.rank; i++)
        inner *= (size_t)shape.dim[i];
    shape.dim[axis] = kept.count;
    unsigned char *to = arena_array(s->g->arena, (size_t)outer * (size_t)kept.count, inner), *start = to;
    const unsigned char *from = v->data;
    for (int64_t i = 0; i < outer; i++)
        for (int32_t k = 0; k < kept.count; k++, to += inner)
            memcpy(to, from + (size_t)(i * dim + kept.at[k]) * inner, inner);
    return graph_const(s->g, v->name, v->type, &shape, start);
}

static void take_input(Shrink *s, Node *n, size_t index, int axis, Kept kept)
{
    node_set_input(s->g, n, index, taken(s, node_in(n, index), axis, kept));
}

/* The live channels of x in a group: `in` positions. */
static int32_t group_inputs(Shrink *s, const Product *p, int32_t group, int32_t *at)
{
    int32_t count = 0;
    for (int32_t c = 0; c < p->in; c++)
        if (channel_is_live(s, p->x, group * p->in + c))
            at[count++] = c;
    return count;
}

/* Weights of a Conv: those of output o are o's group's live inputs at each tap. */
static void apply_conv(Shrink *s, const Product *p, Kept rows)
{
    Value *w = node_in(p->node, 1);
    Shape shape = w->shape;
    int32_t *at = NEW_ARRAY(s->a, int32_t, p->in), groups = 0, last = -1, inputs = 0;
    size_t size = dtype_size(w->type);
    char *to = arena_array(s->g->arena, (size_t)((int64_t)rows.count * p->taps * p->in), size), *start = to;
    for (int32_t i = 0; i < rows.count; i++) {
        int32_t o = rows.at[i], group = o / p->out;
        groups += group != last;
        if (group != last)
            inputs = group_inputs(s, p, group, at);
        last = group;
        for (int64_t t = 0; t < p->taps; t++)
            for (int32_t c = 0; c < inputs; c++, to += size)
                memcpy(to,
                       (const char *)w->data + (size_t)(o * p->by_output + t * p->by_tap + at[c] * p->by_input) * size,
                       size);
    }
    shape.dim[0] = rows.count;
    shape.dim[3] = inputs;
    node_set_input(s->g, p->node, 1, graph_const(s->g, w->name, w->type, &shape, start));
    if (node_attr(p->node, "group"))
        node_set_int(s->g, p->node, "group", groups);
}

static void apply_product(Shrink *s, Node *n)
{
    Product p;
    if (!product_of(n, &p) || (all_live(s, p.x) && all_live(s, p.y)))
        return;
    Kept rows = kept_of(s, p.y);
    if (!node_is_adze(n, "Gemm") && !node_is_adze(n, "QGemm")) {
        apply_conv(s, &p, rows);
    } else {
        take_input(s, n, 1, 1, rows);
        if (!all_live(s, p.x))
            take_input(s, n, 1, 0, kept_of(s, p.x));
    }
    if (p.bias)
        take_input(s, n, 2, 0, rows);
    if (p.q)
        take_input(s, n, 3, 0, rows);
    if (p.residual && p.residual->is_const)
        take_input(s, n, residual_index(n), p.residual->shape.rank - 1, rows);
}

static void apply_reshape(Shrink *s, Node *n)
{
    const Value *y = node_out(n, 0);
    Shape to = y->shape;
    if (all_live(s, y))
        return;
    to.dim[s->of[y->id].axis] = live_count(s, y);
    node_set_input(s->g, n, 1, graph_const_ints(s->g, NULL, to.dim, to.rank));
    node_remove_attr(s->g, n, "allowzero");
}

static void apply_split(Shrink *s, Node *n)
{
    int64_t sizes[256];
    const Value *x = node_in(n, 0);
    size_t count = n->outputs.count;
    if (all_live(s, x) || axis_normalise(node_int(n, "axis", 0), x->shape.rank) != s->of[x->id].axis)
        return;
    int64_t *list = count <= 256 ? sizes : NEW_ARRAY(s->a, int64_t, count);
    for (size_t i = 0; i < count; i++)
        list[i] = live_count(s, node_out(n, i));
    node_remove_attr(s->g, n, "num_outputs");
    if (n->version < 13)
        node_set_ints(s->g, n, "split", list, count);
    else
        node_set_input(s->g, n, 1, graph_const_ints(s->g, NULL, list, (int)count));
}

/* The cut of the channel axis begins behind the live channels in front of it. */
static void apply_slice(Shrink *s, Node *n)
{
    int64_t starts[MAX_RANK], ends[MAX_RANK], axes[MAX_RANK];
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    const Channels *c = &s->of[y->id];
    if (!c->from || all_live(s, x))
        return;
    int count = const_ints(node_in(n, 1), starts, MAX_RANK), at = -1;
    const_ints(node_in(n, 2), ends, MAX_RANK);
    if (node_in(n, 3))
        const_ints(node_in(n, 3), axes, MAX_RANK);
    for (int i = 0; i < count; i++)
        if ((node_in(n, 3) ? axis_normalise(axes[i], x->shape.rank) : i) == c->axis)
            at = i;
    starts[at] = 0;
    for (int32_t i = 0; i < c->from[0]; i++)
        starts[at] += channel_is_live(s, x, i);
    ends[at] = starts[at] + live_count(s, y);
    node_set_input(s->g, n, 1, graph_const_ints(s->g, NULL, starts, count));
    node_set_input(s->g, n, 2, graph_const_ints(s->g, NULL, ends, count));
}

static void apply_join(Shrink *s, Node *n)
{
    const Value *y = node_out(n, 0);
    if (all_live(s, y))
        return;
    Kept kept = kept_of(s, y);
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        int axis = join_axis(s, v, y);
        if (v->is_const && axis >= 0)
            take_input(s, n, i, axis, kept);
    }
}

/* A list of sizes, for all axes or for those that the node names. */
static void apply_resize(Shrink *s, Node *n)
{
    const Value *y = node_out(n, 0), *sizes = node_in(n, 3);
    int64_t list[MAX_RANK], axes[MAX_RANK];
    int count = sizes ? const_ints(sizes, list, MAX_RANK) : -1, named = node_ints(n, "axes", axes, MAX_RANK);
    if (all_live(s, y) || n->version < 11)
        return;
    for (int i = 0; i < count; i++)
        if ((named < 0 ? i : axis_normalise(axes[i], y->shape.rank)) == s->of[y->id].axis)
            list[i] = live_count(s, y);
    if (count > 0)
        node_set_input(s->g, n, 3, graph_const_ints(s->g, NULL, list, count));
}

static void apply_normalise(Shrink *s, Node *n)
{
    const Value *y = node_out(n, 0);
    if (all_live(s, y))
        return;
    Kept kept = kept_of(s, y);
    take_input(s, n, 1, 0, kept);
    take_input(s, n, 2, 0, kept);
    node_set_int(s->g, n, "num_groups", kept.count);
}

void shrink_apply(Shrink *s)
{
    GRAPH_NODES(s->g, n)
    {
        if ((size_t)n->id >= s->node_ids)
            continue;
        Role role = s->roles[n->id];
        if (role == ROLE_PRODUCT)
            apply_product(s, n);
        else if (role == ROLE_JOIN)
            apply_join(s, n);
        else if (role == ROLE_EACH && (node_is(n, "Resize") || node_is(n, "Upsample")))
            apply_resize(s, n);
        else if (role == ROLE_EACH && node_is_adze(n, "GroupNormalization"))
            apply_normalise(s, n);
        else if (role == ROLE_MOVE && node_is(n, "Reshape"))
            apply_reshape(s, n);
        else if (role == ROLE_MOVE && node_is(n, "Split"))
            apply_split(s, n);
        else if (role == ROLE_MOVE && node_is(n, "Slice"))
            apply_slice(s, n);
        graph_free_unread(s->g);
    }
    for (size_t i = 0; i < s->value_count; i++)
        if (s->of[i].axis >= 0)
            s->g->values.items[i]->shape.dim[s->of[i].axis] = live_count(s, s->g->values.items[i]);
}
