/* NAME_selftest.c and .h: golden cases as constants, and a function that runs them on a board. */
#ifndef ADZE_EMIT_SELFTEST_H
#define ADZE_EMIT_SELFTEST_H

#include "emit/emit.h"

typedef struct {
    size_t cases;
    const unsigned char *in;  /* a case behind the other: all inputs that are no state, in the model's order */
    const unsigned char *out; /* in the same way: all outputs */
    double rtol, atol;        /* of floats */
    double int_atol;
} SelftestData;

/* Into a folder that emit_folder has filled for the same plan, with weights that are compiled in. */
bool emit_selftest(Arena *a, Diag *d, const Plan *p, const Target *t, const EmitOptions *o, const SelftestData *data,
                   const char *dir);

#endif
