/* Products with constant weights in integers: what Conv and Gemm share (quantise_product.c). Private to passes. */
#ifndef ADZE_PASSES_QUANTISE_PRODUCT_H
#define ADZE_PASSES_QUANTISE_PRODUCT_H

#include "passes/linear.h"
#include "passes/quantise.h"

/* The operator behind which the region's constants stand: y = scale[channel] * result + shift[channel]; NULL: none. */
typedef struct {
    Node *node;
    double *scale, *shift;
} Core;

/* Walks up from r->x through arithmetic with constants along the axis to a node that `is` accepts. */
bool core_of(Region *r, int axis, bool (*is)(const Node *), Core *out);

typedef struct {
    Core core;
    QTensor x;
    Value *w, *bias; /* inputs of the core; bias may be NULL */
    int w_axis;      /* of w: the output channels */
    double alpha, beta;
    /* Results: */
    Value *weights;          /* i8, or i16 where the zero point leaves i8; zero points subtracted; in w's order */
    Value *sum, *multiplier; /* i32 [channels]; sum is the bias with the share of x's zero point */
    int shift;
    bool wide; /* sums may not fit 32 bits: kernels add 64 */
} QProduct;

/* Index along `axis` of element i. */
int64_t index_along(const Shape *s, int axis, int64_t i);
/* Of weights in blocks (quantise_blocks.c): integers with one scale a channel, in w's order; `bias` in reals. */
const char *block_weights(Region *r, const QProduct *p, const double *bias, QParams *q, int64_t **list);
/* Fills the results; says why not, or NULL. */
const char *quantise_product(Region *r, QProduct *p);
/* Inputs 1 to 3 and the attributes of QConv and QGemm; w is p->weights in the node's order. */
void product_finish(Region *r, const QProduct *p, Value *w, Node *q);

#endif
