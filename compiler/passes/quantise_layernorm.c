/* LayerNormalization between integers, with constant scale and bias (runtime/ref/qlayernorm.h has the formula). */
#include "passes/quantise.h"

#include "ops/quantised_layernorm.h"

#include <inttypes.h>
#include <math.h>

/* A constant of `count` elements, or one, also behind a DequantizeLinear; false when v is none. */
static bool constant_row(Region *r, const Value *v, int64_t count, double *out)
{
    QParams q = {.count = 0};
    const Value *data = v;
    if (v->producer && is_dequantize(v->producer)) {
        data = node_in(v->producer, 0);
        if (!quant_params(r->c->scratch, v->producer, &q))
            return false;
    }
    if (!data->is_const || !data->data || (q.count ? !dtype_is_int(data->type) : !dtype_is_float(data->type)))
        return false;
    int64_t elements = shape_count(&data->shape), inner = 1;
    if (elements != count && elements != 1)
        return false;
    for (int i = q.axis + 1; i < data->shape.rank; i++)
        inner *= data->shape.dim[i];
    Tensor t = value_tensor(data);
    for (int64_t k = 0; k < count; k++) {
        int64_t at = elements > 1 ? k : 0, channel = q.count > 1 ? at / inner % q.count : 0;
        out[k] = q.count ? (double)(tensor_int(&t, at) - q.zero[channel]) * q.scale[channel] : tensor_float(&t, at);
        if (!isfinite(out[k]))
            return false;
    }
    return true;
}

/* With as many bits below a step of the input as fit. */
static bool epsilon_of(const Region *r, const QTensor *x, double epsilon, int64_t count, int64_t *out, int *shift)
{
    const double steps = epsilon * (double)count * (double)count / (x->scale * x->scale);
    for (*shift = 32; *shift >= 0; *shift -= 2) {
        const double scaled = rint(ldexp(steps, *shift));
        *out = scaled <= 0x1p62 ? (int64_t)scaled : -1;
        if (layernorm_spread_fits(r->type == DT_I16, count, *out, *shift))
            return true;
    }
    return false;
}

/* beta, the zero point and half a step in units of 2^-shift. Rows of equal elements give beta alone: it keeps to the
 * side of a half, or on it to the even side, where the real number is. */
static double bias_of(const Region *r, double beta, int shift)
{
    const double y = beta / r->scale + (double)r->zero, unit = ldexp(1, shift);
    const double nearest = rint(beta / r->scale) + (double)r->zero;
    return fmin(fmax(rint(y * unit) + unit / 2, nearest * unit), (nearest + 1) * unit - 1);
}

/* As fine as fits 32 bits; the kernel's error is 4 units at most, so that 2^-5 keeps it to a step. */
static bool rows_of(Region *r, const double *gamma, const double *beta, int64_t count, int32_t *scale, int32_t *bias,
                    int *shift)
{
    enum { COARSE = 5, FINE = 24 };
    for (*shift = FINE; *shift >= COARSE; --*shift) {
        int64_t k = 0;
        for (; k < count; k++) {
            const double s = rint(ldexp(gamma[k] / r->scale, *shift + 32 - layernorm_bits(count)));
            const double b = bias_of(r, beta[k], *shift);
            if (!(fabs(s) <= INT32_MAX) || !(fabs(b) <= INT32_MAX) || !layernorm_fits((int64_t)s, (int64_t)b))
                break;
            scale[k] = (int32_t)s;
            bias[k] = (int32_t)b;
        }
        if (k == count)
            return true;
    }
    return false;
}

const char *region_layernorm(Region *r)
{
    Node *n = r->x->producer;
    QTensor x;
    if (!node_is(n, "LayerNormalization") || !node_in(n, 1))
        return "";
    if (!operand(r, node_in(n, 0), &x))
        return not_quantised_one(r);
    const int rank = x.v->shape.rank, axis = axis_normalise(node_int(n, "axis", -1), rank);
    int64_t count = 1, epsilon;
    int epsilon_shift, shift;
    for (int i = axis; i >= 0 && i < rank; i++)
        count *= x.v->shape.dim[i];
    double *gamma = NEW_ARRAY(r->c->scratch, double, count), *beta = NEW_ARRAY(r->c->scratch, double, count);
    if (axis < 0 || !constant_row(r, node_in(n, 1), count, gamma) ||
        (node_in(n, 2) && !constant_row(r, node_in(n, 2), count, beta)))
        return "its scale and bias are not constants of a row";
    if (!epsilon_of(r, &x, (double)node_float(n, "epsilon", 1e-5f), count, &epsilon, &epsilon_shift))
        return WHY(r, "the sums of its rows of %" PRId64 " elements of scale %g may overflow 63 bits", count, x.scale);
    int32_t *scale = NEW_ARRAY(r->g->arena, int32_t, count), *bias = NEW_ARRAY(r->g->arena, int32_t, count);
    if (!rows_of(r, gamma, beta, count, scale, bias, &shift))
        return WHY(r, "its scale or bias is too large for the scale %g of its result", r->scale);
    Node *q = rw_node(r->g, r->n, "adze", op_of(r, "QLayerNormalization", "QLayerNormalization16"), n->name);
    node_add_input(r->g, q, x.v);
    node_add_input(r->g, q, const_i32(r->g, count, scale));
    node_add_input(r->g, q, const_i32(r->g, count, bias));
    node_set_int(r->g, q, "axis", axis);
    node_set_int(r->g, q, "epsilon", epsilon);
    node_set_int(r->g, q, "epsilon_shift", epsilon_shift);
    node_set_int(r->g, q, "shift", shift);
    if (r->lo != least_of(r->type))
        node_set_int(r->g, q, "lo", r->lo);
    if (r->hi != most_of(r->type))
        node_set_int(r->g, q, "hi", r->hi);
    return region_end(r, rw_output(r->g, q, r->type, &r->x->shape));
}
