/* Operators that are written as others: what the passes write_out*.c share. Private to compiler/passes. */
#ifndef ADZE_PASSES_WRITE_OUT_H
#define ADZE_PASSES_WRITE_OUT_H

#include "passes/written.h"

/* An attribute that counts from the end when negative; -1 behind an error. */
int write_out_axis(PassContext *c, const Node *n, int64_t axis, int rank);

/* All inputs from `first` on that are there are constants. */
bool write_out_constant(const Node *n, size_t first);

RewriteFn write_out_einsum;
RewriteFn write_out_window, write_out_mel, write_out_dft, write_out_stft;
/* com.microsoft: what ONNX Runtime's optimiser and quantiser leave in a saved model. */
RewriteFn write_out_fused_conv, write_out_fused_gemm, write_out_fused_matmul, write_out_gelu, write_out_skip_norm;

#endif
