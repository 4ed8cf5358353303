/* MaxPool, AveragePool and their global forms: NCHW as ONNX has them, NHWC (domain adze) as the kernels have them. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The window of a pooling node whose spatial axes begin at `first`. */
static bool pool_shape(OpContext *c, const Node *n, int spatial, int first, Window *win, Shape *y)
{
    const Shape *x = in_shape(n, 0);
    int64_t kernel[MAX_RANK];
    int count = node_ints(n, "kernel_shape", kernel, MAX_RANK);
    if (count != spatial)
        return node_error(c, n, "attribute 'kernel_shape' has %d values; %d expected for the input %s",
                          count < 0 ? 0 : count, spatial, shape_str(c, x));
    if (!window_of(c, n, x->dim + first, spatial, kernel, node_int(n, "ceil_mode", 0) != 0, win))
        return false;
    *y = *x;
    for (int i = 0; i < spatial; i++) {
        int64_t reach = (win->kernel[i] - 1) * win->dilation[i] + 1;
        if (win->begin[i] >= reach || win->end[i] >= reach)
            return node_error(c, n,
                              "its pads %" PRId64 " and %" PRId64 " on spatial axis %d are not smaller than its "
                              "kernel's %" PRId64 ": a window would lie outside of the image",
                              win->begin[i], win->end[i], i, reach);
        y->dim[first + i] = win->out[i];
    }
    return true;
}

bool infer_pool(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    Window win;
    if (x->rank >= 0 && (x->rank < 3 || x->rank > 5))
        return node_error(c, n, "its input has the shape %s; supported: 1 to 3 spatial axes", shape_str(c, x));
    if (x->rank >= 0 && !pool_shape(c, n, x->rank - 2, 2, &win, &y))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    op_set_output(n, 1, DT_I64, &y);
    return true;
}

bool infer_adze_pool(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    Window win;
    if (x->rank >= 0 && x->rank != 4)
        return node_error(c, n, "its input has the shape %s; NHWC expected", shape_str(c, x));
    if (x->rank >= 0 && !pool_shape(c, n, 2, 1, &win, &y))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool pool_nhwc_shape(OpContext *c, const Node *n, Window *w, Shape *y)
{
    return pool_shape(c, n, 2, 1, w, y);
}

static bool lower_nhwc(OpContext *c, Plan *p, Node *n, Value *x, Value *y, const Window *win)
{
    for (int i = 0; i < 2; i++)
        if (win->begin[i] > INT32_MAX || win->end[i] > INT32_MAX)
            return node_error(c, n, "its pads are above 2^31-1");
    adze_pool_params params = {
        .batch = (int32_t)x->shape.dim[0],
        .in_h = (int32_t)x->shape.dim[1],
        .in_w = (int32_t)x->shape.dim[2],
        .channels = (int32_t)x->shape.dim[3],
        .out_h = (int32_t)y->shape.dim[1],
        .out_w = (int32_t)y->shape.dim[2],
        .kernel_h = (int32_t)win->kernel[0],
        .kernel_w = (int32_t)win->kernel[1],
        .stride_h = (int32_t)win->stride[0],
        .stride_w = (int32_t)win->stride[1],
        .dilation_h = (int32_t)win->dilation[0],
        .dilation_w = (int32_t)win->dilation[1],
        .pad_top = (int32_t)win->begin[0],
        .pad_left = (int32_t)win->begin[1],
        .pad_bottom = (int32_t)win->end[0],
        .pad_right = (int32_t)win->end[1],
        .count_include_pad = node_int(n, "count_include_pad", 0) != 0,
        .lo = node_float(n, "lo", -INFINITY),
        .hi = node_float(n, "hi", INFINITY),
    };
    Kind kind = !strcmp(n->op_type, "MaxPool") ? KIND_MAXPOOL : KIND_AVGPOOL;
    Step *s = PLAN_STEP(p, kind, NULL, adze_pool_params, &params);
    step_in(s, x);
    step_out(s, y);
    return true;
}

bool lower_adze_pool(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape y;
    return pool_shape(c, n, 2, 1, &win, &y) && lower_nhwc(c, p, n, node_in(n, 0), node_out(n, 0), &win);
}

/* Pooling leaves channels apart, so that NCHW is NHWC with N*C images of one channel: [N*C, H, W, 1]. Slower than the
 * layout pass's adze operators, but without transposes. */
bool lower_pool(OpContext *c, Plan *p, Node *n)
{
    Window win;
    Shape shape;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    int spatial = x->shape.rank - 2;
    if (spatial > 2)
        return node_error(c, n, "it has %d spatial axes: input %s; supported: 1 or 2", spatial,
                          shape_str(c, &x->shape));
    if (node_out(n, 1))
        return node_error(c, n, "its second output (indices) is used; supported: the first output only");
    if (!pool_shape(c, n, spatial, 2, &win, &shape))
        return false;
    int64_t images = dims_count(&x->shape, 0, 2);
    Shape xs = {.rank = 4, .dim = {images, x->shape.dim[2], x->shape.dim[3], 1}};
    Shape ys = {.rank = 4, .dim = {images, shape.dim[2], shape.dim[3], 1}};
    if (spatial == 1) { /* one column a row */
        xs.dim[2] = ys.dim[2] = 1;
        win.kernel[1] = win.stride[1] = win.dilation[1] = 1;
    }
    Value *z = plan_temp(p, y->type, &ys);
    if (!lower_nhwc(c, p, n, plan_view(p, x, &xs), z, &win))
        return false;
    plan_alias(p, y, z);
    return true;
}

bool infer_global_pool(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y = *in_shape(n, 0);
    if (y.rank >= 0 && y.rank < 2)
        return node_error(c, n, "its input has the shape %s; [batch, channels, ...] expected", shape_str(c, &y));
    for (int i = 2; i < y.rank; i++)
        y.dim[i] = 1;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_global_pool(OpContext *c, Plan *p, Node *n)
{
    const Value *x = node_in(n, 0);
    adze_reduce_params params = {.outer = (int32_t)dims_count(&x->shape, 0, 2),
                                 .axis = (int32_t)dims_count(&x->shape, 2, x->shape.rank),
                                 .inner = 1};
    if (params.axis < 1)
        return node_error(c, n, "its input %s has no elements to pool", shape_str(c, &x->shape));
    const char *function = !strcmp(n->op_type, "GlobalMaxPool") ? "ReduceMax" : "ReduceMean";
    Step *s = PLAN_STEP(p, KIND_REDUCE, function, adze_reduce_params, &params);
    step_in(s, node_in(n, 0));
    step_out(s, node_out(n, 0));
    return true;
}
