/* quantise: a QuantizeLinear, with the operator in front of it and the DequantizeLinears in front of that, becomes one
 * integer node of the domain adze. Relu and Clip become bounds; element-wise operators of one tensor become a table.
 * Requires: quantise_import (i8, one spelling), all shapes known. Keeps: the function, to the rounding of the scales to
 * 31 bits and of halves upwards. Breaks: adds Transposes around NHWC nodes, as layout does. What does not fit stays as
 * it is, for quantise_rest to name. */
#include "passes/quantise.h"

#include <math.h>

static bool clamps(Region *r)
{
    Value *inner;
    double lo, hi;
    while (r->x->producer && single_use(r->x) && clamp_of(r->x->producer, &inner, &lo, &hi)) {
        int64_t low = lo == -INFINITY ? least_of(r->type) : quantised_to(r->type, lo, r->scale, r->zero);
        int64_t high = hi == INFINITY ? most_of(r->type) : quantised_to(r->type, hi, r->scale, r->zero);
        if (low > high)
            return false;
        low = low < r->lo ? r->lo : low > r->hi ? r->hi : low;
        high = high < r->lo ? r->lo : high > r->hi ? r->hi : high;
        r->lo = low;
        r->hi = high;
        r->x = inner;
    }
    return true;
}

bool operand(const Region *r, const Value *v, QTensor *out)
{
    return dequantised_of(r->c->scratch, v, r->type, out);
}

const char *op_of(const Region *r, const char *eight, const char *sixteen)
{
    return r->type == DT_I16 ? sixteen : eight;
}

const char *not_quantised_one(const Region *r)
{
    return op_of(r, "its input is not quantised to 8 bits with one scale",
                 "its input is not quantised to 16 bits, as its result is, with one scale");
}

const char *region_end(Region *r, Value *y)
{
    rw_replace(r->g, r->n, y);
    return NULL;
}

void set_bounds(Region *r, Node *q)
{
    if (r->zero)
        node_set_int(r->g, q, "y_zero_point", r->zero);
    if (r->lo != least_of(r->type))
        node_set_int(r->g, q, "lo", r->lo);
    if (r->hi != most_of(r->type))
        node_set_int(r->g, q, "hi", r->hi);
}

const char *quantise_region(PassContext *c, Graph *g, Node *n)
{
    static RegionFn *const kinds[] = {region_conv,        region_gemm,    region_matmul,
                                      region_add,         region_mul,     region_average_pool,
                                      region_reduce_mean, region_softmax, region_layernorm};
    QParams p;
    if (!is_quantize(n) || !quant_params(c->scratch, n, &p) || p.count != 1 || (p.type != DT_I8 && p.type != DT_I16) ||
        !known_f32(node_in(n, 0)))
        return "";
    Region r = {c, g, n, node_in(n, 0), p.scale[0], p.zero[0], least_of(p.type), most_of(p.type), p.type};
    const char *why = p.type == DT_I16 ? region_interpolate(&r) : region_lookup(&r);
    if (p.type == DT_I16 && why && *why)
        return why;
    if (!why)
        return NULL;
    if (clamps(&r) && ((p.type == DT_I16 && !region_rescale16(&r)) || !region_requantize(&r)))
        return NULL;
    if (!clamps(&r) || !r.x->producer || (r.x != node_in(n, 0) && !single_use(r.x)) || !single_use(r.x))
        return r.x->producer && !single_use(r.x) ? "its result is also read as float" : "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        why = kinds[i](&r);
        if (!why || *why)
            return why;
    }
    return "";
}

static bool region(PassContext *c, Graph *g, Node *n)
{
    return is_quantize(n) && !quantise_region(c, g, n);
}

bool pass_quantise(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {conv_transpose_to_conv, region};
    return rewrite_all(c, g, rules, 2, changed);
}
