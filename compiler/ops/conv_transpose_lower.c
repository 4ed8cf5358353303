/* ConvTranspose: the outputs of one phase (their index modulo the stride) are a Conv with stride 1 of every stride-th
 * tap, so that the kernels of Conv serve it and no product with a zero in between is computed. A phase is then copied
 * to every stride-th place. Where kernel and stride are equal, all phases are one Conv. */
#include "ops/conv_transpose.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_PHASES = 256 };

/* NHWC; w [O, kh, kw, C/group]. */
typedef struct {
    Value *x, *w, *bias, *y;
    Window window;
} Operands;

/* The taps of one axis that reach the outputs i with i % stride == phase: as a Conv with stride 1. */
typedef struct {
    int64_t first, step, count; /* taps first, first + step, ...; count 0: none */
    int64_t dilation, pad;      /* of the Conv, whose taps stand in reverse order */
    int64_t outputs;
} Phase;

static Phase phase_of(const Window *w, int axis, int64_t phase)
{
    int64_t stride = w->stride[axis], dilation = w->dilation[axis], kernel = w->kernel[axis],
            at = phase + w->begin[axis];
    Phase p = {.first = 0, .step = 1, .dilation = dilation};
    p.outputs = w->out[axis] > phase ? (w->out[axis] - phase - 1) / stride + 1 : 0;
    while (p.first < kernel && p.first < stride && (at - p.first * dilation) % stride)
        p.first++;
    if (p.first >= kernel || p.first >= stride)
        return p;
    while (p.step * dilation % stride)
        p.step++;
    p.count = (kernel - 1 - p.first) / p.step + 1;
    p.dilation = p.step * dilation / stride;
    p.pad = (p.count - 1) * p.dilation - (at - p.first * dilation) / stride;
    return p;
}

/* The weights of a phase, [O, taps, taps, C/group] in reverse order; a phase without taps has one of zero. */
static Value *phase_weights(Plan *p, const Value *w, const Phase *row, const Phase *column)
{
    const int64_t *d = w->shape.dim;
    bool none = !row->count || !column->count;
    Shape s = {.rank = 4, .dim = {d[0], none ? 1 : row->count, none ? 1 : column->count, d[3]}};
    float *to = NEW_ARRAY(p->arena, float, shape_count(&s)), *at = to;
    for (int64_t o = 0; o < d[0] && !none; o++)
        for (int64_t y = row->count; y-- > 0;)
            for (int64_t x = column->count; x-- > 0; at += d[3]) {
                int64_t ky = row->first + y * row->step, kx = column->first + x * column->step;
                memcpy(at, (const float *)w->data + ((o * d[1] + ky) * d[2] + kx) * d[3], (size_t)d[3] * sizeof *at);
            }
    return plan_floats(p, to, &s);
}

static bool lower_phase(OpContext *c, Plan *p, Node *n, const Operands *o, int64_t py, int64_t px)
{
    const Window *w = &o->window;
    Phase row = phase_of(w, 0, py), column = phase_of(w, 1, px);
    Value *x = o->x, *y = o->y;
    bool single = w->stride[0] == 1 && w->stride[1] == 1;
    if (!row.outputs || !column.outputs)
        return true;
    Value *weights = phase_weights(p, o->w, &row, &column);
    Window conv = {.spatial = 2,
                   .kernel = {weights->shape.dim[1], weights->shape.dim[2]},
                   .stride = {1, 1},
                   .dilation = {row.count ? row.dilation : 1, column.count ? column.dilation : 1},
                   .begin = {row.pad, column.pad}};
    Shape s = {.rank = 4, .dim = {y->shape.dim[0], row.outputs, column.outputs, y->shape.dim[3]}};
    Value *part = single ? y : plan_temp(p, y->type, &s);
    if (!lower_conv_window(c, p, n, x, weights, o->bias, part, &conv) || single)
        return single;
    Walk walk = {.rank = 4};
    int64_t strides[MAX_RANK];
    row_strides(&part->shape, walk.stride[0]);
    row_strides(&y->shape, strides);
    for (int i = 0; i < 4; i++) {
        walk.dim[i] = s.dim[i];
        walk.stride[1][i] = strides[i] * (i == 1 ? w->stride[0] : i == 2 ? w->stride[1] : 1);
    }
    walk.offset[1] = py * strides[1] + px * strides[2];
    return lower_walk(c, p, n, part, y, &walk);
}

/* Each input pixel makes a block of its own: one Conv 1x1 of all blocks' channels, and one copy. */
static bool lower_blocks(OpContext *c, Plan *p, Node *n, const Operands *o)
{
    const Window *w = &o->window;
    Value *x = o->x, *weights = o->w, *bias = o->bias, *y = o->y;
    const int64_t *d = weights->shape.dim, *xs = x->shape.dim;
    int64_t area = d[1] * d[2], count = d[0] * area;
    Shape s = {.rank = 4, .dim = {count, 1, 1, d[3]}}, z = {.rank = 4, .dim = {xs[0], xs[1], xs[2], count}};
    Shape row = shape_vector(count);
    float *to = NEW_ARRAY(p->arena, float, count *d[3]), *biases = NEW_ARRAY(p->arena, float, count);
    for (int64_t k = 0; k < area; k++)
        for (int64_t i = 0; i < d[0]; i++) {
            memcpy(to + (k * d[0] + i) * d[3], (const float *)weights->data + (i * area + k) * d[3],
                   (size_t)d[3] * sizeof *to);
            biases[k * d[0] + i] = bias ? ((const float *)bias->data)[i] : 0.0f;
        }
    Window conv = {.spatial = 2, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    Value *blocks = plan_temp(p, y->type, &z), *many = bias ? plan_floats(p, biases, &row) : NULL;
    if (!lower_conv_window(c, p, n, x, plan_floats(p, to, &s), many, blocks, &conv))
        return false;
    Walk walk = {.rank = 6, .dim = {xs[0], xs[1], xs[2], d[1], d[2], d[0]}};
    int64_t from[MAX_RANK], to_strides[MAX_RANK];
    row_strides(&z, from);
    row_strides(&y->shape, to_strides);
    const int64_t in[6] = {from[0], from[1], from[2], d[2] * d[0], d[0], 1};
    const int64_t out[6] = {
        to_strides[0], to_strides[1] * w->stride[0], to_strides[2] * w->stride[1], to_strides[1], to_strides[2], 1};
    memcpy(walk.stride[0], in, sizeof in);
    memcpy(walk.stride[1], out, sizeof out);
    return lower_walk(c, p, n, blocks, y, &walk);
}

static bool lower_operands(OpContext *c, Plan *p, Node *n, const Operands *o)
{
    const Window *w = &o->window;
    bool blocks = node_int(n, "group", 1) == 1 && w->stride[0] * w->stride[1] > 1;
    if (w->stride[0] * w->stride[1] > MAX_PHASES)
        return node_error(c, n, "its strides are %" PRId64 " and %" PRId64 "; supported: a product of at most %d",
                          w->stride[0], w->stride[1], MAX_PHASES);
    for (int i = 0; i < 2; i++)
        blocks = blocks && w->kernel[i] == w->stride[i] && w->dilation[i] == 1 && w->begin[i] == 0 &&
                 w->out[i] == o->x->shape.dim[1 + i] * w->stride[i];
    if (blocks)
        return lower_blocks(c, p, n, o);
    for (int64_t py = 0; py < w->stride[0]; py++)
        for (int64_t px = 0; px < w->stride[1]; px++)
            if (!lower_phase(c, p, n, o, py, px))
                return false;
    return true;
}

static bool check_constants(OpContext *c, const Node *n)
{
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && (!in_const(n, i) || in_type(n, i) != DT_F32))
            return node_error(c, n, "its weights or bias are not constant f32; supported: constants");
    return true;
}

bool lower_adze_conv_transpose(OpContext *c, Plan *p, Node *n)
{
    Operands o = {.x = node_in(n, 0), .w = node_in(n, 1), .bias = node_in(n, 2), .y = node_out(n, 0)};
    return check_constants(c, n) && conv_transpose_nhwc_window(c, n, &o.window) && lower_operands(c, p, n, &o);
}

/* One spatial axis as two, the first of one element. */
static void widen(Window *w)
{
    w->kernel[1] = w->kernel[0], w->stride[1] = w->stride[0], w->dilation[1] = w->dilation[0];
    w->begin[1] = w->begin[0], w->out[1] = w->out[0];
    w->kernel[0] = w->stride[0] = w->dilation[0] = w->out[0] = 1;
    w->begin[0] = 0;
}

/* The layout pass makes adze.ConvTranspose of it, with fewer transposes; alone, it brings its own. */
bool lower_conv_transpose(OpContext *c, Plan *p, Node *n)
{
    static const int to_nhwc[] = {0, 2, 3, 1}, to_nchw[] = {0, 3, 1, 2};
    Value *x = node_in(n, 0), *w = node_in(n, 1), *y = node_out(n, 0);
    int spatial = x->shape.rank - 2;
    Operands o = {.bias = node_in(n, 2)};
    if (!check_constants(c, n) || !conv_transpose_window(c, n, x->shape.dim + 2, spatial, w->shape.dim + 2, &o.window))
        return false;
    if (!(o.w = conv_transpose_weights(p->graph, w, node_int(n, "group", 1))))
        return node_error(c, n, "it has %d spatial axes; supported: 1 or 2", spatial);
    if (spatial == 1)
        widen(&o.window);
    const int64_t *d = x->shape.dim, *size = o.window.out;
    int64_t height = spatial == 1 ? 1 : d[2], channels = y->shape.dim[1];
    Shape image = {.rank = 4, .dim = {d[0], d[1], height, d[spatial + 1]}};
    Shape xs = {.rank = 4, .dim = {d[0], height, d[spatial + 1], d[1]}};
    Shape ys = {.rank = 4, .dim = {d[0], size[0], size[1], channels}};
    Shape zs = {.rank = 4, .dim = {d[0], channels, size[0], size[1]}};
    Value *z = spatial == 2 ? y : plan_temp(p, y->type, &zs);
    o.x = plan_temp(p, x->type, &xs);
    o.y = plan_temp(p, y->type, &ys);
    if (!lower_transpose(c, p, n, spatial == 2 ? x : plan_view(p, x, &image), o.x, to_nhwc) ||
        !lower_operands(c, p, n, &o) || !lower_transpose(c, p, n, o.y, z, to_nchw))
        return false;
    if (z != y)
        plan_alias(p, y, z);
    return true;
}
