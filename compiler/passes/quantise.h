/* Quantised graphs: what the passes quantise_*.c share. Private to compiler/passes; docs/quantised.md is the contract
 * with the kernels. */
#ifndef ADZE_PASSES_QUANTISE_H
#define ADZE_PASSES_QUANTISE_H

#include "passes/rewrite.h"

/* Scale and zero point of a QuantizeLinear or DequantizeLinear. */
typedef struct {
    DType type;    /* of the integers */
    int64_t count; /* 1: per tensor; else one an index of `axis` */
    int axis;      /* 0 when per tensor */
    double *scale; /* [count] */
    int64_t *zero; /* [count] */
} QParams;

/* False when they are not constant, are blocks, or do not fit the node; n may be any node or NULL. In scratch. */
bool quant_params(Arena *scratch, const Node *n, QParams *out);
bool is_quantize(const Node *n);   /* QuantizeLinear */
bool is_dequantize(const Node *n); /* DequantizeLinear */
/* The same, with one scale and zero point for all, and 8 bits signed. */
bool quant_i8(Arena *scratch, const Node *n, QParams *out);

/* For Value.quant, of parameters for the whole tensor. */
const Quant *quant_of(Graph *g, const QParams *p, bool real_in_model);

/* Only moves or selects elements of its input 0, or of all inputs (Concat). */
bool moves_elements(const Node *n);

/* An i8 tensor: real = scale * (q - zero). */
typedef struct {
    Value *v;
    double scale;
    int64_t zero;
} QTensor;

/* v is the result of a DequantizeLinear of i8 with one scale. */
bool dequantised(Arena *scratch, const Value *v, QTensor *out);

/* Building; the nodes stand in front of `before`. */
Value *make_quantize(Graph *g, Node *before, Value *x, double scale, int64_t zero, const char *name);
Value *make_dequantize(Graph *g, Node *before, const QTensor *x);
Value *const_i8(Graph *g, const Shape *shape, const int8_t *data); /* data is borrowed */
Value *const_i32(Graph *g, int64_t count, const int32_t *data);    /* [count]; data is borrowed */
/* u8 to i8 and back, by 128: nothing when v comes from the opposite. as_i8 stands right behind v. */
Value *as_i8(Graph *g, Value *v);
Value *as_u8(Graph *g, Node *before, Value *v);

/* The nearest integer to v / scale, half to even, plus zero, within i8: as ONNX says. */
int64_t quantised(double v, double scale, int64_t zero);

/* multiplier = round(scale * 2^(32 - shift)) of requantize; the smallest shift that all scales allow. False when there
 * is none for sums up to `bound`. */
bool requantize_shift(double largest_scale, int64_t bound, int *shift);
int32_t requantize_multiplier(double scale, int shift);

/* What stands in front of a QuantizeLinear: bounds that became integers, then the rest. */
typedef struct {
    PassContext *c;
    Graph *g;
    Node *n;        /* the QuantizeLinear */
    Value *x;       /* what the bounds apply to */
    double scale;   /* of y */
    int64_t zero;   /* of y */
    int64_t lo, hi; /* clamp of y */
} Region;

/* Each replaces the region (region_end) and returns NULL, or says why that cannot be; "" when x is not its operator. */
typedef const char *RegionFn(Region *r);
RegionFn region_lookup, region_conv, region_gemm, region_matmul, region_add, region_mul, region_average_pool,
    region_reduce_mean, region_softmax;
/* y (i8) takes the place of the QuantizeLinear. */
const char *region_end(Region *r, Value *y);
/* Tries all of them on a QuantizeLinear; "" when n is none that can be judged. */
const char *quantise_region(PassContext *c, Graph *g, Node *n);
/* Sets lo, hi when they are not the type's, and y_zero_point when it is not 0. */
void set_bounds(Region *r, Node *q);

RewriteFn conv_transpose_to_conv; /* quantise_transpose.c */

/* A message in scratch. */
#define WHY(r, ...) arena_printf((r)->c->scratch, __VA_ARGS__)

#endif
