/* Transposes through Reshapes that split and merge axes. Private to compiler/passes. */
#ifndef ADZE_PASSES_COMMUTE_H
#define ADZE_PASSES_COMMUTE_H

#include "passes/rewrite.h"

/* Reshape(Transpose(x)) -> Transpose(Reshape(x)): [N,H,W,C] -> [N,C,H,W] -> [N,C,H*W] is [N,H,W,C] -> [N,H*W,C] ->
 * [N,C,H*W]. */
RewriteFn sink_transpose;
/* Transpose(Reshape(Transpose(x))) -> Reshape(Transpose(x)): the shuffle of channels between NHWC convolutions. */
RewriteFn hoist_transpose;

#endif
