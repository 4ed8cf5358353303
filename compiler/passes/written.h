/* Writing an operator out as others: nodes in front of it, whose types and shapes the next inference finds. Private to
 * compiler/passes. */
#ifndef ADZE_PASSES_WRITTEN_H
#define ADZE_PASSES_WRITTEN_H

#include "passes/rewrite.h"

/* The output of op_type(a, b) of ONNX; b may be NULL. Attributes: by its producer. */
Value *written(Graph *g, Node *before, const char *op_type, Value *a, Value *b);
/* ReduceMax, ReduceSum, ... over one axis, which stays as one element. */
Value *written_reduce(Graph *g, Node *before, const char *op_type, Value *v, int64_t axis);
Value *written_cast(Graph *g, Node *before, Value *v, DType to);
Value *written_number(Graph *g, float v);                      /* a scalar */
Value *written_floats(Graph *g, const float *v, size_t count); /* [count]; v is borrowed */

#endif
