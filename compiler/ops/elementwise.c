/* Element-wise operators of one, two, three or any number of inputs. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Step.function is the operator's name; its row's attributes are the kernel's a and b, in that order. */
bool lower_elementwise(OpContext *c, Plan *p, Node *n)
{
    (void)c;
    return lower_unary(p, n->op->name, node_in(n, 0), node_out(n, 0), op_attr_float(n, 0), op_attr_float(n, 1));
}

bool infer_predicate(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, DT_BOOL, in_shape(n, 0));
    return true;
}

bool lower_is_inf(OpContext *c, Plan *p, Node *n)
{
    const bool negative = node_int(n, "detect_negative", 1), positive = node_int(n, "detect_positive", 1);
    if (!negative && !positive)
        return lower_fill(p, plan_number(p, DT_BOOL, 0), node_out(n, 0));
    if (!negative || !positive)
        return lower_binary(c, p, n, "Equal", node_in(n, 0), plan_float(p, positive ? INFINITY : -INFINITY),
                            node_out(n, 0));
    return lower_unary(p, "IsInf", node_in(n, 0), node_out(n, 0), 0.0f, 0.0f);
}

bool lower_gelu(OpContext *c, Plan *p, Node *n)
{
    const char *approximate = node_string(n, "approximate", "none");
    bool is_tanh = !strcmp(approximate, "tanh");
    if (!is_tanh && strcmp(approximate, "none"))
        return node_error(c, n, "attribute 'approximate' is %s; supported: none, tanh",
                          diag_quote(c->scratch, approximate));
    return lower_unary(p, is_tanh ? "GeluTanh" : "Gelu", node_in(n, 0), node_out(n, 0), 0.0f, 0.0f);
}

bool infer_clip(OpContext *c, Graph *g, Node *n)
{
    for (size_t i = 1; i < 3; i++) {
        const Shape *s = in_shape(n, i);
        if (s->rank >= 0 && shape_known(s) && shape_count(s) != 1)
            return node_error(c, n, "its bound (input %zu) has the shape %s; a scalar expected", i, shape_str(c, s));
        if (node_in(n, i) && in_type(n, i) && in_type(n, 0) && in_type(n, i) != in_type(n, 0))
            return node_error(c, n, "its input is %s and its bound %s; they must be of one type",
                              dtype_name(in_type(n, 0)), dtype_name(in_type(n, i)));
    }
    return infer_same(c, g, n);
}

/* A bound as a scalar, so that it broadcasts to any rank. */
static Value *scalar_of(Plan *p, Value *v)
{
    Shape scalar = {.rank = 0};
    if (!v || v->shape.rank == 0)
        return v;
    return v->is_const ? graph_const(p->graph, NULL, v->type, &scalar, v->data) : plan_view(p, v, &scalar);
}

static float clip_bound(const Node *n, size_t i, const char *name, float otherwise)
{
    const Value *v = node_in(n, i);
    if (n->version < 11)
        return node_float(n, name, otherwise);
    if (!v)
        return otherwise;
    Tensor t = value_tensor(v);
    return (float)tensor_float(&t, 0);
}

bool lower_clip(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *lo = node_in(n, 1), *hi = node_in(n, 2), *y = node_out(n, 0);
    bool constant = (!lo || lo->is_const) && (!hi || hi->is_const);
    if (x->type == DT_F32 && constant)
        return lower_unary(p, "Clip", x, y, clip_bound(n, 1, "min", -INFINITY), clip_bound(n, 2, "max", INFINITY));
    lo = scalar_of(p, lo), hi = scalar_of(p, hi);
    if (!lo && !hi) {
        plan_alias(p, y, x);
        return true;
    }
    if (!lo || !hi)
        return lower_binary(c, p, n, lo ? "Max" : "Min", x, lo ? lo : hi, y);
    Value *above = plan_temp(p, x->type, &x->shape);
    return lower_binary(c, p, n, "Max", x, lo, above) && lower_binary(c, p, n, "Min", above, hi, y);
}

static bool check_one_type(OpContext *c, const Node *n, size_t first)
{
    DType type = in_type(n, first);
    for (size_t i = first + 1; i < n->inputs.count; i++)
        if (in_type(n, i) != DT_NONE && type != DT_NONE && in_type(n, i) != type)
            return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(type),
                              dtype_name(in_type(n, i)));
    return true;
}

/* All inputs from `first` on, broadcast. */
static bool broadcast_inputs(OpContext *c, const Node *n, size_t first, Shape *y)
{
    *y = *in_shape(n, first);
    for (size_t i = first + 1; i < n->inputs.count; i++) {
        Shape sum = *y;
        if (!shape_broadcast(&sum, in_shape(n, i), y))
            return node_error(c, n, "its inputs %s and %s do not broadcast", shape_str(c, &sum),
                              shape_str(c, in_shape(n, i)));
    }
    return true;
}

bool infer_binary(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y;
    if (!check_one_type(c, n, 0) || !broadcast_inputs(c, n, 0, &y))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool infer_compare(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y;
    if (!check_one_type(c, n, 0) || !broadcast_inputs(c, n, 0, &y))
        return false;
    op_set_output(n, 0, DT_BOOL, &y);
    return true;
}

/* Before opset 7, b's axes stand at `axis` of a, or at its end. */
static bool legacy_shape(OpContext *c, const Node *n, Shape *b)
{
    const Shape *a = in_shape(n, 0);
    *b = *in_shape(n, 1);
    if (a->rank < 0 || b->rank < 0 || !node_attr(n, "axis"))
        return true;
    int axis = axis_normalise(node_int(n, "axis", 0), a->rank);
    if (axis < 0 || axis + b->rank > a->rank)
        return node_error(c, n, "its axis %" PRId64 " does not fit its inputs %s and %s", node_int(n, "axis", 0),
                          shape_str(c, a), shape_str(c, b));
    while (axis + b->rank < a->rank)
        b->dim[b->rank++] = 1;
    return true;
}

bool infer_legacy_binary(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape b, y;
    if (!check_one_type(c, n, 0) || !legacy_shape(c, n, &b))
        return false;
    if (!shape_broadcast(in_shape(n, 0), &b, &y))
        return node_error(c, n, "its inputs %s and %s do not broadcast", shape_str(c, in_shape(n, 0)),
                          shape_str(c, in_shape(n, 1)));
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_legacy_binary(OpContext *c, Plan *p, Node *n)
{
    Shape s;
    Value *b = node_in(n, 1);
    if (!legacy_shape(c, n, &s))
        return false;
    if (!shape_equal(&s, &b->shape))
        b = b->is_const ? graph_const(p->graph, NULL, b->type, &s, b->data) : plan_view(p, b, &s);
    return lower_binary(c, p, n, n->op->name, node_in(n, 0), b, node_out(n, 0));
}

bool lower_binary_node(OpContext *c, Plan *p, Node *n)
{
    return lower_binary(c, p, n, n->op->name, node_in(n, 0), node_in(n, 1), node_out(n, 0));
}

bool infer_prelu(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0), *slope = in_shape(n, 1);
    Shape y;
    if (!check_one_type(c, n, 0))
        return false;
    bool along_channels = n->version < 7 && slope->rank == 1; /* C slopes for [N,C,...] */
    if (!along_channels && shape_known(x) && shape_known(slope) &&
        (!shape_broadcast(x, slope, &y) || !shape_equal(x, &y)))
        return node_error(c, n, "its slope of shape %s does not broadcast to %s", shape_str(c, slope), shape_str(c, x));
    return infer_same(c, g, n);
}

/* Before opset 7 the slope is a scalar or one a channel, whatever the rank. */
bool lower_legacy_prelu(OpContext *c, Plan *p, Node *n)
{
    Value *x = node_in(n, 0), *slope = node_in(n, 1);
    if (slope->shape.rank == 1 && slope->shape.dim[0] != 1 && x->shape.rank > 2) {
        Shape s = {.rank = x->shape.rank - 1, .dim = {slope->shape.dim[0]}};
        for (int i = 1; i < s.rank; i++)
            s.dim[i] = 1;
        slope = slope->is_const ? graph_const(p->graph, NULL, slope->type, &s, slope->data) : plan_view(p, slope, &s);
    }
    return lower_binary(c, p, n, "PRelu", x, slope, node_out(n, 0));
}

bool infer_pow(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y;
    if (!broadcast_inputs(c, n, 0, &y))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

static Value *converted(Plan *p, Value *v, DType type)
{
    if (v->type == type)
        return v;
    Value *y = plan_temp(p, type, &v->shape);
    lower_convert(p, v, y);
    return y;
}

static bool is_two(const Value *v)
{
    if (!v->is_const || !v->data || shape_count(&v->shape) != 1)
        return false;
    Tensor t = value_tensor(v);
    return tensor_float(&t, 0) == 2.0;
}

bool lower_pow(OpContext *c, Plan *p, Node *n)
{
    Value *a = node_in(n, 0), *b = node_in(n, 1), *y = node_out(n, 0);
    if (is_two(b) && shape_equal(&a->shape, &y->shape))
        return lower_binary(c, p, n, "Mul", a, a, y);
    /* An integer to a broken power is computed as floats. */
    DType type = dtype_is_int(a->type) && dtype_is_float(b->type) ? b->type : a->type;
    if (type == a->type)
        return lower_binary(c, p, n, "Pow", a, converted(p, b, type), y);
    Value *power = plan_temp(p, type, &y->shape);
    return lower_binary(c, p, n, "Pow", converted(p, a, type), b, power) && lower_convert(p, power, y);
}

bool lower_mod(OpContext *c, Plan *p, Node *n)
{
    bool as_c = node_int(n, "fmod", 0) != 0;
    if (!as_c && dtype_is_float(in_type(n, 0)))
        return node_error(c, n, "attribute 'fmod' is 0 with %s inputs; it must be 1", dtype_name(in_type(n, 0)));
    return lower_binary(c, p, n, as_c ? "Fmod" : "Mod", node_in(n, 0), node_in(n, 1), node_out(n, 0));
}

bool lower_bit_shift(OpContext *c, Plan *p, Node *n)
{
    const char *direction = node_string(n, "direction", "");
    const bool left = !strcmp(direction, "LEFT");
    if (!left && strcmp(direction, "RIGHT"))
        return node_error(c, n, "attribute 'direction' is %s; supported: LEFT, RIGHT",
                          diag_quote(c->scratch, direction));
    return lower_binary(c, p, n, left ? "ShiftLeft" : "ShiftRight", node_in(n, 0), node_in(n, 1), node_out(n, 0));
}

bool infer_variadic(OpContext *c, Graph *g, Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        if (!node_in(n, i))
            return node_error(c, n, "its input %zu is left out", i);
    return infer_binary(c, g, n);
}

/* Sum, Mean, Min, Max of any number of inputs: a chain. */
bool lower_variadic(OpContext *c, Plan *p, Node *n)
{
    bool is_mean = !strcmp(n->op->name, "Mean");
    const char *function = is_mean || !strcmp(n->op->name, "Sum") ? "Add" : n->op->name;
    size_t count = n->inputs.count;
    Value *so_far = node_in(n, 0), *y = node_out(n, 0);
    if (count == 1) {
        plan_alias(p, y, so_far);
        return true;
    }
    for (size_t i = 1; i < count; i++) {
        Shape s;
        if (!shape_broadcast(&so_far->shape, &node_in(n, i)->shape, &s))
            return node_error(c, n, "its inputs do not broadcast");
        Value *next = i + 1 == count && !is_mean ? y : plan_temp(p, y->type, &s);
        if (!lower_binary(c, p, n, function, so_far, node_in(n, i), next))
            return false;
        so_far = next;
    }
    return !is_mean || lower_binary(c, p, n, "Div", so_far, plan_number(p, y->type, (double)count), y);
}

bool infer_where(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape y;
    if (in_type(n, 0) != DT_NONE && in_type(n, 0) != DT_BOOL)
        return node_error(c, n, "its condition is %s; bool expected", dtype_name(in_type(n, 0)));
    if (!check_one_type(c, n, 1) || !broadcast_inputs(c, n, 0, &y))
        return false;
    op_set_output(n, 0, in_type(n, 1), &y);
    return true;
}
