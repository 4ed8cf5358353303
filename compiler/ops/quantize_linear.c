/* QuantizeLinear and DequantizeLinear as ONNX has them, and the QOperator nodes, which passes write out as those. What
 * passes leave is adze.Quantize and adze.Dequantize; here a scale may also be computed. */
#include "ops/family.h"

#include <inttypes.h>

bool infer_quantize_linear(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    int64_t to = node_int(n, "output_dtype", 0);
    DType type = node_in(n, 2) ? in_type(n, 2) : to ? dtype_from_onnx(to) : DT_U8;
    if (type == DT_NONE && !node_in(n, 2))
        return node_error(c, n, "attribute 'output_dtype' is %" PRId64 ", which is not supported", to);
    op_set_output(n, 0, type, in_shape(n, 0));
    return true;
}

bool infer_dequantize_linear(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, DT_F32, in_shape(n, 0));
    return true;
}

/* Its types and shapes are those of the operators that it is written out as. */
bool infer_written_out(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g, (void)n;
    return true;
}

static Value *zero_point(Plan *p, const Node *n, const Shape *shape)
{
    Value *zero = node_in(n, 2);
    if (!zero) {
        size_t bytes;
        if (!dtype_bytes(DT_I32, shape_count(shape), &bytes))
            return NULL;
        return graph_const(p->graph, NULL, DT_I32, shape, arena_alloc(p->arena, bytes));
    }
    if (zero->is_const && zero->data) {
        int64_t count = shape_count(&zero->shape);
        int32_t *data = NEW_ARRAY(p->arena, int32_t, count);
        Tensor t = value_tensor(zero);
        for (int64_t i = 0; i < count; i++)
            data[i] = (int32_t)tensor_int(&t, i);
        return graph_const(p->graph, NULL, DT_I32, &zero->shape, data);
    }
    Value *wide = plan_temp(p, DT_I32, &zero->shape);
    return lower_convert(p, zero, wide) ? wide : NULL;
}

static bool lower_linear(OpContext *c, Plan *p, Node *n, Kind kind)
{
    const Shape *x = in_shape(n, 0), *scale = in_shape(n, 1);
    int64_t count = shape_count(scale), axis = node_int(n, "axis", 1);
    if (in_type(n, 1) != DT_F32)
        return node_error(c, n, "its scale is %s; supported: f32", dtype_name(in_type(n, 1)));
    if (node_int(n, "block_size", 0) || scale->rank > 1)
        return node_error(c, n, "it has a scale a block; supported: one scale, one a channel, or constants in blocks");
    int at = count == 1 ? 0 : axis_normalise(axis, x->rank);
    if (at < 0 || (count != 1 && x->dim[at] != count))
        return node_error(c, n, "its scale has %" PRId64 " elements, which does not fit axis %" PRId64 " of %s", count,
                          axis, shape_str(c, x));
    if (node_in(n, 2) && shape_count(in_shape(n, 2)) != count)
        return node_error(c, n, "its scale is %s and its zero point %s; one number of elements expected",
                          shape_str(c, scale), shape_str(c, in_shape(n, 2)));
    Value *zero = zero_point(p, n, scale);
    adze_quantize_params params = {.outer = 1, .axis = 1, .inner = (int32_t)shape_count(x)};
    if (count != 1) {
        params.outer = (int32_t)dims_count(x, 0, at);
        params.axis = (int32_t)x->dim[at];
        params.inner = (int32_t)dims_count(x, at + 1, x->rank);
    }
    if (!zero)
        return false;
    Step *s = PLAN_STEP(p, kind, NULL, adze_quantize_params, &params);
    step_in(s, node_in(n, 0));
    step_in(s, node_in(n, 1));
    step_in(s, zero);
    step_out(s, node_out(n, 0));
    return true;
}

bool lower_quantize_linear(OpContext *c, Plan *p, Node *n)
{
    return lower_linear(c, p, n, KIND_QUANTIZE);
}

bool lower_dequantize_linear(OpContext *c, Plan *p, Node *n)
{
    return lower_linear(c, p, n, KIND_DEQUANTIZE);
}
