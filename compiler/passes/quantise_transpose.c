/* ConvTranspose between integers is a Conv of the image with zeros (its zero point) between its elements, with the
 * weights of each channel turned round: exact, and moving elements and a Conv is all that it takes. */
#include "passes/quantise.h"

#include <string.h>

static Value *padded(Graph *g, Node *before, Value *v, const int64_t *pads, int64_t zero, const Shape *to)
{
    Shape scalar = {.rank = 0};
    int8_t *value = NEW(g->arena, int8_t);
    *value = (int8_t)zero;
    Node *n = rw_node(g, before, "", "Pad", NULL);
    node_add_input(g, n, v);
    node_add_input(g, n, graph_const_ints(g, NULL, pads, 2 * v->shape.rank));
    node_add_input(g, n, const_i8(g, &scalar, value));
    return rw_output(g, n, v->type, to);
}

/* [N,C,H,W] -> [N,C,H*sh,W*sw]: each element is the first of its block. */
static Value *stretched(Graph *g, Node *before, const QTensor *x, const Window *w)
{
    Shape apart = {.rank = 2}, wide = {.rank = 2}, to = x->v->shape;
    int64_t pads[2 * MAX_RANK] = {0};
    memcpy(apart.dim, to.dim, 2 * sizeof *to.dim);
    memcpy(wide.dim, to.dim, 2 * sizeof *to.dim);
    int rank = 2 + 2 * w->spatial;
    for (int d = 0; d < w->spatial; d++) {
        apart.dim[apart.rank++] = wide.dim[wide.rank++] = to.dim[d + 2];
        pads[rank + apart.rank] = w->stride[d] - 1;
        apart.dim[apart.rank++] = 1;
        wide.dim[wide.rank++] = w->stride[d];
        if (__builtin_mul_overflow(to.dim[d + 2], w->stride[d], &to.dim[d + 2]))
            return NULL;
    }
    if (shape_count(&wide) < 0)
        return NULL;
    return rw_reshape(g, before, padded(g, before, rw_reshape(g, before, x->v, &apart), pads, x->zero, &wide), &to);
}

/* [C, O/group, k...] -> [O, C/group, k... turned round] */
static Value *turned_weights(Graph *g, const Value *w, int64_t group)
{
    Shape to = w->shape;
    int64_t in = w->shape.dim[0] / group, out = w->shape.dim[1], taps = 1;
    for (int i = 2; i < to.rank; i++)
        taps *= to.dim[i];
    to.dim[0] = out * group;
    to.dim[1] = in;
    int8_t *data = NEW_ARRAY(g->arena, int8_t, shape_count(&to)), *start = data;
    const int8_t *from = w->data;
    for (int64_t o = 0; o < out * group; o++)
        for (int64_t c = 0; c < in; c++)
            for (int64_t t = taps; t-- > 0;)
                *data++ = from[((o / out * in + c) * out + o % out) * taps + t];
    return graph_const(g, w->name, w->type, &to, start);
}

static Value *dequantised_weights(Graph *g, Node *before, const Node *dq, Value *w, const QParams *q)
{
    Node *n = rw_node(g, before, "", "DequantizeLinear", dq->name);
    if (q->count > 1)
        node_set_int(g, n, "axis", 0);
    node_add_input(g, n, w);
    node_add_input(g, n, node_in(dq, 1));
    if (node_in(dq, 2))
        node_add_input(g, n, node_in(dq, 2));
    return rw_output(g, n, DT_F32, &w->shape);
}

/* Is it worth it: is there a QuantizeLinear behind n, or behind its bounds? */
static bool is_quantised(const Value *v)
{
    while (single_use(v) && (node_is(v->users.items[0], "Relu") || node_is(v->users.items[0], "Clip")))
        v = node_out(v->users.items[0], 0);
    return single_use(v) && is_quantize(v->users.items[0]);
}

static bool weights_of(PassContext *c, const Node *n, int64_t group, QParams *q)
{
    const Value *x = node_in(n, 0), *w = node_in(n, 1);
    const Node *dq = w ? w->producer : NULL;
    const Value *data = dq ? node_in(dq, 0) : NULL;
    return data && is_dequantize(dq) && data->is_const && data->data && quant_params(c->scratch, dq, q) &&
           (q->type == DT_I8 || q->type == DT_U8) && (q->count == 1 || (q->axis == 1 && group == 1)) && group > 0 &&
           w->shape.rank == x->shape.rank && shape_count(&w->shape) > 0 && w->shape.dim[0] % group == 0 &&
           x->shape.dim[1] == w->shape.dim[0];
}

bool conv_transpose_to_conv(PassContext *c, Graph *g, Node *n)
{
    OpContext oc = {c->diag, c->scratch};
    QTensor x;
    QParams q;
    Window w;
    int64_t group = node_int(n, "group", 1), pads[4], cut[2 * MAX_RANK] = {0};
    Value *y = node_out(n, 0);
    if (!node_is(n, "ConvTranspose") || !known_f32(y) || !dequantised(c->scratch, node_in(n, 0), &x) ||
        !is_quantised(y))
        return false;
    int rank = y->shape.rank;
    if (rank < 3 || rank > 4 || !shape_count(&y->shape) || !weights_of(c, n, group, &q) ||
        !conv_transpose_window(&oc, n, x.v->shape.dim + 2, rank - 2, node_in(n, 1)->shape.dim + 2, &w))
        return false;
    Value *v = stretched(g, n, &x, &w);
    if (!v)
        return false;
    Shape inside = v->shape;
    for (int d = 0; d < w.spatial; d++) {
        int64_t reach = (w.kernel[d] - 1) * w.dilation[d], begin = reach - w.begin[d];
        int64_t end = y->shape.dim[d + 2] - v->shape.dim[d + 2] - begin + reach;
        pads[d] = begin > 0 ? begin : 0;
        pads[d + w.spatial] = end > 0 ? end : 0;
        cut[d + 2] = begin < 0 ? begin : 0;
        cut[d + 2 + rank] = end < 0 ? end : 0;
        inside.dim[d + 2] += cut[d + 2] + cut[d + 2 + rank];
        if (inside.dim[d + 2] < 1)
            return false;
    }
    x.v = shape_equal(&inside, &v->shape) ? v : padded(g, n, v, cut, x.zero, &inside);
    const Node *dq = node_in(n, 1)->producer;
    Node *conv = rw_node(g, n, "", "Conv", n->name);
    node_set_ints(g, conv, "pads", pads, 2 * (size_t)w.spatial);
    node_set_ints(g, conv, "dilations", w.dilation, (size_t)w.spatial);
    node_set_int(g, conv, "group", group);
    node_add_input(g, conv, make_dequantize(g, conv, &x));
    node_add_input(g, conv, dequantised_weights(g, conv, dq, turned_weights(g, node_in(dq, 0), group), &q));
    if (node_in(n, 2))
        node_add_input(g, conv, node_in(n, 2));
    rw_replace(g, n, rw_output(g, conv, DT_F32, &y->shape));
    return true;
}
