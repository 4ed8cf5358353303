/* quantise_move: operators that only move or select elements do so with integers: a DequantizeLinear goes behind them,
 * a QuantizeLinear in front; where both then meet with the same scale, they go.
 * Requires: quantise_import, all shapes known. Keeps: the function, bit for bit. Breaks: nothing. */
#include "passes/quantise.h"

#include <string.h>

static bool is_pool(const Node *n)
{
    return node_is(n, "MaxPool") || node_is(n, "GlobalMaxPool");
}

bool moves_elements(const Node *n)
{
    static const char *const names[] = {"Reshape",   "Flatten",  "Squeeze",        "Unsqueeze",    "Transpose",
                                        "Slice",     "Split",    "Concat",         "Gather",       "Expand",
                                        "Tile",      "Pad",      "DepthToSpace",   "SpaceToDepth", "ReduceMax",
                                        "ReduceMin", "Identity", "GatherElements", "GatherND"};
    if ((node_is(n, "Resize") || node_is(n, "Upsample")))
        return !strcmp(node_string(n, "mode", "nearest"), "nearest") &&
               strcmp(node_string(n, "coordinate_transformation_mode", "half_pixel"), "tf_crop_and_resize") != 0;
    if (is_pool(n))
        return only_first_output(n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (node_is(n, names[i]))
            return true;
    return false;
}

static size_t data_inputs(const Node *n)
{
    return node_is(n, "Concat") ? n->inputs.count : 1;
}

static bool outputs_known(const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i] && !known_f32(n->outputs.items[i]))
            return false;
    return n->outputs.count > 0;
}

/* A Pad's value; false when it is not constant. */
static bool pad_value(const Node *n, double *value)
{
    *value = 0;
    return n->version >= 11 && (!node_in(n, 2) || const_scalar(node_in(n, 2), value));
}

/* n on the integers `data`, without outputs; its Pad gets the value in their scale. NULL when it cannot be. */
static Node *on_integers(Graph *g, Node *before, const Node *n, Value *const *data, DType type, double scale,
                         int64_t zero)
{
    double value = 0;
    bool pad = node_is(n, "Pad");
    if (pad && !pad_value(n, &value))
        return NULL;
    Node *copy = rw_copy(g, before, n);
    for (size_t i = 0; i < n->inputs.count; i++)
        node_add_input(g, copy, i < data_inputs(n) ? data[i] : n->inputs.items[i]);
    if (pad)
        node_set_input(g, copy, 2, const_integer(g, type, quantised_to(type, value, scale, zero)));
    return copy;
}

/* move(DQ(x)) -> DQ(move(x)) */
static bool sink(PassContext *c, Graph *g, Node *n)
{
    if (!moves_elements(n) || !outputs_known(n) || !n->inputs.count)
        return false;
    size_t count = data_inputs(n);
    Value **data = NEW_ARRAY(c->scratch, Value *, count);
    QTensor first = {0}, x = {0};
    for (size_t i = 0; i < count; i++) {
        const Value *v = node_in(n, i);
        if (!dequantised(c->scratch, v, &x) && !dequantised_of(c->scratch, v, DT_I16, &x))
            return false;
        if (i == 0)
            first = x;
        if (x.scale != first.scale || x.zero != first.zero || x.v->type != first.v->type)
            return false;
        data[i] = x.v;
    }
    double value = 0;
    if (node_is(n, "Pad") &&
        (!pad_value(n, &value) ||
         (double)(float)((double)(quantised_to(x.v->type, value, x.scale, x.zero) - x.zero) * x.scale) != value))
        return false;
    Node *copy = on_integers(g, n, n, data, x.v->type, x.scale, x.zero);
    for (size_t i = 0; copy && i < n->outputs.count; i++) {
        Value *old = n->outputs.items[i];
        if (!old) {
            node_add_output(g, copy, NULL);
            continue;
        }
        QTensor y = {rw_output(g, copy, x.v->type, &old->shape), x.scale, x.zero};
        graph_replace(g, old, make_dequantize(g, n, &y));
    }
    if (copy)
        graph_remove(g, n);
    return copy != NULL;
}

/* Q(move(x)) -> move(Q(x)): also for what is computed in floats. */
static bool hoist(PassContext *c, Graph *g, Node *n)
{
    QParams p;
    if (!is_quantize(n) || (!quant_i8(c->scratch, n, &p) && !quant_of_type(c->scratch, n, DT_I16, &p)))
        return false;
    Value *x = node_in(n, 0);
    Node *move = x->producer;
    if (!move || !single_use(x) || !moves_elements(move) || node_is(move, "Split") || !outputs_known(move))
        return false;
    size_t count = data_inputs(move);
    Value **data = NEW_ARRAY(c->scratch, Value *, count);
    double value;
    for (size_t i = 0; i < count; i++)
        if (!known_f32(node_in(move, i)))
            return false;
    if (node_is(move, "Pad") && !pad_value(move, &value))
        return false;
    for (size_t i = 0; i < count; i++)
        data[i] = make_quantize(g, n, node_in(move, i), p.type, p.scale[0], p.zero[0], NULL);
    Node *copy = on_integers(g, n, move, data, p.type, p.scale[0], p.zero[0]);
    rw_replace(g, n, rw_output(g, copy, p.type, &x->shape));
    graph_remove(g, move);
    return true;
}

/* Q(DQ(x)) with the same scale, zero point and type is x. */
static bool cancel(PassContext *c, Graph *g, Node *n)
{
    QParams q, dq;
    const Node *from = is_quantize(n) && node_in(n, 0) ? node_in(n, 0)->producer : NULL;
    if (!from || !is_dequantize(from) || !quant_params(c->scratch, n, &q) || !quant_params(c->scratch, from, &dq) ||
        q.type != dq.type || dtype_size(q.type) > 2 || q.count != 1 || dq.count != 1 || q.scale[0] != dq.scale[0] ||
        q.zero[0] != dq.zero[0])
        return false;
    rw_replace(g, n, node_in(from, 0));
    return true;
}

bool pass_quantise_move(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {sink, hoist, cancel};
    return rewrite_all(c, g, rules, 3, changed);
}
