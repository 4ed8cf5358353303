/* InstanceNormalization and GroupNormalization: one kernel, with the channels at axis 1 as ONNX has them, or last
 * (domain adze). */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static bool check_scales(OpContext *c, const Node *n, int64_t count, int64_t or_count)
{
    for (size_t i = 1; i < 3; i++) {
        const Shape *s = in_shape(n, i);
        if (s->rank >= 0 && shape_known(s) && count >= 0 &&
            (s->rank != 1 || (s->dim[0] != count && s->dim[0] != or_count)))
            return node_error(c, n, "its input %zu has the shape %s; [%" PRId64 "] expected", i, shape_str(c, s),
                              count);
        if (in_type(n, i) != DT_NONE && in_type(n, i) != in_type(n, 0))
            return node_error(c, n, "its input %zu is %s and its input %s; they must be of one type", i,
                              dtype_name(in_type(n, i)), dtype_name(in_type(n, 0)));
    }
    return true;
}

bool infer_instancenorm(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    if (x->rank >= 0 && x->rank < 3)
        return node_error(c, n, "its input has the shape %s; [batch, channels, ...] expected", shape_str(c, x));
    int64_t channels = x->rank >= 2 ? x->dim[1] : -1;
    return check_scales(c, n, channels, channels) && infer_same(c, g, n);
}

bool infer_groupnorm(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    int64_t groups = node_int(n, "num_groups", 0), axis = node_int(n, "axis", 1);
    if (x->rank >= 0 && (x->rank < 2 || (axis != 1 && axis != x->rank - 1)))
        return node_error(c, n, "its input has the shape %s; [batch, channels, ...] expected", shape_str(c, x));
    int64_t channels = x->rank >= 2 ? x->dim[axis] : -1;
    if (groups < 1 || (channels >= 0 && channels % groups))
        return node_error(c, n, "its %" PRId64 " channels do not divide into %" PRId64 " groups", channels, groups);
    /* Before opset 21 there is a scale a group, else one a channel; behind the passes, either. */
    bool ours = node_is_adze(n, "GroupNormalization"), old = !ours && n->version < 21;
    return check_scales(c, n, old ? groups : channels, ours ? groups : -1) && infer_same(c, g, n);
}

static bool lower_groups(Plan *p, Node *n, int axis, int64_t groups)
{
    const Shape *x = in_shape(n, 0), *scale = in_shape(n, 1);
    if (shape_count(x) == 0)
        return true;
    int64_t channels = x->dim[axis], each = channels / groups, pixels = shape_count(x) / (x->dim[0] * channels);
    bool last = axis == x->rank - 1;
    adze_groupnorm_params params = {
        .batch = (int32_t)x->dim[0],
        .groups = (int32_t)groups,
        .channels = (int32_t)each,
        .pixels = (int32_t)pixels,
        .group_stride = (int32_t)(last ? each : each * pixels),
        .channel_stride = (int32_t)(last ? 1 : pixels),
        .pixel_stride = (int32_t)(last ? channels : 1),
        .channels_per_scale = (int32_t)(channels / scale->dim[0]),
        .epsilon = node_float(n, "epsilon", 1e-5f),
        .lo = node_float(n, "lo", -INFINITY),
        .hi = node_float(n, "hi", INFINITY),
    };
    Step *s = PLAN_STEP(p, KIND_GROUPNORM, NULL, adze_groupnorm_params, &params);
    for (size_t i = 0; i < 3; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}

static bool one_length(OpContext *c, const Node *n)
{
    return shape_equal(in_shape(n, 1), in_shape(n, 2)) ||
           node_error(c, n, "its scale has the shape %s and its bias %s; they must be equal",
                      shape_str(c, in_shape(n, 1)), shape_str(c, in_shape(n, 2)));
}

bool lower_instancenorm(OpContext *c, Plan *p, Node *n)
{
    return one_length(c, n) && lower_groups(p, n, 1, in_shape(n, 0)->dim[1]);
}

bool lower_groupnorm(OpContext *c, Plan *p, Node *n)
{
    return one_length(c, n) && lower_groups(p, n, (int)node_int(n, "axis", 1), node_int(n, "num_groups", 1));
}
