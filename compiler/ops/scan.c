/* CumSum and CumProd. */
#include "ops/family.h"

#include <inttypes.h>

bool lower_scan(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    const Value *given = node_in(n, 1);
    if (!given || !given->is_const || !dtype_is_int(given->type) || shape_count(&given->shape) != 1)
        return node_error(c, n, "its input axis is not one constant integer; supported: a constant");
    Tensor t = value_tensor(given);
    int axis = axis_normalise(tensor_int(&t, 0), x->rank);
    if (axis < 0)
        return node_error(c, n, "its axis %" PRId64 " is outside of its input %s", tensor_int(&t, 0), shape_str(c, x));
    adze_scan_params params = {.outer = (int32_t)dims_count(x, 0, axis),
                               .axis = (int32_t)x->dim[axis],
                               .inner = (int32_t)dims_count(x, axis + 1, x->rank),
                               .reverse = node_int(n, "reverse", 0) != 0,
                               .exclusive = node_int(n, "exclusive", 0) != 0};
    Step *s = PLAN_STEP(p, KIND_SCAN, n->op->name, adze_scan_params, &params);
    step_in(s, node_in(n, 0));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}
