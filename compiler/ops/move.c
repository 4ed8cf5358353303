/* Operators that move elements: Transpose, Concat, Split, Slice, Gather, Expand, Tile. Most are strided copies. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

/* An `axis` attribute inside of [-rank, rank-1]; -1 after an error. */
static int axis_attr(OpContext *c, const Node *n, int64_t otherwise, int rank)
{
    int64_t given = node_int(n, "axis", otherwise);
    int axis = axis_normalise(given, rank);
    if (axis < 0)
        node_error(c, n, "its axis %" PRId64 " is outside of [%d, %d]", given, -rank, rank - 1);
    return axis;
}

static bool permutation(OpContext *c, const Node *n, int rank, int *perm)
{
    int64_t given[MAX_RANK];
    int count = node_ints(n, "perm", given, MAX_RANK);
    unsigned seen = 0;
    if (count >= 0 && count != rank)
        return node_error(c, n, "attribute 'perm' has %d axes; its input has %d", count, rank);
    for (int i = 0; i < rank; i++) {
        int64_t axis = count < 0 ? rank - 1 - i : given[i];
        if (axis < 0 || axis >= rank || seen & (1u << axis))
            return node_error(c, n,
                              "attribute 'perm' is no permutation: axis %" PRId64 " of %d is outside or named twice",
                              axis, rank);
        seen |= 1u << axis;
        perm[i] = (int)axis;
    }
    return true;
}

bool infer_transpose(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    int perm[MAX_RANK];
    Shape y = *x;
    if (x->rank >= 0 && !permutation(c, n, x->rank, perm))
        return false;
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = x->dim[perm[i]];
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_transpose_node(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0);
    int perm[MAX_RANK];
    return permutation(c, n, x->shape.rank, perm) && lower_transpose(c, p, n, x, node_out(n, 0), perm);
}

/* One more input of a Concat: *y is the sum so far. */
static bool concat_add(OpContext *c, const Node *n, const Shape *x, int axis, Shape *y)
{
    if (x->rank != y->rank)
        return node_error(c, n, "its inputs have %d and %d axes", y->rank, x->rank);
    for (int i = 0; i < y->rank; i++) {
        int64_t a = y->dim[i], b = x->dim[i];
        if (i == axis) {
            if (a < 0 || b < 0)
                y->dim[i] = -1;
            else if (__builtin_add_overflow(a, b, &y->dim[i]))
                return node_error(c, n, "its output has more than 2^63 elements on axis %d", axis);
        } else if (a >= 0 && b >= 0 && a != b) {
            return node_error(c, n, "its inputs differ on axis %d: %" PRId64 " and %" PRId64, i, a, b);
        } else {
            y->dim[i] = a < 0 ? b : a;
        }
    }
    return true;
}

bool infer_concat(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y = *in_shape(n, 0);
    for (size_t i = 0; i < n->inputs.count; i++) {
        if (!node_in(n, i))
            return node_error(c, n, "its input %zu is left out", i);
        if (in_type(n, i) && in_type(n, 0) && in_type(n, i) != in_type(n, 0))
            return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(in_type(n, 0)),
                              dtype_name(in_type(n, i)));
    }
    if (y.rank == 0)
        return node_error(c, n, "its inputs are scalars");
    int axis = y.rank > 0 ? axis_attr(c, n, 1, y.rank) : 0;
    if (axis < 0)
        return false;
    for (size_t i = 1; i < n->inputs.count && y.rank > 0; i++) {
        if (in_shape(n, i)->rank < 0)
            y = shape_unknown();
        else if (!concat_add(c, n, in_shape(n, i), axis, &y))
            return false;
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* Copies between a whole and its part from `at` on along an axis. */
static bool lower_part(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, bool y_is_part, int axis, int64_t at)
{
    const Shape *part = y_is_part ? &y->shape : &x->shape, *whole = y_is_part ? &x->shape : &y->shape;
    Walk w = {.rank = part->rank};
    memcpy(w.dim, part->dim, sizeof part->dim);
    row_strides(&x->shape, w.stride[0]);
    row_strides(&y->shape, w.stride[1]);
    if (part->dim[axis] == 0)
        return true;
    w.offset[!y_is_part] = at * dims_count(whole, axis + 1, whole->rank);
    return lower_walk(c, p, n, x, y, &w);
}

bool lower_concat(OpContext *c, Plan *p, Node *n)
{
    Value *y = node_out(n, 0);
    int axis = axis_attr(c, n, 1, y->shape.rank);
    int64_t at = 0;
    if (axis < 0)
        return false;
    if (n->inputs.count == 1)
        return lower_view(c, p, n);
    for (size_t i = 0; i < n->inputs.count; i++) {
        Value *x = node_in(n, i);
        if (!lower_part(c, p, n, x, y, false, axis, at))
            return false;
        at += x->shape.dim[axis];
    }
    return true;
}

/* Sizes of the parts of a Split along `axis` of `total` elements; *open when they are not known yet. */
static bool split_sizes(OpContext *c, const Node *n, int64_t total, int64_t *sizes, bool *open)
{
    int count = (int)n->outputs.count, given;
    const Value *v = node_in(n, 1);
    int64_t sum = 0;
    *open = false;
    if (n->version >= 13 || (n->version < 2 && v)) {
        if (v && !v->is_const) {
            *open = true;
            return true;
        }
        given = v ? const_ints(v, sizes, count) : -1;
        if (v && given < 0)
            return node_error(c, n, "its input 'split' must be a list of %d integers", count);
    } else {
        given = node_ints(n, "split", sizes, count);
    }
    if (given >= 0) {
        if (given != count)
            return node_error(c, n, "it splits into %d parts but has %d outputs", given, count);
        for (int i = 0; i < count; i++)
            if (sizes[i] < 0 || __builtin_add_overflow(sum, sizes[i], &sum))
                return node_error(c, n, "part %d has the size %" PRId64, i, sizes[i]);
        if (total >= 0 && sum != total)
            return node_error(c, n, "its parts sum up to %" PRId64 ", its input has %" PRId64, sum, total);
        return true;
    }
    int64_t parts = node_int(n, "num_outputs", count);
    if (parts != count)
        return node_error(c, n, "attribute 'num_outputs' is %" PRId64 ", it has %d outputs", parts, count);
    *open = total < 0;
    if (total >= 0 && n->version < 18 && total % count)
        return node_error(c, n, "its %" PRId64 " elements do not split into %d equal parts", total, count);
    int64_t size = total < 0 ? -1 : total / count + (total % count != 0);
    for (int i = 0; i < count && total >= 0; i++) {
        sizes[i] = total < size ? total : size;
        total -= sizes[i];
    }
    return true;
}

bool infer_split(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = *x;
    bool open = true;
    int axis = x->rank >= 0 ? axis_attr(c, n, 0, x->rank) : 0;
    int64_t *sizes = NEW_ARRAY(c->scratch, int64_t, n->outputs.count);
    if (axis < 0 || (x->rank >= 0 && !split_sizes(c, n, x->dim[axis], sizes, &open)))
        return false;
    for (size_t i = 0; i < n->outputs.count; i++) {
        if (x->rank >= 0)
            y.dim[axis] = open ? -1 : sizes[i];
        op_set_output(n, i, in_type(n, 0), &y);
    }
    return true;
}

bool lower_split(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0);
    bool open;
    int axis = axis_attr(c, n, 0, x->shape.rank);
    int64_t *sizes = NEW_ARRAY(c->scratch, int64_t, n->outputs.count), at = 0;
    if (axis < 0 || !split_sizes(c, n, x->shape.dim[axis], sizes, &open) || open)
        return false;
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *y = node_out(n, i);
        if (y && shape_count(&y->shape) > 0 && !lower_part(c, p, n, x, y, true, axis, at))
            return false;
        at += sizes[i];
    }
    return true;
}

typedef struct {
    int64_t start[MAX_RANK], step[MAX_RANK], count[MAX_RANK];
    bool axes_known, known; /* which axes are cut; where */
    bool cut[MAX_RANK];
} Cut;

/* A list of a Slice: an input since opset 10, an attribute before. Returns its length, -1 absent, -2 not constant. */
static int slice_list(const Node *n, size_t input, const char *name, int64_t *out)
{
    if (n->version < 10)
        return name ? node_ints(n, name, out, MAX_RANK) : -1;
    const Value *v = node_in(n, input);
    if (!v)
        return -1;
    int count = v->is_const ? const_ints(v, out, MAX_RANK) : -2;
    return count == -1 ? MAX_RANK + 1 : count;
}

/* One axis: ONNX cuts starts and ends to the axis. */
static void slice_axis(Cut *cut, int axis, int64_t dim, int64_t start, int64_t end, int64_t step)
{
    start = start < 0 ? start + dim : start;
    end = end < 0 ? end + dim : end;
    int64_t low = step > 0 ? 0 : -1, high = step > 0 ? dim : dim - 1;
    start = start < 0 ? 0 : start > high ? high : start;
    end = end < low ? low : end > high ? high : end;
    int64_t span = step > 0 ? end - start : start - end;
    /* Negated as unsigned: INT64_MIN has no positive. */
    uint64_t size = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    int64_t count = span > 0 ? (int64_t)(((uint64_t)span - 1) / size) + 1 : 0;
    cut->start[axis] = count ? start : 0;
    cut->count[axis] = count;
    cut->step[axis] = count > 1 ? step : 1;
}

static bool slice_cut(OpContext *c, const Node *n, const Shape *x, Cut *cut)
{
    int64_t starts[MAX_RANK], ends[MAX_RANK], given[MAX_RANK], steps[MAX_RANK];
    int axes[MAX_RANK];
    int s = slice_list(n, 1, "starts", starts), e = slice_list(n, 2, "ends", ends), a,
        t = slice_list(n, 4, NULL, steps);
    *cut = (Cut){0};
    for (int i = 0; i < x->rank; i++) {
        cut->step[i] = 1;
        cut->count[i] = x->dim[i];
    }
    if (s > MAX_RANK || e > MAX_RANK || t > MAX_RANK || s == -1 || e == -1)
        return node_error(c, n, "its starts, ends and steps must be lists of at most %d integers", MAX_RANK);
    a = slice_list(n, 3, "axes", given) == -1 ? -3 : axes_of(c, n, n->version < 10 ? -1 : 3, x->rank, axes);
    if (a == -1)
        return false;
    const Shape *length = in_shape(n, 1);
    int count = s >= 0 ? s : e >= 0 ? e : a;
    if (count < 0 && n->version >= 10 && length->rank == 1 && length->dim[0] <= MAX_RANK)
        count = (int)length->dim[0];
    if (a == -2 || (a == -3 && count < 0))
        return true;
    if (a == -3)
        for (int i = 0; i < count && i < MAX_RANK; i++)
            axes[i] = i;
    if ((a >= 0 && a != count) || (s >= 0 && s != count) || (e >= 0 && e != count) || (t >= 0 && t != count) ||
        count > x->rank)
        return node_error(c, n, "its starts, ends, axes and steps differ in length, or are more than the axes of %s",
                          shape_str(c, x));
    cut->axes_known = true;
    cut->known = s >= 0 && e >= 0 && t != -2;
    for (int i = 0; i < count; i++) {
        cut->cut[axes[i]] = true;
        if (!cut->known)
            continue;
        int64_t step = t >= 0 ? steps[i] : 1;
        if (step == 0)
            return node_error(c, n, "its step on axis %d is 0", axes[i]);
        if (x->dim[axes[i]] >= 0)
            slice_axis(cut, axes[i], x->dim[axes[i]], starts[i], ends[i], step);
    }
    return true;
}

bool infer_slice(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    Cut cut;
    if (x->rank >= 0) {
        if (!slice_cut(c, n, x, &cut))
            return false;
        y.rank = x->rank;
        for (int i = 0; i < y.rank; i++)
            y.dim[i] = !cut.axes_known || (cut.cut[i] && !cut.known) ? -1 : cut.count[i];
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_slice(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int64_t strides[MAX_RANK];
    Cut cut;
    if (!slice_cut(c, n, &x->shape, &cut))
        return false;
    if (!cut.known)
        return node_error(c, n, "its starts, ends, axes or steps are not constant; supported: constants");
    Walk w = {.rank = x->shape.rank};
    row_strides(&x->shape, strides);
    row_strides(&y->shape, w.stride[1]);
    for (int i = 0; i < w.rank; i++) {
        w.dim[i] = cut.count[i];
        w.stride[0][i] = strides[i] * cut.step[i];
        w.offset[0] += strides[i] * cut.start[i];
    }
    return lower_walk_or_alias(c, p, n, x, y, &w);
}

bool infer_gather(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    Shape y = shape_unknown();
    if (in_type(n, 1) != DT_NONE && in_type(n, 1) != DT_I64 && in_type(n, 1) != DT_I32)
        return node_error(c, n, "its indices are %s; supported: i32 i64", dtype_name(in_type(n, 1)));
    int axis = x->rank >= 0 ? axis_attr(c, n, 0, x->rank) : 0;
    if (axis < 0)
        return false;
    if (x->rank >= 0 && index->rank >= 0) {
        if (x->rank - 1 + index->rank > MAX_RANK)
            return node_error(c, n, "its output would have %d axes; supported: %d", x->rank - 1 + index->rank,
                              MAX_RANK);
        y.rank = 0;
        for (int i = 0; i < axis; i++)
            y.dim[y.rank++] = x->dim[i];
        for (int i = 0; i < index->rank; i++)
            y.dim[y.rank++] = index->dim[i];
        for (int i = axis + 1; i < x->rank; i++)
            y.dim[y.rank++] = x->dim[i];
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

static bool check_indices(OpContext *c, const Node *n, const Value *v, int64_t dim)
{
    Tensor t = value_tensor(v);
    int64_t count = shape_count(&v->shape);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = tensor_int(&t, i);
        if (at < -dim || at >= dim)
            return node_error(c, n, "its index %" PRId64 " is outside of the axis of %" PRId64, at, dim);
    }
    return true;
}

bool lower_gather(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *index = node_in(n, 1), *y = node_out(n, 0);
    const Shape *s = &x->shape;
    int axis = axis_attr(c, n, 0, s->rank);
    if (axis < 0 || (index->is_const && !check_indices(c, n, index, s->dim[axis])))
        return false;
    if (s->dim[axis] == 0)
        return node_error(c, n, "its input %s has nothing to gather", shape_str(c, s));
    adze_gather_params params = {.outer = (int32_t)dims_count(s, 0, axis),
                                 .axis = (int32_t)s->dim[axis],
                                 .inner = (int32_t)dims_count(s, axis + 1, s->rank),
                                 .indices = (int32_t)shape_count(&index->shape)};
    if (index->is_const && params.indices == 1) { /* one known row: a slice */
        Tensor t = value_tensor(index);
        int64_t at = tensor_int(&t, 0);
        Walk w = {.rank = 2, .dim = {params.outer, params.inner}};
        w.stride[0][0] = (int64_t)params.axis * params.inner;
        w.stride[1][0] = params.inner;
        w.stride[0][1] = w.stride[1][1] = 1;
        w.offset[0] = (at < 0 ? at + params.axis : at) * params.inner;
        return lower_walk_or_alias(c, p, n, x, y, &w);
    }
    Step *step = PLAN_STEP(p, KIND_GATHER, NULL, adze_gather_params, &params);
    step_in(step, x);
    step_in(step, index);
    step_out(step, y);
    return true;
}

bool infer_expand(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Value *v = node_in(n, 1);
    Shape y = shape_unknown(), to = {.rank = 0};
    if (v && v->is_const) {
        to.rank = const_ints(v, to.dim, MAX_RANK);
        if (to.rank < 0)
            return node_error(c, n, "its shape must be a list of at most %d integers", MAX_RANK);
        for (int i = 0; i < to.rank; i++)
            if (to.dim[i] < 0)
                return node_error(c, n, "its shape has the dimension %" PRId64, to.dim[i]);
        if (!shape_broadcast(in_shape(n, 0), &to, &y))
            return node_error(c, n, "its input %s does not broadcast to %s", shape_str(c, in_shape(n, 0)),
                              shape_str(c, &to));
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_expand(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int64_t own[MAX_RANK];
    Walk w = {.rank = y->shape.rank};
    row_strides(&x->shape, own);
    row_strides(&y->shape, w.stride[1]);
    for (int i = 0; i < w.rank; i++) {
        int k = i - (w.rank - x->shape.rank);
        w.dim[i] = y->shape.dim[i];
        w.stride[0][i] = k < 0 || x->shape.dim[k] == 1 ? 0 : own[k];
    }
    return lower_walk_or_alias(c, p, n, x, y, &w);
}

bool infer_tile(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    const Value *v = node_in(n, 1);
    Shape y = x->rank >= 0 ? shape_of_rank(x->rank) : shape_unknown();
    int64_t repeats[MAX_RANK];
    if (v && v->is_const && x->rank >= 0) {
        if (const_ints(v, repeats, MAX_RANK) != x->rank)
            return node_error(c, n, "its repeats must be a list of %d integers", x->rank);
        for (int i = 0; i < x->rank; i++) {
            if (repeats[i] < 0)
                return node_error(c, n, "it repeats axis %d %" PRId64 " times", i, repeats[i]);
            if (x->dim[i] >= 0 && __builtin_mul_overflow(x->dim[i], repeats[i], &y.dim[i]))
                return node_error(c, n, "axis %d of its output has more than 2^63 elements", i);
        }
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_tile(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int64_t xs[MAX_RANK], ys[MAX_RANK];
    Walk w = {.rank = 0};
    if (shape_count(&y->shape) == 0)
        return true;
    row_strides(&x->shape, xs);
    row_strides(&y->shape, ys);
    for (int i = 0; i < x->shape.rank; i++) { /* an axis and, in front of it, its copies */
        w.dim[w.rank] = y->shape.dim[i] / x->shape.dim[i];
        w.stride[0][w.rank] = 0;
        w.stride[1][w.rank++] = ys[i] * x->shape.dim[i];
        w.dim[w.rank] = x->shape.dim[i];
        w.stride[0][w.rank] = xs[i];
        w.stride[1][w.rank++] = ys[i];
    }
    return lower_walk_or_alias(c, p, n, x, y, &w);
}
