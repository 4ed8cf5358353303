#include "passes/turn.h"

#include <string.h>

static Value *turned(Graph *g, Node *before, Value *v, const Turn *t)
{
    Shape extended = shape_extended(&v->shape, t->rank);
    if (v->is_const)
        return const_permuted(g, const_reshaped(g, v, &extended), t->to);
    Shape to = shape_permuted(&extended, t->to);
    if (perm_is_view(&extended, t->to))
        return rw_reshape(g, before, v, &to);
    return rw_transpose(g, before, rw_reshape(g, before, v, &extended), t->to);
}

static void rename_axis(Graph *g, Node *n, const Turn *t, int64_t otherwise)
{
    int axis = axis_normalise(node_int(n, "axis", otherwise), t->rank);
    node_set_int(g, n, "axis", t->back[axis]);
}

static void rename_slice(Graph *g, Node *n, const Turn *t)
{
    int64_t axes[MAX_RANK], list[MAX_RANK];
    int count = turn_ints(n, 1, "starts", list, MAX_RANK);
    if (turn_ints(n, 3, "axes", axes, MAX_RANK) == -2)
        for (int i = 0; i < count; i++)
            axes[i] = i;
    for (int i = 0; i < count; i++)
        axes[i] = t->back[axis_normalise(axes[i], t->rank)];
    if (!node_in(n, 1)) {
        node_set_ints(g, n, "axes", axes, (size_t)count);
        return;
    }
    /* One type for all of them, as ONNX wants it. */
    for (size_t i = 1; i <= 4; i++) {
        if (i == 3)
            node_set_input(g, n, i, graph_const_ints(g, NULL, axes, count));
        else if (node_in(n, i) && const_ints(node_in(n, i), list, MAX_RANK) == count)
            node_set_input(g, n, i, graph_const_ints(g, NULL, list, count));
    }
}

static void rename_pad(Graph *g, Node *n, const Turn *t, const int64_t *pads)
{
    int64_t list[2 * MAX_RANK];
    for (int i = 0; i < t->rank; i++) {
        list[i] = pads[t->to[i]];
        list[i + t->rank] = pads[t->to[i] + t->rank];
    }
    if (n->version < 11) {
        node_set_ints(g, n, "pads", list, 2 * (size_t)t->rank);
        return;
    }
    node_set_input(g, n, 1, graph_const_ints(g, NULL, list, 2 * t->rank));
    if (node_in(n, 3))
        node_set_input(g, n, 3, NULL);
}

static void rename_reduce(Graph *g, Node *n, const Turn *t)
{
    int axes[MAX_RANK], count = turn_reduced_axes(n, t->rank, axes);
    int64_t list[MAX_RANK];
    for (int i = 0; i < count; i++)
        list[i] = t->back[axes[i]];
    if (turn_is_arg(n))
        node_set_int(g, n, "axis", list[0]);
    else if (node_in(n, 1))
        node_set_input(g, n, 1, graph_const_ints(g, NULL, list, count));
    else if (node_attr(n, "axes"))
        node_set_ints(g, n, "axes", list, (size_t)count);
}

/* The list of a value for each axis (of `parts` for each: roi has starts, then ends) in the turned order. */
static Value *turned_list(Graph *g, const Value *v, const Turn *t, int parts)
{
    int64_t count = (int64_t)parts * t->rank;
    size_t size = dtype_size(v->type);
    char *to = arena_array(g->arena, (size_t)count, size);
    if (shape_count(&v->shape) != count)
        return NULL;
    for (int k = 0; k < count; k++)
        memcpy(to + (size_t)k * size,
               (const char *)v->data + (size_t)(k / t->rank * t->rank + t->to[k % t->rank]) * size, size);
    return graph_const(g, NULL, v->type, &v->shape, to);
}

static void rename_resize(Graph *g, Node *n, const Turn *t)
{
    int64_t axes[MAX_RANK];
    int count = node_ints(n, "axes", axes, MAX_RANK);
    for (int i = 0; i < count; i++)
        axes[i] = t->back[axis_normalise(axes[i], t->rank)];
    if (count >= 0)
        node_set_ints(g, n, "axes", axes, (size_t)count);
    for (size_t i = 1; i < n->inputs.count && count < 0; i++) {
        Value *v = node_in(n, i), *list = v ? turned_list(g, v, t, n->version >= 11 && i == 1 ? 2 : 1) : NULL;
        if (list)
            node_set_input(g, n, i, list);
    }
}

static void rename_axes(Graph *g, Node *n, const Turn *t, const int64_t *pads)
{
    switch (turn_family(n)) {
    case CONCAT:
        rename_axis(g, n, t, 1);
        break;
    case AXIS:
        rename_axis(g, n, t, node_is(n, "Split") ? 0 : -1);
        break;
    case GROUPS:
        rename_axis(g, n, t, 1);
        break;
    case SLICE:
        rename_slice(g, n, t);
        break;
    case PAD:
        rename_pad(g, n, t, pads);
        break;
    case REDUCE:
        rename_reduce(g, n, t);
        break;
    case ROWS:
        if (normalises_rows(n))
            node_set_int(g, n, "axis", -1);
        break;
    case RESIZE:
        rename_resize(g, n, t);
        break;
    default:
        break;
    }
}

/* v (of the turned node) takes the place of old; readers that turned it themselves read it as it is. */
static void replace_turned(Graph *g, Node *n, Value *old, Value *v, const Turn *t)
{
    int perm[MAX_RANK];
    Value *back = perm_is_view(&v->shape, t->back) ? rw_reshape(g, n, v, &old->shape) : rw_transpose(g, n, v, t->back);
    if (!*back->name && !old->is_output)
        back->name = old->name;
    graph_replace(g, old, back);
    for (size_t i = 0; i < back->users.count; i++) {
        Node *user = back->users.items[i];
        Value *y = node_out(user, 0);
        if (node_perm(user, perm) != t->rank || !perm_equal(perm, t->to, t->rank) || !y ||
            (y->is_output && v->is_output))
            continue;
        graph_replace(g, y, v);
        graph_remove(g, user);
        i--; /* the next reader is in its place */
    }
    if (!back->users.count && !back->is_output && back != v && back->producer)
        graph_remove(g, back->producer);
}

/* Removes the Transposes and Reshapes that lead to v and that nothing reads any more: they would count as readers. */
static void remove_unread(Graph *g, Value *v)
{
    while (v && v->producer && !v->users.count && !v->is_output &&
           (node_is(v->producer, "Transpose") || node_is(v->producer, "Reshape"))) {
        Node *n = v->producer;
        v = node_in(n, 0);
        graph_remove(g, n);
    }
}

Node *turn_node(Graph *g, Node *n, const Turn *t)
{
    int64_t pads[2 * MAX_RANK] = {0};
    if (node_is(n, "Pad"))
        pad_amounts(n, t->rank, pads);
    Node *copy = rw_copy(g, n, n);
    for (size_t i = 0; i < n->inputs.count; i++) {
        Value *v = n->inputs.items[i];
        node_add_input(g, copy, turn_moves_input(n, i) ? turned(g, copy, v, t) : v);
    }
    bool moves = turn_moves_output(n);
    rename_axes(g, copy, t, pads);
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *old = n->outputs.items[i];
        if (!old) {
            node_add_output(g, copy, NULL);
            continue;
        }
        Shape s = moves ? shape_permuted(&old->shape, t->to) : old->shape;
        rw_output(g, copy, old->type, &s);
    }
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *old = n->outputs.items[i];
        if (old && moves)
            replace_turned(g, n, old, copy->outputs.items[i], t);
        else if (old)
            graph_replace(g, old, copy->outputs.items[i]);
    }
    graph_remove(g, n);
    for (size_t i = 0; i < n->inputs.count; i++)
        remove_unread(g, n->inputs.items[i]);
    return copy;
}
