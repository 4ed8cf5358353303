/* Pad: a fill and a copy, or a copy a border region. DepthToSpace and SpaceToDepth: transposes. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

typedef struct {
    int64_t begin[MAX_RANK], end[MAX_RANK];
    bool known;
} Pads;

static bool pads_of(OpContext *c, const Node *n, int rank, Pads *out)
{
    int64_t given[2 * MAX_RANK];
    int axes[MAX_RANK], count = rank, found;
    *out = (Pads){.known = false};
    for (int i = 0; i < rank; i++)
        axes[i] = i;
    if (n->version < 11) {
        found = node_ints(n, "pads", given, 2 * MAX_RANK);
    } else {
        const Value *v = node_in(n, 1);
        if (!v || !v->is_const || (node_in(n, 3) && !in_const(n, 3)))
            return true;
        found = const_ints(v, given, 2 * MAX_RANK);
        if (node_in(n, 3))
            count = axes_of(c, n, 3, rank, axes);
        if (count < 0)
            return false;
    }
    if (found != 2 * count)
        return node_error(c, n, "its pads are %d integers; %d expected", found < 0 ? 0 : found, 2 * count);
    for (int i = 0; i < count; i++) {
        out->begin[axes[i]] = given[i];
        out->end[axes[i]] = given[count + i];
    }
    for (int i = 0; i < 2 * count; i++)
        if (given[i] > INT32_MAX || given[i] < -INT32_MAX)
            return node_error(c, n, "it pads by %" PRId64 "; at most 2^31-1", given[i]);
    out->known = true;
    return true;
}

bool infer_pad(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = x->rank >= 0 ? shape_of_rank(x->rank) : shape_unknown();
    Pads pads;
    if (x->rank >= 0 && !pads_of(c, n, x->rank, &pads))
        return false;
    for (int i = 0; i < y.rank && pads.known; i++) {
        if (x->dim[i] < 0)
            continue;
        if (x->dim[i] > INT64_MAX / 2)
            return node_error(c, n, "its input %s is too large", shape_str(c, x));
        y.dim[i] = x->dim[i] + pads.begin[i] + pads.end[i];
        if (y.dim[i] < 0)
            return node_error(c, n, "it cuts %" PRId64 " and %" PRId64 " off axis %d of %" PRId64, -pads.begin[i],
                              -pads.end[i], i, x->dim[i]);
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* What lies along one axis: where in y, where in x, and with which step through x. */
typedef struct {
    int64_t to, count, from, step;
} Segment;

/* The border segments of an axis and its inside; returns their number. */
static int axis_segments(const char *mode, int64_t dim, int64_t begin, int64_t end, Segment *out)
{
    int count = 0;
    bool reflect = !strcmp(mode, "reflect"), wrap = !strcmp(mode, "wrap");
    int64_t cut = begin < 0 ? -begin : 0, inside = dim - cut - (end < 0 ? -end : 0);
    if (inside > 0)
        out[count++] = (Segment){begin > 0 ? begin : 0, inside, cut, 1};
    if (begin > 0)
        out[count++] = reflect ? (Segment){0, begin, begin, -1}
                       : wrap  ? (Segment){0, begin, dim - begin, 1}
                               : (Segment){0, begin, 0, 0};
    if (end > 0)
        out[count++] = reflect ? (Segment){begin + dim, end, dim - 2, -1}
                       : wrap  ? (Segment){begin + dim, end, 0, 1}
                               : (Segment){begin + dim, end, dim - 1, 0};
    return count;
}

static bool check_border(OpContext *c, const Node *n, const char *mode, const Shape *x, const Pads *pads)
{
    int padded = 0;
    for (int i = 0; i < x->rank; i++) {
        int64_t b = pads->begin[i], e = pads->end[i];
        int64_t most = !strcmp(mode, "reflect") ? x->dim[i] - 1 : !strcmp(mode, "wrap") ? x->dim[i] : INT32_MAX;
        if (!b && !e)
            continue;
        padded++;
        if (b < 0 || e < 0)
            return node_error(c, n,
                              "its pads %" PRId64 " and %" PRId64 " cut axis %d with mode '%s'; supported: mode "
                              "'constant'",
                              b, e, i, mode);
        if (b > most || e > most || x->dim[i] == 0)
            return node_error(c, n,
                              "its pads %" PRId64 " and %" PRId64 " are larger than axis %d of %" PRId64
                              " allows with mode '%s'",
                              b, e, i, x->dim[i], mode);
    }
    if (padded > 4)
        return node_error(c, n, "it pads %d axes with mode '%s'; supported: 4", padded, mode);
    return true;
}

/* One copy for each combination of the axes' segments. */
static bool lower_segments(OpContext *c, Plan *p, Node *n, const char *mode, const Pads *pads)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    Segment segments[MAX_RANK][3];
    int count[MAX_RANK], at[MAX_RANK] = {0}, rank = x->shape.rank, axis;
    int64_t xs[MAX_RANK], ys[MAX_RANK];
    row_strides(&x->shape, xs);
    row_strides(&y->shape, ys);
    for (int i = 0; i < rank; i++)
        count[i] = axis_segments(mode, x->shape.dim[i], pads->begin[i], pads->end[i], segments[i]);
    do {
        Walk w = {.rank = rank};
        for (int i = 0; i < rank; i++) {
            const Segment *s = &segments[i][at[i]];
            w.dim[i] = s->count;
            w.stride[0][i] = s->step * xs[i];
            w.stride[1][i] = ys[i];
            w.offset[0] += s->from * xs[i];
            w.offset[1] += s->to * ys[i];
        }
        if (!lower_walk(c, p, n, x, y, &w))
            return false;
        for (axis = rank - 1; axis >= 0 && ++at[axis] == count[axis]; axis--)
            at[axis] = 0;
    } while (axis >= 0);
    return true;
}

/* The pad value as one element of y's type; NULL after an error. */
static Value *pad_value(OpContext *c, Plan *p, Node *n)
{
    Value *v = node_in(n, 2);
    if (n->version < 11)
        return plan_number(p, in_type(n, 0), (double)node_float(n, "value", 0.0f));
    if (!v)
        return plan_number(p, in_type(n, 0), 0.0);
    if (v->type == in_type(n, 0) && shape_count(&v->shape) == 1)
        return v;
    node_error(c, n, "its pad value is %s %s; one element of %s expected", dtype_name(v->type), shape_str(c, &v->shape),
               dtype_name(in_type(n, 0)));
    return NULL;
}

static bool lower_constant_pad(OpContext *c, Plan *p, Node *n, const Pads *pads)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0), *value = pad_value(c, p, n);
    Walk w = {.rank = x->shape.rank};
    int64_t xs[MAX_RANK];
    if (!value)
        return false;
    row_strides(&x->shape, xs);
    row_strides(&y->shape, w.stride[1]);
    memcpy(w.stride[0], xs, sizeof xs);
    for (int i = 0; i < w.rank; i++) {
        int64_t b = pads->begin[i], cut = b < 0 ? -b : 0;
        w.dim[i] = x->shape.dim[i] - cut - (pads->end[i] < 0 ? -pads->end[i] : 0);
        w.dim[i] = w.dim[i] > 0 ? w.dim[i] : 0;
        w.offset[0] += cut * w.stride[0][i];
        w.offset[1] += (b > 0 ? b : 0) * w.stride[1][i];
    }
    int64_t copied = 1;
    for (int i = 0; i < w.rank; i++)
        copied *= w.dim[i];
    if (copied == shape_count(&y->shape))
        return lower_walk_or_alias(c, p, n, x, y, &w);
    if (value->is_const) {
        lower_fill(p, value, y);
    } else {
        Walk repeat = {.rank = 1, .dim = {shape_count(&y->shape)}, .stride = {{0}, {1}}};
        if (!lower_walk(c, p, n, value, y, &repeat))
            return false;
    }
    return lower_walk(c, p, n, x, y, &w);
}

bool lower_pad(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    const char *mode = node_string(n, "mode", "constant");
    Pads pads;
    if (!pads_of(c, n, x->rank, &pads))
        return false;
    if (!pads.known)
        return node_error(c, n, "its pads are not constant; supported: constants");
    if (!strcmp(mode, "constant"))
        return lower_constant_pad(c, p, n, &pads);
    if (strcmp(mode, "reflect") && strcmp(mode, "edge") && strcmp(mode, "wrap"))
        return node_error(c, n, "attribute 'mode' is %s; supported: constant, reflect, edge, wrap",
                          diag_quote(c->scratch, mode));
    if (x->rank == 0) {
        plan_alias(p, node_out(n, 0), node_in(n, 0));
        return true;
    }
    return check_border(c, n, mode, x, &pads) && lower_segments(c, p, n, mode, &pads);
}

static bool block_size(OpContext *c, const Node *n, int64_t *block)
{
    *block = node_int(n, "blocksize", 0);
    if (*block < 1 || *block > INT16_MAX)
        return node_error(c, n, "attribute 'blocksize' is %" PRId64 "; it must be at least 1", *block);
    if (in_shape(n, 0)->rank >= 0 && in_shape(n, 0)->rank != 4)
        return node_error(c, n, "its input has the shape %s; [batch, channels, height, width] expected",
                          shape_str(c, in_shape(n, 0)));
    return true;
}

bool infer_depth_to_space(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y = *in_shape(n, 0);
    int64_t block;
    if (!block_size(c, n, &block))
        return false;
    if (y.rank == 4 && y.dim[1] >= 0) {
        if (y.dim[1] % (block * block))
            return node_error(c, n, "its %" PRId64 " channels do not divide into blocks of %" PRId64, y.dim[1],
                              block * block);
        y.dim[1] /= block * block;
    }
    for (int i = 2; i < y.rank; i++)
        if (y.dim[i] >= 0 && __builtin_mul_overflow(y.dim[i], block, &y.dim[i]))
            return node_error(c, n, "its output has more than 2^63 elements on axis %d", i);
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool infer_space_to_depth(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y = *in_shape(n, 0);
    int64_t block;
    if (!block_size(c, n, &block))
        return false;
    for (int i = 2; i < y.rank; i++) {
        if (y.dim[i] >= 0 && y.dim[i] % block)
            return node_error(c, n, "axis %d of %" PRId64 " does not divide into blocks of %" PRId64, i, y.dim[i],
                              block);
        if (y.dim[i] >= 0)
            y.dim[i] /= block;
    }
    if (y.rank == 4 && y.dim[1] >= 0 && __builtin_mul_overflow(y.dim[1], block * block, &y.dim[1]))
        return node_error(c, n, "its output has more than 2^63 channels");
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* x seen as `view`, its axes permuted, seen as y. */
static bool lower_blocks(OpContext *c, Plan *p, Node *n, const Shape *view, const int *perm)
{
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    Shape blocks = {.rank = view->rank};
    for (int i = 0; i < view->rank; i++)
        blocks.dim[i] = view->dim[perm[i]];
    Value *z = plan_temp(p, y->type, &blocks);
    if (!lower_transpose(c, p, n, plan_view(p, x, view), z, perm))
        return false;
    plan_alias(p, y, z);
    return true;
}

bool lower_depth_to_space(OpContext *c, Plan *p, Node *n)
{
    static const int dcr[] = {0, 3, 4, 1, 5, 2}, crd[] = {0, 1, 4, 2, 5, 3};
    const int64_t *d = in_shape(n, 0)->dim;
    const char *mode = node_string(n, "mode", "DCR");
    bool is_crd = !strcmp(mode, "CRD");
    int64_t b = node_int(n, "blocksize", 1);
    if (!is_crd && strcmp(mode, "DCR"))
        return node_error(c, n, "attribute 'mode' is %s; supported: DCR, CRD", diag_quote(c->scratch, mode));
    Shape view = {.rank = 6, .dim = {d[0], b, b, d[1] / (b * b), d[2], d[3]}};
    if (is_crd)
        view = (Shape){.rank = 6, .dim = {d[0], d[1] / (b * b), b, b, d[2], d[3]}};
    return lower_blocks(c, p, n, &view, is_crd ? crd : dcr);
}

bool lower_space_to_depth(OpContext *c, Plan *p, Node *n)
{
    static const int perm[] = {0, 3, 5, 1, 2, 4};
    const int64_t *d = in_shape(n, 0)->dim;
    const char *mode = node_string(n, "mode", "DCR");
    int64_t b = node_int(n, "blocksize", 1);
    if (strcmp(mode, "DCR"))
        return node_error(c, n, "attribute 'mode' is %s; supported: DCR", diag_quote(c->scratch, mode));
    Shape view = {.rank = 6, .dim = {d[0], d[1], d[2] / b, b, d[3] / b, b}};
    return lower_blocks(c, p, n, &view, perm);
}
