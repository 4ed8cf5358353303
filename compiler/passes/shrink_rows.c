/* What is known of the output channels of products, and which of them are equal. */
#include "passes/shrink_bounds.h"

static Fact row_fact(const Shrink *s, const Product *p, int32_t o)
{
    double bias = p->b ? (double)p->b[o] : 0, lo = bias, hi = bias, size = 0, value = bias, terms = 0;
    bool constant = true;
    if (!isfinite(bias))
        return fact_unknown();
    for (int32_t c = 0; c < p->in; c++) {
        Fact x = shrink_fact(s, p->x, o / p->out * p->in + c);
        if (fact_is_zero(&x))
            x = fact_point(0);
        double low = p->padded ? fmin(x.lo, 0) : x.lo, high = p->padded ? fmax(x.hi, 0) : x.hi;
        for (int64_t t = 0; t < p->taps; t++) {
            double w = (double)product_weight(p, o, t, c);
            if (w == 0)
                continue;
            if (!isfinite(w))
                return fact_unknown();
            if (fact_is_zero(&x))
                continue;
            terms++;
            lo += fmin(w * low, w * high);
            hi += fmax(w * low, w * high);
            size += fabs(w) * fmax(fabs(low), fabs(high));
            constant = constant && x.constant && (!p->padded || x.value == 0);
            value += constant ? w * (double)x.value : 0;
        }
    }
    Fact y = {.lo = lo, .hi = hi, .constant = constant, .value = (float)value};
    if (fact_is_absorbed(bias, size + terms * 0x1p-149))
        return fact_point(bias);
    return terms > 0 ? fact_widened(y, fact_step * (terms + 2) * (size + fabs(bias)) + terms * 0x1p-149)
                     : fact_checked(y);
}

static uint64_t mixed(uint64_t h, uint32_t v)
{
    return (h ^ v) * 0x100000001b3u;
}

static uint64_t row_hash(const Shrink *s, const Product *p, int32_t o)
{
    uint64_t h = mixed(0xcbf29ce484222325u, p->b ? fact_bits(p->b[o]) : p->q ? (uint32_t)p->b32[o] : 0);
    for (int32_t c = 0; c < p->in; c++) {
        h = mixed(h, (uint32_t)shrink_same(s, p->x, o / p->out * p->in + c));
        for (int64_t t = 0; t < p->taps; t++)
            h = mixed(h, fact_bits(product_weight(p, o, t, c)));
    }
    return h;
}

static bool same_rows(const Shrink *s, const Product *p, int32_t a, int32_t b)
{
    if (p->b && fact_bits(p->b[a]) != fact_bits(p->b[b]))
        return false;
    if (p->q && (p->b32[a] != p->b32[b] || p->multiplier[a] != p->multiplier[b]))
        return false;
    if (p->residual && (p->residual->is_const || shrink_same(s, p->residual, b) != shrink_same(s, p->residual, a)))
        return false;
    for (int32_t c = 0; c < p->in; c++) {
        if (shrink_same(s, p->x, a / p->out * p->in + c) != shrink_same(s, p->x, b / p->out * p->in + c))
            return false;
        for (int64_t t = 0; t < p->taps; t++)
            if (fact_bits(product_weight(p, a, t, c)) != fact_bits(product_weight(p, b, t, c)))
                return false;
    }
    return true;
}

static void find_same_rows(const Shrink *s, const Product *p, Fact *y)
{
    int32_t outputs = p->group * p->out;
    uint64_t *hash = NEW_ARRAY(s->a, uint64_t, outputs);
    for (int32_t o = 0; o < outputs; o++) {
        hash[o] = row_hash(s, p, o);
        for (int32_t k = 0; k < o && y[o].same == o; k++)
            if (hash[k] == hash[o] && y[k].same == k && same_rows(s, p, k, o))
                y[o].same = k;
    }
}

static Fact residual_fact(const Shrink *s, const Product *p, int32_t o)
{
    const Value *v = p->residual;
    if (!v->is_const)
        return shrink_fact(s, v, o);
    bool small = const_f32(v) && shape_count(&v->shape) <= CONSTANT_LIMIT;
    return small ? fact_of_constant(v, v->shape.rank - 1, o) : fact_unknown();
}

void product_facts(const Shrink *s, const Product *p, Fact *y)
{
    for (int32_t o = 0; p->q && o < p->group * p->out; o++) {
        y[o] = q_row_fact(s, p, o);
        y[o].same = o;
    }
    if (p->q) {
        find_same_rows(s, p, y);
        return;
    }
    for (int32_t o = 0; o < p->group * p->out; o++) {
        y[o] = row_fact(s, p, o);
        if (p->residual)
            y[o] = fact_sum(y[o], residual_fact(s, p, o));
        y[o] = fact_clamped(y[o], p->lo, p->hi);
        y[o].image = y[o].constant ? NULL : border_image(s, p, o);
        y[o].same = o;
    }
    find_same_rows(s, p, y);
}
