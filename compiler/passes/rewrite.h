/* What rewriting passes share: questions about values, permutations, constants, and building of nodes with typed
 * outputs. Private to compiler/passes. */
#ifndef ADZE_PASSES_REWRITE_H
#define ADZE_PASSES_REWRITE_H

#include "passes/passes.h"

/* The functions behind the rows of passes.def: pass_infer, ... */
#define PASS(name, to_fixed_point, why_here) PassFn pass_##name;
#include "passes/passes.def"
#undef PASS

/* One rewriting rule: looks at a node, and returns true when it changed the graph (n may be removed then). */
typedef bool RewriteFn(PassContext *c, Graph *g, Node *n);
/* Tries the rules on every node in order, each node until none applies. False when a rule reported an error. */
bool rewrite_all(PassContext *c, Graph *g, RewriteFn *const *rules, size_t count, bool *changed);

/* ---- Questions ---- */
/* Read exactly once, by a node of the graph, and not a graph output. */
bool single_use(const Value *v);
/* Only output 0 is used (or present). */
bool only_first_output(const Node *n);
bool known(const Value *v);     /* type and all dimensions */
bool known_f32(const Value *v); /* and the type is f32 */
bool const_f32(const Value *v); /* a f32 constant; v may be NULL */
/* The one element of a float or integer constant. */
bool const_scalar(const Value *v, double *out);
/* Bytes of a known value; 0 when not known. */
int64_t bytes_of(const Value *v);
/* y = min(max(x, lo), hi) for Relu, Clip, Max and Min of f32 with constant bounds; the absent bound is infinite. */
bool clamp_of(const Node *n, Value **x, double *lo, double *hi);
/* A Pad's constant amounts for all axes of an input of that rank: begins, then ends. */
bool pad_amounts(const Node *n, int rank, int64_t *pads);
bool is_unary(
    const Node *n); /* element-wise in input 0, other inputs scalars, tables or absent; output 0 has its shape */
bool is_broadcast(const Node *n); /* element-wise in all inputs with NumPy broadcasting */

/* ---- Permutations: axis i of the result is axis perm[i] of the input ---- */
/* Of a Transpose with an input of known rank: the rank, or -1. */
int node_perm(const Node *n, int *perm);
bool perm_is_identity(const int *perm, int rank);
bool perm_equal(const int *a, const int *b, int rank);
void perm_inverse(const int *perm, int rank, int *out);
/* First `first`, then `then`. */
void perm_compose(const int *first, const int *then, int rank, int *out);
/* The elements stay in their order: only axes of one element move. */
bool perm_is_view(const Shape *s, const int *perm);
Shape shape_permuted(const Shape *s, const int *perm);
/* Leading axes of one element up to `rank`. */
Shape shape_extended(const Shape *s, int rank);

/* ---- Constants (the data is copied; NULL for types of less than a byte and strings) ---- */
Value *const_floats(Graph *g, const char *name, const Shape *shape, const float *data); /* data is borrowed */
Value *const_permuted(Graph *g, const Value *v, const int *perm);
Value *const_reshaped(Graph *g, const Value *v, const Shape *to); /* the data is shared */

/* ---- Building: nodes are bound, outputs have type and shape ---- */
Node *rw_node(Graph *g, Node *before, const char *domain, const char *op_type, const char *name);
/* n's operator, name and attributes; no inputs and outputs. */
Node *rw_copy(Graph *g, Node *before, const Node *n);
Value *rw_output(Graph *g, Node *n, DType type, const Shape *shape);
/* v itself when nothing changes; a Reshape of a Reshape, a Transpose of a Transpose is made one. */
Value *rw_reshape(Graph *g, Node *before, Value *v, const Shape *to);
Value *rw_transpose(Graph *g, Node *before, Value *v, const int *perm);
/* v takes the place of n's output 0, and n goes; v inherits the name when it has none. Other outputs are unused. */
void rw_replace(Graph *g, Node *n, Value *v);
/* `made`, computed from the output v, becomes the output in its place; the nodes that read v go on reading it. */
void rw_replace_output(Graph *g, Value *v, Value *made);

#endif
