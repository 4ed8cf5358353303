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

/* A scale for each `block` elements along an axis: scale and zero point have x's shape, with that axis divided. */
typedef struct {
    int axis;
    int64_t block, blocks, dim, inner;
    const Value *scale, *zero;
} QBlocks;

/* Of a DequantizeLinear of the constant x with constant scales in blocks. */
bool quant_blocks(const Node *n, const Value *x, QBlocks *out);
int64_t block_at(const QBlocks *b, int64_t element); /* index in scale and zero of an element of x */

/* Only moves or selects elements of its input 0, or of all inputs (Concat). */
bool moves_elements(const Node *n);

/* A tensor of i8 or i16: real = scale * (q - zero). */
typedef struct {
    Value *v;
    double scale;
    int64_t zero;
} QTensor;

/* v is the result of a DequantizeLinear of i8 with one scale. */
bool dequantised(Arena *scratch, const Value *v, QTensor *out);
/* The same of `type`, i8 or i16. */
bool dequantised_of(Arena *scratch, const Value *v, DType type, QTensor *out);
bool quant_of_type(Arena *scratch, const Node *n, DType type, QParams *out);

/* Building; the nodes stand in front of `before`. */
Value *make_quantize(Graph *g, Node *before, Value *x, DType type, double scale, int64_t zero, const char *name);
Value *make_dequantize(Graph *g, Node *before, const QTensor *x);
Value *const_i8(Graph *g, const Shape *shape, const int8_t *data); /* data is borrowed */
Value *const_integer(Graph *g, DType type, int64_t v);             /* a scalar of i8, i16 or i32 */
Value *const_i32(Graph *g, int64_t count, const int32_t *data);    /* [count]; data is borrowed */
/* u8 to i8 and back, by 128, u16 to i16 by 32768: nothing when v comes from the opposite. as_i8 stands right behind v.
 */
Value *as_i8(Graph *g, Value *v);
Value *as_u8(Graph *g, Node *before, Value *v);

/* The nearest integer to v / scale, half to even, plus zero, within i8: as ONNX says. */
int64_t quantised(double v, double scale, int64_t zero);
/* The same within `type`, i8 or i16. */
int64_t quantised_to(DType type, double v, double scale, int64_t zero);
int64_t least_of(DType type);
int64_t most_of(DType type);

/* multiplier = round(scale * 2^(32 - shift)) of requantize; the smallest shift that all scales allow. False when there
 * is none for sums up to `bound`. */
bool requantize_shift(double largest_scale, int64_t bound, int *shift);
int32_t requantize_multiplier(double scale, int shift);
/* multiplier = round(scale * 2^shift) of requantize16; the largest shift whose multipliers, up to that of
 * largest_scale, fit 31 bits, and times `bound` 61. */
bool requantize16_shift(double largest_scale, int64_t bound, int *shift);

/* What stands in front of a QuantizeLinear: bounds that became integers, then the rest. */
typedef struct {
    PassContext *c;
    Graph *g;
    Node *n;        /* the QuantizeLinear */
    Value *x;       /* what the bounds apply to */
    double scale;   /* of y */
    int64_t zero;   /* of y */
    int64_t lo, hi; /* clamp of y */
    DType type;     /* of y and of all activations: i8 or i16 */
} Region;

/* Each replaces the region (region_end) and returns NULL, or says why that cannot be; "" when x is not its operator. */
typedef const char *RegionFn(Region *r);
RegionFn region_lookup, region_conv, region_gemm, region_matmul, region_add, region_mul, region_average_pool,
    region_reduce_mean, region_softmax, region_layernorm, region_rescale16, region_requantize, region_interpolate;
/* y (i8) takes the place of the QuantizeLinear. */
const char *region_end(Region *r, Value *y);
/* Tries all of them on a QuantizeLinear; "" when n is none that can be judged. */
const char *quantise_region(PassContext *c, Graph *g, Node *n);
bool operand(const Region *r, const Value *v, QTensor *out); /* dequantised_of the region's type */
/* "QConv" or "QConv16"; text for messages. */
const char *op_of(const Region *r, const char *eight, const char *sixteen);
const char *not_quantised_one(const Region *r);
/* Sets lo, hi when they are not the type's, and y_zero_point when it is not 0. */
void set_bounds(Region *r, Node *q);

/* Why the float operator n, behind or in front of integers, stays so (quantise_rest.c); named once. */
void note_float(Graph *g, const Node *n, const char *why);

RewriteFn conv_transpose_to_conv; /* quantise_transpose.c */

/* A message in scratch. */
#define WHY(r, ...) arena_printf((r)->c->scratch, __VA_ARGS__)

#endif
