/* Writing an operator out as others: nodes in front of it, whose types and shapes the next inference finds. Private to
 * compiler/passes. */
#ifndef ADZE_PASSES_WRITTEN_H
#define ADZE_PASSES_WRITTEN_H

#include "passes/rewrite.h"

/* The output of op_type(a, b) of ONNX, a node with the name of `before` or of its output, so that reports and options
 * can name what it became; b may be NULL. Attributes: by its producer. */
Value *written(Graph *g, Node *before, const char *op_type, Value *a, Value *b);
/* The same of a given version, for operators that are younger than the model's opset. */
Value *written_at(Graph *g, Node *before, const char *op_type, int version, Value *a, Value *b);
/* Where(condition, a, b). */
Value *written_where(Graph *g, Node *before, Value *condition, Value *a, Value *b);
Value *written_reshape(Graph *g, Node *before, Value *v, const int64_t *dims, int rank);
Value *written_transpose(Graph *g, Node *before, Value *v, const int64_t *perm, int rank);
/* ReduceMax, ReduceSum, ... over those axes, which stay as one element. */
Value *written_reduce(Graph *g, Node *before, const char *op_type, Value *v, const int64_t *axes, size_t count);
Value *written_cast(Graph *g, Node *before, Value *v, DType to);
Value *written_number(Graph *g, float v);                      /* a scalar */
Value *written_zero(Graph *g, DType type);                     /* a scalar */
Value *written_floats(Graph *g, const float *v, size_t count); /* [count]; v is borrowed */

/* Reports it by n's label; false. */
bool written_error(PassContext *c, const Node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* y takes n's place, whose output 0 alone is read; false, and n stays, where y is NULL. */
bool written_in_place(Graph *g, Node *n, Value *y);
/* x over what a reduction of an axis gives, its norm, takes n's place; 0 where that is 0. */
bool written_normalised(Graph *g, Node *n, Value *x, const char *reduce, int64_t axis);

#endif
