/* Which axis of each value holds channels, and which channels can only go together. */
#include "passes/shrink.h"

#include <math.h>
#include <string.h>

/* Flattened maps count a channel for each element; above this nothing is shrunk. */
enum { CHANNEL_LIMIT = 1 << 27 };

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

/* ---- Products ---- */

/* A node with an attribute that is not known here may compute something else. */
static bool only_attrs(const Node *n, const char *const *names)
{
    for (size_t i = 0; i < n->attrs.count; i++) {
        const char *const *name = names;
        while (*name && strcmp(*name, n->attrs.items[i].name))
            name++;
        if (!*name)
            return false;
    }
    return true;
}

static bool is_padded(const Node *n)
{
    int64_t pads[MAX_RANK];
    int count = node_ints(n, "pads", pads, MAX_RANK);
    for (int i = 0; i < count; i++)
        if (pads[i])
            return true;
    return false;
}

static bool conv_strides(Product *p, const Shape *w)
{
    int64_t group = node_int(p->node, "group", 1);
    if (w->rank != 4 || p->x->shape.rank != 4 || group < 1 || group > w->dim[0] || w->dim[0] % group)
        return false;
    p->group = (int32_t)group;
    p->in = (int32_t)w->dim[3];
    p->out = (int32_t)(w->dim[0] / group);
    p->taps = w->dim[1] * w->dim[2];
    p->by_input = 1;
    p->by_tap = w->dim[3];
    p->by_output = p->taps * w->dim[3];
    p->padded = is_padded(p->node) || node_is_adze(p->node, "ConvTranspose");
    return true;
}

static bool gemm_strides(Product *p, const Shape *w)
{
    if (w->rank != 2)
        return false;
    p->group = 1;
    p->in = (int32_t)w->dim[0];
    p->out = (int32_t)w->dim[1];
    p->taps = 1;
    p->by_input = w->dim[1];
    p->by_output = 1;
    return true;
}

static bool const_i32(const Value *v, int64_t count)
{
    return v && v->is_const && v->data && v->type == DT_I32 && v->shape.rank == 1 && v->shape.dim[0] == count;
}

static bool q_product_of(Node *n, Product *out)
{
    static const char *const attrs[] = {
        "strides", "pads",         "dilations",    "group",        "x_zero_point", "y_zero_point",   "shift", "q_lo",
        "q_hi",    "r_zero_point", "q_multiplier", "r_multiplier", "add_shift",    "add_zero_point", "lo",    "hi",
        NULL};
    Value *w = node_in(n, 1), *y = node_out(n, 0), *x = node_in(n, 0);
    *out = (Product){.node = n, .x = x, .bias = node_in(n, 2), .residual = node_in(n, 4), .y = y, .q = true};
    if (!only_attrs(n, attrs) || !known(x) || !known(y) || !w || !w->is_const || !w->data ||
        shape_count(&w->shape) < 1 || (w->type != DT_I8 && w->type != DT_I16) ||
        !(node_is_adze(n, "QConv") ? conv_strides(out, &w->shape) : gemm_strides(out, &w->shape)))
        return false;
    int64_t channels = (int64_t)out->group * out->out;
    if (y->shape.rank < 1 || y->shape.dim[y->shape.rank - 1] != channels ||
        x->shape.dim[x->shape.rank - 1] != (int64_t)out->group * out->in || !const_i32(out->bias, channels) ||
        !const_i32(node_in(n, 3), channels))
        return false;
    out->w8 = w->type == DT_I8 ? w->data : NULL;
    out->w16 = w->type == DT_I16 ? w->data : NULL;
    out->b32 = out->bias->data;
    out->multiplier = node_in(n, 3)->data;
    out->zero = (int32_t)node_int(n, "x_zero_point", 0);
    out->pixels = shape_count(&y->shape) / channels;
    return true;
}

bool product_of(Node *n, Product *out)
{
    static const char *const conv_attrs[] = {"strides", "pads", "dilations", "group", "lo", "hi", NULL};
    static const char *const gemm_attrs[] = {"lo", "hi", NULL};
    static const char *const transposed_attrs[] = {"strides", "pads", "dilations", "output_shape",
                                                   "group",   "lo",   "hi",        NULL};
    bool transposed = n && node_is_adze(n, "ConvTranspose"), conv = n && (node_is_adze(n, "Conv") || transposed),
         gemm = n && node_is_adze(n, "Gemm");
    if (n && (node_is_adze(n, "QConv") || node_is_adze(n, "QGemm")))
        return q_product_of(n, out);
    if ((!conv && !gemm) || n->inputs.count > 4 ||
        !only_attrs(n, transposed ? transposed_attrs
                       : conv     ? conv_attrs
                                  : gemm_attrs))
        return false;
    Value *w = node_in(n, 1), *y = node_out(n, 0);
    *out = (Product){.node = n, .x = node_in(n, 0), .bias = node_in(n, 2), .residual = node_in(n, 3), .y = y};
    if (!known_f32(out->x) || !known_f32(y) || !const_f32(w) || shape_count(&w->shape) < 1 ||
        (out->bias && (!const_f32(out->bias) || out->bias->shape.rank != 1)) ||
        (out->residual && !known_f32(out->residual)))
        return false;
    if (!(conv ? conv_strides(out, &w->shape) : gemm_strides(out, &w->shape)))
        return false;
    int64_t channels = (int64_t)out->group * out->out;
    if (y->shape.rank < 1 || y->shape.dim[y->shape.rank - 1] != channels ||
        out->x->shape.dim[out->x->shape.rank - 1] != (int64_t)out->group * out->in)
        return false;
    out->w = w->data;
    out->b = out->bias ? out->bias->data : NULL;
    out->pixels =
        transposed ? shape_count(&out->x->shape) / ((int64_t)out->group * out->in) : shape_count(&y->shape) / channels;
    out->lo = (double)node_float(n, "lo", -INFINITY);
    out->hi = (double)node_float(n, "hi", INFINITY);
    return true;
}

bool product_ignores(const Product *p, int32_t o, int32_t c)
{
    for (int64_t t = 0; t < p->taps; t++)
        if (product_weight(p, o, t, c) != 0)
            return false;
    return true;
}

/* ---- Axes ---- */

static bool add_channels(Shrink *s, const Value *v, int axis)
{
    Channels *c = &s->of[v->id];
    if (axis < 0 || axis >= v->shape.rank || v->shape.dim[axis] < 1 || v->shape.dim[axis] > CHANNEL_LIMIT - s->total)
        return false;
    *c = (Channels){.axis = axis, .count = (int32_t)v->shape.dim[axis], .base = s->total};
    s->total += c->count;
    return true;
}

static int axis_of(const Shrink *s, const Value *v)
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
    int64_t a = s->of[x->id].count, inner = inner_count(&x->shape, axis_of(s, x));
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
    int axis = axis_of(s, x), along = axis_normalise(node_int(n, "axis", 0), x->shape.rank);
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
    int axis = axis_of(s, x);
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
            axis = perm[i] == axis_of(s, x) ? i : axis;
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
    int axis = axis_of(s, x), rank = x->shape.rank;
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
        int at = v ? axis_of(s, v) : -1;
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
        bool fits = at < 0 || v->shape.dim[at] == 1 || (v->is_const ? has_plain_elements(v) : axis_of(s, v) == at);
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
        int at = axis_of(s, node_in(n, i));
        if (at >= 0 && axis >= 0 && at != axis)
            return ROLE_OTHER;
        axis = at >= 0 ? at : axis;
    }
    if (axis < 0 || n->version < 4)
        return ROLE_OTHER;
    bool along = axis_normalise(node_int(n, "axis", 1), y->shape.rank) == axis;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (axis_of(s, node_in(n, i)) < 0 && !along)
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
    int axis = axis_of(s, v);
    return axis < 0 || axis == v->shape.rank - 1;
}

static Role role_of(Shrink *s, Node *n)
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
    if (axis_of(s, node_in(n, 0)) < 0)
        return ROLE_OTHER;
    Role move = role_of_move(s, n);
    if (move != ROLE_OTHER)
        return move;
    return add_channels(s, node_out(n, 0), each_axis(s, n)) ? ROLE_EACH : ROLE_OTHER;
}

/* ---- Which channels go together ---- */

static void join_all(Shrink *s, const Value *x, const Value *y)
{
    const Channels *c = &s->of[y->id];
    for (int32_t i = 0; i < c->count; i++)
        shrink_join(s, s->of[x->id].base + (c->from ? c->from[i] : i), c->base + i);
}

static void join_concat(Shrink *s, const Node *n)
{
    const Value *y = node_out(n, 0);
    int axis = axis_of(s, y);
    bool along = axis_normalise(node_int(n, "axis", 1), y->shape.rank) == axis;
    int32_t at = s->of[y->id].base;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        for (int32_t k = 0; k < s->of[x->id].count && axis_of(s, x) >= 0; k++)
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
        if (!node_in(n, i)->is_const && join_axis(s, node_in(n, i), y) >= 0 && axis_of(s, node_in(n, i)) >= 0)
            join_all(s, node_in(n, i), y);
    const Value *residual = node_in(n, residual_index(n));
    if (role == ROLE_PRODUCT && residual && axis_of(s, residual) == axis_of(s, y))
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
        Role role = s->roles[n->id] = role_of(s, n);
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
