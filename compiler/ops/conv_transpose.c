/* The shapes of ConvTranspose: as ONNX has it, and NHWC (domain adze). */
#include "ops/conv_transpose.h"

#include <inttypes.h>
#include <string.h>

/* SAME pads so that the output has input * stride elements. */
static bool transposed_axis(OpContext *c, const Node *n, int i, int64_t in, int64_t extra, int64_t size, Window *w)
{
    const char *mode = node_string(n, "auto_pad", "NOTSET");
    bool same = !strncmp(mode, "SAME", 4);
    int64_t full;
    if (w->kernel[i] < 1 || w->kernel[i] > INT32_MAX || w->begin[i] < 0 || w->end[i] < 0)
        return node_error(c, n, "its kernel or its pads are out of range on spatial axis %d", i);
    w->out[i] = -1;
    if (in < 0)
        return true;
    if (__builtin_mul_overflow(in - 1, w->stride[i], &full) ||
        __builtin_add_overflow(full, (w->kernel[i] - 1) * w->dilation[i] + 1 + extra, &full) || full > INT32_MAX)
        return node_error(c, n, "its output would have more than 2^31-1 elements on spatial axis %d", i);
    if (size < 0 && same)
        size = in * w->stride[i];
    if (size >= 0) {
        int64_t total = full > size ? full - size : 0;
        w->begin[i] = !strcmp(mode, "SAME_UPPER") ? total / 2 : total - total / 2;
        w->end[i] = full - size - w->begin[i];
    } else if (!strcmp(mode, "VALID")) {
        w->begin[i] = w->end[i] = 0;
    }
    w->out[i] = full - w->begin[i] - w->end[i];
    if (w->out[i] < 0)
        return node_error(c, n, "its pads cut off more than its output has on spatial axis %d", i);
    return true;
}

/* `count` integers of an attribute, or `otherwise` for each; false after an error. */
static bool ints_of(OpContext *c, const Node *n, const char *name, int count, int64_t otherwise, int64_t *out)
{
    int64_t list[MAX_RANK] = {0};
    int found = node_ints(n, name, list, MAX_RANK);
    for (int i = 0; i < count; i++)
        out[i] = found < 0 ? otherwise : list[i];
    if (found >= 0 && found != count)
        return node_error(c, n, "attribute '%s' has %d values; %d expected", name, found, count);
    for (int i = 0; i < count; i++)
        if (out[i] > INT32_MAX || out[i] < -1)
            return node_error(c, n, "attribute '%s' has the value %" PRId64, name, out[i]);
    return true;
}

bool conv_transpose_window(OpContext *c, const Node *n, const int64_t *in, int spatial, const int64_t *kernel,
                           Window *w)
{
    int64_t pads[6], extra[3], size[3], list[MAX_RANK];
    *w = (Window){.spatial = spatial};
    int sizes = node_ints(n, "output_shape", list, MAX_RANK), given = sizes < 0 ? spatial : sizes;
    if (given != spatial && given != spatial + 2)
        return node_error(c, n, "attribute 'output_shape' has %d values; %d expected", sizes, spatial);
    if (!ints_of(c, n, "strides", spatial, 1, w->stride) || !ints_of(c, n, "dilations", spatial, 1, w->dilation) ||
        !ints_of(c, n, "pads", 2 * spatial, 0, pads) || !ints_of(c, n, "output_padding", spatial, 0, extra) ||
        !ints_of(c, n, "output_shape", given, -1, list))
        return false;
    for (int i = 0; i < spatial; i++) {
        size[i] = list[given - spatial + i];
        w->kernel[i] = kernel[i];
        w->begin[i] = pads[i];
        w->end[i] = pads[spatial + i];
        if (w->stride[i] < 1 || w->dilation[i] < 1 || extra[i] < 0)
            return node_error(c, n, "its stride, dilation or output_padding is out of range on spatial axis %d", i);
        if (!transposed_axis(c, n, i, in[i], extra[i], size[i], w))
            return false;
    }
    return true;
}

/* w [C, O/group, kernel...]; false after an error. */
static bool check_weights(OpContext *c, const Node *n, const Shape *x, const Shape *w)
{
    const Shape *bias = in_shape(n, 2);
    int64_t group = node_int(n, "group", 1), out;
    if (x->rank < 3 || x->rank > 5 || w->rank != x->rank)
        return node_error(c, n, "its input is %s, its weights are %s; supported: 1 to 3 spatial axes", shape_str(c, x),
                          shape_str(c, w));
    if (group < 1 || group > INT32_MAX || (x->dim[1] >= 0 && x->dim[1] % group))
        return node_error(c, n, "its %" PRId64 " input channels do not divide into %" PRId64 " groups", x->dim[1],
                          group);
    if (x->dim[1] >= 0 && w->dim[0] >= 0 && x->dim[1] != w->dim[0])
        return node_error(c, n, "its weights %s do not fit its input %s", shape_str(c, w), shape_str(c, x));
    if (w->dim[1] >= 0 && (__builtin_mul_overflow(w->dim[1], group, &out) || out > INT32_MAX))
        return node_error(c, n, "it would have more than 2^31-1 output channels");
    if (bias->rank >= 0 && w->dim[1] >= 0 && shape_known(bias) && (bias->rank != 1 || bias->dim[0] != out))
        return node_error(c, n, "its bias has the shape %s; [%" PRId64 "] expected", shape_str(c, bias), out);
    return true;
}

bool infer_conv_transpose(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    Shape y = shape_unknown();
    Window win;
    if (x->rank >= 0 && w->rank >= 0) {
        if (!check_weights(c, n, x, w))
            return false;
        int spatial = x->rank - 2;
        y = shape_of_rank(x->rank);
        y.dim[0] = x->dim[0];
        y.dim[1] = w->dim[1] < 0 ? -1 : w->dim[1] * node_int(n, "group", 1);
        if (shape_known(w) && !conv_transpose_window(c, n, x->dim + 2, spatial, w->dim + 2, &win))
            return false;
        for (int i = 0; i < spatial && shape_known(w); i++)
            y.dim[2 + i] = win.out[i];
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

/* [C, O/group, kh, kw] (or one spatial axis) to [O, kh, kw, C/group]; NULL when it is no f32 constant. */
Value *conv_transpose_weights(Graph *g, const Value *w, int64_t group)
{
    int rank = w->shape.rank;
    const int64_t *d = w->shape.dim;
    if (!w->is_const || w->type != DT_F32 || rank < 3 || rank > 4 || shape_count(&w->shape) < 1)
        return NULL;
    int64_t in = d[0] / group, out = d[1], kh = rank == 4 ? d[2] : 1, kw = d[rank - 1], area = kh * kw;
    Shape s = {.rank = 4, .dim = {out * group, kh, kw, in}};
    float *to = NEW_ARRAY(g->arena, float, shape_count(&s));
    const float *from = w->data;
    for (int64_t o = 0; o < out * group; o++)
        for (int64_t k = 0; k < area; k++)
            for (int64_t i = 0; i < in; i++)
                to[(o * area + k) * in + i] = from[((o / out * in + i) * out + o % out) * area + k];
    return graph_const(g, w->name, w->type, &s, to);
}

/* Of adze.ConvTranspose: output_shape is always there. */
bool conv_transpose_nhwc_window(OpContext *c, const Node *n, Window *win)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    int64_t pads[4], size[2], group = node_int(n, "group", 1);
    *win = (Window){.spatial = 2};
    if (x->rank != 4 || w->rank != 4 || !shape_known(w) || group < 1 || w->dim[0] % group || shape_count(w) < 1)
        return node_error(c, n, "its input is %s, its weights are %s; NHWC and [O,kh,kw,C/group] expected",
                          shape_str(c, x), shape_str(c, w));
    if (!ints_of(c, n, "strides", 2, 1, win->stride) || !ints_of(c, n, "dilations", 2, 1, win->dilation) ||
        !ints_of(c, n, "pads", 4, 0, pads) || !ints_of(c, n, "output_shape", 2, -1, size))
        return false;
    for (int i = 0; i < 2; i++) {
        win->kernel[i] = w->dim[1 + i];
        win->begin[i] = pads[i];
        win->out[i] = size[i];
        if (win->stride[i] < 1 || win->dilation[i] < 1 || size[i] < 0 || pads[i] < 0)
            return node_error(c, n, "its stride, dilation, pads or output_shape is out of range on spatial axis %d", i);
    }
    return true;
}

bool infer_adze_conv_transpose(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    Shape y = shape_unknown();
    Window win;
    if (x->rank >= 0 && w->rank >= 0) {
        if (!conv_transpose_nhwc_window(c, n, &win))
            return false;
        y = (Shape){.rank = 4, .dim = {x->dim[0], win.out[0], win.out[1], w->dim[0]}};
        if (x->dim[3] >= 0 && x->dim[3] != w->dim[3] * node_int(n, "group", 1))
            return node_error(c, n, "its weights %s do not fit its input %s", shape_str(c, w), shape_str(c, x));
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}
