/* Operators that are written as others: what the passes write_out*.c share. Private to compiler/passes. */
#ifndef ADZE_PASSES_WRITE_OUT_H
#define ADZE_PASSES_WRITE_OUT_H

#include "passes/written.h"

/* Reports it by n's label; false. */
bool written_error(PassContext *c, const Node *n, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* y takes n's place, whose output 0 alone is read; false, and n stays, where y is NULL. */
bool written_in_place(Graph *g, Node *n, Value *y);
/* An attribute that counts from the end when negative; -1 behind an error. */
int written_axis(PassContext *c, const Node *n, int64_t axis, int rank);

RewriteFn write_out_einsum;
RewriteFn write_out_window, write_out_mel, write_out_dft, write_out_stft;
/* com.microsoft: what ONNX Runtime's optimiser and quantiser leave in a saved model. */
RewriteFn write_out_fused_conv, write_out_fused_gemm, write_out_fused_matmul, write_out_gelu, write_out_skip_norm;

#endif
