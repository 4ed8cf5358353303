/* The rules of recognise: an operator from the nodes that an exporter spelled it with. Private to compiler/passes. */
#ifndef ADZE_PASSES_RECOGNISE_H
#define ADZE_PASSES_RECOGNISE_H

#include "passes/rewrite.h"

/* recognise.c */
RewriteFn recognise_layernorm; /* (x - mean) / sqrt(mean((x - mean)^2) + epsilon) * scale + bias */
RewriteFn recognise_groupnorm; /* InstanceNormalization between Reshapes, as PyTorch writes GroupNorm */
RewriteFn recognise_softmax;   /* exp(x - max) / sum(exp(x - max)), also without the maximum */
/* recognise_activation.c */
RewriteFn recognise_activation; /* x * f(x) for Gelu, Swish, HardSwish, Mish */
RewriteFn recognise_clip;       /* x clipped to [0, 1] after a scale and a shift: HardSigmoid */
RewriteFn recognise_leaky;      /* max(x, alpha*x); relu(x) - alpha*relu(-x): LeakyRelu, PRelu */

/* n's output 0 becomes op_type(x), with x's shape; returns the new node for attributes. */
Node *recognised(Graph *g, Node *n, const char *op_type, int version, Value *x);
/* The other operand of a two-input node; NULL when v is not one or both are. */
Value *other_operand(const Node *n, const Value *v);
/* The only reader of v, an ONNX operator of this name (NULL: any), or NULL. */
Node *reader(const Value *v, const char *op_type);

#endif
