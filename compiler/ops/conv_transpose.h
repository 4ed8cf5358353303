/* Shapes of ConvTranspose. Private to compiler/ops. */
#ifndef ADZE_OPS_CONV_TRANSPOSE_H
#define ADZE_OPS_CONV_TRANSPOSE_H

#include "ops/family.h"

/* Of adze.ConvTranspose, whose output_shape is always there. False after an error. */
bool conv_transpose_nhwc_window(OpContext *c, const Node *n, Window *out);

#endif
