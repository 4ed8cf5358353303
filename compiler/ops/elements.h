/* ScatterND with any indices and reduction: what scatter.c does not lower as a copy. */
#ifndef ADZE_OPS_ELEMENTS_H
#define ADZE_OPS_ELEMENTS_H

#include "ops/ops.h"

bool lower_scatter_rows(OpContext *c, Plan *p, Node *n);

#endif
