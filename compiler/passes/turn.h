/* Computing a node on transposed inputs instead: f(x) = back(f'(to(x))), where f' has its axes renamed. Private to
 * compiler/passes. */
#ifndef ADZE_PASSES_TURN_H
#define ADZE_PASSES_TURN_H

#include "passes/rewrite.h"

/* A permutation and its inverse. The new place of axis a is back[a]. */
typedef struct {
    int rank, to[MAX_RANK], back[MAX_RANK];
} Turn;

Turn turn_of(const int *perm, int rank);
/* Can the node be computed on inputs permuted by t->to? Then turn_node works. */
bool turn_accepts(const Node *n, const Turn *t);
/* Which inputs are permuted, and which outputs come out permuted. */
bool turn_moves_input(const Node *n, size_t index);
bool turn_moves_output(const Node *n);
/* Replaces n by its turned form between Transposes; a Transpose that meets its inverse is left out, one that moves only
 * axes of one element is a Reshape. Returns the new node. */
Node *turn_node(Graph *g, Node *n, const Turn *t);

#endif
