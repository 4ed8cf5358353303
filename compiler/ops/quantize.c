/* adze.Quantize and adze.Dequantize: between floats and integers, per tensor or per channel. */
#include "ops/family.h"

#include <inttypes.h>

/* Scale and zero point are of one shape: a scalar, or one element for each index of `axis`. */
static bool check_scale(OpContext *c, const Node *n)
{
    const Shape *x = in_shape(n, 0), *scale = in_shape(n, 1), *zero_point = in_shape(n, 2);
    int64_t count = shape_count(scale);
    if (in_type(n, 1) != DT_F32 || in_type(n, 2) != DT_I32)
        return node_error(c, n, "its scale is %s and its zero point %s; f32 and i32 expected",
                          dtype_name(in_type(n, 1)), dtype_name(in_type(n, 2)));
    if (count < 0 || shape_count(zero_point) != count || scale->rank > 1 || zero_point->rank > 1)
        return node_error(c, n, "its scale is %s and its zero point %s; supported: one element, or one a channel",
                          shape_str(c, scale), shape_str(c, zero_point));
    int axis = count == 1 ? 0 : axis_normalise(node_int(n, "axis", 1), x->rank);
    if (axis < 0 || (count != 1 && x->dim[axis] != count))
        return node_error(c, n,
                          "its scale has %" PRId64 " elements, which does not fit axis %" PRId64 " of its input %s",
                          count, node_int(n, "axis", 1), shape_str(c, x));
    return true;
}

static bool lower_scaled(OpContext *c, Plan *p, Node *n, Kind kind)
{
    if (!check_scale(c, n))
        return false;
    const Shape *x = in_shape(n, 0);
    adze_quantize_params params = {.outer = 1, .axis = 1, .inner = (int32_t)shape_count(x)};
    if (shape_count(in_shape(n, 1)) != 1) {
        int axis = axis_normalise(node_int(n, "axis", 1), x->rank);
        params.outer = (int32_t)dims_count(x, 0, axis);
        params.axis = (int32_t)x->dim[axis];
        params.inner = (int32_t)dims_count(x, axis + 1, x->rank);
    }
    Step *s = PLAN_STEP(p, kind, NULL, adze_quantize_params, &params);
    for (size_t i = 0; i < 3; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    if (dtype_size(in_type(n, 0)) == dtype_size(node_out(n, 0)->type))
        s->overwritable = 1;
    return true;
}

bool infer_quantize(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    DType type = dtype_from_onnx(node_int(n, "to", 3));
    if (type != DT_I8 && type != DT_U8 && type != DT_I16 && type != DT_U16)
        return node_error(c, n, "attribute 'to' is %" PRId64 "; supported: i8, u8, i16, u16", node_int(n, "to", 3));
    op_set_output(n, 0, type, in_shape(n, 0));
    return true;
}

bool lower_quantize(OpContext *c, Plan *p, Node *n)
{
    return lower_scaled(c, p, n, KIND_QUANTIZE);
}

bool infer_dequantize(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, DT_F32, in_shape(n, 0));
    return true;
}

bool lower_dequantize(OpContext *c, Plan *p, Node *n)
{
    return lower_scaled(c, p, n, KIND_DEQUANTIZE);
}
