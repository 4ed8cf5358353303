/* TopK: the largest or smallest elements along an axis, and where they were. */
#include "ops/family.h"

#include <inttypes.h>

static int topk_axis(OpContext *c, const Node *n, const Shape *x)
{
    int64_t given = node_int(n, "axis", -1);
    int axis = axis_normalise(given, x->rank);
    if (axis < 0)
        node_error(c, n, "attribute 'axis' is %" PRId64 ", outside of its input %s", given, shape_str(c, x));
    return axis;
}

/* From the attribute, or since version 10 from input K; -1 while that is not known. */
static int64_t topk_count(const Node *n)
{
    const Value *k = node_in(n, 1);
    if (n->version < 10)
        return node_int(n, "k", -1);
    if (!k || !k->is_const || shape_count(&k->shape) != 1)
        return -1;
    Tensor t = value_tensor(k);
    return tensor_int(&t, 0);
}

bool infer_topk(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    (void)g;
    if (in_type(n, 1) != DT_NONE && in_type(n, 1) != DT_I64)
        return node_error(c, n, "its input K is %s; i64 expected", dtype_name(in_type(n, 1)));
    if (x->rank >= 0) {
        int axis = topk_axis(c, n, x);
        int64_t k = topk_count(n);
        if (axis < 0)
            return false;
        if ((k < 0 && (n->version < 10 || in_const(n, 1))) || (x->dim[axis] >= 0 && k > x->dim[axis]))
            return node_error(c, n, "its k is %" PRId64 "; axis %d of its input %s cannot give as many", k, axis,
                              shape_str(c, x));
        y = *x;
        y.dim[axis] = k;
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    op_set_output(n, 1, DT_I64, &y);
    return true;
}

bool lower_topk(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int axis = topk_axis(c, n, x);
    int64_t k = topk_count(n);
    if (axis < 0)
        return false;
    if (k < 0)
        return node_error(c, n, "its input K is not one constant; supported: a constant");
    Shape y = *x;
    y.dim[axis] = k;
    adze_topk_params params = {.outer = (int32_t)dims_count(x, 0, axis),
                               .axis = (int32_t)x->dim[axis],
                               .inner = (int32_t)dims_count(x, axis + 1, x->rank),
                               .k = (int32_t)k,
                               .smallest = node_int(n, "largest", 1) == 0};
    Step *s = PLAN_STEP(p, KIND_TOPK, NULL, adze_topk_params, &params);
    step_in(s, node_in(n, 0));
    step_out(s, node_out(n, 0) ? node_out(n, 0) : plan_temp(p, in_type(n, 0), &y));
    step_out(s, node_out(n, 1) ? node_out(n, 1) : plan_temp(p, DT_I64, &y));
    return true;
}
