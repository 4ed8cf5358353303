/* The operators (ops.def: one row an operator and meaning) and how passes and lowering ask about them. */
#ifndef ADZE_OPS_OPS_H
#define ADZE_OPS_OPS_H

#include "ir/graph.h"
#include "ops/plan.h"

/* What an operator's functions get: where to report and where to allocate. */
typedef struct OpContext {
    Diag *diag;
    Arena *scratch;
} OpContext;

/* Shape inference: inputs' types and shapes are known as far as they can be; sets those of the outputs
 * (op_set_output). Returns false after reporting an error (node_error); unknown dimensions are no error. Values
 * needed from inputs (Reshape's shape) are read from constants only; when they are not constant the output's shape
 * stays unknown. */
typedef bool InferFn(OpContext *c, Graph *g, Node *n);
/* Lowering: all shapes are known; appends steps with plan_step. Returns false after node_error. */
typedef bool LowerFn(OpContext *c, Plan *p, Node *n);

typedef struct Operator {
    const char *domain, *name;
    int since;                                            /* first opset version with this meaning */
    int min_inputs, max_inputs, min_outputs, max_outputs; /* max -1: any number */
    const char *attributes; /* "alpha=0.01f beta=1i axes=ints name=s!": known names, defaults, ! required; for checking
                               and docs */
    const char *types;      /* first input's types that lowering takes: "f32 i32"; "*": any; for messages and docs */
    InferFn *infer;
    LowerFn *lower;  /* NULL: only folded or rewritten away by passes */
    float tolerance; /* relative, of the operator's tests; 0: exact */
} Operator;

extern const Operator operators[];
extern const size_t operator_count;

/* The row for an operator at an opset version: the highest `since` <= version; NULL when there is none. */
const Operator *operator_find(const char *domain, const char *name, int version);
/* Binds every node's op (also of nodes that passes made); unknown operators stay NULL. */
void ops_bind(Graph *g);
/* Reports every node that cannot be compiled (unknown operator, unknown attribute, input count): true when none. */
bool ops_check(const Graph *g, Diag *d);

/* What the infer pass, lowering and the evaluator call: a node's row with the checks that all operators share (input
 * counts, types, sizes). They report through c->diag and return false. */
bool op_infer(OpContext *c, Graph *g, Node *n);
/* Sets p->lowering, checks that shapes are known, types are those of the row and sizes fit int32_t, and lowers. */
bool op_lower(OpContext *c, Plan *p, Node *n);
/* The values of a Shape or Size node, when its input's shape is known as far as needed; out holds MAX_RANK values. */
bool op_shape_value(const Node *n, int64_t *out, int *count);
/* docs/operators.md. */
void operators_markdown(Buf *out);

/* Helpers for families. */
bool node_error(OpContext *c, const Node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Reports that nothing says at compile time what shape n's output v has, and why; returns false. */
bool node_unknown_output(OpContext *c, const Node *n, const Value *v);
void op_set_output(Node *n, size_t index, DType type, const Shape *shape);
/* NumPy broadcasting of two shapes; false when they do not fit. */
bool shape_broadcast(const Shape *a, const Shape *b, Shape *out);
/* axis in [-rank, rank-1] to [0, rank-1]; -1 when outside. */
int axis_normalise(int64_t axis, int rank);
/* The integers of a constant i32/i64 value (rank <= 1); returns their number, or -1 when not constant or too many. */
int const_ints(const Value *v, int64_t *out, int max);
/* Pads of a convolution or pooling node from pads/auto_pad/strides/dilations, for a kernel with `spatial` axes;
 * fills begin[], end[], stride[], dilation[] and out[] (output sizes; -1 where in[] is). */
typedef struct {
    int spatial;
    int64_t kernel[3], stride[3], dilation[3], begin[3], end[3], out[3];
} Window;
bool window_of(OpContext *c, const Node *n, const int64_t *in, int spatial, const int64_t *kernel, bool ceil_mode,
               Window *w);

/* The window of a ConvTranspose; end[] may be negative. False after an error. */
bool conv_transpose_window(OpContext *c, const Node *n, const int64_t *in, int spatial, const int64_t *kernel,
                           Window *w);
/* Its weights [C, O/group, kh, kw], or [C, O/group, k], as those of adze.ConvTranspose, [O, kh, kw, C/group]; NULL when
 * they are no f32 constant of that form. */
Value *conv_transpose_weights(Graph *g, const Value *w, int64_t group);

#endif
