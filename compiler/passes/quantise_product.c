/* Weights, biases and multipliers of products, with the proof that sums fit 32 bits. */
#include "passes/quantise_product.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static void compose(Arena *scratch, Core *core, const Affine *a, int64_t channels);

bool core_of(Region *r, int axis, bool (*is)(const Node *), Core *out)
{
    Value *v = r->x;
    *out = (Core){0};
    while (v->producer && (v == r->x || single_use(v))) {
        Node *n = v->producer;
        Affine a;
        size_t i = 0;
        if (is(n)) {
            out->node = n;
            return true;
        }
        while (i < n->inputs.count &&
               !(node_in(n, i) && node_in(n, i)->producer && affine_of(r->c->scratch, n, node_in(n, i), axis, &a)))
            i++;
        if (i == n->inputs.count)
            return false;
        compose(r->c->scratch, out, &a, v->shape.dim[axis]);
        v = node_in(n, i);
    }
    return false;
}

/* What core already does stands behind a. */
static void compose(Arena *scratch, Core *core, const Affine *a, int64_t channels)
{
    double *scale = NEW_ARRAY(scratch, double, channels), *shift = NEW_ARRAY(scratch, double, channels);
    for (int64_t i = 0; i < channels; i++) {
        double s = core->scale ? core->scale[i] : 1;
        scale[i] = s * (a->scale ? a->scale[i] : 1);
        shift[i] = s * (a->shift ? a->shift[i] : 0) + (core->shift ? core->shift[i] : 0);
    }
    core->scale = scale;
    core->shift = shift;
}

/* Index along `axis` of element i. */
int64_t index_along(const Shape *s, int axis, int64_t i)
{
    for (int k = s->rank - 1; k > axis; k--)
        i /= s->dim[k];
    return i % s->dim[axis];
}

/* The weights without their zero points; sums[o] and magnitudes[o] over each channel. False when they leave the 8 bits
 * that kernels of 16-bit activations take. */
static bool plain_weights(Region *r, QProduct *p, const QParams *q, const int64_t *blocks, int64_t *sums,
                          int64_t *magnitudes)
{
    Tensor t = value_tensor(node_in(p->w->producer, 0));
    int64_t count = shape_count(&t.shape), *list = NEW_ARRAY(r->c->scratch, int64_t, count), largest = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t o = index_along(&t.shape, p->w_axis, i);
        list[i] = blocks ? blocks[i] : tensor_int(&t, i) - q->zero[q->count > 1 ? o : 0];
        sums[o] += list[i];
        magnitudes[o] += llabs(list[i]);
        int64_t magnitude = list[i] < 0 ? -list[i] - 1 : list[i];
        largest = magnitude > largest ? magnitude : largest;
    }
    if (r->type == DT_I16 && largest > INT8_MAX)
        return false;
    int8_t *narrow = NEW_ARRAY(r->g->arena, int8_t, count);
    int16_t *wide = largest > INT8_MAX ? NEW_ARRAY(r->g->arena, int16_t, count) : NULL;
    for (int64_t i = 0; i < count; i++) {
        if (wide)
            wide[i] = (int16_t)list[i];
        else
            narrow[i] = (int8_t)list[i];
    }
    const char *name = node_in(p->w->producer, 0)->name;
    p->weights =
        wide ? graph_const(r->g, name, DT_I16, &t.shape, wide) : graph_const(r->g, name, DT_I8, &t.shape, narrow);
    return true;
}

/* Elements of the bias in units of the accumulator; false when it is not one constant row. */
static bool bias_units(Region *r, const Value *bias, int64_t channels, const double *unit, double *out)
{
    QParams q = {.count = 0};
    const Value *data = bias;
    if (bias->producer && is_dequantize(bias->producer)) {
        data = node_in(bias->producer, 0);
        if (!quant_params(r->c->scratch, bias->producer, &q))
            return false;
    }
    int64_t count = data->is_const && data->data ? shape_count(&data->shape) : 0;
    if ((count != channels && count != 1) || (q.count > 1 && q.count != channels) ||
        (count > 1 && data->shape.dim[data->shape.rank - 1] != channels) || (!q.count && !dtype_is_float(data->type)))
        return false;
    Tensor t = value_tensor(data);
    for (int64_t o = 0; o < channels; o++) {
        int64_t at = count > 1 ? o : 0, k = q.count > 1 ? o : 0;
        if (!q.count) {
            out[o] = tensor_float(&t, at) / unit[o];
            continue;
        }
        /* ONNX wants the scale of x times that of w, rounded to a float: then it is exactly that. */
        double ratio = q.scale[k] / unit[o];
        out[o] = (double)(tensor_int(&t, at) - q.zero[k]) * (fabs(ratio - 1) < 1e-6 ? 1 : ratio);
    }
    return true;
}

static const char *sums_of(Region *r, QProduct *p, const double *bias, const int64_t *sums, const int64_t *magnitudes,
                           int64_t channels, int64_t *bound)
{
    int32_t *sum = NEW_ARRAY(r->g->arena, int32_t, channels);
    for (int64_t o = 0; o < channels; o++) {
        double b = rint(bias[o]) - (double)p->x.zero * (double)sums[o];
        double most = fabs(b) - (double)least_of(r->type) * (double)magnitudes[o];
        if (!(fabs(b) <= INT32_MAX) || (r->type == DT_I8 && most > 0x1p46))
            return WHY(r, "the %s of its output channel %" PRId64 " may overflow %d bits",
                       fabs(b) <= INT32_MAX ? "sum" : "bias", o, fabs(b) <= INT32_MAX ? 46 : 32);
        p->wide = p->wide || (r->type == DT_I8 && most > INT32_MAX);
        sum[o] = (int32_t)b;
        *bound = (int64_t)most > *bound ? (int64_t)most : *bound;
    }
    p->sum = const_i32(r->g, channels, sum);
    return NULL;
}

/* As many bits of the multiplier as can be: large sums see the last of them. */
static bool wide_shift(double largest_scale, int *shift)
{
    for (*shift = 30; *shift >= 0; --*shift)
        if (rint(ldexp(largest_scale, 32 + *shift)) <= INT32_MAX)
            return true;
    return false;
}

static const char *multipliers_of(Region *r, QProduct *p, const double *scale, int64_t channels, int64_t bound)
{
    int32_t *m = NEW_ARRAY(r->g->arena, int32_t, channels);
    double largest = 0;
    for (int64_t o = 0; o < channels; o++)
        largest = fmax(largest, fabs(scale[o]));
    if (r->type == DT_I16 ? !requantize16_shift(largest, bound, &p->shift)
        : p->wide         ? !wide_shift(largest, &p->shift)
                          : !requantize_shift(largest, bound, &p->shift))
        return WHY(r, "its scale %g is too large for sums up to %" PRId64, largest, bound);
    for (int64_t o = 0; o < channels; o++)
        m[o] = r->type == DT_I16 ? (int32_t)rint(ldexp(scale[o], p->shift))
                                 : requantize_multiplier(scale[o], p->wide ? -p->shift : p->shift);
    p->multiplier = const_i32(r->g, channels, m);
    return NULL;
}

/* block_weights needs the bias, roughly, in reals. */
static const char *block_product(Region *r, QProduct *p, QParams *q, int64_t **list)
{
    int64_t channels = p->w->shape.dim[p->w_axis];
    double *one = NEW_ARRAY(r->c->scratch, double, channels), *bias = NEW_ARRAY(r->c->scratch, double, channels);
    for (int64_t o = 0; o < channels; o++)
        one[o] = 1;
    if (p->bias && p->beta != 0 && !bias_units(r, p->bias, channels, one, bias))
        return "its bias is not one constant row";
    for (int64_t o = 0; o < channels; o++)
        bias[o] =
            p->beta * bias[o] + (p->core.shift && p->core.scale[o] != 0 ? p->core.shift[o] / p->core.scale[o] : 0);
    return block_weights(r, p, bias, q, list);
}

const char *quantise_product(Region *r, QProduct *p)
{
    QParams q;
    Arena *a = r->c->scratch;
    const Node *dq = p->w->producer;
    int64_t *blocks = NULL;
    if (!operand(r, node_in(p->core.node, 0), &p->x))
        return not_quantised_one(r);
    if (!dq || !is_dequantize(dq) || !node_in(dq, 0)->is_const || !node_in(dq, 0)->data ||
        p->w_axis >= p->w->shape.rank)
        return "its weights are not constants quantised to integers";
    if (node_int(dq, "block_size", 0)) {
        const char *why = block_product(r, p, &q, &blocks);
        if (why)
            return why;
    } else if (!quant_params(a, dq, &q)) {
        return "its weights are not constants quantised to integers";
    }
    if (q.type != DT_I8 && q.type != DT_U8 && q.type != DT_I4 && q.type != DT_U4)
        return WHY(r, "its weights are %s; integer kernels take 8 bits", dtype_name(q.type));
    if (q.count > 1 && q.axis != p->w_axis)
        return "the scales of its weights are not those of output channels";
    int64_t channels = p->w->shape.dim[p->w_axis], bound = 0;
    double *unit = NEW_ARRAY(a, double, channels), *bias = NEW_ARRAY(a, double, channels);
    int64_t *sums = NEW_ARRAY(a, int64_t, channels), *magnitudes = NEW_ARRAY(a, int64_t, channels);
    for (int64_t o = 0; o < channels; o++)
        unit[o] = p->alpha * p->x.scale * q.scale[q.count > 1 ? o : 0];
    if (p->bias && p->beta != 0 && !bias_units(r, p->bias, channels, unit, bias))
        return "its bias is not one constant row";
    for (int64_t o = 0; o < channels; o++) {
        double scale = p->core.scale ? p->core.scale[o] : 1;
        if (unit[o] == 0 || scale == 0 || !isfinite(unit[o] * scale))
            return WHY(r, "the scale of its output channel %" PRId64 " is 0 or not finite", o);
        bias[o] = p->beta * bias[o] + (p->core.shift ? p->core.shift[o] : 0) / (unit[o] * scale);
        unit[o] *= scale / r->scale;
    }
    if (!plain_weights(r, p, &q, blocks, sums, magnitudes))
        return "its weights without their zero points leave 8 bits";
    const char *why = sums_of(r, p, bias, sums, magnitudes, channels, &bound);
    return why ? why : multipliers_of(r, p, unit, channels, bound);
}

void product_finish(Region *r, const QProduct *p, Value *w, Node *q)
{
    node_add_input(r->g, q, w);
    node_add_input(r->g, q, p->sum);
    node_add_input(r->g, q, p->multiplier);
    if (p->shift)
        node_set_int(r->g, q, "shift", p->shift);
    if (p->wide)
        node_set_int(r->g, q, "wide", 1);
    set_bounds(r, q);
}
