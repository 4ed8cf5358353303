/* Resize and Upsample: one axis after the other. Mode 'nearest' moves elements, the others are weighted sums of rows,
 * with indices and weights as constants. Any order of axes is supported, so that images may be NHWC. */
#include "ops/resize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
    const Value *scales, *sizes, *roi; /* NULL: not given */
} Operands;

static const Value *given(const Node *n, size_t i)
{
    const Value *v = node_in(n, i);
    return v && !(v->is_const && shape_count(&v->shape) == 0) ? v : NULL;
}

static Operands operands_of(const Node *n)
{
    if (n->version < 11)
        return (Operands){.scales = given(n, 1)};
    return (Operands){.roi = given(n, 1), .scales = given(n, 2), .sizes = given(n, 3)};
}

/* A list of `count` floats (f32, f16, f64) of a constant. */
static bool floats_of(OpContext *c, const Node *n, const char *what, const Value *v, int64_t count, float *out)
{
    Tensor t = value_tensor(v);
    if (!dtype_is_float(v->type) || shape_count(&v->shape) != count)
        return node_error(c, n, "its %s is %s %s; a list of %" PRId64 " floats expected", what, dtype_name(v->type),
                          shape_str(c, &v->shape), count);
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)tensor_float(&t, i);
    return true;
}

static bool set_scale(OpContext *c, const Node *n, ResizeAxis *a, int axis, float scale)
{
    float out = (float)a->in * scale;
    a->scale = scale;
    if (!(scale > 0) || !isfinite(scale))
        return node_error(c, n, "its scale of axis %d is not above 0", axis);
    if (a->in >= 0 && !(out < (float)INT32_MAX))
        return node_error(c, n, "its output would have more than 2^31-1 elements on axis %d", axis);
    a->out = a->in < 0 ? -1 : (int64_t)out;
    return true;
}

static bool set_scales(OpContext *c, const Node *n, const Value *v, ResizeAxis *all, const int *axes, int count)
{
    float scales[MAX_RANK];
    const Attr *attr = node_attr(n, "scales");
    if (n->version >= 9 && (!v || !v->is_const))
        return true;
    if (n->version >= 9) {
        if (!floats_of(c, n, "input 'scales'", v, count, scales))
            return false;
    } else {
        if (!attr || attr->kind != ATTR_FLOATS || attr->count != (size_t)count)
            return node_error(c, n, "attribute 'scales' must be a list of %d floats", count);
        memcpy(scales, attr->floats, (size_t)count * sizeof *scales);
    }
    for (int i = 0; i < count; i++)
        if (!set_scale(c, n, &all[axes[i]], axes[i], scales[i]))
            return false;
    return true;
}

/* keep_aspect_ratio_policy: one scale for all axes, the smallest or the largest of them. */
static float common_scale(const ResizeAxis *all, const int *axes, int count, bool smallest)
{
    float scale = all[axes[0]].scale;
    for (int i = 1; i < count; i++)
        scale = smallest ? fminf(scale, all[axes[i]].scale) : fmaxf(scale, all[axes[i]].scale);
    return scale;
}

static bool set_sizes(OpContext *c, const Node *n, const Value *v, ResizeAxis *all, const int *axes, int count)
{
    int64_t sizes[MAX_RANK];
    bool known = true;
    if (!v || !v->is_const)
        return true;
    if (const_ints(v, sizes, MAX_RANK) != count)
        return node_error(c, n, "its input 'sizes' must be a list of %d integers", count);
    for (int i = 0; i < count; i++) {
        ResizeAxis *a = &all[axes[i]];
        if (sizes[i] < 0 || sizes[i] > INT32_MAX)
            return node_error(c, n, "its output would have the size %" PRId64 " on axis %d", sizes[i], axes[i]);
        a->out = sizes[i];
        a->scale = a->in > 0 ? (float)sizes[i] / (float)a->in : 1.0f;
        known = known && a->in > 0;
    }
    const char *policy = node_string(n, "keep_aspect_ratio_policy", "stretch");
    if (!known || count == 0 || !strcmp(policy, "stretch"))
        return true;
    if (strcmp(policy, "not_larger") && strcmp(policy, "not_smaller"))
        return node_error(c, n, "its keep_aspect_ratio_policy is %s; supported: stretch, not_larger, not_smaller",
                          diag_quote(c->scratch, policy));
    float scale = common_scale(all, axes, count, !strcmp(policy, "not_larger"));
    for (int i = 0; i < count; i++) {
        all[axes[i]].scale = scale;
        all[axes[i]].out = (int64_t)roundf(scale * (float)all[axes[i]].in);
    }
    return true;
}

static bool set_region(OpContext *c, const Node *n, const Value *v, ResizeAxis *all, const int *axes, int count)
{
    float region[2 * MAX_RANK];
    if (strcmp(node_string(n, "coordinate_transformation_mode", ""), "tf_crop_and_resize"))
        return true;
    if (!v || !v->is_const)
        return node_error(c, n, "its input 'roi' is not constant; supported: constants");
    if (!floats_of(c, n, "input 'roi'", v, 2 * count, region))
        return false;
    for (int i = 0; i < count; i++) {
        all[axes[i]].start = region[i];
        all[axes[i]].end = region[count + i];
        if (!isfinite(region[i]) || !isfinite(region[count + i]))
            return node_error(c, n, "its region of axis %d is not finite", axes[i]);
    }
    return true;
}

bool resize_axes(OpContext *c, const Node *n, const Shape *x, ResizeAxis *all)
{
    int axes[MAX_RANK], count = x->rank;
    Operands in = operands_of(n);
    if (node_int(n, "antialias", 0))
        return node_error(c, n,
                          "it asks for antialias; hint: export it with antialias=0, or resize in front of the model");
    bool listed = n->version >= 18 && node_attr(n, "axes");
    for (int i = 0; i < x->rank; i++) {
        axes[i] = i;
        all[i] = (ResizeAxis){.in = x->dim[i], .out = x->dim[i], .scale = 1, .end = 1};
    }
    if (listed && (count = axes_of(c, n, -1, x->rank, axes)) < 0)
        return false;
    for (int i = 0; i < count; i++)
        all[axes[i]].out = -1;
    if (n->version >= 11 && !in.scales == !in.sizes)
        return node_error(c, n, "it has %s scales and sizes; one of them is expected", in.scales ? "both" : "neither");
    return in.sizes ? set_sizes(c, n, in.sizes, all, axes, count) && set_region(c, n, in.roi, all, axes, count)
                    : set_scales(c, n, in.scales, all, axes, count) && set_region(c, n, in.roi, all, axes, count);
}

bool infer_resize(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    ResizeAxis all[MAX_RANK];
    Shape y = x->rank >= 0 ? shape_of_rank(x->rank) : shape_unknown();
    if (x->rank >= 0 && !resize_axes(c, n, x, all))
        return false;
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = all[i].out;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* Row i is x[(i + first) / repeat] or x[first + i * step]: a stride instead of a table. */
typedef struct {
    int64_t repeat, step, first;
} Even;

static bool is_even(const ResizeAxis *a, const ResizeTable *t, Even *out)
{
    const int32_t *index = t->index;
    *out = (Even){.repeat = a->out % a->in == 0 ? a->out / a->in : 1, .step = 1, .first = index[0]};
    if (out->repeat == 1 && a->out > 1)
        out->step = index[1] - index[0];
    for (int64_t i = 0; i < a->out; i++)
        if (index[i] != (out->repeat > 1 ? i / out->repeat : out->first + i * out->step))
            return false;
    return true;
}

/* All axes at once, when each is even. *done: it was so. */
static bool lower_even(OpContext *c, Plan *p, const Node *n, const ResizeAxis *all, const ResizeTable *tables,
                       bool *done)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int64_t xs[MAX_RANK], ys[MAX_RANK];
    Walk w = {.rank = 0};
    row_strides(&x->shape, xs);
    row_strides(&y->shape, ys);
    *done = false;
    for (int i = 0; i < x->shape.rank; i++) {
        Even e = {1, 1, 0};
        if (tables[i].taps && (tables[i].taps > 1 || tables[i].outside || !is_even(&all[i], &tables[i], &e)))
            return true;
        w.dim[w.rank] = all[i].out / e.repeat;
        w.stride[0][w.rank] = xs[i] * e.step;
        w.stride[1][w.rank++] = ys[i] * e.repeat;
        w.dim[w.rank] = e.repeat;
        w.stride[1][w.rank++] = ys[i];
        w.offset[0] += e.repeat > 1 ? 0 : e.first * xs[i];
    }
    *done = true;
    return lower_walk_or_alias(c, p, n, x, y, &w);
}

static void lower_axis(Plan *p, const Node *n, Value *x, Value *y, int axis, const ResizeTable *t)
{
    const Shape *s = &x->shape;
    int32_t outer = (int32_t)dims_count(s, 0, axis), inner = (int32_t)dims_count(s, axis + 1, s->rank);
    Shape list = shape_vector(y->shape.dim[axis] * t->taps);
    Value *index = graph_const(p->graph, NULL, DT_I32, &list, t->index);
    bool moves = t->taps == 1 && !t->outside;
    adze_gather_params gather = {
        .outer = outer, .axis = (int32_t)s->dim[axis], .inner = inner, .indices = (int32_t)y->shape.dim[axis]};
    adze_resize_params resize = {.outer = outer,
                                 .in = (int32_t)s->dim[axis],
                                 .inner = inner,
                                 .out = (int32_t)y->shape.dim[axis],
                                 .taps = t->taps,
                                 .outside = node_float(n, "extrapolation_value", 0.0f)};
    Step *step = moves ? PLAN_STEP(p, KIND_GATHER, NULL, adze_gather_params, &gather)
                       : PLAN_STEP(p, KIND_RESIZE, NULL, adze_resize_params, &resize);
    step_in(step, x);
    step_in(step, index);
    if (!moves) {
        step_in(step, plan_floats(p, t->weight, &list));
        step->macs = t->taps > 1 ? shape_count(&y->shape) * t->taps : 0;
    }
    step_out(step, y);
}

/* The axis that makes the least of what is not done yet; -1: none. */
static int next_axis(const ResizeAxis *all, const bool *done, int rank)
{
    int best = -1;
    for (int i = 0; i < rank; i++)
        if (!done[i] &&
            (best < 0 || (double)all[i].out / (double)all[i].in < (double)all[best].out / (double)all[best].in))
            best = i;
    return best;
}

/* An axis of the same size and scale 1 stays, unless a region is cut out of it. */
static bool stays(const Node *n, const ResizeAxis *a)
{
    return a->in == a->out && a->scale == 1.0f &&
           (strcmp(node_string(n, "coordinate_transformation_mode", ""), "tf_crop_and_resize") ||
            (a->start == 0 && a->end == 1));
}

bool lower_resize(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int rank = x->shape.rank, left = 0;
    ResizeAxis all[MAX_RANK];
    ResizeTable tables[MAX_RANK] = {0};
    bool done[MAX_RANK] = {false}, even;
    if (!resize_axes(c, n, &x->shape, all) || shape_count(&y->shape) == 0)
        return shape_count(&y->shape) == 0;
    if (shape_count(&x->shape) == 0)
        return node_error(c, n, "its input %s has nothing to resize", shape_str(c, &x->shape));
    for (int i = 0; i < rank; i++) {
        done[i] = stays(n, &all[i]);
        if (!done[i] && !resize_table(c, n, &all[i], p->arena, &tables[i]))
            return false;
        left += !done[i];
        if (x->type != DT_F32 && (tables[i].taps > 1 || tables[i].outside))
            return node_error(c, n, "its input is %s; supported: f32, and all types with mode 'nearest'",
                              dtype_name(x->type));
    }
    if (!lower_even(c, p, n, all, tables, &even) || even)
        return even;
    for (int axis; (axis = next_axis(all, done, rank)) >= 0; left--) {
        Shape s = x->shape;
        s.dim[axis] = all[axis].out;
        Value *z = left == 1 ? y : plan_temp(p, y->type, &s);
        lower_axis(p, n, x, z, axis, &tables[axis]);
        done[axis] = true;
        x = z;
    }
    return true;
}
