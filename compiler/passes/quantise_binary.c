/* Regions of two operands, and Softmax. */
#include "passes/quantise.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const char *not_quantised(const Region *r)
{
    return op_of(r, "its operands are not both quantised to 8 bits with one scale",
                 "its operands are not both quantised to 16 bits, as its result is, with one scale");
}

/* The largest |q - zero|. */
static int64_t reach(const QTensor *x)
{
    DType type = x->v->type;
    return x->zero > 0 ? x->zero - least_of(type) : most_of(type) - x->zero;
}

static bool operands(Region *r, const Node *n, QTensor *a, QTensor *b)
{
    return n->inputs.count == 2 && n->version >= 7 && operand(r, node_in(n, 0), a) && operand(r, node_in(n, 1), b);
}

static void set_zero(Region *r, Node *n, const char *name, int64_t zero)
{
    if (zero)
        node_set_int(r->g, n, name, zero);
}

static Node *binary(Region *r, const char *op_type, const QTensor *a, const QTensor *b)
{
    Node *n = rw_node(r->g, r->n, "adze", op_type, r->x->producer->name);
    node_add_input(r->g, n, a->v);
    node_add_input(r->g, n, b->v);
    set_zero(r, n, "a_zero_point", a->zero);
    set_zero(r, n, "b_zero_point", b->zero);
    set_bounds(r, n);
    return n;
}

static const char *finish(Region *r, Node *n)
{
    return region_end(r, rw_output(r->g, n, r->type, &r->x->shape));
}

/* a * ka + b * kb in 64 bits. */
static const char *add16(Region *r, const QTensor *a, const QTensor *b, double ka, double kb)
{
    int shift;
    if (!requantize16_shift(fmax(fabs(ka), fabs(kb)), 2 * 65535, &shift))
        return WHY(r, "its scales %g and %g are too large for the result's %g", a->scale, b->scale, r->scale);
    Node *q = binary(r, "QAdd16", a, b);
    node_set_int(r->g, q, "a_multiplier", (int64_t)rint(ldexp(ka, shift)));
    node_set_int(r->g, q, "b_multiplier", (int64_t)rint(ldexp(kb, shift)));
    node_set_int(r->g, q, "shift", shift);
    return finish(r, q);
}

/* Another scale, and bounds: a sum of x and 0 * x. */
const char *region_rescale16(Region *r)
{
    QTensor x;
    if (r->type != DT_I16 || !operand(r, r->x, &x))
        return "";
    return add16(r, &x, &x, x.scale / r->scale, 0);
}

/* From 8 to 16 bits, or from 16 to 8, and bounds. */
const char *region_requantize(Region *r)
{
    QTensor x;
    int shift;
    const DType from = r->type == DT_I16 ? DT_I8 : DT_I16;
    if (!dequantised_of(r->c->scratch, r->x, from, &x))
        return "";
    const double scale = x.scale / r->scale;
    if (!requantize16_shift(scale, 65535, &shift))
        return WHY(r, "its scale %g is too large for the result's %g", x.scale, r->scale);
    Node *q = rw_node(r->g, r->n, "adze", "Requantize", r->n->name);
    node_add_input(r->g, q, x.v);
    node_set_int(r->g, q, "to", dtype_to_onnx(r->type));
    node_set_int(r->g, q, "multiplier", (int64_t)rint(ldexp(scale, shift)));
    node_set_int(r->g, q, "shift", shift);
    if (x.zero)
        node_set_int(r->g, q, "x_zero_point", x.zero);
    set_bounds(r, q);
    return finish(r, q);
}

const char *region_add(Region *r)
{
    const Node *n = r->x->producer;
    QTensor a, b;
    if (!node_is(n, "Add") && !node_is(n, "Sub"))
        return "";
    if (!operands(r, n, &a, &b))
        return not_quantised(r);
    double ka = a.scale / r->scale, kb = (node_is(n, "Sub") ? -b.scale : b.scale) / r->scale;
    if (r->type == DT_I16)
        return add16(r, &a, &b, ka, kb);
    for (int shift = 22; shift > 0; shift--) {
        double ma = rint(ldexp(ka, shift)), mb = rint(ldexp(kb, shift));
        /* The sum fits 32 bits with the rounding and with y's zero point on top: some kernels add them first. */
        if (255 * (fabs(ma) + fabs(mb)) + ldexp(129, shift) >= INT32_MAX)
            continue;
        Node *q = binary(r, "QAdd", &a, &b);
        node_set_int(r->g, q, "a_multiplier", (int64_t)ma);
        node_set_int(r->g, q, "b_multiplier", (int64_t)mb);
        node_set_int(r->g, q, "shift", shift);
        return finish(r, q);
    }
    return WHY(r, "its scales %g and %g are too large for the result's %g", a.scale, b.scale, r->scale);
}

static const char *scaled(Region *r, const char *op_type, const QTensor *a, const QTensor *b, int64_t bound)
{
    int shift;
    double scale = a->scale * b->scale / r->scale;
    bool wide = r->type == DT_I16;
    if (wide ? !requantize16_shift(scale, bound, &shift) : !requantize_shift(scale, bound, &shift))
        return WHY(r, "its scale %g is too large for sums up to %" PRId64, scale, bound);
    Node *q = binary(r, op_type, a, b);
    node_set_int(r->g, q, "multiplier",
                 wide ? (int64_t)rint(ldexp(scale, shift)) : requantize_multiplier(scale, shift));
    node_set_int(r->g, q, "shift", shift);
    return finish(r, q);
}

const char *region_mul(Region *r)
{
    QTensor a, b;
    if (!node_is(r->x->producer, "Mul"))
        return "";
    if (!operands(r, r->x->producer, &a, &b))
        return not_quantised(r);
    return scaled(r, op_of(r, "QMul", "QMul16"), &a, &b, reach(&a) * reach(&b));
}

const char *region_matmul(Region *r)
{
    QTensor a, b;
    int64_t bound;
    if (!node_is(r->x->producer, "MatMul"))
        return "";
    if (!operands(r, r->x->producer, &a, &b))
        return not_quantised(r);
    if (a.v->shape.rank < 1 ||
        __builtin_mul_overflow(a.v->shape.dim[a.v->shape.rank - 1], reach(&a) * reach(&b), &bound))
        return "its sums may overflow 32 bits";
    return scaled(r, op_of(r, "QMatMul", "QMatMul16"), &a, &b, bound);
}

/* ---- Softmax ---- */

/* e^x for x <= 0 by operations that every machine rounds alike. */
static double exponential(double x)
{
    enum { HALVINGS = 12, TERMS = 12 };
    double t = ldexp(x < -700 ? -700 : x, -HALVINGS), sum = 1;
    for (int k = TERMS; k > 0; k--)
        sum = 1 + sum * t / k;
    for (int k = 0; k < HALVINGS; k++)
        sum *= sum;
    return sum;
}

/* 1 / scale as numerator / divisor: exactly enough with the smallest divisor that serves, else as near as can be. */
static bool inverse_of(double scale, int64_t *numerator, int64_t *divisor)
{
    double best = INFINITY;
    for (int64_t d = 1; d <= 64 && best > 1e-6; d++) {
        double n = rint((double)d / scale), error = fabs(n / (double)d * scale - 1);
        if (n < 1 || n > UINT16_MAX || error >= best)
            continue;
        best = error;
        *numerator = (int64_t)n;
        *divisor = d;
    }
    return best < 0.01;
}

static Value *powers(Graph *g, double scale, double largest)
{
    uint32_t *table = NEW_ARRAY(g->arena, uint32_t, 256);
    for (int i = 0; i < 256; i++)
        table[i] = (uint32_t)rint(largest * exponential(-(255 - i) * scale));
    Shape s = {.rank = 1, .dim = {256}};
    return graph_const(g, NULL, DT_U32, &s, table);
}

/* Of 256 steps each, then of single ones. */
static Value *powers16(Graph *g, double scale)
{
    uint32_t *table = NEW_ARRAY(g->arena, uint32_t, 512);
    for (int i = 0; i < 512; i++)
        table[i] = (uint32_t)rint(0x1p31 * exponential(i < 256 ? -i * 256 * scale : (256 - i) * scale));
    Shape s = {.rank = 1, .dim = {512}};
    return graph_const(g, NULL, DT_U32, &s, table);
}

const char *region_softmax(Region *r)
{
    Node *n = r->x->producer;
    QTensor x;
    if (!node_is(n, "Softmax"))
        return "";
    if (!operand(r, node_in(n, 0), &x))
        return not_quantised_one(r);
    int rank = x.v->shape.rank, axis = axis_normalise(node_int(n, "axis", n->version < 13 ? 1 : -1), rank);
    int64_t inverse = 1, divisor = 1;
    if (axis < 0 || (n->version < 13 && axis != rank - 1))
        return "supported: Softmax along one axis";
    if (r->lo != least_of(r->type) || r->hi != most_of(r->type))
        return "supported: Softmax without bounds";
    if (r->type == DT_I16) {
        inverse = (int64_t)fmin(rint(1 / r->scale), 0x1p17);
        if (inverse < 1 || inverse > 65536 || fabs((double)inverse * r->scale - 1) > 1e-6)
            return WHY(r, "the scale %g of its result is not one over an integer up to 65536", r->scale);
    } else if (!inverse_of(r->scale, &inverse, &divisor)) {
        return WHY(r, "the scale %g of its result is too large or too small", r->scale);
    }
    double largest = floor(UINT32_MAX / ((double)inverse + (double)divisor * ((double)x.v->shape.dim[axis] + 1)));
    Node *q = rw_node(r->g, r->n, "adze", op_of(r, "QSoftmax", "QSoftmax16"), n->name);
    node_add_input(r->g, q, x.v);
    node_add_input(r->g, q, r->type == DT_I16 ? powers16(r->g, x.scale) : powers(r->g, x.scale, largest));
    node_set_int(r->g, q, "axis", axis);
    node_set_int(r->g, q, "y_inverse_scale", inverse);
    if (divisor > 1)
        node_set_int(r->g, q, "y_divisor", divisor);
    set_zero(r, q, "y_zero_point", r->zero);
    return finish(r, q);
}
