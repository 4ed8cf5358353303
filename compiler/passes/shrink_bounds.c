#include "passes/shrink_bounds.h"

Fact fact_unknown(void)
{
    return (Fact){.lo = -INFINITY, .hi = INFINITY};
}

Fact fact_point(double v)
{
    return (Fact){.lo = v, .hi = v, .constant = isfinite(v), .value = (float)v};
}

/* Bounds that came out as inf - inf or 0 * inf say nothing. */
Fact fact_checked(Fact f)
{
    if (isnan(f.lo) || isnan(f.hi)) {
        f.lo = -INFINITY;
        f.hi = INFINITY;
    }
    if (f.lo == f.hi && isfinite(f.lo)) {
        f.constant = true;
        f.value = (float)f.lo;
    }
    f.constant = f.constant && isfinite(f.value);
    return f;
}

Fact fact_widened(Fact f, double by)
{
    f.lo -= by;
    f.hi += by;
    return fact_checked(f);
}

Fact fact_clamped(Fact f, double lo, double hi)
{
    f.lo = fmin(fmax(f.lo, lo), hi);
    f.hi = fmin(fmax(f.hi, lo), hi);
    f.value = (float)fmin(fmax((double)f.value, lo), hi);
    return fact_checked(f);
}

double fact_magnitude(const Fact *f)
{
    return fmax(fabs(f->lo), fabs(f->hi));
}

bool fact_is_point(const Fact *f)
{
    return f->lo == f->hi;
}

Fact fact_hull(Fact a, Fact b)
{
    Fact y = {.lo = fmin(a.lo, b.lo), .hi = fmax(a.hi, b.hi)};
    y.constant = a.constant && b.constant && a.value == b.value;
    y.value = a.value;
    return fact_checked(y);
}

bool fact_is_absorbed(double bias, double size)
{
    double most = 2 * size;
    return isfinite(most) && (double)(float)(bias + most) == bias && (double)(float)(bias - most) == bias;
}

Fact fact_sum(Fact a, Fact b)
{
    Fact y = {.lo = a.lo + b.lo, .hi = a.hi + b.hi, .constant = a.constant && b.constant, .value = a.value + b.value};
    if (fact_is_point(&a) && fact_is_point(&b)) /* one rounded addition */
        return fact_checked(fact_point((double)((float)a.lo + (float)b.lo)));
    if (fact_is_point(&a) && fact_is_absorbed(a.lo, fact_magnitude(&b)))
        return fact_checked(a);
    if (fact_is_point(&b) && fact_is_absorbed(b.lo, fact_magnitude(&a)))
        return fact_checked(b);
    if (fact_is_zero(&a))
        return fact_checked(b);
    if (fact_is_zero(&b))
        return fact_checked(a);
    return fact_widened(y, fact_step * (fact_magnitude(&a) + fact_magnitude(&b)));
}

Fact fact_negated(Fact a)
{
    return (Fact){.lo = -a.hi, .hi = -a.lo, .constant = a.constant, .value = -a.value};
}

Fact fact_product(Fact a, Fact b)
{
    if (fact_is_zero(&a) || fact_is_zero(&b))
        return fact_point(0);
    double p[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    Fact y = {.lo = p[0], .hi = p[0], .constant = a.constant && b.constant, .value = a.value * b.value};
    for (int i = 1; i < 4; i++) {
        if (isnan(p[i]) || isnan(p[0]))
            return fact_unknown();
        y.lo = fmin(y.lo, p[i]);
        y.hi = fmax(y.hi, p[i]);
    }
    /* The smallest float: products may be rounded to it. */
    return fact_widened(y, fact_step * fact_magnitude(&y) + 0x1p-149);
}

Fact fact_of_constant(const Value *v, int axis, int32_t channel)
{
    int64_t inner = 1, count = shape_count(&v->shape);
    const float *data = v->data;
    Fact y = fact_unknown();
    bool first = true;
    for (int i = axis + 1; i < v->shape.rank; i++)
        inner *= v->shape.dim[i];
    for (int64_t i = 0; i < count; i++) {
        if (axis >= 0 && i / inner % v->shape.dim[axis] != channel)
            continue;
        if (!isfinite(data[i]))
            return fact_unknown();
        y = first ? fact_point((double)data[i]) : fact_hull(y, fact_point((double)data[i]));
        first = false;
    }
    return y;
}
