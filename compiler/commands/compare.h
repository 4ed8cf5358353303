/* Got against wanted, element by element. */
#ifndef ADZE_COMMANDS_COMPARE_H
#define ADZE_COMMANDS_COMPARE_H

#include "base/dtype.h"

typedef struct {
    double rtol, atol; /* |got - want| <= atol + rtol * |want| for floats */
    bool atol_given;   /* then integers, too, may differ by atol */
    double quantile;   /* share of the elements that must be within */
} Tolerance;

typedef struct {
    int64_t count, outside;
    int64_t
        worst; /* index of the element that is furthest over its tolerance, or of the largest difference; -1: none */
    double got, want, difference;
    double excess; /* of the worst: difference / tolerance */
} Comparison;

/* Adds the comparison of two tensors of one type and shape to c (start with worst = -1). */
void compare_tensors(const Tensor *got, const Tensor *want, const Tolerance *t, Comparison *c);
bool comparison_passes(const Comparison *c, const Tolerance *t);

#endif
