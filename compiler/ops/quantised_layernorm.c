/* QLayerNormalization of 8 and 16 bits: its parameters, and the proof that nothing overflows (runtime/ref/qlayernorm.h
 * has the formula). */
#include "ops/quantised_layernorm.h"
#include "ops/quantised.h"

#include <inttypes.h>
#include <stdlib.h>

int layernorm_bits(int64_t count)
{
    int half = 0;
    while (INT64_C(1) << 2 * half < count)
        half++;
    return 29 - half;
}

bool layernorm_spread_fits(bool sixteen, int64_t count, int64_t epsilon, int epsilon_shift)
{
    const int64_t longest = sixteen ? 1 << 15 : 1 << 17; /* |d| and the sum of squares of 8 bits: 32 bits */
    const int64_t half = sixteen ? 1 << 15 : 1 << 7, limit = INT64_C(1) << 62;
    return count >= 0 && count <= longest && epsilon >= 0 && epsilon <= limit &&
           count * half * (count * half) <= limit >> epsilon_shift;
}

bool layernorm_fits(int64_t scale, int64_t bias)
{
    return llabs(scale) <= INT32_MAX && llabs(bias) + llabs(scale) / 8 + 1 <= INT32_MAX;
}

static bool check_rows(OpContext *c, const Node *n, int64_t count)
{
    static const char *const what[] = {"", "scale", "bias"};
    for (size_t i = 1; i < 3; i++) {
        const Shape *s = in_shape(n, i);
        if (!in_const(n, i) || in_type(n, i) != DT_I32 || s->rank != 1 || s->dim[0] != count)
            return node_error(c, n, "its %s is %s %s; a constant i32 [%" PRId64 "] expected", what[i],
                              dtype_name(in_type(n, i)), shape_str(c, s), count);
    }
    return true;
}

static bool check_sums(OpContext *c, const Node *n, int64_t count)
{
    Tensor scale = value_tensor(node_in(n, 1)), bias = value_tensor(node_in(n, 2));
    for (int64_t k = 0; k < count; k++)
        if (!layernorm_fits(tensor_int(&scale, k), tensor_int(&bias, k)))
            return node_error(c, n, "the sum of its element %" PRId64 " may overflow 32 bits", k);
    return true;
}

bool lower_qlayernorm(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    const bool sixteen = in_type(n, 0) == DT_I16;
    const int32_t least = sixteen ? INT16_MIN : INT8_MIN, most = sixteen ? INT16_MAX : INT8_MAX;
    const int axis = axis_normalise(node_int(n, "axis", -1), x->rank);
    const int64_t epsilon = node_int(n, "epsilon", 0), count = axis < 0 ? 0 : dims_count(x, axis, x->rank);
    adze_qlayernorm_params params = {.epsilon_high = (int32_t)(epsilon >> 32), .epsilon_low = (int32_t)epsilon};
    const IntAttr attrs[] = {{"epsilon_shift", &params.epsilon_shift, 0, 0, 32},
                             {"shift", &params.shift, 0, 1, 30},
                             {"lo", &params.lo, least, least, most},
                             {"hi", &params.hi, most, least, most}};
    if (axis < 0)
        return node_error(c, n, "its axis %" PRId64 " is outside of its input %s", node_int(n, "axis", -1),
                          shape_str(c, x));
    if (!int_attrs(c, n, attrs, sizeof attrs / sizeof *attrs) || !check_bounds(c, n, params.lo, params.hi) ||
        !check_rows(c, n, count) || !check_sums(c, n, count))
        return false;
    if (!layernorm_spread_fits(sixteen, count, epsilon, params.epsilon_shift) || params.epsilon_shift % 2)
        return node_error(c, n, "rows of %" PRId64 " elements with epsilon %" PRId64 " may overflow 63 bits", count,
                          epsilon);
    params.outer = (int32_t)dims_count(x, 0, axis);
    params.axis = (int32_t)count;
    params.lift = params.epsilon_shift / 2 + layernorm_bits(count) - 30;
    Step *s = PLAN_STEP(p, KIND_QLAYERNORM, NULL, adze_qlayernorm_params, &params);
    for (size_t i = 0; i < 3; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->overwritable = 1;
    return true;
}
