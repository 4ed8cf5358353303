/* What the family files share: reading inputs safely, and lowering by strides. Private to compiler/ops. */
#ifndef ADZE_OPS_FAMILY_H
#define ADZE_OPS_FAMILY_H

#include "ops/ops.h"

#include "adze.h"

/* Inputs may be left out, whatever the row says: these then give an unknown shape, DT_NONE, false. */
const Shape *in_shape(const Node *n, size_t i);
DType in_type(const Node *n, size_t i);
bool in_const(const Node *n, size_t i);
Shape shape_unknown(void);
Shape shape_of_rank(int rank); /* every dimension unknown */
/* "[1,3,8,8]" in scratch, for messages. */
const char *shape_str(OpContext *c, const Shape *s);
/* The index-th attribute of the node's row, a float: the node's, or the row's default; 0 past the end. */
float op_attr_float(const Node *n, int index);
/* Output 0 gets input 0's type and shape. */
bool infer_same(OpContext *c, Graph *g, Node *n);

/* The element count of dim[from..to): -1 when one is unknown or the product overflows. */
int64_t dims_count(const Shape *s, int from, int to);
/* The axes that an attribute names (`axes`, from input `index` when that is >= 0), normalised and checked for range and
 * repetition. Returns their number; -1 after an error; -2 when the input is not constant; -3 when neither is given. */
int axes_of(OpContext *c, const Node *n, int index, int rank, int *axes);

enum { WALK_RANK = 2 * MAX_RANK, WALK_LISTS = STEP_MAX_IN + 1 };

/* A nest of loops over several arrays: strides and offsets in elements. Lists: 0 x (or a), 1 y (or b), 2 c, ... */
typedef struct {
    int rank;
    int64_t dim[WALK_RANK], stride[WALK_LISTS][WALK_RANK], offset[WALK_LISTS];
} Walk;

/* Contiguous strides of a shape. */
void row_strides(const Shape *s, int64_t *stride);
/* Strides of v inside the broadcast shape y. */
void broadcast_strides(const Value *v, const Shape *y, int64_t *out);
/* Drops axes of 1 and merges neighbours that are one axis for all `lists`; a scalar stays as one axis of 1. */
void walk_collapse(Walk *w, int lists);
/* Does list 0 read what list 1 writes, in the same order without gaps (so that the copy is none)? After collapse. */
bool walk_is_identity(const Walk *w, int64_t x_count, int64_t y_count);
/* A COPY step x -> y for the nest (lists 0 and 1). */
bool lower_walk(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, Walk *w);
/* The same, but an alias when the copy would change nothing. */
bool lower_walk_or_alias(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, Walk *w);
/* x with its axes permuted, y has the shape x->shape[perm]. */
bool lower_transpose(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, const int *perm);
/* y = x (a function of Step.function with attributes a and b). */
bool lower_unary(Plan *p, const char *function, Value *x, Value *y, float a, float b);
/* y = function(a, b) with broadcasting to y's shape. */
bool lower_binary(OpContext *c, Plan *p, const Node *n, const char *function, Value *a, Value *b, Value *y);
/* y = condition ? a : b with broadcasting to y's shape. */
bool lower_select(OpContext *c, Plan *p, const Node *n, Value *condition, Value *a, Value *b, Value *y);
/* y = (y's type) x, an alias when the types are the same. */
bool lower_convert(Plan *p, Value *x, Value *y);
/* All of y becomes the one constant element. */
bool lower_fill(Plan *p, Value *element, Value *y);
/* KIND_MATMUL; transposed operands by strides. */
bool lower_product(OpContext *c, Plan *p, const Node *n, Value *a, Value *b, Value *y, bool a_t, bool b_t, float alpha);

/* A CONV or DEPTHWISE step of n's group, bounds and residual: x, y NHWC; w [O,kh,kw,C/group] constant; begin[] of the
 * window may be negative. */
bool lower_conv_window(OpContext *c, Plan *p, Node *n, Value *x, Value *w, Value *bias, Value *y, const Window *win);

/* Shape and window of NHWC nodes; false after an error. The output's shape may stay unknown. */
bool conv_nhwc_shape(OpContext *c, const Node *n, Window *w, Shape *y);
bool pool_nhwc_shape(OpContext *c, const Node *n, Window *w, Shape *y);
/* Inference of adze.Conv and adze.Gemm, and of their quantised kin, whose residual is another input. */
bool infer_conv_nhwc(OpContext *c, Node *n, size_t residual);
bool infer_gemm_rows(OpContext *c, Node *n, size_t residual);
/* What the parameters of a product and of a broadcast have in common. */
bool product_params(OpContext *c, const Node *n, const Value *a, const Value *b, const Value *y, bool a_t, bool b_t,
                    adze_matmul_params *out);
bool product_operands(OpContext *c, Plan *p, Node *n, Value **a, Value **b, Shape *full);
bool broadcast_of(OpContext *c, const Node *n, Value *const *in, int count, const Value *y, adze_broadcast_params *out,
                  unsigned *overwritable);

/* Integer attributes into parameters: an attribute that does not fit int32_t, or lies outside of [lo, hi], is an error.
 */
typedef struct {
    const char *name;
    int32_t *to;
    int64_t otherwise, lo, hi;
} IntAttr;
bool int_attrs(OpContext *c, const Node *n, const IntAttr *list, size_t count);

/* The same with all strides given: lists 0, 1, 2 of `batch` are a, b, y; the batch of params is filled from it. */
bool lower_strided_product(OpContext *c, Plan *p, const Node *n, Value *a, Value *b, Value *y, Walk *batch,
                           adze_matmul_params *params);

/* Constants of the plan. */
Value *plan_floats(Plan *p, const float *values, const Shape *shape);
Value *plan_float(Plan *p, float value);
/* One element of the type with this number (also for integers and bool). */
Value *plan_number(Plan *p, DType type, double value);
Shape shape_vector(int64_t n);
/* A view of v with another shape (same count); an alias. */
Value *plan_view(Plan *p, Value *v, const Shape *shape);

#define INFER(f) bool f(OpContext *c, Graph *g, Node *n)
#define LOWER(f) bool f(OpContext *c, Plan *p, Node *n)
/* conv.c */
INFER(infer_adze_conv);
LOWER(lower_adze_conv);
INFER(infer_conv);
LOWER(lower_conv);
/* pool.c */
INFER(infer_adze_pool);
LOWER(lower_adze_pool);
INFER(infer_pool);
LOWER(lower_pool);
INFER(infer_global_pool);
LOWER(lower_global_pool);
/* gemm.c */
INFER(infer_adze_gemm);
LOWER(lower_adze_gemm);
INFER(infer_gemm);
LOWER(lower_gemm);
INFER(infer_matmul);
LOWER(lower_matmul);
/* matmul.c */
INFER(infer_adze_matmul);
LOWER(lower_adze_matmul);
/* normalise.c */
INFER(infer_batchnorm);
LOWER(lower_batchnorm);
INFER(infer_layernorm);
LOWER(lower_layernorm);
/* groupnorm.c */
INFER(infer_instancenorm);
LOWER(lower_instancenorm);
INFER(infer_groupnorm);
LOWER(lower_groupnorm);
/* quantised.c */
INFER(infer_qconv);
LOWER(lower_qconv);
INFER(infer_qgemm);
LOWER(lower_qgemm);
/* quantised_rest.c */
LOWER(lower_qmatmul);
LOWER(lower_qadd);
LOWER(lower_qmul);
LOWER(lower_qaverage_pool);
LOWER(lower_qlookup);
LOWER(lower_qsoftmax);
/* quantised_layernorm.c */
LOWER(lower_qlayernorm);
/* quantised_sums.c */
INFER(infer_qconv_sums);
LOWER(lower_qconv_sums);
INFER(infer_qgemm_sums);
LOWER(lower_qgemm_sums);
INFER(infer_qmatmul_sums);
LOWER(lower_qmatmul_sums);
INFER(infer_dynamic_quantize);
LOWER(lower_dynamic_quantize);
/* quantised_16.c */
INFER(infer_qconv16);
LOWER(lower_qconv16);
INFER(infer_qgemm16);
LOWER(lower_qgemm16);
LOWER(lower_qmatmul16);
LOWER(lower_qadd16);
LOWER(lower_qmul16);
LOWER(lower_qaverage_pool16);
LOWER(lower_qinterpolate);
INFER(infer_qlookup16);
LOWER(lower_qlookup16);
INFER(infer_requantize);
LOWER(lower_requantize);
LOWER(lower_qsoftmax16);
/* quantize.c */
INFER(infer_quantize);
LOWER(lower_quantize);
INFER(infer_dequantize);
LOWER(lower_dequantize);
/* quantize_linear.c */
INFER(infer_quantize_linear);
LOWER(lower_quantize_linear);
INFER(infer_dequantize_linear);
LOWER(lower_dequantize_linear);
INFER(infer_written_out);
/* softmax.c */
INFER(infer_softmax);
LOWER(lower_softmax);
/* elementwise.c */
LOWER(lower_elementwise);
INFER(infer_predicate);
LOWER(lower_is_inf);
LOWER(lower_gelu);
INFER(infer_clip);
LOWER(lower_clip);
INFER(infer_prelu);
LOWER(lower_legacy_prelu);
INFER(infer_binary);
LOWER(lower_binary_node);
INFER(infer_compare);
INFER(infer_legacy_binary);
LOWER(lower_legacy_binary);
INFER(infer_pow);
LOWER(lower_pow);
LOWER(lower_mod);
LOWER(lower_bit_shift);
INFER(infer_variadic);
LOWER(lower_variadic);
INFER(infer_where);
INFER(infer_if);
LOWER(lower_where);
/* cast.c */
INFER(infer_cast);
LOWER(lower_cast);
INFER(infer_castlike);
INFER(infer_dropout);
LOWER(lower_dropout);
LOWER(lower_identity);
/* trees.c */
INFER(infer_trees);
LOWER(lower_trees);
/* topk.c */
INFER(infer_topk);
LOWER(lower_topk);
/* scan.c */
LOWER(lower_scan);
/* shape.c */
INFER(infer_reshape);
INFER(infer_flatten);
INFER(infer_squeeze);
INFER(infer_unsqueeze);
LOWER(lower_view);
INFER(infer_shape);
INFER(infer_size);
LOWER(lower_shape);
INFER(infer_constant_of_shape);
LOWER(lower_constant_of_shape);
INFER(infer_range);
LOWER(lower_range);
INFER(infer_constant);
LOWER(lower_constant);
/* move.c */
INFER(infer_transpose);
LOWER(lower_transpose_node);
INFER(infer_concat);
LOWER(lower_concat);
INFER(infer_split);
LOWER(lower_split);
INFER(infer_slice);
LOWER(lower_slice);
INFER(infer_gather);
LOWER(lower_gather);
INFER(infer_expand);
LOWER(lower_expand);
INFER(infer_tile);
LOWER(lower_tile);
/* pad.c */
INFER(infer_pad);
LOWER(lower_pad);
INFER(infer_depth_to_space);
LOWER(lower_depth_to_space);
INFER(infer_space_to_depth);
LOWER(lower_space_to_depth);
/* recurrent.c */
INFER(infer_recurrent);
LOWER(lower_recurrent);
/* scatter.c */
INFER(infer_scatter_nd);
LOWER(lower_scatter_nd);
INFER(infer_one_hot);
LOWER(lower_one_hot);
/* elements.c */
INFER(infer_gather_elements);
LOWER(lower_gather_elements);
INFER(infer_scatter_elements);
LOWER(lower_scatter_elements);
INFER(infer_gather_nd);
LOWER(lower_gather_nd);
/* resize.c */
INFER(infer_resize);
LOWER(lower_resize);
/* conv_transpose.c */
INFER(infer_conv_transpose);
LOWER(lower_conv_transpose);
INFER(infer_adze_conv_transpose);
LOWER(lower_adze_conv_transpose);
/* reduce.c */
INFER(infer_reduce);
LOWER(lower_reduce);
INFER(infer_arg);
LOWER(lower_arg);

#endif
