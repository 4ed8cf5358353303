/* Weights with a scale for each block of a channel's inputs as integers with one scale a channel. */
#include "passes/quantise_product.h"

#include <math.h>
#include <stdlib.h>

bool quant_blocks(const Node *n, const Value *x, QBlocks *b)
{
    *b = (QBlocks){.block = node_int(n, "block_size", 0), .scale = node_in(n, 1), .zero = node_in(n, 2), .inner = 1};
    b->axis = axis_normalise(node_int(n, "axis", 1), x->shape.rank);
    if (b->block < 1 || b->axis < 0 || !b->scale->is_const || !b->scale->data || !dtype_is_float(b->scale->type) ||
        b->scale->shape.rank != x->shape.rank)
        return false;
    for (int i = 0; i < x->shape.rank; i++) {
        int64_t dim = x->shape.dim[i], want = i == b->axis ? dim / b->block + (dim % b->block != 0) : dim;
        if (b->scale->shape.dim[i] != want)
            return false;
        b->inner *= i > b->axis ? dim : 1;
    }
    b->dim = x->shape.dim[b->axis];
    b->blocks = b->scale->shape.dim[b->axis];
    return !b->zero || (b->zero->is_const && b->zero->data && shape_equal(&b->zero->shape, &b->scale->shape));
}

int64_t block_at(const QBlocks *b, int64_t i)
{
    int64_t outer = i / (b->dim * b->inner), k = i / b->inner % b->dim;
    return (outer * b->blocks + k / b->block) * b->inner + i % b->inner;
}

/* The largest multiplier of a block: 12 bits, weights of 16, and of a channel's sum, its share of the input's zero
 * point and its bias at most a quarter of 2^31 each. */
static double most_of_channel(double magnitude, double largest, double bias)
{
    double most = 4095;
    most = fmin(most, INT16_MAX / fmax(largest, 1));
    most = fmin(most, 0x1p29 / (128 * fmax(magnitude, 1)));
    return floor(fmin(most, 0x1p29 / fmax(fabs(bias), 1)));
}

/* A block's weights w with the scale s become m * w, m = round(s / S * M), with the scale S / M; S is the channel's
 * largest scale. What m is off by, at most one in 2M of S, is the loss. */
const char *block_weights(Region *r, const QProduct *p, const double *bias, QParams *q, int64_t **list)
{
    const Node *dq = p->w->producer;
    const Value *x = node_in(dq, 0);
    QBlocks b;
    if (r->type == DT_I16)
        return "weights in blocks leave 8 bits, which kernels of 16-bit activations take";
    if (!quant_blocks(dq, x, &b) || b.axis == p->w_axis)
        return "the scales of its weights are not those of blocks of a channel's inputs";
    Tensor t = value_tensor(x), scale = value_tensor(b.scale), zero = {0};
    if (b.zero)
        zero = value_tensor(b.zero);
    const int64_t count = shape_count(&x->shape), channels = x->shape.dim[p->w_axis];
    double *magnitude = NEW_ARRAY(r->c->scratch, double, channels);
    double *largest = NEW_ARRAY(r->c->scratch, double, channels);
    *q = (QParams){x->type, channels, p->w_axis, NEW_ARRAY(r->c->scratch, double, channels),
                   NEW_ARRAY(r->c->scratch, int64_t, channels)};
    *list = NEW_ARRAY(r->c->scratch, int64_t, count);
    for (int64_t i = 0; i < count; i++) {
        const int64_t o = index_along(&x->shape, p->w_axis, i), at = block_at(&b, i);
        (*list)[i] = tensor_int(&t, i) - (b.zero ? tensor_int(&zero, at) : 0);
        q->scale[o] = fmax(q->scale[o], tensor_float(&scale, at));
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t o = index_along(&x->shape, p->w_axis, i);
        const double w = (double)llabs((*list)[i]);
        magnitude[o] += w * tensor_float(&scale, block_at(&b, i)) / q->scale[o];
        largest[o] = fmax(largest[o], w);
    }
    double *most = largest;
    for (int64_t o = 0; o < channels; o++) {
        most[o] = most_of_channel(magnitude[o], largest[o], bias[o] / (p->alpha * p->x.scale * q->scale[o]));
        if (most[o] < 1)
            return "the sums of its weights in blocks may overflow 32 bits";
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t o = index_along(&x->shape, p->w_axis, i);
        (*list)[i] *= (int64_t)rint(tensor_float(&scale, block_at(&b, i)) / q->scale[o] * most[o]);
    }
    for (int64_t o = 0; o < channels; o++)
        q->scale[o] /= most[o];
    graph_note(r->g, "quantise", p->core.node, 0, "weights of blocks of %d have multipliers of up to 12 bits",
               (int)b.block);
    return NULL;
}
