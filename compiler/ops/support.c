/* Reading a node's shapes, axes and integers safely: what shape inference of every family builds on. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

Shape shape_unknown(void)
{
    return (Shape){.rank = -1};
}

Shape shape_of_rank(int rank)
{
    Shape s = {.rank = rank};
    for (int i = 0; i < rank && i < MAX_RANK; i++)
        s.dim[i] = -1;
    return s;
}

Shape shape_vector(int64_t n)
{
    return (Shape){.rank = 1, .dim = {n}};
}

const Shape *in_shape(const Node *n, size_t i)
{
    static const Shape unknown = {.rank = -1};
    const Value *v = node_in(n, i);
    return v ? &v->shape : &unknown;
}

DType in_type(const Node *n, size_t i)
{
    const Value *v = node_in(n, i);
    return v ? v->type : DT_NONE;
}

bool in_const(const Node *n, size_t i)
{
    const Value *v = node_in(n, i);
    return v && v->is_const;
}

const char *shape_str(OpContext *c, const Shape *s)
{
    char *text = arena_alloc(c->scratch, SHAPE_TEXT_BYTES);
    return shape_text(s, text, SHAPE_TEXT_BYTES);
}

bool infer_same(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, in_type(n, 0), in_shape(n, 0));
    return true;
}

int64_t dims_count(const Shape *s, int from, int to)
{
    int64_t count = 1;
    for (int i = from; i < to; i++)
        if (s->dim[i] == 0)
            return 0;
    for (int i = from; i < to; i++)
        if (s->dim[i] < 0 || __builtin_mul_overflow(count, s->dim[i], &count))
            return -1;
    return count;
}

bool shape_broadcast(const Shape *a, const Shape *b, Shape *out)
{
    if (a->rank < 0 || b->rank < 0) {
        *out = shape_unknown();
        return true;
    }
    Shape y = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int i = 0; i < y.rank; i++) {
        int ia = i - (y.rank - a->rank), ib = i - (y.rank - b->rank);
        int64_t da = ia >= 0 ? a->dim[ia] : 1, db = ib >= 0 ? b->dim[ib] : 1;
        if (da == db || db == 1)
            y.dim[i] = da;
        else if (da == 1)
            y.dim[i] = db;
        else if (da < 0 || db < 0)
            y.dim[i] = da < 0 ? db : da; /* the unknown one must be 1 or the same */
        else
            return false;
    }
    *out = y;
    return true;
}

int axis_normalise(int64_t axis, int rank)
{
    if (axis < -(int64_t)rank || axis >= rank)
        return -1;
    return (int)(axis < 0 ? axis + rank : axis);
}

int const_ints(const Value *v, int64_t *out, int max)
{
    if (!v || !v->is_const || (v->type != DT_I32 && v->type != DT_I64) || v->shape.rank > 1 || v->shape.rank < 0)
        return -1;
    int64_t count = shape_count(&v->shape);
    if (count < 0 || count > max || (count > 0 && !v->data))
        return -1;
    Tensor t = value_tensor(v);
    for (int64_t i = 0; i < count; i++)
        out[i] = tensor_int(&t, i);
    return (int)count;
}

/* Fixes signs; reports what is outside or twice. */
static int axes_check(OpContext *c, const Node *n, const int64_t *given, int count, int rank, int *axes)
{
    unsigned seen = 0;
    for (int i = 0; i < count; i++) {
        int axis = axis_normalise(given[i], rank);
        if (axis < 0) {
            node_error(c, n, "axis %" PRId64 " is outside of [%d, %d]", given[i], -rank, rank - 1);
            return -1;
        }
        if (seen & (1u << axis)) {
            node_error(c, n, "axis %d is named twice", axis);
            return -1;
        }
        seen |= 1u << axis;
        axes[i] = axis;
    }
    return count;
}

int axes_of(OpContext *c, const Node *n, int index, int rank, int *axes)
{
    int64_t given[MAX_RANK];
    int count;
    if (index >= 0) {
        const Value *v = node_in(n, (size_t)index);
        if (!v)
            return -3;
        if (!v->is_const)
            return -2;
        count = const_ints(v, given, MAX_RANK);
        if (count < 0) {
            node_error(c, n, "its axes must be a list of at most %d integers; found %s %s", MAX_RANK,
                       dtype_name(v->type), shape_str(c, &v->shape));
            return -1;
        }
    } else {
        count = node_ints(n, "axes", given, MAX_RANK);
        if (count < 0)
            return -3;
        if (count > MAX_RANK) {
            node_error(c, n, "it names %d axes; at most %d", count, MAX_RANK);
            return -1;
        }
    }
    return axes_check(c, n, given, count, rank, axes);
}

/* A list attribute with `count` values in [least, 2^31-1]; absent: all `otherwise`. */
static bool window_ints(OpContext *c, const Node *n, const char *name, int count, int64_t least, int64_t otherwise,
                        int64_t *out)
{
    for (int i = 0; i < count; i++)
        out[i] = otherwise;
    int found = node_ints(n, name, out, count);
    if (found < 0)
        return true;
    if (found != count)
        return node_error(c, n, "attribute '%s' has %d values; %d expected", name, found, count);
    for (int i = 0; i < count; i++)
        if (out[i] < least || out[i] > INT32_MAX)
            return node_error(c, n, "attribute '%s' has the value %" PRId64 "; it must be at least %" PRId64 "%s", name,
                              out[i], least, out[i] > 0 ? " and below 2^31" : "");
    return true;
}

static bool window_axis(OpContext *c, const Node *n, int64_t in, int i, const char *mode, bool ceil_mode, Window *w)
{
    int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1, stride = w->stride[i];
    bool upper = !strcmp(mode, "SAME_UPPER"), lower = !strcmp(mode, "SAME_LOWER");
    w->out[i] = -1;
    if (upper || lower || !strcmp(mode, "VALID"))
        w->begin[i] = w->end[i] = 0;
    if (in < 0)
        return true;
    if (upper || lower) {
        int64_t out = in / stride + (in % stride != 0);
        int64_t pad = out > 0 ? (out - 1) * stride + reach - in : 0;
        pad = pad > 0 ? pad : 0;
        w->begin[i] = upper ? pad / 2 : pad - pad / 2;
        w->end[i] = pad - w->begin[i];
    }
    int64_t room = in + w->begin[i] + w->end[i] - reach;
    if (room < 0)
        return node_error(c, n,
                          "its kernel does not fit into its input on spatial axis %d: kernel %" PRId64
                          " with dilation %" PRId64 " spans %" PRId64 ", input %" PRId64 " with pads %" PRId64
                          " and %" PRId64,
                          i, w->kernel[i], w->dilation[i], reach, in, w->begin[i], w->end[i]);
    w->out[i] = room / stride + 1;
    /* A last window that would start behind the image does not count. */
    if (ceil_mode && room % stride != 0 && w->out[i] * stride < in + w->begin[i])
        w->out[i]++;
    return true;
}

bool window_of(OpContext *c, const Node *n, const int64_t *in, int spatial, const int64_t *kernel, bool ceil_mode,
               Window *w)
{
    *w = (Window){.spatial = spatial};
    int64_t pads[6];
    if (spatial < 1 || spatial > 3)
        return node_error(c, n, "it has %d spatial axes; supported: 1 to 3", spatial);
    if (!window_ints(c, n, "strides", spatial, 1, 1, w->stride) ||
        !window_ints(c, n, "dilations", spatial, 1, 1, w->dilation) ||
        !window_ints(c, n, "pads", 2 * spatial, 0, 0, pads))
        return false;
    const char *mode = node_string(n, "auto_pad", "NOTSET");
    if (!*mode)
        mode = "NOTSET";
    if (strcmp(mode, "NOTSET") && strcmp(mode, "VALID") && strcmp(mode, "SAME_UPPER") && strcmp(mode, "SAME_LOWER"))
        return node_error(c, n, "auto_pad is %s; supported: NOTSET, VALID, SAME_UPPER, SAME_LOWER",
                          diag_quote(c->scratch, mode));
    for (int i = 0; i < spatial; i++) {
        w->kernel[i] = kernel[i];
        w->begin[i] = pads[i];
        w->end[i] = pads[spatial + i];
        if (kernel[i] < 1 || kernel[i] > INT32_MAX)
            return node_error(c, n, "its kernel has the size %" PRId64 " on spatial axis %d", kernel[i], i);
        if (in[i] > INT32_MAX)
            return node_error(c, n, "its input has the size %" PRId64 " on spatial axis %d; at most 2^31-1", in[i], i);
        if (!window_axis(c, n, in[i], i, mode, ceil_mode, w))
            return false;
    }
    return true;
}
