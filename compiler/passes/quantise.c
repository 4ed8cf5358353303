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
        int64_t low = lo == -INFINITY ? INT8_MIN : quantised(lo, r->scale, r->zero);
        int64_t high = hi == INFINITY ? INT8_MAX : quantised(hi, r->scale, r->zero);
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

const char *region_end(Region *r, Value *y)
{
    rw_replace(r->g, r->n, y);
    return NULL;
}

void set_bounds(Region *r, Node *q)
{
    if (r->zero)
        node_set_int(r->g, q, "y_zero_point", r->zero);
    if (r->lo != INT8_MIN)
        node_set_int(r->g, q, "lo", r->lo);
    if (r->hi != INT8_MAX)
        node_set_int(r->g, q, "hi", r->hi);
}

const char *quantise_region(PassContext *c, Graph *g, Node *n)
{
    static RegionFn *const kinds[] = {region_conv, region_gemm,         region_matmul,      region_add,
                                      region_mul,  region_average_pool, region_reduce_mean, region_softmax};
    QParams p;
    if (!is_quantize(n) || !quant_i8(c->scratch, n, &p) || !known_f32(node_in(n, 0)))
        return "";
    Region r = {c, g, n, node_in(n, 0), p.scale[0], p.zero[0], INT8_MIN, INT8_MAX};
    const char *why = region_lookup(&r);
    if (!why)
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
