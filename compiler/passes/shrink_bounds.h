/* Arithmetic of facts: what is known of a result from what is known of its operands.
 *
 * Bounds hold for the floats that a kernel computes, in any order of summation and with or without fused
 * multiply-adds: a sum of n products differs from the real one by less than (n + 2) * 2^-24 times the sum of the
 * products' magnitudes; twice that is allowed for. A sum of no product other than 0 is the bias, bit for bit; so is one
 * whose products together are below half of the bias's last place: decayed weights such as 1e-30 are no zeros. */
#ifndef ADZE_PASSES_SHRINK_BOUNDS_H
#define ADZE_PASSES_SHRINK_BOUNDS_H

#include "passes/shrink.h"

#include <math.h>
#include <string.h>

static const double fact_step = 0x1p-23;

/* Larger constants are read once a channel, which would take long: nothing is known of them. */
enum { CONSTANT_LIMIT = 1 << 16 };

Fact fact_unknown(void);
Fact fact_point(double v);
Fact fact_checked(Fact f); /* what every fact that was computed goes through */
Fact fact_widened(Fact f, double by);
Fact fact_clamped(Fact f, double lo, double hi);
double fact_magnitude(const Fact *f);
bool fact_is_point(const Fact *f);
Fact fact_hull(Fact a, Fact b);
/* Adding anything up to `size` in magnitude leaves the bias as it is, in any order and however often it is rounded. */
bool fact_is_absorbed(double bias, double size);
Fact fact_sum(Fact a, Fact b);
Fact fact_negated(Fact a);
Fact fact_product(Fact a, Fact b);
/* Of a constant: the hull of the elements of each channel, or of all when axis is -1. */
Fact fact_of_constant(const Value *v, int axis, int32_t channel);

static inline uint32_t fact_bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

/* Of all channels of an output: shrink_rows.c, shrink_each.c. */
void product_facts(const Shrink *s, const Product *p, Fact *y);
void each_facts(const Shrink *s, Node *n, Fact *y, int32_t count);

#endif
