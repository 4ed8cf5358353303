#include "commands/compare.h"

#include <math.h>
#include <string.h>

/* Difference of two floats: NaN equals NaN, an infinity equals itself. */
static double float_difference(double got, double want)
{
    if (isnan(got) && isnan(want))
        return 0;
    if (got == want)
        return 0;
    double d = fabs(got - want);
    return isnan(d) ? INFINITY : d;
}

static void compare_element(double difference, double got, double want, double allowed, int64_t i, Comparison *c)
{
    c->count++;
    c->outside += !(difference <= allowed);
    double excess = difference == 0 ? 0 : allowed > 0 ? difference / allowed : INFINITY;
    bool worse = c->worst < 0 || excess > c->excess || (excess == c->excess && difference > c->difference);
    if (!worse)
        return;
    c->worst = i;
    c->got = got;
    c->want = want;
    c->difference = difference;
    c->excess = excess;
}

void compare_tensors(const Tensor *got, const Tensor *want, const Tolerance *t, Comparison *c)
{
    int64_t n = shape_count(&want->shape);
    bool is_float = dtype_is_float(want->type);
    for (int64_t i = 0; i < n; i++) {
        double g, w, difference, allowed;
        if (is_float) {
            g = tensor_float(got, i);
            w = tensor_float(want, i);
            difference = float_difference(g, w);
            allowed = isinf(w) ? t->atol : t->atol + t->rtol * fabs(isnan(w) ? 0 : w);
        } else {
            int64_t gi = tensor_int(got, i), wi = tensor_int(want, i);
            uint64_t apart = gi > wi ? (uint64_t)gi - (uint64_t)wi : (uint64_t)wi - (uint64_t)gi;
            g = (double)gi;
            w = (double)wi;
            difference = (double)apart;
            allowed = t->atol_given ? t->atol : 0;
        }
        compare_element(difference, g, w, allowed, i, c);
    }
}

bool comparison_passes(const Comparison *c, const Tolerance *t)
{
    return (double)(c->count - c->outside) >= t->quantile * (double)c->count;
}
