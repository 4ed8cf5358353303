/* Reshape and its kin (the same bytes under another shape), and values that are shapes. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The target shape of a Reshape; false when it is not known yet (*ok) or wrong (!*ok). */
static bool reshape_target(OpContext *c, const Node *n, int64_t *target, int *rank, bool *ok)
{
    const Value *v = node_in(n, 1);
    *ok = true;
    if (n->version < 5) {
        *rank = node_ints(n, "shape", target, MAX_RANK);
    } else {
        if (!v || !v->is_const)
            return false;
        *rank = const_ints(v, target, MAX_RANK);
    }
    if (*rank < 0 || *rank > MAX_RANK) {
        *ok = node_error(c, n, "its new shape must be a list of at most %d integers", MAX_RANK);
        return false;
    }
    return true;
}

/* Fills in 0 (copied) and finds -1 (to be computed). */
static bool reshape_dims(OpContext *c, const Node *n, const int64_t *target, Shape *y, int *open)
{
    const Shape *x = in_shape(n, 0);
    bool allow_zero = node_int(n, "allowzero", 0) != 0;
    *open = -1;
    for (int i = 0; i < y->rank; i++) {
        y->dim[i] = target[i];
        if (target[i] < -1)
            return node_error(c, n, "its new shape has the dimension %" PRId64, target[i]);
        if (target[i] == 0 && !allow_zero) {
            if (x->rank >= 0 && i >= x->rank)
                return node_error(c, n, "its new shape copies dimension %d of the input %s, which has none", i,
                                  shape_str(c, x));
            y->dim[i] = x->rank >= 0 ? x->dim[i] : -1;
        }
        if (target[i] == -1) {
            if (*open >= 0)
                return node_error(c, n, "its new shape has two dimensions of -1");
            *open = i;
        }
    }
    return true;
}

/* Computes the open dimension, checks the counts. */
static bool reshape_fit(OpContext *c, const Node *n, Shape *y, int open)
{
    const Shape *x = in_shape(n, 0);
    int64_t count = x->rank >= 0 ? shape_count(x) : -1;
    Shape rest = *y;
    if (open >= 0)
        rest.dim[open] = 1;
    int64_t others = shape_count(&rest);
    if (count < 0 || others < 0)
        return true;
    if (open >= 0 && others > 0 && count % others == 0)
        y->dim[open] = count / others;
    else if (open >= 0 && others == 0 && count == 0)
        y->dim[open] = 0;
    else if (open >= 0 || others != count)
        return node_error(c, n, "its input %s has %" PRId64 " elements, which do not fit the new shape %s",
                          shape_str(c, x), count, shape_str(c, y));
    return true;
}

bool infer_reshape(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    int64_t target[MAX_RANK];
    int open;
    bool ok;
    Shape y = shape_unknown();
    if (reshape_target(c, n, target, &y.rank, &ok)) {
        if (!reshape_dims(c, n, target, &y, &open) || !reshape_fit(c, n, &y, open))
            return false;
    } else {
        y.rank = -1;
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return ok;
}

bool infer_flatten(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_of_rank(2);
    int64_t given = node_int(n, "axis", 1);
    if (x->rank >= 0) {
        int axis = given == x->rank ? x->rank : axis_normalise(given, x->rank);
        if (axis < 0)
            return node_error(c, n, "its axis %" PRId64 " is outside of its input %s", given, shape_str(c, x));
        y.dim[0] = dims_count(x, 0, axis);
        y.dim[1] = dims_count(x, axis, x->rank);
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* axes are an input since opset 13. */
static int squeeze_axes(OpContext *c, const Node *n, int rank, int *axes)
{
    return axes_of(c, n, n->version >= 13 ? 1 : -1, rank, axes);
}

bool infer_squeeze(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    int axes[MAX_RANK], count = x->rank < 0 ? -2 : squeeze_axes(c, n, x->rank, axes);
    if (count == -1)
        return false;
    bool drop[MAX_RANK] = {0};
    bool all = count == -3; /* no axes: every axis of 1 */
    bool open = count == -2;
    for (int i = 0; i < count; i++) {
        if (x->dim[axes[i]] > 1 || x->dim[axes[i]] == 0)
            return node_error(c, n, "it drops axis %d of its input %s, which is not 1", axes[i], shape_str(c, x));
        drop[axes[i]] = true;
    }
    for (int i = 0; i < x->rank && all; i++) {
        open = open || x->dim[i] < 0;
        drop[i] = x->dim[i] == 1;
    }
    if (!open)
        y.rank = 0;
    for (int i = 0; i < x->rank && !open; i++)
        if (!drop[i])
            y.dim[y.rank++] = x->dim[i];
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* The number of axes to add: they count in the output, whose rank this decides. */
static int unsqueeze_count(const Node *n)
{
    int64_t given[MAX_RANK];
    if (n->version < 13)
        return node_ints(n, "axes", given, MAX_RANK);
    return const_ints(node_in(n, 1), given, MAX_RANK);
}

bool infer_unsqueeze(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    int axes[MAX_RANK], added = unsqueeze_count(n);
    if (x->rank >= 0 && added >= 0) {
        if (x->rank + added > MAX_RANK)
            return node_error(c, n, "its output would have %d axes; supported: %d", x->rank + added, MAX_RANK);
        if (squeeze_axes(c, n, x->rank + added, axes) < 0)
            return false;
        y = shape_of_rank(x->rank + added);
        for (int i = 0; i < added; i++)
            y.dim[axes[i]] = 1;
        unsigned new_axes = 0;
        for (int i = 0; i < added; i++)
            new_axes |= 1u << axes[i];
        for (int i = 0, k = 0; i < y.rank; i++)
            if (!(new_axes & (1u << i)))
                y.dim[i] = x->dim[k++];
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_view(OpContext *c, Plan *p, Node *n)
{
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    if (shape_count(&x->shape) != shape_count(&y->shape))
        return node_error(c, n, "its input %s and output %s differ in size", shape_str(c, &x->shape),
                          shape_str(c, &y->shape));
    plan_alias(p, node_out(n, 0), node_in(n, 0));
    return true;
}

/* Shape's start and end (opset 15), cut to the rank. */
static void shape_range(const Node *n, int rank, int *start, int *end)
{
    int64_t from = node_int(n, "start", 0), to = node_int(n, "end", rank);
    from = from < -rank ? 0 : from < 0 ? from + rank : from > rank ? rank : from;
    to = to < -rank ? 0 : to < 0 ? to + rank : to > rank ? rank : to;
    *start = (int)from;
    *end = (int)(to > from ? to : from);
}

bool op_shape_value(const Node *n, int64_t *out, int *count)
{
    const Shape *x = in_shape(n, 0);
    int start, end;
    if (x->rank < 0)
        return false;
    if (node_is(n, "Size")) {
        *count = 1;
        out[0] = shape_count(x);
        return out[0] >= 0;
    }
    if (!node_is(n, "Shape"))
        return false;
    shape_range(n, x->rank, &start, &end);
    *count = end - start;
    for (int i = start; i < end; i++) {
        out[i - start] = x->dim[i];
        if (x->dim[i] < 0)
            return false;
    }
    return true;
}

bool infer_shape(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_vector(-1);
    int start, end;
    if (x->rank >= 0) {
        shape_range(n, x->rank, &start, &end);
        y.dim[0] = end - start;
    }
    op_set_output(n, 0, DT_I64, &y);
    return true;
}

bool infer_size(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    Shape scalar = {.rank = 0};
    op_set_output(n, 0, DT_I64, &scalar);
    return true;
}

bool lower_shape(OpContext *c, Plan *p, Node *n)
{
    int64_t *values = NEW_ARRAY(p->arena, int64_t, MAX_RANK);
    Value *y = node_out(n, 0);
    int count;
    if (!op_shape_value(n, values, &count))
        return node_error(c, n, "the shape of its input is not known at compile time");
    plan_alias(p, y, graph_const(p->graph, NULL, DT_I64, &y->shape, values));
    return true;
}

bool infer_constant_of_shape(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Attr *value = node_attr(n, "value");
    const Value *v = node_in(n, 0);
    Shape y = in_shape(n, 0)->rank == 1 && in_shape(n, 0)->dim[0] >= 0 && in_shape(n, 0)->dim[0] <= MAX_RANK
                  ? shape_of_rank((int)in_shape(n, 0)->dim[0])
                  : shape_unknown();
    if (value && (value->kind != ATTR_TENSOR || shape_count(&value->tensor.shape) != 1 || !value->tensor.data))
        return node_error(c, n, "attribute 'value' must be a tensor of one element");
    if (v && v->is_const) {
        y.rank = const_ints(v, y.dim, MAX_RANK);
        if (y.rank < 0)
            return node_error(c, n, "its input must be a list of at most %d integers", MAX_RANK);
        for (int i = 0; i < y.rank; i++)
            if (y.dim[i] < 0)
                return node_error(c, n, "its input asks for the dimension %" PRId64, y.dim[i]);
    }
    op_set_output(n, 0, value ? value->tensor.type : DT_F32, &y);
    return true;
}

bool lower_constant_of_shape(OpContext *c, Plan *p, Node *n)
{
    const Attr *value = node_attr(n, "value");
    Shape scalar = {.rank = 0};
    Value *y = node_out(n, 0);
    (void)c;
    Value *element = value ? graph_const(p->graph, NULL, y->type, &scalar, value->tensor.data) : plan_float(p, 0.0f);
    return lower_fill(p, element, y);
}

/* Start, limit and delta of a Range; false when one is not constant. */
static bool range_of(const Node *n, double *out, int64_t *whole)
{
    for (size_t i = 0; i < 3; i++) {
        const Value *v = node_in(n, i);
        if (!v || !v->is_const || !v->data || shape_count(&v->shape) != 1)
            return false;
        Tensor t = value_tensor(v);
        out[i] = tensor_float(&t, 0);
        whole[i] = dtype_is_int(v->type) ? tensor_int(&t, 0) : 0;
    }
    return true;
}

static bool range_count(OpContext *c, const Node *n, const double *r, const int64_t *whole, int64_t *count)
{
    double steps = ceil((r[1] - r[0]) / r[2]);
    if (r[2] == 0 || steps != steps || steps > INT32_MAX)
        return node_error(c, n, "its range from %g to %g by %g has no end", r[0], r[1], r[2]);
    *count = steps > 0 ? (int64_t)steps : 0;
    if (dtype_is_int(in_type(n, 0))) { /* exact where double is not */
        __int128 span = (__int128)whole[1] - whole[0], delta = whole[2];
        __int128 exact = delta > 0 ? (span + delta - 1) / delta : (span + delta + 1) / delta;
        if (exact > INT32_MAX)
            return node_error(c, n, "its range is longer than 2^31-1");
        *count = exact > 0 ? (int64_t)exact : 0;
    }
    return true;
}

bool infer_range(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    double r[3];
    int64_t whole[3];
    Shape y = shape_vector(-1);
    if (range_of(n, r, whole) && !range_count(c, n, r, whole, &y.dim[0]))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_range(OpContext *c, Plan *p, Node *n)
{
    double r[3];
    int64_t whole[3], count;
    Value *y = node_out(n, 0);
    if (!range_of(n, r, whole))
        return node_error(c, n, "its start, limit or delta is not constant; supported: constants");
    if (!range_count(c, n, r, whole, &count))
        return false;
    size_t size = dtype_size(y->type);
    unsigned char *data = arena_array(p->arena, (size_t)count, size);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = whole[0] + i * whole[2];
        float f = (float)(r[0] + (double)i * r[2]);
        double d = r[0] + (double)i * r[2];
        const void *element = y->type == DT_F32 ? (const void *)&f : y->type == DT_F64 ? (const void *)&d : &at;
        memcpy(data + (size_t)i * size, element, size);
    }
    plan_alias(p, y, graph_const(p->graph, NULL, y->type, &y->shape, data));
    return true;
}

/* A Constant node as a tensor; false when its attribute is of a kind that is not supported. */
static bool constant_tensor(Arena *a, const Node *n, Tensor *out)
{
    const Attr *t = NULL;
    static const char *const names[] = {"value", "value_float", "value_int", "value_floats", "value_ints"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !t; i++)
        t = node_attr(n, names[i]);
    *out = (Tensor){.shape = {.rank = 0}};
    if (!t)
        return false;
    switch (t->kind) {
    case ATTR_TENSOR:
        *out = t->tensor;
        return true;
    case ATTR_FLOAT:
    case ATTR_FLOATS:
        out->type = DT_F32;
        out->data = t->kind == ATTR_FLOAT ? memcpy(arena_alloc(a, sizeof t->f), &t->f, sizeof t->f) : t->floats;
        break;
    case ATTR_INT:
    case ATTR_INTS:
        out->type = DT_I64;
        out->data = t->kind == ATTR_INT ? memcpy(arena_alloc(a, sizeof t->i), &t->i, sizeof t->i) : t->ints;
        break;
    default:
        return false;
    }
    if (t->kind == ATTR_FLOATS || t->kind == ATTR_INTS)
        out->shape = shape_vector((int64_t)t->count);
    return true;
}

bool infer_constant(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Tensor t;
    if (!constant_tensor(c->scratch, n, &t))
        return node_error(c, n,
                          "its value is of a kind that is not supported; supported: value, value_float, value_int, "
                          "value_floats, value_ints");
    op_set_output(n, 0, t.type, &t.shape);
    return true;
}

bool lower_constant(OpContext *c, Plan *p, Node *n)
{
    Tensor t;
    if (!constant_tensor(p->arena, n, &t))
        return node_error(c, n, "its value is of a kind that is not supported");
    plan_alias(p, node_out(n, 0), graph_const(p->graph, NULL, t.type, &t.shape, t.data));
    return true;
}
