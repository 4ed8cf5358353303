/* QuantizeLinear and DequantizeLinear at the values that were chosen; weights and biases as integer constants behind
 * DequantizeLinear. */
#include "passes/calibrate.h"

#include <math.h>

static Value *scalar_scale(Graph *g, float scale)
{
    float *data = NEW_ARRAY(g->arena, float, 1);
    *data = scale;
    return const_floats(g, NULL, &(Shape){0}, data);
}

static Value *scalar_zero(Graph *g, const Track *t)
{
    static const int16_t none = 0;
    if (t->sixteen)
        return graph_const(g, NULL, DT_I16, &(Shape){0}, &none);
    int8_t *data = NEW_ARRAY(g->arena, int8_t, 1);
    *data = (int8_t)t->zero;
    return graph_const(g, NULL, DT_I8, &(Shape){0}, data);
}

/* Behind the producer of v, or in front of all for an input. */
static Node *place_behind(Graph *g, const Value *v)
{
    return v->producer ? node_next(v->producer) : g->first;
}

static Value *dequantised(Graph *g, Node *before, Value *integers, Value *scale, Value *zero, int axis)
{
    Node *dq = rw_node(g, before, "", "DequantizeLinear", NULL);
    node_add_input(g, dq, integers);
    node_add_input(g, dq, scale);
    if (zero)
        node_add_input(g, dq, zero);
    if (axis >= 0)
        node_set_int(g, dq, "axis", axis);
    return rw_output(g, dq, DT_F32, &integers->shape);
}

/* v through Q and DQ, which stand behind it. */
static Value *rounded(Graph *g, const Track *t, Value *v)
{
    Value *scale = scalar_scale(g, t->scale), *zero = scalar_zero(g, t);
    Node *before = place_behind(g, v), *q = rw_node(g, before, "", "QuantizeLinear", NULL);
    node_add_input(g, q, v);
    node_add_input(g, q, scale);
    node_add_input(g, q, zero);
    return dequantised(g, before, rw_output(g, q, t->sixteen ? DT_I16 : DT_I8, &v->shape), scale, zero, -1);
}

/* All that reads v reads it rounded. */
static Value *insert_pair(Graph *g, const Track *t, Value *v)
{
    Value *y = rounded(g, t, v);
    Node *q = node_in(y->producer, 0)->producer;
    graph_replace(g, v, y);
    node_set_input(g, q, 0, v);
    return y;
}

/* Scales of the weights' shape, with the axis of the input channels divided. */
static Value *weights_in_blocks(Graph *g, const Layer *y)
{
    const int axis = y->by_rows ? 1 : y->l.w_axis - 1;
    Shape s = y->l.w->shape;
    float *scale = NEW_ARRAY(g->arena, float, y->outputs * y->blocks);
    s.dim[axis] = y->blocks / y->taps;
    for (int64_t o = 0; o < y->outputs; o++)
        for (int64_t b = 0; b < y->blocks; b++)
            scale[y->by_rows ? o * y->blocks + b : b * y->outputs + o] = y->scale[o * y->blocks + b];
    Value *integers = graph_const(g, y->l.w->name, DT_I8, &y->l.w->shape, y->integers);
    Value *w = dequantised(g, y->node, integers, const_floats(g, NULL, &s, scale), NULL, axis);
    node_set_int(g, w->producer, "block_size", y->block);
    return w;
}

static Value *weights(Graph *g, const Layer *y)
{
    Shape row = {1, {y->outputs}};
    if (y->block)
        return weights_in_blocks(g, y);
    Value *scale = const_floats(g, NULL, &row, y->scale);
    Value *zero = graph_const(g, NULL, DT_I8, &row, NEW_ARRAY(g->arena, int8_t, y->outputs));
    Value *integers = graph_const(g, y->l.w->name, DT_I8, &y->l.w->shape, y->integers);
    return dequantised(g, y->node, integers, scale, zero, y->l.w_axis);
}

/* 32 bits, in units of the accumulator. */
static Value *bias(Graph *g, const Layer *y, float x_scale)
{
    Shape row = {1, {y->outputs}};
    Tensor t = value_tensor(y->l.bias);
    int32_t *data = NEW_ARRAY(g->arena, int32_t, y->outputs);
    float *scale = NEW_ARRAY(g->arena, float, y->outputs);
    double alpha = (double)node_float(y->node, "alpha", 1);
    for (int64_t o = 0; o < y->outputs; o++) {
        scale[o] = (float)(alpha * (double)x_scale * (double)y->scale[o]);
        double b = rint(y->l.beta * tensor_float(&t, shape_count(&y->l.bias->shape) > 1 ? o : 0) / (double)scale[o]);
        data[o] = (int32_t)fmax(-2147483647.0, fmin(2147483647.0, b));
    }
    Value *integers = graph_const(g, y->l.bias->name, DT_I32, &row, data);
    return dequantised(g, y->node, integers, const_floats(g, NULL, &row, scale), NULL, 0);
}

static void insert_layer(Calibrator *k, const Layer *y)
{
    float x_scale = track_of(k, node_in(y->node, 0))->scale;
    bool units = y->l.bias && !y->block && (double)node_float(y->node, "alpha", 1) > 0;
    if (units) {
        node_set_input(k->g, y->node, 2, bias(k->g, y, x_scale));
        if (node_attr(y->node, "beta"))
            node_set_float(k->g, y->node, "beta", 1);
    }
    node_set_input(k->g, y->node, 1, weights(k->g, y));
}

static void insert_constant16(Calibrator *k, Node *n, size_t index, double most)
{
    Value *v = node_in(n, index);
    int64_t count = shape_count(&v->shape);
    const float *from = v->data;
    Track t = {.scale = most > 1e-30 ? (float)(most / INT16_MAX) : 1, .sixteen = true};
    int16_t *data = NEW_ARRAY(k->g->arena, int16_t, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = (int16_t)fmax(INT16_MIN, fmin(INT16_MAX, rint((double)from[i] / (double)t.scale)));
    Value *integers = graph_const(k->g, v->name, DT_I16, &v->shape, data);
    node_set_input(k->g, n, index,
                   dequantised(k->g, n, integers, scalar_scale(k->g, t.scale), scalar_zero(k->g, &t), -1));
}

/* A constant operand of Add, Sub or Mul that is no row of a layer in front: 8 bits, one scale. */
static void insert_constant(Calibrator *k, Node *n, size_t index)
{
    Value *v = node_in(n, index);
    int64_t count = shape_count(&v->shape);
    const float *from = v->data;
    Track t = {.low = 0, .high = 0};
    for (int64_t i = 0; i < count; i++) {
        t.low = fmin(t.low, (double)from[i]);
        t.high = fmax(t.high, (double)from[i]);
    }
    if (works_with_sixteen(k, n)) {
        insert_constant16(k, n, index, fmax(-t.low, t.high));
        return;
    }
    double scale = (t.high - t.low) / 255;
    t.scale = scale > 1e-30 ? (float)scale : 1;
    t.zero = (int)fmax(-128, fmin(127, rint(-128 - t.low / (double)t.scale)));
    int8_t *data = NEW_ARRAY(k->g->arena, int8_t, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = (int8_t)fmax(-128, fmin(127, rint((double)from[i] / (double)t.scale) + t.zero));
    Value *integers = graph_const(k->g, v->name, DT_I8, &v->shape, data);
    node_set_input(k->g, n, index,
                   dequantised(k->g, n, integers, scalar_scale(k->g, t.scale), scalar_zero(k->g, &t), -1));
}

static void insert_constants(Calibrator *k, Node *n)
{
    if ((!node_is(n, "Add") && !node_is(n, "Sub") && !node_is(n, "Mul")) || stays_float(k, n))
        return;
    for (size_t i = 0; i < 2; i++) {
        const Value *v = node_in(n, i), *other = node_in(n, 1 - i);
        bool quantised = other && (size_t)other->id < k->count && k->track[other->id].quantised;
        if (const_f32(v) && shape_count(&v->shape) > 1 && quantised)
            insert_constant(k, n, i);
    }
}

/* Where 8 and 16 bits meet: what was found before the graph changes. */
typedef struct {
    bool narrowed;          /* what computes it works with 16 bits */
    ARRAY(Node *) wideners; /* its readers that do */
} Border;

/* A function of one tensor has a table from 8 bits to 16. */
static bool looks_up(const Node *n)
{
    return is_unary(n) && !is_clamp(n);
}

static void find_border(Calibrator *k, const Track *t, Border *b)
{
    if (!t->quantised || track_of(k, t->v)->sixteen)
        return;
    b->narrowed = t->v->producer && works_with_sixteen(k, t->v->producer);
    for (size_t i = 0; i < t->v->users.count; i++)
        if (works_with_sixteen(k, t->v->users.items[i]) && !looks_up(t->v->users.items[i]))
            array_push(k->c->scratch, &b->wideners, t->v->users.items[i]);
}

/* v, of 8 bits, in 16 for those readers: the same steps, without the zero point. */
static void insert_wider(Calibrator *k, const Track *t, Value *v, const Border *b)
{
    Value *y = rounded(k->g, &(Track){.scale = t->scale, .sixteen = true}, v);
    for (size_t i = 0; i < b->wideners.count; i++) {
        Node *n = b->wideners.items[i];
        for (size_t in = 0; in < n->inputs.count; in++)
            if (node_in(n, in) == v)
                node_set_input(k->g, n, in, y);
    }
}

static void insert_value(Calibrator *k, Value *v, const Border *b)
{
    const Track *t = track_of(k, v);
    Value *y = insert_pair(k->g, t, v);
    if (b->wideners.count)
        insert_wider(k, t, y, b);
    if (b->narrowed) {
        const double most = fmax(fabs(t->lo), fabs(t->hi));
        insert_pair(k->g, &(Track){.scale = most > 1e-30 ? (float)(most / INT16_MAX) : 1, .sixteen = true}, v);
    }
}

bool insert_quantisers(Calibrator *k)
{
    Border *border = NEW_ARRAY(k->c->scratch, Border, k->count);
    for (size_t i = 0; i < k->count; i++)
        find_border(k, &k->track[i], &border[i]);
    GRAPH_NODES(k->g, n)
    insert_constants(k, n);
    for (size_t i = 0; i < k->layers.count; i++)
        insert_layer(k, &k->layers.items[i]);
    for (size_t i = 0; i < k->count; i++)
        if (k->track[i].quantised)
            insert_value(k, k->track[i].v, &border[i]);
    return true;
}
