/* Running nodes at compile time, with the ref kernels only: the same bits on every machine. */
#ifndef ADZE_OPS_EVAL_H
#define ADZE_OPS_EVAL_H

#include "ops/ops.h"

/* Outputs of more bytes than this (together) are not computed. */
#define EVAL_MAX_BYTES ((size_t)256 << 20)

/* Constant folding. All inputs of the node must be constants and its outputs' types and shapes known. outputs has an
 * element for each entry of n->outputs (data NULL where the output is left out); the data is allocated in keep.
 * Nothing is added to g. Returns false, without any diagnostic, when the node cannot be computed: a node that stays
 * is reported by lowering when it must be. */
bool eval_node(OpContext *c, Graph *g, Node *n, Arena *keep, Tensor *outputs);

/* Lowers a copy of the graph and runs it: the evaluator of tests. in: one buffer a graph input, out: one a graph
 * output (NULL: not wanted). All shapes must be known. Returns false after an error was reported. */
bool eval_graph(OpContext *c, Graph *g, const void *const *in, void *const *out);

#endif
