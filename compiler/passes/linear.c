#include "passes/linear.h"

#include <math.h>
#include <string.h>

/* The constant's value for each of `channels` positions of `axis`, when it varies along that axis only. */
static double *per_channel(Arena *scratch, const Value *k, const Shape *s, int axis)
{
    if (!const_f32(k) || k->shape.rank > s->rank)
        return NULL;
    int added = s->rank - k->shape.rank;
    int64_t channels = s->dim[axis], step = 0;
    for (int i = 0; i < k->shape.rank; i++) {
        if (k->shape.dim[i] == 1)
            continue;
        if (i + added != axis || k->shape.dim[i] != channels)
            return NULL;
        step = 1;
    }
    double *out = NEW_ARRAY(scratch, double, channels);
    const float *data = k->data;
    for (int64_t i = 0; i < channels; i++)
        out[i] = (double)data[i * step];
    return out;
}

static bool all_finite(const double *v, int64_t count)
{
    for (int64_t i = 0; v && i < count; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static const float *channel_vector(const Value *k, int64_t channels)
{
    return const_f32(k) && shape_count(&k->shape) == channels ? k->data : NULL;
}

static bool batchnorm(Arena *scratch, const Node *n, int64_t channels, Affine *out)
{
    const float *v[4];
    if (!only_first_output(n) || node_int(n, "training_mode", 0) || !node_int(n, "spatial", 1))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!(v[i] = channel_vector(node_in(n, i + 1), channels)))
            return false;
    double epsilon = (double)node_float(n, "epsilon", 1e-5f);
    out->scale = NEW_ARRAY(scratch, double, channels);
    out->shift = NEW_ARRAY(scratch, double, channels);
    for (int64_t i = 0; i < channels; i++) {
        out->scale[i] = (double)v[0][i] / sqrt((double)v[3][i] + epsilon);
        out->shift[i] = (double)v[1][i] - (double)v[2][i] * out->scale[i];
    }
    return true;
}

static double *constant(Arena *scratch, int64_t channels, double value)
{
    double *out = NEW_ARRAY(scratch, double, channels);
    for (int64_t i = 0; i < channels; i++)
        out[i] = value;
    return out;
}

static bool arithmetic(Arena *scratch, const Node *n, const Value *x, int axis, Affine *out)
{
    if (n->inputs.count != 2 || node_in(n, 0) == node_in(n, 1))
        return false;
    bool first = node_in(n, 0) == x;
    int64_t channels = x->shape.dim[axis];
    double *k = per_channel(scratch, node_in(n, first ? 1 : 0), &x->shape, axis);
    if (!k)
        return false;
    if (node_is(n, "Add")) {
        out->shift = k;
    } else if (node_is(n, "Mul")) {
        out->scale = k;
    } else if (node_is(n, "Sub") && !first) {
        out->scale = constant(scratch, channels, -1);
        out->shift = k;
    } else if (node_is(n, "Sub")) {
        out->shift = k;
        for (int64_t i = 0; i < channels; i++)
            k[i] = -k[i];
    } else if (node_is(n, "Div") && first) {
        out->scale = k;
        for (int64_t i = 0; i < channels; i++)
            k[i] = 1 / k[i];
    } else {
        return false;
    }
    return true;
}

bool affine_of(Arena *scratch, const Node *n, const Value *x, int axis, Affine *out)
{
    const Value *y = node_out(n, 0);
    *out = (Affine){0};
    if (!known_f32(x) || !known_f32(y) || !shape_equal(&x->shape, &y->shape) || axis >= x->shape.rank)
        return false;
    int64_t channels = x->shape.dim[axis];
    if (node_is(n, "BatchNormalization")) {
        if (axis != 1 || node_in(n, 0) != x || !batchnorm(scratch, n, channels, out))
            return false;
    } else if (n->version < 7 || !arithmetic(scratch, n, x, axis, out)) {
        return false;
    }
    return all_finite(out->scale, channels) && all_finite(out->shift, channels);
}

static bool is_row(const Value *bias, int64_t channels)
{
    if (!const_f32(bias))
        return false;
    for (int i = 0; i < bias->shape.rank; i++)
        if (bias->shape.dim[i] != 1 && (i != bias->shape.rank - 1 || bias->shape.dim[i] != channels))
            return false;
    return true;
}

bool linear_of(Node *n, Linear *out)
{
    if (!n || !known_f32(node_out(n, 0)) || !const_f32(node_in(n, 1)))
        return false;
    bool gemm = node_is(n, "Gemm"), matmul = node_is(n, "MatMul"), ours = node_is_adze(n, "Gemm");
    bool nhwc = node_is_adze(n, "Conv") || node_is_adze(n, "ConvTranspose");
    if (!gemm && !matmul && !ours && !nhwc && !node_is(n, "Conv"))
        return false;
    int rank = node_out(n, 0)->shape.rank;
    Value *w = node_in(n, 1);
    *out = (Linear){.node = n,
                    .w = w,
                    .bias = matmul ? NULL : node_in(n, 2),
                    .takes_bias = !matmul,
                    .takes_scale = true,
                    .beta = 1};
    if (rank < 1 || (gemm && rank != 2) || ((gemm || matmul || ours) && w->shape.rank != 2) || w->shape.rank < 2)
        return false;
    if (gemm) {
        out->w_axis = node_int(n, "transB", 0) ? 0 : 1;
        out->beta = (double)node_float(n, "beta", 1);
    } else if (matmul || ours) {
        out->w_axis = 1;
    }
    out->y_axis = gemm || matmul || ours || nhwc ? rank - 1 : 1;
    if (out->y_axis >= rank)
        return false;
    out->channels = node_out(n, 0)->shape.dim[out->y_axis];
    if (nhwc || ours) {
        out->takes_scale = !node_in(n, 3);
        if (node_attr(n, "lo") || node_attr(n, "hi"))
            return false;
    }
    return w->shape.dim[out->w_axis] == out->channels && (!out->bias || is_row(out->bias, out->channels));
}

static Value *scaled_weights(Graph *g, const Linear *l, const double *scale)
{
    int64_t inner = 1, count = shape_count(&l->w->shape);
    for (int i = l->w_axis + 1; i < l->w->shape.rank; i++)
        inner *= l->w->shape.dim[i];
    const float *from = l->w->data;
    float *to = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        to[i] = (float)((double)from[i] * scale[i / inner % l->channels]);
        if (!isfinite(to[i]))
            return NULL;
    }
    return const_floats(g, l->w->name, &l->w->shape, to);
}

static Value *moved_bias(Graph *g, const Linear *l, const Affine *a)
{
    const float *from = l->bias ? l->bias->data : NULL;
    int64_t step = l->bias && shape_count(&l->bias->shape) == l->channels;
    float *to = NEW_ARRAY(g->arena, float, l->channels);
    for (int64_t i = 0; i < l->channels; i++) {
        double b = from ? l->beta * (double)from[i * step] : 0;
        to[i] = (float)(b * (a->scale ? a->scale[i] : 1) + (a->shift ? a->shift[i] : 0));
        if (!isfinite(to[i]))
            return NULL;
    }
    Shape shape = {.rank = 1, .dim = {l->channels}};
    return const_floats(g, l->bias ? l->bias->name : NULL, &shape, to);
}

bool linear_apply(Graph *g, const Linear *l, const Affine *a)
{
    if ((a->shift && !l->takes_bias) || (a->scale && !l->takes_scale) || l->channels < 1 || !shape_count(&l->w->shape))
        return false;
    Value *w = a->scale ? scaled_weights(g, l, a->scale) : l->w;
    Value *bias = l->bias || a->shift ? moved_bias(g, l, a) : NULL;
    if (!w || (!bias && (l->bias || a->shift)))
        return false;
    node_set_input(g, l->node, 1, w);
    if (bias)
        node_set_input(g, l->node, 2, bias);
    if (l->beta != 1)
        node_set_float(g, l->node, "beta", 1);
    return true;
}

/* The channel of the input that weight i is multiplied by. */
static int64_t input_channel(const Linear *l, int64_t i)
{
    const Shape *s = &l->w->shape; /* [O,kh,kw,C/group], or [k,n] */
    if (l->w_axis != 0)
        return i / s->dim[1];
    int64_t each = s->dim[s->rank - 1], per_group = s->dim[0] / node_int(l->node, "group", 1);
    int64_t output = i / (shape_count(s) / s->dim[0]);
    return output / per_group * each + i % each;
}

static bool all_taps(const Node *n)
{
    int64_t pads[4];
    int count = node_ints(n, "pads", pads, 4);
    if (node_is_adze(n, "Gemm"))
        return true;
    if (!node_is_adze(n, "Conv") || (count >= 0 && count != 4))
        return false;
    for (int i = 0; i < count; i++)
        if (pads[i])
            return false;
    return true;
}

static Value *weights_of_scaled_input(Graph *g, const Linear *l, const double *scale)
{
    const float *from = l->w->data;
    int64_t count = shape_count(&l->w->shape);
    float *to = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        to[i] = (float)((double)from[i] * scale[input_channel(l, i)]);
        if (!isfinite(to[i]))
            return NULL;
    }
    return const_floats(g, l->w->name, &l->w->shape, to);
}

static Value *bias_of_shifted_input(Graph *g, const Linear *l, const double *shift)
{
    const float *w = l->w->data, *bias = l->bias ? l->bias->data : NULL;
    int64_t count = shape_count(&l->w->shape), step = l->bias && shape_count(&l->bias->shape) == l->channels;
    double *sum = NEW_ARRAY(g->arena, double, l->channels);
    float *to = NEW_ARRAY(g->arena, float, l->channels);
    for (int64_t i = 0; i < count; i++)
        sum[l->w_axis ? i % l->channels : i / (count / l->channels)] += (double)w[i] * shift[input_channel(l, i)];
    for (int64_t o = 0; o < l->channels; o++) {
        to[o] = (float)(sum[o] + (bias ? (double)bias[o * step] : 0));
        if (!isfinite(to[o]))
            return NULL;
    }
    Shape s = {.rank = 1, .dim = {l->channels}};
    return const_floats(g, l->bias ? l->bias->name : NULL, &s, to);
}

bool linear_apply_in_front(Graph *g, const Linear *l, const Affine *a)
{
    int64_t group = node_int(l->node, "group", 1);
    if (shape_count(&l->w->shape) < 1 || group < 1 || l->w->shape.dim[0] % group || (a->shift && !all_taps(l->node)))
        return false;
    Value *w = a->scale ? weights_of_scaled_input(g, l, a->scale) : l->w;
    Value *bias = a->shift ? bias_of_shifted_input(g, l, a->shift) : l->bias;
    if (!w || (a->shift && !bias))
        return false;
    node_set_input(g, l->node, 1, w);
    if (a->shift)
        node_set_input(g, l->node, 2, bias);
    return true;
}
