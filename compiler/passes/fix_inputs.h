/* --input-value: see fix_inputs.c. */
#ifndef ADZE_PASSES_FIX_INPUTS_H
#define ADZE_PASSES_FIX_INPUTS_H

#include "passes/passes.h"

/* Reports each that names no input. */
bool input_values_check(PassContext *c, const Graph *g);

#endif
