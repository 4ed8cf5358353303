/* Conv: NCHW as ONNX has it, and NHWC (domain adze) as the kernels have it. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>

/* The same checks for both layouts: rank and channel axis differ. */
typedef struct {
    int spatial, channel_axis, first_spatial; /* of x and y */
    int w_channel_axis, w_first_spatial;
} Layout;

static bool check_groups(OpContext *c, const Node *n, const Layout *l)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1), *bias = in_shape(n, 2);
    int64_t group = node_int(n, "group", 1), channels = x->rank > 0 ? x->dim[l->channel_axis] : -1;
    if (group < 1 || group > INT32_MAX)
        return node_error(c, n, "attribute 'group' is %" PRId64 "; it must be at least 1", group);
    int64_t per_group = w->dim[l->w_channel_axis], out = w->dim[0];
    if (channels >= 0 && channels % group)
        return node_error(c, n, "its %" PRId64 " input channels do not divide into %" PRId64 " groups", channels,
                          group);
    if (out >= 0 && out % group)
        return node_error(c, n, "its %" PRId64 " output channels do not divide into %" PRId64 " groups", out, group);
    if (channels >= 0 && per_group >= 0 && channels / group != per_group)
        return node_error(c, n,
                          "its weights %s do not fit its input %s with group %" PRId64 ": %" PRId64
                          " channels a group expected, found %" PRId64,
                          shape_str(c, w), shape_str(c, x), group, channels / group, per_group);
    if (bias->rank >= 0 && (bias->rank != 1 || (bias->dim[0] >= 0 && out >= 0 && bias->dim[0] != out)))
        return node_error(c, n, "its bias has the shape %s; [%" PRId64 "] expected", shape_str(c, bias), out);
    return true;
}

static bool check_kernel_shape(OpContext *c, const Node *n, const int64_t *kernel, int spatial)
{
    int64_t given[MAX_RANK];
    int count = node_ints(n, "kernel_shape", given, MAX_RANK);
    if (count < 0)
        return true;
    if (count != spatial)
        return node_error(c, n, "attribute 'kernel_shape' has %d values; %d expected", count, spatial);
    for (int i = 0; i < spatial; i++)
        if (kernel[i] >= 0 && kernel[i] != given[i])
            return node_error(c, n,
                              "attribute 'kernel_shape' says %" PRId64 " on spatial axis %d, its weights %" PRId64,
                              given[i], i, kernel[i]);
    return true;
}

/* Output shape and window. *known is false when the weights' or input's rank is not known yet. */
static bool conv_shape(OpContext *c, const Node *n, const Layout *l, Window *win, Shape *y)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    int64_t kernel[3];
    if (!check_groups(c, n, l))
        return false;
    *y = shape_of_rank(x->rank);
    y->dim[0] = x->dim[0];
    y->dim[l->channel_axis] = w->dim[0];
    for (int i = 0; i < l->spatial; i++)
        kernel[i] = w->dim[l->w_first_spatial + i];
    if (!check_kernel_shape(c, n, kernel, l->spatial))
        return false;
    for (int i = 0; i < l->spatial; i++)
        if (kernel[i] < 0)
            return true;
    if (!window_of(c, n, x->dim + l->first_spatial, l->spatial, kernel, false, win))
        return false;
    for (int i = 0; i < l->spatial; i++)
        y->dim[l->first_spatial + i] = win->out[i];
    return true;
}

static bool check_ranks(OpContext *c, const Node *n, int *rank)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    *rank = x->rank < 0 || w->rank < 0 ? -1 : x->rank;
    if (x->rank >= 0 && (x->rank < 3 || x->rank > 5))
        return node_error(c, n, "its input has the shape %s; supported: 1 to 3 spatial axes", shape_str(c, x));
    if (x->rank >= 0 && w->rank >= 0 && x->rank != w->rank)
        return node_error(c, n, "its weights %s and its input %s differ in rank", shape_str(c, w), shape_str(c, x));
    return true;
}

bool infer_conv(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    int rank;
    Window win;
    Shape y = shape_unknown();
    if (!check_ranks(c, n, &rank))
        return false;
    if (rank >= 0) {
        Layout l = {
            .spatial = rank - 2, .channel_axis = 1, .first_spatial = 2, .w_channel_axis = 1, .w_first_spatial = 2};
        if (!conv_shape(c, n, &l, &win, &y))
            return false;
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

static const Layout nhwc = {
    .spatial = 2, .channel_axis = 3, .first_spatial = 1, .w_channel_axis = 3, .w_first_spatial = 1};

bool conv_nhwc_shape(OpContext *c, const Node *n, Window *w, Shape *y)
{
    return conv_shape(c, n, &nhwc, w, y);
}

bool infer_conv_nhwc(OpContext *c, Node *n, size_t residual_input)
{
    int rank;
    Window win;
    Shape y = shape_unknown();
    if (!check_ranks(c, n, &rank))
        return false;
    if (rank >= 0 && rank != 4)
        return node_error(c, n, "its input has the shape %s; NHWC expected", shape_str(c, in_shape(n, 0)));
    if (rank >= 0 && !conv_shape(c, n, &nhwc, &win, &y))
        return false;
    const Shape *residual = in_shape(n, residual_input);
    if (residual->rank >= 0 && shape_known(residual) && shape_known(&y) && !shape_equal(residual, &y))
        return node_error(c, n, "its residual has the shape %s; %s expected", shape_str(c, residual), shape_str(c, &y));
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool infer_adze_conv(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_conv_nhwc(c, n, 3);
}

static bool same_types(OpContext *c, const Node *n)
{
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && in_type(n, i) != in_type(n, 0))
            return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(in_type(n, 0)),
                              dtype_name(in_type(n, i)));
    return true;
}

bool lower_conv_window(OpContext *c, Plan *p, Node *n, Value *x, Value *w, Value *bias, Value *y, const Window *win)
{
    int64_t group = node_int(n, "group", 1);
    if (!w->is_const)
        return node_error(c, n, "its weights are not constant; supported: constant weights");
    if (!same_types(c, n))
        return false;
    adze_conv_params params = {
        .batch = (int32_t)x->shape.dim[0],
        .in_h = (int32_t)x->shape.dim[1],
        .in_w = (int32_t)x->shape.dim[2],
        .in_c = (int32_t)x->shape.dim[3],
        .out_h = (int32_t)y->shape.dim[1],
        .out_w = (int32_t)y->shape.dim[2],
        .out_c = (int32_t)y->shape.dim[3],
        .kernel_h = (int32_t)win->kernel[0],
        .kernel_w = (int32_t)win->kernel[1],
        .stride_h = (int32_t)win->stride[0],
        .stride_w = (int32_t)win->stride[1],
        .dilation_h = (int32_t)win->dilation[0],
        .dilation_w = (int32_t)win->dilation[1],
        .group = (int32_t)group,
        .lo = node_float(n, "lo", -INFINITY),
        .hi = node_float(n, "hi", INFINITY),
    };
    if (win->begin[0] > INT32_MAX || win->begin[1] > INT32_MAX)
        return node_error(c, n, "its pads are above 2^31-1");
    params.pad_top = (int32_t)win->begin[0];
    params.pad_left = (int32_t)win->begin[1];
    bool depthwise = group == params.in_c && group == params.out_c;
    Step *s = PLAN_STEP(p, depthwise ? KIND_DEPTHWISE : KIND_CONV, NULL, adze_conv_params, &params);
    step_in(s, x);
    step_in(s, w);
    step_in(s, bias);
    step_in(s, node_in(n, 3));
    step_out(s, y);
    /* An element of the residual is read before the same element of y is written. */
    s->overwritable = node_in(n, 3) ? 1u << 3 : 0;
    s->macs = shape_count(&y->shape) * win->kernel[0] * win->kernel[1] * (params.in_c / group);
    return true;
}

bool lower_adze_conv(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    return conv_shape(c, n, &nhwc, &win, &y) &&
           lower_conv_window(c, p, n, node_in(n, 0), node_in(n, 1), node_in(n, 2), node_out(n, 0), &win);
}

/* [N,C,W] as [N,C,1,W], so that one axis is two. */
static Value *as_image(Plan *p, Value *v)
{
    if (v->shape.rank == 4)
        return v;
    Shape s = {.rank = 4, .dim = {v->shape.dim[0], v->shape.dim[1], 1, v->shape.dim[2]}};
    if (v->is_const)
        return graph_const(p->graph, NULL, v->type, &s, v->data);
    return plan_view(p, v, &s);
}

/* [O,C,kh,kw] to [O,kh,kw,C]. */
static Value *weights_nhwc(Plan *p, const Value *w)
{
    const int64_t *d = w->shape.dim;
    Shape s = {.rank = 4, .dim = {d[0], d[2], d[3], d[1]}};
    size_t size = dtype_size(w->type);
    unsigned char *out = arena_array(p->arena, (size_t)shape_count(&s), size);
    const unsigned char *in = w->data;
    int64_t area = d[2] * d[3];
    for (int64_t o = 0; o < d[0]; o++)
        for (int64_t k = 0; k < area; k++)
            for (int64_t i = 0; i < d[1]; i++)
                for (size_t b = 0; b < size; b++)
                    out[(size_t)((o * area + k) * d[1] + i) * size + b] =
                        in[(size_t)((o * d[1] + i) * area + k) * size + b];
    return graph_const(p->graph, NULL, w->type, &s, out);
}

/* The layout pass makes adze.Conv of it, with fewer transposes; alone, it brings its own. */
bool lower_conv(OpContext *c, Plan *p, Node *n)
{
    static const int to_nhwc[] = {0, 2, 3, 1}, to_nchw[] = {0, 3, 1, 2};
    Window win;
    Shape shape;
    Value *x = node_in(n, 0), *w = node_in(n, 1), *y = node_out(n, 0);
    int spatial = x->shape.rank - 2;
    if (spatial > 2)
        return node_error(c, n, "it has %d spatial axes: input %s; supported: 1 or 2", spatial,
                          shape_str(c, &x->shape));
    if (!w->is_const)
        return node_error(c, n, "its weights are not constant; supported: constant weights");
    Layout l = {.spatial = spatial, .channel_axis = 1, .first_spatial = 2, .w_channel_axis = 1, .w_first_spatial = 2};
    if (!conv_shape(c, n, &l, &win, &shape))
        return false;
    if (spatial == 1) {
        win.kernel[1] = win.kernel[0], win.stride[1] = win.stride[0];
        win.dilation[1] = win.dilation[0], win.begin[1] = win.begin[0];
        win.kernel[0] = win.stride[0] = win.dilation[0] = 1;
        win.begin[0] = 0;
    }
    Value *image = as_image(p, x);
    w = weights_nhwc(p, as_image(p, w));
    const int64_t *d = image->shape.dim;
    Shape xs = {.rank = 4, .dim = {d[0], d[2], d[3], d[1]}};
    Shape ys = {.rank = 4, .dim = {d[0], spatial == 1 ? 1 : shape.dim[2], shape.dim[spatial + 1], shape.dim[1]}};
    Shape zs = {.rank = 4, .dim = {ys.dim[0], ys.dim[3], ys.dim[1], ys.dim[2]}};
    Value *xt = plan_temp(p, x->type, &xs), *yt = plan_temp(p, y->type, &ys);
    Value *z = y->shape.rank == 4 ? y : plan_temp(p, y->type, &zs);
    if (!lower_transpose(c, p, n, image, xt, to_nhwc) || !lower_conv_window(c, p, n, xt, w, node_in(n, 2), yt, &win) ||
        !lower_transpose(c, p, n, yt, z, to_nchw))
        return false;
    if (z != y)
        plan_alias(p, y, z);
    return true;
}
