/* The rules of canonicalise about views and Transposes (canonicalise_view.c) and about sharing (canonicalise_share.c).
 * Private to compiler/passes. */
#ifndef ADZE_PASSES_CANONICALISE_H
#define ADZE_PASSES_CANONICALISE_H

#include "passes/rewrite.h"

/* x takes the place of n's only used output, and n goes; false when that would change nothing. */
bool bypass(Graph *g, Node *n, Value *x);

RewriteFn view_to_reshape;      /* Flatten, Squeeze, Unsqueeze, computed shapes: Reshape with a constant shape */
RewriteFn merge_reshape;        /* Reshape to the same shape; Reshape of Reshape */
RewriteFn merge_transpose;      /* Transpose that moves nothing; Transpose of Transpose */
RewriteFn transpose_to_reshape; /* Transpose that moves only axes of one element */
RewriteFn merge_twins;          /* the same operator on the same values twice */
RewriteFn shrink_operands;      /* constants that repeat what broadcasting repeats anyway */

#endif
