/* Softmax and LogSoftmax: before opset 13 over all axes from `axis` on, since then over one. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

static bool flattens(const Node *n)
{
    return n->version < 13;
}

static int softmax_axis(OpContext *c, const Node *n, int rank)
{
    int64_t given = node_int(n, "axis", flattens(n) ? 1 : -1);
    int axis = axis_normalise(given, rank);
    if (axis < 0 && flattens(n) && given == rank)
        axis = rank; /* everything before the axis: rows of one element */
    if (axis < 0)
        node_error(c, n, "its axis %" PRId64 " is outside of its input %s", given, shape_str(c, in_shape(n, 0)));
    return axis;
}

bool infer_softmax(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    if (x->rank > 0 && softmax_axis(c, n, x->rank) < 0)
        return false;
    return infer_same(c, g, n);
}

bool lower_softmax(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int axis = x->rank ? softmax_axis(c, n, x->rank) : 0;
    if (axis < 0)
        return false;
    adze_softmax_params params = {.outer = (int32_t)dims_count(x, 0, axis), .axis = 1, .inner = 1};
    if (flattens(n) || !x->rank) {
        params.axis = (int32_t)dims_count(x, axis, x->rank);
    } else {
        params.axis = (int32_t)x->dim[axis];
        params.inner = (int32_t)dims_count(x, axis + 1, x->rank);
    }
    Kind kind = !strcmp(n->op_type, "LogSoftmax") ? KIND_LOGSOFTMAX : KIND_SOFTMAX;
    Step *s = PLAN_STEP(p, kind, NULL, adze_softmax_params, &params);
    step_in(s, node_in(n, 0));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}
