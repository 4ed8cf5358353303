/* ScatterND, with places known and evenly spaced (as exporters write the assignment to a slice) as a copy; OneHot. */
#include "ops/elements.h"
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

/* indices [..., depth], updates [...] + the axes of x behind `depth`. */
static bool check_shapes(OpContext *c, const Node *n, const Shape *x, const Shape *index, const Shape *updates)
{
    int lead = index->rank - 1;
    int64_t depth = lead >= 0 ? index->dim[lead] : -1;
    bool fits = lead >= 0 && depth >= 0 && depth <= x->rank && updates->rank == lead + x->rank - (int)depth;
    for (int i = 0; fits && i < updates->rank; i++)
        fits = updates->dim[i] == (i < lead ? index->dim[i] : x->dim[i - lead + (int)depth]);
    return fits || node_error(c, n, "its data %s, indices %s and updates %s do not fit", shape_str(c, x),
                              shape_str(c, index), shape_str(c, updates));
}

bool infer_scatter_nd(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1), *updates = in_shape(n, 2);
    if (in_type(n, 1) != DT_NONE && in_type(n, 1) != DT_I64)
        return node_error(c, n, "its indices are %s; i64 expected", dtype_name(in_type(n, 1)));
    if (shape_known(x) && shape_known(index) && shape_known(updates) && !check_shapes(c, n, x, index, updates))
        return false;
    return infer_same(c, g, n);
}

/* The element of x where row `row` of the indices begins; false when it is outside. */
static bool place_of(OpContext *c, const Node *n, const Value *index, int64_t row, int64_t *out)
{
    const Shape *x = in_shape(n, 0);
    int64_t strides[MAX_RANK], depth = index->shape.dim[index->shape.rank - 1];
    Tensor t = value_tensor(index);
    row_strides(x, strides);
    *out = 0;
    for (int64_t i = 0; i < depth; i++) {
        int64_t at = tensor_int(&t, row * depth + i);
        if (at < -x->dim[i] || at >= x->dim[i])
            return node_error(c, n, "its index %" PRId64 " is outside of axis %" PRId64 " of %s", at, i,
                              shape_str(c, x));
        *out += (at < 0 ? at + x->dim[i] : at) * strides[i];
    }
    return true;
}

/* The places as one nest of loops over the leading axes of the indices. *even: they are one. */
static bool places_of(OpContext *c, const Node *n, const Value *index, Walk *w, bool *even)
{
    int lead = index->shape.rank - 1;
    int64_t row = 1, count = dims_count(&index->shape, 0, lead), at;
    w->rank = lead;
    *even = true;
    if (!place_of(c, n, index, 0, &w->offset[1]))
        return false;
    for (int i = lead - 1; i >= 0; row *= w->dim[i], i--) {
        w->dim[i] = index->shape.dim[i];
        if (w->dim[i] > 1) {
            if (!place_of(c, n, index, row, &at))
                return false;
            w->stride[1][i] = at - w->offset[1];
        }
    }
    for (int64_t k = 0; k < count; k++) {
        int64_t want = w->offset[1], rest = k;
        for (int i = lead - 1; i >= 0; rest /= w->dim[i], i--)
            want += rest % w->dim[i] * w->stride[1][i];
        if (!place_of(c, n, index, k, &at))
            return false;
        *even = *even && at == want;
    }
    return true;
}

/* The updates into the copy of x, along the places `w`. */
static bool lower_places(OpContext *c, Plan *p, Node *n, Walk *w)
{
    Value *index = node_in(n, 1), *updates = node_in(n, 2), *y = node_out(n, 0);
    int64_t ys[MAX_RANK], us[MAX_RANK];
    int lead = index->shape.rank - 1, depth = (int)index->shape.dim[lead];
    row_strides(&y->shape, ys);
    row_strides(&updates->shape, us);
    for (int i = 0; i < updates->shape.rank; i++) {
        w->stride[0][i] = us[i];
        if (i < lead)
            continue;
        w->dim[i] = updates->shape.dim[i];
        w->stride[1][i] = ys[i - lead + depth];
    }
    w->rank = updates->shape.rank;
    plan_copy(p, node_in(n, 0), y);
    return lower_walk(c, p, n, updates, y, w);
}

bool lower_scatter_nd(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *index = node_in(n, 1), *updates = node_in(n, 2);
    Walk w = {.rank = 0};
    bool even = false;
    if (updates->type != x->type)
        return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(x->type),
                          dtype_name(updates->type));
    if (!check_shapes(c, n, &x->shape, &index->shape, &updates->shape))
        return false;
    if (shape_count(&updates->shape) == 0) {
        plan_copy(p, x, node_out(n, 0));
        return true;
    }
    if (index->is_const && !places_of(c, n, index, &w, &even))
        return false;
    if (!even || strcmp(node_string(n, "reduction", "none"), "none"))
        return lower_scatter_rows(c, p, n);
    return lower_places(c, p, n, &w);
}

/* The last axis of the output is `axis` -1. */
static int one_hot_axis(OpContext *c, const Node *n)
{
    int rank = in_shape(n, 0)->rank + 1, axis = axis_normalise(node_int(n, "axis", -1), rank);
    if (axis < 0 || rank > MAX_RANK)
        node_error(c, n, "attribute 'axis' is outside of an output of %d axes", rank);
    return rank > MAX_RANK ? -1 : axis;
}

bool infer_one_hot(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    const Value *depth = node_in(n, 1);
    Shape y = shape_unknown();
    (void)g;
    if (x->rank >= 0) {
        int axis = one_hot_axis(c, n);
        if (axis < 0)
            return false;
        y = shape_of_rank(x->rank + 1);
        for (int i = 0; i < y.rank; i++)
            y.dim[i] = i == axis ? -1 : x->dim[i - (i > axis)];
        if (depth && depth->is_const && shape_count(&depth->shape) == 1) {
            Tensor t = value_tensor(depth);
            double d = dtype_is_float(depth->type) ? tensor_float(&t, 0) : (double)tensor_int(&t, 0);
            if (!(d >= 1) || d > INT32_MAX)
                return node_error(c, n, "its depth is %g", d);
            y.dim[axis] = (int64_t)d;
        }
    }
    op_set_output(n, 0, in_type(n, 2), &y);
    return true;
}

/* first, first + 1, ... along `axis`, in the indices' type. */
static Value *numbers(Plan *p, DType type, int64_t first, int64_t count, int rank, int axis)
{
    Shape s = {.rank = rank};
    int32_t *narrow = NEW_ARRAY(p->arena, int32_t, count);
    int64_t *wide = NEW_ARRAY(p->arena, int64_t, count);
    for (int i = 0; i < rank; i++)
        s.dim[i] = i == axis ? count : 1;
    for (int64_t i = 0; i < count; i++) {
        wide[i] = first + i;
        narrow[i] = (int32_t)wide[i];
    }
    return graph_const(p->graph, NULL, type, &s, type == DT_I64 ? (const void *)wide : narrow);
}

static Value *element_of(Plan *p, const Value *v, size_t i)
{
    Shape scalar = {.rank = 0};
    return graph_const(p->graph, NULL, v->type, &scalar, (const char *)v->data + i * dtype_size(v->type));
}

/* Index i and i - depth mean the same place; others none. */
bool lower_one_hot(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *values = node_in(n, 2), *y = node_out(n, 0);
    int axis = one_hot_axis(c, n), rank = y->shape.rank;
    if (axis < 0)
        return false;
    if (!values->is_const || shape_count(&values->shape) != 2)
        return node_error(c, n, "its values are not two constants; supported: constants");
    int64_t depth = y->shape.dim[axis];
    Shape s = y->shape;
    if (x->type == DT_F32) { /* cut to integers */
        Value *whole = plan_temp(p, DT_I64, &x->shape);
        if (!lower_convert(p, x, whole))
            return false;
        x = whole;
    }
    s.dim[axis] = 1;
    Value *index = plan_view(p, x, &s), *low = plan_temp(p, DT_BOOL, &y->shape);
    Value *high = plan_temp(p, DT_BOOL, &y->shape), *hot = plan_temp(p, DT_BOOL, &y->shape);
    return lower_binary(c, p, n, "Equal", index, numbers(p, x->type, 0, depth, rank, axis), high) &&
           lower_binary(c, p, n, "Equal", index, numbers(p, x->type, -depth, depth, rank, axis), low) &&
           lower_binary(c, p, n, "Or", high, low, hot) &&
           lower_select(c, p, n, hot, element_of(p, values, 1), element_of(p, values, 0), y);
}
