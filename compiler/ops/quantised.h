/* What the lowering of the quantised operators shares (docs/quantised.md), whatever their activations' width. Private
 * to compiler/ops/quantised*.c. Functions that return bool report what is wrong with the node before false. */
#ifndef ADZE_OPS_QUANTISED_H
#define ADZE_OPS_QUANTISED_H

#include "ops/family.h"

/* Weights as a matrix: element (channel, tap) stands at channel * channel_step + tap * tap_step. */
typedef struct {
    int64_t channels, taps, channel_step, tap_step;
} Matrix;

/* The sum of |w| over the taps of a channel. */
int64_t matrix_reach(const Tensor *w, const Matrix *m, int64_t channel);

/* Initialisers of adze_qconv_params and adze_qconv16_params: n's input shape x, its window, its output shape y. */
#define QCONV_GEOMETRY(n, x, win, y)                                                                                   \
    .batch = (int32_t)(x)->dim[0], .in_h = (int32_t)(x)->dim[1], .in_w = (int32_t)(x)->dim[2],                         \
    .in_c = (int32_t)(x)->dim[3], .out_h = (int32_t)(y).dim[1], .out_w = (int32_t)(y).dim[2],                          \
    .out_c = (int32_t)(y).dim[3], .kernel_h = (int32_t)(win).kernel[0], .kernel_w = (int32_t)(win).kernel[1],          \
    .stride_h = (int32_t)(win).stride[0], .stride_w = (int32_t)(win).stride[1],                                        \
    .dilation_h = (int32_t)(win).dilation[0], .dilation_w = (int32_t)(win).dilation[1],                                \
    .pad_top = (int32_t)(win).begin[0], .pad_left = (int32_t)(win).begin[1],                                           \
    .group = (int32_t)node_int((n), "group", 1)
/* Window and output shape of a QConv, whose pads fit its parameters. */
bool qconv_window(OpContext *c, const Node *n, Window *win, Shape *y);

bool check_bounds(OpContext *c, const Node *n, int32_t lo, int32_t hi);
/* A constant operand 1 of `count` elements of the type. */
bool check_table(OpContext *c, const Node *n, const char *what, DType type, int64_t count);
/* Operands 0 and 1, which is a table, and output 0. */
void table_step(Step *s, Node *n, bool in_place);

/* Two computed matrices. z: y, or a temporary with all axes, of which y is a view. */
typedef struct {
    Value *a, *b, *z;
} Product;
bool qmatmul_shape(OpContext *c, Plan *p, Node *n, Product *product, adze_qmatmul_params *params);
void qmatmul_step(Plan *p, Node *n, const Product *product, const adze_qmatmul_params *params);

/* The shapes go into params, whose bounds are checked, and the step into the plan. */
bool qbinary_step(OpContext *c, Plan *p, Node *n, Kind kind, adze_qbinary_params *params);

/* All but zero points, shift and bounds; *taps of the window. */
bool qpool_shape(OpContext *c, const Node *n, adze_qpool_params *params, int64_t *taps);
bool qsoftmax_shape(OpContext *c, const Node *n, adze_qsoftmax_params *params);

#endif
