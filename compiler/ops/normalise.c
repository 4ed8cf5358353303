/* BatchNormalization, LayerNormalization, InstanceNormalization, GroupNormalization. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>

static bool used(const Value *v)
{
    return v && (v->users.count || v->is_output);
}

/* Input i must be a vector of `count` elements (-1: not known yet). */
static bool check_vector(OpContext *c, const Node *n, size_t i, int64_t count)
{
    const Shape *s = in_shape(n, i);
    if (s->rank >= 0 && (s->rank != 1 || (count >= 0 && s->dim[0] >= 0 && s->dim[0] != count)))
        return node_error(c, n, "its input %zu has the shape %s; [%" PRId64 "] expected", i, shape_str(c, s), count);
    return true;
}

bool infer_batchnorm(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    if (x->rank >= 0 && x->rank < 2)
        return node_error(c, n, "its input has the shape %s; [batch, channels, ...] expected", shape_str(c, x));
    int64_t channels = x->rank >= 2 ? x->dim[1] : -1;
    for (size_t i = 1; i < 5; i++)
        if (!check_vector(c, n, i, channels))
            return false;
    if (node_int(n, "training_mode", 0))
        return node_error(c, n,
                          "attribute 'training_mode' is set; supported: inference; hint: export the model in "
                          "evaluation mode");
    if (!node_int(n, "spatial", 1))
        return node_error(c, n, "attribute 'spatial' is 0; supported: 1");
    Shape vector = shape_vector(channels);
    for (size_t i = 1; i < 5; i++) {
        if (used(node_out(n, i)))
            return node_error(c, n, "its output %zu, of training, is used; supported: the first output only", i);
        op_set_output(n, i, in_type(n, 0), &vector);
    }
    return infer_same(c, g, n);
}

static Value *temp_binary(OpContext *c, Plan *p, const Node *n, const char *function, Value *a, Value *b)
{
    Shape s;
    if (!shape_broadcast(&a->shape, &b->shape, &s))
        s = a->shape;
    Value *y = plan_temp(p, a->type, &s);
    return lower_binary(c, p, n, function, a, b, y) ? y : NULL;
}

static Value *temp_unary(Plan *p, const char *function, Value *x)
{
    Value *y = plan_temp(p, x->type, &x->shape);
    lower_unary(p, function, x, y, 0.0f, 0.0f);
    return y;
}

/* [C] as [C,1,1]: what broadcasts along the channels of an NCHW tensor. */
static Value *along_channels(Plan *p, Value *v, int rank)
{
    Shape s = {.rank = rank - 1, .dim = {v->shape.dim[0]}};
    for (int i = 1; i < rank - 1; i++)
        s.dim[i] = 1;
    return v->is_const ? graph_const(p->graph, NULL, v->type, &s, v->data) : plan_view(p, v, &s);
}

static bool scale_and_shift(OpContext *c, Plan *p, Node *n, Value *x, Value *scale, Value *shift, Value *y)
{
    Value *scaled = temp_binary(c, p, n, "Mul", x, along_channels(p, scale, x->shape.rank));
    return scaled && lower_binary(c, p, n, "Add", scaled, along_channels(p, shift, x->shape.rank), y);
}

bool lower_batchnorm(OpContext *c, Plan *p, Node *n)
{
    Value *scale = node_in(n, 1), *bias = node_in(n, 2), *mean = node_in(n, 3), *var = node_in(n, 4);
    float epsilon = node_float(n, "epsilon", 1e-5f);
    for (size_t i = 1; i < 5; i++)
        if (in_type(n, i) != DT_F32)
            return node_error(c, n, "its input %zu is %s; supported: f32", i, dtype_name(in_type(n, i)));
    if (in_const(n, 1) && in_const(n, 2) && in_const(n, 3) && in_const(n, 4)) {
        int64_t count = scale->shape.dim[0];
        float *factor = NEW_ARRAY(p->arena, float, count), *shift = NEW_ARRAY(p->arena, float, count);
        const float *s = scale->data, *b = bias->data, *m = mean->data, *v = var->data;
        for (int64_t i = 0; i < count; i++) {
            double f = (double)s[i] / sqrt((double)v[i] + (double)epsilon);
            factor[i] = (float)f;
            shift[i] = (float)((double)b[i] - (double)m[i] * f);
        }
        return scale_and_shift(c, p, n, node_in(n, 0), plan_floats(p, factor, &scale->shape),
                               plan_floats(p, shift, &scale->shape), node_out(n, 0));
    }
    Value *spread = temp_binary(c, p, n, "Add", var, plan_float(p, epsilon));
    Value *factor = spread ? temp_binary(c, p, n, "Div", scale, temp_unary(p, "Sqrt", spread)) : NULL;
    Value *moved = factor ? temp_binary(c, p, n, "Mul", mean, factor) : NULL;
    Value *shift = moved ? temp_binary(c, p, n, "Sub", bias, moved) : NULL;
    return shift && scale_and_shift(c, p, n, node_in(n, 0), factor, shift, node_out(n, 0));
}

static int layer_axis(OpContext *c, const Node *n, const Shape *x)
{
    int64_t given = node_int(n, "axis", -1);
    int axis = axis_normalise(given, x->rank);
    if (axis < 0)
        node_error(c, n, "its axis %" PRId64 " is outside of its input %s", given, shape_str(c, x));
    return axis;
}

bool infer_layernorm(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    Shape rows = *x;
    if (x->rank >= 0) {
        int axis = layer_axis(c, n, x);
        if (axis < 0)
            return false;
        int64_t count = dims_count(x, axis, x->rank);
        for (size_t i = 1; i < 3; i++)
            if (in_shape(n, i)->rank >= 0 && count >= 0 && shape_known(in_shape(n, i)) &&
                shape_count(in_shape(n, i)) != count)
                return node_error(c, n, "its input %zu has the shape %s; %" PRId64 " elements expected", i,
                                  shape_str(c, in_shape(n, i)), count);
        for (int i = axis; i < rows.rank; i++)
            rows.dim[i] = 1;
    }
    for (size_t i = 1; i < 3; i++)
        op_set_output(n, i, DT_F32, &rows);
    return infer_same(c, g, n);
}

static Value *mean_of_rows(Plan *p, Value *x, Value *y, int axis)
{
    adze_reduce_params params = {.outer = (int32_t)dims_count(&x->shape, 0, axis),
                                 .axis = (int32_t)dims_count(&x->shape, axis, x->shape.rank),
                                 .inner = 1};
    Step *s = PLAN_STEP(p, KIND_REDUCE, "ReduceMean", adze_reduce_params, &params);
    step_in(s, x);
    step_out(s, y);
    return y;
}

/* Outputs Mean and InvStdDev, which the kernel does not give: 1 / sqrt(mean((x - mean)^2) + epsilon). */
static bool lower_statistics(OpContext *c, Plan *p, Node *n, int axis)
{
    Value *x = node_in(n, 0), *mean = node_out(n, 1), *deviation = node_out(n, 2);
    Shape rows = x->shape;
    if (!used(mean) && !used(deviation))
        return true;
    for (int i = axis; i < rows.rank; i++)
        rows.dim[i] = 1;
    mean = mean_of_rows(p, x, mean ? mean : plan_temp(p, DT_F32, &rows), axis);
    if (!used(deviation))
        return true;
    Value *centred = temp_binary(c, p, n, "Sub", x, mean);
    Value *square = centred ? temp_binary(c, p, n, "Mul", centred, centred) : NULL;
    if (!square)
        return false;
    Value *variance = mean_of_rows(p, square, plan_temp(p, DT_F32, &rows), axis);
    Value *spread = temp_binary(c, p, n, "Add", variance, plan_float(p, node_float(n, "epsilon", 1e-5f)));
    return spread && lower_unary(p, "Reciprocal", temp_unary(p, "Sqrt", spread), deviation, 0.0f, 0.0f);
}

bool lower_layernorm(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int axis = layer_axis(c, n, x);
    if (axis < 0 || !lower_statistics(c, p, n, axis))
        return false;
    adze_layernorm_params params = {.outer = (int32_t)dims_count(x, 0, axis),
                                    .axis = (int32_t)dims_count(x, axis, x->rank),
                                    .epsilon = node_float(n, "epsilon", 1e-5f)};
    Step *s = PLAN_STEP(p, KIND_LAYERNORM, NULL, adze_layernorm_params, &params);
    for (size_t i = 0; i < 3; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}
