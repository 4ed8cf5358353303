/* The rules of layout about matrices and BatchNormalization (layout_gemm.c). Private to compiler/passes. */
#ifndef ADZE_PASSES_LAYOUT_H
#define ADZE_PASSES_LAYOUT_H

#include "passes/rewrite.h"

RewriteFn layout_batchnorm; /* -> Mul, Add */
RewriteFn layout_gemm;      /* Gemm -> adze.Gemm, with Transpose, Mul and Add where it needs them */
RewriteFn layout_matmul;    /* MatMul with constant weights -> adze.Gemm */

#endif
