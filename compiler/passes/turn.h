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

/* turn_accepts.c, for turn.c: what stands on the axes of a node, and in which of its attributes and lists. */
typedef enum { NOT, UNARY, BROADCAST, CONCAT, AXIS, SLICE, PAD, REDUCE, ROWS, RESIZE, GROUPS } Family;
Family turn_family(const Node *n);
bool normalises_rows(const Node *n); /* LayerNormalization, also of integers */
bool turn_is_arg(const Node *n);     /* ArgMax, ArgMin */
/* Fills list with the constant integers of an input or, in older opsets, an attribute; -1: not constant; -2: neither.
 */
int turn_ints(const Node *n, size_t index, const char *attribute, int64_t *list, int max);
/* The reduced axes, normalised; -1 when they are not known here. */
int turn_reduced_axes(const Node *n, int rank, int *axes);
/* ReduceMean over axes next to each other, from first to last. */
bool mean_axes(const Node *n, int *first, int *last);

#endif
