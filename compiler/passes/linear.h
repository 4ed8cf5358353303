/* Linear operators with constant weights, and per-channel arithmetic that can be moved into them. Private to
 * compiler/passes. */
#ifndef ADZE_PASSES_LINEAR_H
#define ADZE_PASSES_LINEAR_H

#include "passes/rewrite.h"

/* y = scale[channel] * x + shift[channel]; NULL: none (1 or 0). */
typedef struct {
    double *scale, *shift;
} Affine;

/* Does n compute that of x (one of its inputs), with constants, in x's shape? `axis` is x's channel axis. The arrays
 * are in scratch. False also when a number would not be finite. */
bool affine_of(Arena *scratch, const Node *n, const Value *x, int axis, Affine *out);

/* A node that multiplies by constant weights: Conv, Gemm, MatMul, adze.Conv, adze.ConvTranspose, adze.Gemm. */
typedef struct {
    Node *node;
    Value *w, *bias; /* bias NULL: none; input `2` of the node */
    int w_axis;      /* of w: the output channels */
    int y_axis;      /* of the output: the channels */
    bool takes_bias, takes_scale;
    int64_t channels;
    double beta; /* what the node multiplies its bias by */
} Linear;

bool linear_of(Node *n, Linear *out);
/* Puts the arithmetic behind the node into its weights and bias (new constants; others may read the old ones). False,
 * with nothing changed, when a weight would not be finite. */
bool linear_apply(Graph *g, const Linear *l, const Affine *a);
/* Puts arithmetic in front of an adze.Conv, adze.ConvTranspose or adze.Gemm (by channel of its input) into its weights
 * and bias. False, with nothing changed, when a number would not be finite, and for a shift where some results do not
 * have all taps: at a padded border, and in a ConvTranspose. */
bool linear_apply_in_front(Graph *g, const Linear *l, const Affine *a);

#endif
