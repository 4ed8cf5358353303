/* A Transpose in front of Reshape and adze.Gemm goes into the order of the Gemm's weights. Private to compiler/passes.
 */
#ifndef ADZE_PASSES_ABSORB_H
#define ADZE_PASSES_ABSORB_H

#include "passes/rewrite.h"

/* Could the readers of this Reshape take elements of `before` as they are, instead of permuted by perm? Then n's input
 * has the shape shape_permuted(before, perm). */
bool absorbs(const Node *n, const Shape *before, const int *perm);
RewriteFn absorb_transpose;

#endif
