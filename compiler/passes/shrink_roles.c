/* Which axis of each value holds channels, and what a node does to them. */
#include "passes/shrink.h"

#include <string.h>

/* Flattened maps count a channel for each element; above this nothing is shrunk. */
enum { CHANNEL_LIMIT = 1 << 27 };

static bool add_channels(Shrink *s, const Value *v, int axis)
{
    Channels *c = &s->of[v->id];
    if (axis < 0 || axis >= v->shape.rank || v->shape.dim[axis] < 1 || v->shape.dim[axis] > CHANNEL_LIMIT - s->total)
        return false;
    *c = (Channels){.axis = axis, .count = (int32_t)v->shape.dim[axis], .base = s->total};
    s->total += c->count;
    return true;
}

int shrink_axis(const Shrink *s, const Value *v)
{
    return v ? s->of[v->id].axis : -1;
}

static int64_t inner_count(const Shape *s, int axis)
{
    int64_t count = 1;
    for (int i = axis + 1; i < s->rank; i++)
        count *= s->dim[i];
    return count;
}

/* [.., A, I elements] -> [.., B, J elements]: channel b of B holds elements of one channel of A only, and each channel
 * of A is equally often in B, when J divides I, and B * J elements are a number of times A * I. */
static bool move_reshape(Shrink *s, const Value *x, const Value *y)
{
    int64_t a = s->of[x->id].count, inner = inner_count(&x->shape, shrink_axis(s, x));
    int axis = -1;
    for (int i = 0; i < y->shape.rank; i++) {
        int64_t b = y->shape.dim[i], j = inner_count(&y->shape, i);
        if (b < 1 || j < 1 || inner % j || (b * j) % (a * inner))
            continue;
        if (axis < 0 || b < y->shape.dim[axis])
            axis = i;
    }
    if (axis < 0 || !add_channels(s, y, axis))
        return false;
    Channels *c = &s->of[y->id];
    int32_t *from = NEW_ARRAY(s->a, int32_t, c->count);
    int64_t j = inner_count(&y->shape, axis);
    for (int64_t i = 0; i < c->count; i++)
        from[i] = (int32_t)(i * j / inner % a);
    c->from = from;
    return true;
}

static bool add_part(Shrink *s, const Value *y, int axis, int64_t start, bool along)
{
    if (!add_channels(s, y, axis))
        return false;
    Channels *c = &s->of[y->id];
    int32_t *from = along ? NEW_ARRAY(s->a, int32_t, c->count) : NULL;
    for (int32_t i = 0; along && i < c->count; i++)
        from[i] = (int32_t)start + i;
    c->from = from;
    return true;
}

static bool move_split(Shrink *s, const Node *n, const Value *x)
{
    int axis = shrink_axis(s, x), along = axis_normalise(node_int(n, "axis", 0), x->shape.rank);
    int64_t start = 0;
    if (n->version < 2 || along < 0)
        return false;
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *y = node_out(n, i);
        if (!y || !add_part(s, y, axis, start, along == axis))
            return false;
        start += y->shape.dim[along];
    }
    return true;
}

/* The entry of a Slice's lists that cuts this axis; -1: none, -2: not understood. Steps must be 1 there. */
static int slice_entry(const Node *n, int rank, int axis, int64_t *starts)
{
    int64_t axes[MAX_RANK], steps[MAX_RANK];
    int count = n->version < 10 ? -1 : const_ints(node_in(n, 1), starts, MAX_RANK), found = -1;
    if (count < 0 || (node_in(n, 3) && const_ints(node_in(n, 3), axes, MAX_RANK) != count) ||
        (node_in(n, 4) && const_ints(node_in(n, 4), steps, MAX_RANK) != count))
        return -2;
    for (int i = 0; i < count; i++) {
        if ((node_in(n, 3) ? axis_normalise(axes[i], rank) : i) != axis)
            continue;
        if (found >= 0 || (node_in(n, 4) && steps[i] != 1))
            return -2;
        found = i;
    }
    return found;
}

static bool move_slice(Shrink *s, const Node *n, const Value *x, const Value *y)
{
    int axis = shrink_axis(s, x);
    int64_t starts[MAX_RANK], dim = x->shape.dim[axis];
    int entry = slice_entry(n, x->shape.rank, axis, starts);
    if (entry == -2)
        return false;
    if (entry == -1)
        return add_part(s, y, axis, 0, false);
    int64_t start = starts[entry] < 0 ? starts[entry] + dim : starts[entry];
    start = start < 0 ? 0 : start;
    return start + y->shape.dim[axis] <= dim && add_part(s, y, axis, start, true);
}

static Role role_of_move(Shrink *s, Node *n)
{
    int perm[MAX_RANK];
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    bool ok = false;
    if (node_is(n, "Transpose")) {
        int rank = node_perm(n, perm), axis = -1;
        for (int i = 0; i < rank; i++)
            axis = perm[i] == shrink_axis(s, x) ? i : axis;
        ok = add_channels(s, y, axis);
    } else if (node_is(n, "Reshape")) {
        ok = n->version >= 5 && node_in(n, 1) && node_in(n, 1)->is_const && move_reshape(s, x, y);
    } else if (node_is(n, "Split")) {
        ok = move_split(s, n, x);
    } else if (node_is(n, "Slice")) {
        ok = move_slice(s, n, x, y);
    }
    return ok ? ROLE_MOVE : ROLE_OTHER;
}

static bool is_pool(const Node *n)
{
    static const char *const attrs[] = {"kernel_shape", "strides",           "pads",  "dilations",
                                        "ceil_mode",    "count_include_pad", "lo",    "hi",
                                        "x_zero_point", "y_zero_point",      "shift", NULL};
    return (node_is_adze(n, "MaxPool") || node_is_adze(n, "AveragePool") || node_is_adze(n, "QAveragePool")) &&
           only_attrs(n, attrs);
}

/* The axis of the output when this one is not reduced; -1 when it is. */
static int reduced_axis(const Node *n, int rank, int axis)
{
    int64_t list[MAX_RANK];
    int count = node_in(n, 1) ? const_ints(node_in(n, 1), list, MAX_RANK) : node_ints(n, "axes", list, MAX_RANK);
    int before = 0;
    if (count < 1)
        return -1;
    for (int i = 0; i < count; i++) {
        int a = axis_normalise(list[i], rank);
        if (a < 0 || a == axis)
            return -1;
        before += a < axis;
    }
    return node_int(n, "keepdims", 1) ? axis : axis - before;
}

/* Resampling of other axes. */
static bool resizes_others(const Node *n, int axis)
{
    const Shape *x = &node_in(n, 0)->shape, *y = &node_out(n, 0)->shape;
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && !node_in(n, i)->is_const)
            return false;
    return (node_is(n, "Resize") || node_is(n, "Upsample")) && x->rank == y->rank && x->dim[axis] == y->dim[axis] &&
           strcmp(node_string(n, "coordinate_transformation_mode", ""), "tf_crop_and_resize") &&
           !strcmp(node_string(n, "keep_aspect_ratio_policy", "stretch"), "stretch");
}

/* A group a channel, with constant scales. */
static bool normalises_each(const Node *n, int axis)
{
    const Value *x = node_in(n, 0);
    if (!node_is_adze(n, "GroupNormalization") || node_int(n, "axis", 1) != axis ||
        node_int(n, "num_groups", 0) != x->shape.dim[axis])
        return false;
    for (size_t i = 1; i < 3; i++)
        if (!const_f32(node_in(n, i)) || shape_count(&node_in(n, i)->shape) != x->shape.dim[axis])
            return false;
    return true;
}

/* ROLE_EACH: the channel axis of the output, or -1. */
static int each_axis(const Shrink *s, const Node *n)
{
    const Value *x = node_in(n, 0);
    int axis = shrink_axis(s, x), rank = x->shape.rank;
    int64_t pads[2 * MAX_RANK];
    if (!only_first_output(n))
        return -1;
    if (is_unary(n) || node_is(n, "Identity"))
        return axis;
    if (is_pool(n))
        return axis == 3 ? 3 : -1;
    if (resizes_others(n, axis) || normalises_each(n, axis))
        return axis;
    if (!*n->domain && !strncmp(n->op_type, "Reduce", 6))
        return reduced_axis(n, rank, axis);
    if (node_is(n, "Softmax") && n->version >= 13)
        return axis_normalise(node_int(n, "axis", -1), rank) == axis ? -1 : axis;
    if (node_is(n, "Pad") && pad_amounts(n, rank, pads))
        return pads[axis] || pads[axis + rank] ? -1 : axis;
    return -1;
}

int join_axis(const Shrink *s, const Value *v, const Value *y)
{
    int axis = s->of[y->id].axis - (y->shape.rank - v->shape.rank);
    return axis < 0 || v->shape.dim[axis] != y->shape.dim[s->of[y->id].axis] ? -1 : axis;
}

static bool has_plain_elements(const Value *v)
{
    return v->type != DT_STRING && v->type != DT_U4 && v->type != DT_I4 && v->type != DT_NONE;
}

static Role role_of_join(Shrink *s, const Node *n)
{
    const Value *y = node_out(n, 0);
    int axis = -1;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        int at = v ? shrink_axis(s, v) : -1;
        if (at < 0)
            continue;
        at += y->shape.rank - v->shape.rank;
        if (y->shape.dim[at] == s->of[v->id].count && (axis < 0 || y->shape.dim[axis] == 1))
            axis = at;
    }
    if (!only_first_output(n) || !add_channels(s, y, axis))
        return ROLE_OTHER;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        int at = v ? join_axis(s, v, y) : -1;
        bool fits = at < 0 || v->shape.dim[at] == 1 || (v->is_const ? has_plain_elements(v) : shrink_axis(s, v) == at);
        if (!v || !fits) {
            s->of[y->id].axis = -1;
            return ROLE_OTHER;
        }
    }
    return ROLE_JOIN;
}

static Role role_of_concat(Shrink *s, const Node *n)
{
    const Value *y = node_out(n, 0);
    int axis = -1;
    for (size_t i = 0; i < n->inputs.count; i++) {
        int at = shrink_axis(s, node_in(n, i));
        if (at >= 0 && axis >= 0 && at != axis)
            return ROLE_OTHER;
        axis = at >= 0 ? at : axis;
    }
    if (axis < 0 || n->version < 4)
        return ROLE_OTHER;
    bool along = axis_normalise(node_int(n, "axis", 1), y->shape.rank) == axis;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (shrink_axis(s, node_in(n, i)) < 0 && !along)
            return ROLE_OTHER;
    return add_channels(s, y, axis) ? ROLE_CONCAT : ROLE_OTHER;
}

static bool all_known_and_not_empty(const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i] && (!known(n->outputs.items[i]) || !shape_count(&n->outputs.items[i]->shape)))
            return false;
    return node_out(n, 0) != NULL;
}

static bool last_axis_or_none(const Shrink *s, const Value *v)
{
    int axis = shrink_axis(s, v);
    return axis < 0 || axis == v->shape.rank - 1;
}

Role shrink_role(Shrink *s, Node *n)
{
    Product p;
    if (!all_known_and_not_empty(n))
        return ROLE_OTHER;
    if (product_of(n, &p))
        return last_axis_or_none(s, p.x) && last_axis_or_none(s, p.residual) &&
                       add_channels(s, p.y, p.y->shape.rank - 1)
                   ? ROLE_PRODUCT
                   : ROLE_OTHER;
    if (node_is(n, "Concat"))
        return role_of_concat(s, n);
    if (is_broadcast(n))
        return role_of_join(s, n);
    if (shrink_axis(s, node_in(n, 0)) < 0)
        return ROLE_OTHER;
    Role move = role_of_move(s, n);
    if (move != ROLE_OTHER)
        return move;
    return add_channels(s, node_out(n, 0), each_axis(s, n)) ? ROLE_EACH : ROLE_OTHER;
}
