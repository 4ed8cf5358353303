/* Reductions over any set of axes, ArgMax and ArgMin. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

/* axes are an input since opset 13 (ReduceSum) or 18 (the others). */
static int axes_input(const Node *n)
{
    return n->version >= (!strcmp(n->op_type, "ReduceSum") ? 13 : 18) ? 1 : -1;
}

/* Which axes are reduced. Returns false after an error; *open: not known yet. */
static bool reduced_axes(OpContext *c, const Node *n, int rank, bool *reduced, bool *open)
{
    int axes[MAX_RANK], index = axes_input(n), count = axes_of(c, n, index, rank, axes);
    memset(reduced, 0, MAX_RANK * sizeof *reduced);
    *open = count == -2;
    if (count == -1)
        return false;
    for (int i = 0; i < count; i++)
        reduced[axes[i]] = true;
    if (count == -3 || (count == 0 && index >= 0)) {
        bool none = index >= 0 && node_int(n, "noop_with_empty_axes", 0) != 0;
        for (int i = 0; i < rank; i++)
            reduced[i] = !none;
    }
    return true;
}

static Shape reduced_shape(const Shape *x, const bool *reduced, bool keep)
{
    Shape y = {.rank = 0};
    for (int i = 0; i < x->rank; i++)
        if (!reduced[i] || keep)
            y.dim[y.rank++] = reduced[i] ? 1 : x->dim[i];
    return y;
}

bool infer_reduce(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    bool reduced[MAX_RANK], open, keep = node_int(n, "keepdims", 1) != 0;
    if (x->rank >= 0) {
        if (!reduced_axes(c, n, x->rank, reduced, &open))
            return false;
        if (!open)
            y = reduced_shape(x, reduced, keep);
        else if (keep)
            y = shape_of_rank(x->rank);
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

static void reduce_step(Plan *p, const char *function, Value *x, Value *y, const adze_reduce_params *params)
{
    Step *s = PLAN_STEP(p, KIND_REDUCE, function, adze_reduce_params, params);
    step_in(s, x);
    step_out(s, y);
}

/* x with the reduced axes behind the others. */
static Value *reduced_last(OpContext *c, Plan *p, Node *n, Value *x, const bool *reduced)
{
    int perm[MAX_RANK], rank = 0;
    Shape s = {.rank = x->shape.rank};
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < s.rank; i++)
            if (reduced[i] == (pass == 1))
                perm[rank++] = i;
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = x->shape.dim[perm[i]];
    Value *y = plan_temp(p, x->type, &s);
    return lower_transpose(c, p, n, x, y, perm) ? y : NULL;
}

bool lower_reduce(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    const Shape *s = &x->shape;
    bool reduced[MAX_RANK], open, split = false;
    int first = s->rank, last = -1, kept = 0;
    if (!reduced_axes(c, n, s->rank, reduced, &open))
        return false;
    if (open)
        return node_error(c, n, "its axes are not constant; supported: constants");
    for (int i = 0; i < s->rank; i++) {
        if (reduced[i]) {
            first = first < s->rank ? first : i;
            last = i;
        }
        kept += !reduced[i];
    }
    if (s->rank && last < 0) {
        plan_alias(p, y, x);
        return true;
    }
    for (int i = first; i <= last; i++)
        split = split || (!reduced[i] && s->dim[i] != 1);
    adze_reduce_params params = {.outer = 1, .axis = 1, .inner = 1};
    if (split) {
        x = reduced_last(c, p, n, x, reduced);
        if (!x)
            return false;
        params.outer = (int32_t)dims_count(&x->shape, 0, kept);
        params.axis = (int32_t)dims_count(&x->shape, kept, s->rank);
    } else if (s->rank) {
        params.outer = (int32_t)dims_count(s, 0, first);
        params.axis = (int32_t)dims_count(s, first, last + 1);
        params.inner = (int32_t)dims_count(s, last + 1, s->rank);
    }
    reduce_step(p, n->op->name, x, y, &params);
    return true;
}

static int arg_axis(OpContext *c, const Node *n, const Shape *x)
{
    int64_t given = node_int(n, "axis", 0);
    int axis = axis_normalise(given, x->rank);
    if (axis < 0)
        node_error(c, n, "its axis %" PRId64 " is outside of its input %s", given, shape_str(c, x));
    return axis;
}

bool infer_arg(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    if (x->rank >= 0) {
        bool reduced[MAX_RANK] = {0};
        int axis = arg_axis(c, n, x);
        if (axis < 0)
            return false;
        if (x->dim[axis] == 0)
            return node_error(c, n, "axis %d of its input %s has no elements", axis, shape_str(c, x));
        reduced[axis] = true;
        y = reduced_shape(x, reduced, node_int(n, "keepdims", 1) != 0);
    }
    op_set_output(n, 0, DT_I64, &y);
    return true;
}

bool lower_arg(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int axis = arg_axis(c, n, x);
    if (axis < 0)
        return false;
    adze_reduce_params params = {.outer = (int32_t)dims_count(x, 0, axis),
                                 .axis = (int32_t)x->dim[axis],
                                 .inner = (int32_t)dims_count(x, axis + 1, x->rank),
                                 .keep = node_int(n, "select_last_index", 0) != 0};
    reduce_step(p, n->op->name, node_in(n, 0), node_out(n, 0), &params);
    return true;
}
