/* The rules of layout about matrices and BatchNormalization (layout_gemm.c), and what makes a node one over NHWC.
 * Private to compiler/passes. */
#ifndef ADZE_PASSES_LAYOUT_H
#define ADZE_PASSES_LAYOUT_H

#include "passes/rewrite.h"

RewriteFn layout_batchnorm; /* -> Mul, Add */
RewriteFn layout_gemm;      /* Gemm -> adze.Gemm, with Transpose, Mul and Add where it needs them */
RewriteFn layout_matmul;    /* MatMul with constant weights -> adze.Gemm */

/* n reads an image or a sequence with elements and gives one: f32, 3 or 4 axes. */
bool is_spatial(const Node *n);
/* [N,C,H,W] -> [N,H,W,C]; [N,C,W] -> [N,1,W,C] */
Value *nhwc_enter(Graph *g, Node *before, Value *x);
/* The result of `nhwc`, which gets its output here, takes the place of n's output. */
void nhwc_leave(Graph *g, Node *n, Node *nhwc);
/* Spatial attributes of both ranks as those of 2-D; `kernel`: kernel_shape as well. */
void nhwc_window(Graph *g, Node *to, const Window *w, bool kernel);
/* [O,C,kh,kw] -> [O,kh,kw,C]; [O,C,k] -> [O,1,k,C] */
Value *nhwc_weights(Graph *g, const Value *w);

#endif
