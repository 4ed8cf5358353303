/* Where each element of a resized axis comes from. Private to compiler/ops. */
#ifndef ADZE_OPS_RESIZE_H
#define ADZE_OPS_RESIZE_H

#include "ops/family.h"

typedef struct {
    int64_t in, out;         /* out -1: not known yet */
    float scale, start, end; /* start and end: of the region of interest, as shares of the axis */
    bool given;              /* the node says something about this axis */
} ResizeAxis;

/* Fills axes[rank] from the node's scales, sizes and roi; false after an error. */
bool resize_axes(OpContext *c, const Node *n, const Shape *x, ResizeAxis *axes);

/* Row i of the axis is the sum over t of weight[i*taps+t] * x[index[i*taps+t]]; index[i*taps] < 0: extrapolation_value.
 */
typedef struct {
    int taps;
    int32_t *index;
    float *weight;
    bool outside; /* some row is extrapolation_value */
} ResizeTable;

/* In arena `a`. False after an error. */
bool resize_table(OpContext *c, const Node *n, const ResizeAxis *axis, Arena *a, ResizeTable *out);

#endif
