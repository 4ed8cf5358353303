/* The rules of canonicalise that keep one of what is there several times: nodes that compute the same, and rows of
 * constants. */
#include "passes/canonicalise.h"

#include <string.h>

/* Twins are looked for among so many readers of the first input, and so many nodes further on: work stays linear. */
enum { TWIN_READERS = 64, TWIN_DISTANCE = 1000 };

static bool same_attr(const Attr *a, const Attr *b)
{
    if (!b || a->kind != b->kind || a->count != b->count)
        return false;
    switch (a->kind) {
    case ATTR_INT:
        return a->i == b->i;
    case ATTR_FLOAT:
        return !memcmp(&a->f, &b->f, sizeof a->f);
    case ATTR_STRING:
        return !strcmp(a->s, b->s);
    case ATTR_INTS:
        return !a->count || !memcmp(a->ints, b->ints, a->count * sizeof *a->ints);
    case ATTR_FLOATS:
        return !a->count || !memcmp(a->floats, b->floats, a->count * sizeof *a->floats);
    default:
        return false;
    }
}

static bool same_input(const Value *a, const Value *b)
{
    if (a == b)
        return true;
    size_t bytes;
    /* Shapes, axes and the like: each node has its own copy. */
    return a && b && a->is_const && b->is_const && a->type == DT_I64 && b->type == DT_I64 && a->data && b->data &&
           shape_equal(&a->shape, &b->shape) && dtype_bytes(DT_I64, shape_count(&a->shape), &bytes) &&
           !memcmp(a->data, b->data, bytes);
}

/* Nodes that passes made say another version than those of the model; a row of ops.def is one meaning. */
static bool same_meaning(const Node *a, const Node *b)
{
    return a->op && b->op ? a->op == b->op : a->version == b->version;
}

static bool are_twins(const Node *a, const Node *b)
{
    if (a == b || strcmp(a->op_type, b->op_type) || strcmp(a->domain, b->domain) || !same_meaning(a, b) ||
        a->inputs.count != b->inputs.count || a->attrs.count != b->attrs.count || a->outputs.count != 1 ||
        b->outputs.count != 1)
        return false;
    for (size_t i = 0; i < a->inputs.count; i++)
        if (!same_input(a->inputs.items[i], b->inputs.items[i]))
            return false;
    for (size_t i = 0; i < a->attrs.count; i++)
        if (!same_attr(&a->attrs.items[i], node_attr(b, a->attrs.items[i].name)))
            return false;
    return known(a->outputs.items[0]) && known(b->outputs.items[0]);
}

static bool is_soon_after(const Node *a, const Node *b)
{
    const Node *n = a;
    for (int i = 0; n && i < TWIN_DISTANCE; i++, n = node_next(n))
        if (n == b)
            return true;
    return false;
}

static bool has_chance(const Node *n)
{
    return !strncmp(n->op_type, "Random", 6) || !strcmp(n->op_type, "Multinomial") || !strcmp(n->op_type, "Bernoulli");
}

bool merge_twins(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    (void)c;
    if (!x || x->is_const || has_chance(n))
        return false;
    for (size_t i = 0; i < x->users.count && i < TWIN_READERS; i++) {
        Node *twin = x->users.items[i];
        if (!are_twins(n, twin) || !is_soon_after(n, twin))
            continue;
        Value *y = node_out(n, 0), *z = node_out(twin, 0);
        if (y->is_output && z->is_output)
            continue;
        graph_replace(g, z, y);
        graph_remove(g, twin);
        return true;
    }
    return false;
}

/* Does another operand give the output its size on this axis (counted from the last: 0)? */
static bool covered(const Node *n, size_t except, int from_last, int64_t dim)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        if (i != except && v && from_last < v->shape.rank && v->shape.dim[v->shape.rank - 1 - from_last] == dim)
            return true;
    }
    return false;
}

/* k with only the first of its elements along the axis, when all of them are equal; else NULL. */
static Value *shrunk(Graph *g, const Value *k, int axis)
{
    size_t row = dtype_size(k->type), dim = (size_t)k->shape.dim[axis], outer = 1;
    for (int i = axis + 1; i < k->shape.rank; i++)
        row *= (size_t)k->shape.dim[i];
    for (int i = 0; i < axis; i++)
        outer *= (size_t)k->shape.dim[i];
    const char *data = k->data;
    for (size_t i = 0; i < outer * dim; i++)
        if (memcmp(data + i * row, data + i / dim * dim * row, row) != 0)
            return NULL;
    Shape s = k->shape;
    s.dim[axis] = 1;
    char *copy = arena_alloc(g->arena, outer * row);
    for (size_t i = 0; i < outer; i++)
        memcpy(copy + i * row, data + i * dim * row, row);
    return graph_const(g, k->name, k->type, &s, copy);
}

static bool shrink_operand(Graph *g, Node *n, size_t index)
{
    Value *k = n->inputs.items[index];
    if (!k || !k->is_const || !k->data || !known(k) || shape_count(&k->shape) < 2 || k->type == DT_STRING ||
        k->type == DT_U4 || k->type == DT_I4)
        return false;
    for (int axis = 0; axis < k->shape.rank; axis++) {
        if (k->shape.dim[axis] < 2 || !covered(n, index, k->shape.rank - 1 - axis, k->shape.dim[axis]))
            continue;
        Value *small = shrunk(g, k, axis);
        if (!small)
            continue;
        node_set_input(g, n, index, small);
        return true;
    }
    return false;
}

bool shrink_operands(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!is_broadcast(n) || n->inputs.count < 2 || !known(node_out(n, 0)))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (!known(n->inputs.items[i]))
            return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if ((i > 0 || !node_is(n, "PRelu")) && shrink_operand(g, n, i))
            return true;
    return false;
}
