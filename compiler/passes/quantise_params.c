/* Scales, zero points and multipliers. */
#include "passes/quantise.h"

#include <float.h>
#include <math.h>
#include <string.h>

bool is_quantize(const Node *n)
{
    return node_is(n, "QuantizeLinear");
}

bool is_dequantize(const Node *n)
{
    return node_is(n, "DequantizeLinear");
}

static bool const_elements(const Value *v)
{
    return v && v->is_const && v->data && shape_count(&v->shape) > 0;
}

static void read_params(Arena *scratch, const Value *scale, const Value *zero, QParams *out)
{
    Tensor s = value_tensor(scale), z = {0};
    if (zero)
        z = value_tensor(zero);
    out->scale = NEW_ARRAY(scratch, double, out->count);
    out->zero = NEW_ARRAY(scratch, int64_t, out->count);
    for (int64_t i = 0; i < out->count; i++) {
        out->scale[i] = tensor_float(&s, i);
        out->zero[i] = zero ? tensor_int(&z, i) : 0;
    }
}

bool quant_params(Arena *scratch, const Node *n, QParams *out)
{
    if (!is_quantize(n) && !is_dequantize(n))
        return false;
    const Value *x = node_in(n, 0), *scale = node_in(n, 1), *zero = node_in(n, 2), *y = node_out(n, 0);
    const Value *integers = is_quantize(n) ? y : x;
    if (!known(x) || !known(y) || !const_elements(scale) || !dtype_is_float(scale->type) || scale->shape.rank > 1 ||
        node_int(n, "block_size", 0))
        return false;
    *out = (QParams){.type = integers->type, .count = shape_count(&scale->shape)};
    if (zero && (!const_elements(zero) || !dtype_is_int(zero->type) || shape_count(&zero->shape) != out->count))
        return false;
    if (out->count > 1) {
        out->axis = axis_normalise(node_int(n, "axis", 1), x->shape.rank);
        if (out->axis < 0 || x->shape.dim[out->axis] != out->count)
            return false;
    }
    read_params(scratch, scale, zero, out);
    return true;
}

bool quant_of_type(Arena *scratch, const Node *n, DType type, QParams *out)
{
    return quant_params(scratch, n, out) && out->count == 1 && out->type == type;
}

bool quant_i8(Arena *scratch, const Node *n, QParams *out)
{
    return quant_of_type(scratch, n, DT_I8, out);
}

bool dequantised(Arena *scratch, const Value *v, QTensor *out)
{
    return dequantised_of(scratch, v, DT_I8, out);
}

bool dequantised_of(Arena *scratch, const Value *v, DType type, QTensor *out)
{
    QParams p;
    if (!v || !v->producer || !is_dequantize(v->producer) || !quant_of_type(scratch, v->producer, type, &p))
        return false;
    *out = (QTensor){node_in(v->producer, 0), p.scale[0], p.zero[0]};
    return true;
}

const Quant *quant_of(Graph *g, const QParams *p, bool real_in_model)
{
    Quant *q = NEW(g->arena, Quant);
    *q = (Quant){(float)p->scale[0], (int32_t)p->zero[0], real_in_model};
    return q;
}

Value *const_i8(Graph *g, const Shape *shape, const int8_t *data)
{
    return graph_const(g, NULL, DT_I8, shape, data);
}

Value *const_integer(Graph *g, DType type, int64_t v)
{
    Shape scalar = {.rank = 0};
    const size_t size = dtype_size(type);
    void *data = arena_alloc(g->arena, size);
    if (size == 1)
        *(int8_t *)data = (int8_t)v;
    else if (size == 2)
        *(int16_t *)data = (int16_t)v;
    else
        *(int32_t *)data = (int32_t)v;
    return graph_const(g, NULL, type, &scalar, data);
}

Value *const_i32(Graph *g, int64_t count, const int32_t *data)
{
    Shape s = {.rank = 1, .dim = {count}};
    return graph_const(g, NULL, DT_I32, &s, data);
}

static Node *scaled_node(Graph *g, Node *before, const char *op_type, Value *x, DType type, double scale, int64_t zero)
{
    Shape scalar = {.rank = 0};
    float *s = NEW(g->arena, float);
    *s = (float)scale;
    Node *n = rw_node(g, before, "", op_type, NULL);
    node_add_input(g, n, x);
    node_add_input(g, n, const_floats(g, NULL, &scalar, s));
    node_add_input(g, n, const_integer(g, type, zero));
    return n;
}

Value *make_quantize(Graph *g, Node *before, Value *x, DType type, double scale, int64_t zero, const char *name)
{
    Node *n = scaled_node(g, before, "QuantizeLinear", x, type, scale, zero);
    if (name)
        n->name = name;
    return rw_output(g, n, type, &x->shape);
}

Value *make_dequantize(Graph *g, Node *before, const QTensor *x)
{
    return rw_output(g, scaled_node(g, before, "DequantizeLinear", x->v, x->v->type, x->scale, x->zero), DT_F32,
                     &x->v->shape);
}

/* ---- u8: Cast(x + 128) to i8, Cast(x) + 128 back; both wrap around. u16 by 32768 ---- */

static bool is_128(const Value *v)
{
    double k;
    return const_scalar(v, &k) && ((v->type == DT_U8 && k == 128) || (v->type == DT_U16 && k == 32768));
}

static Value *const_128(Graph *g, DType type)
{
    static const uint8_t data = 128;
    static const uint16_t wide = 32768;
    Shape scalar = {.rank = 0};
    return graph_const(g, NULL, type, &scalar, type == DT_U16 ? (const void *)&wide : &data);
}

static Value *wrapped(Graph *g, Node *before, Value *v)
{
    Node *n = rw_node(g, before, "", "Add", NULL);
    node_add_input(g, n, v);
    node_add_input(g, n, const_128(g, v->type));
    return rw_output(g, n, v->type, &v->shape);
}

static DType signed_of(DType type)
{
    return type == DT_U16 ? DT_I16 : DT_I8;
}

/* The cast of v - 128 that another reader already has. */
static Value *reader_as_i8(const Value *v)
{
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *add = v->users.items[i];
        if (!node_is(add, "Add") || node_in(add, 0) != v || !is_128(node_in(add, 1)))
            continue;
        const Value *sum = node_out(add, 0);
        for (size_t k = 0; k < sum->users.count; k++) {
            Value *y = node_out(sum->users.items[k], 0);
            if (node_is(sum->users.items[k], "Cast") && y && y->type == signed_of(v->type))
                return y;
        }
    }
    return NULL;
}

static Value *cast(Graph *g, Node *before, Value *v, DType to)
{
    Node *n = rw_node(g, before, "", "Cast", NULL);
    node_set_int(g, n, "to", dtype_to_onnx(to));
    node_add_input(g, n, v);
    return rw_output(g, n, to, &v->shape);
}

static Value *moved_const(Graph *g, const Value *v, DType to)
{
    int64_t count = shape_count(&v->shape);
    uint8_t *data = NEW_ARRAY(g->arena, uint8_t, count);
    if (v->type == DT_U16) {
        uint16_t *wide = NEW_ARRAY(g->arena, uint16_t, count);
        for (int64_t i = 0; i < count; i++)
            wide[i] = (uint16_t)(((const uint16_t *)v->data)[i] ^ 32768);
        return graph_const(g, v->name, to, &v->shape, wide);
    }
    for (int64_t i = 0; i < count; i++)
        data[i] = (uint8_t)(((const uint8_t *)v->data)[i] ^ 128);
    return graph_const(g, v->name, to, &v->shape, data);
}

Value *as_i8(Graph *g, Value *v)
{
    if (v->is_const && v->data)
        return moved_const(g, v, signed_of(v->type));
    const Node *add = v->producer;
    if (node_is(add, "Add") && is_128(node_in(add, 1)) && node_is(node_in(add, 0)->producer, "Cast")) {
        Value *from = node_in(node_in(add, 0)->producer, 0);
        if (from && from->type == signed_of(v->type))
            return from;
    }
    Value *made = reader_as_i8(v);
    if (made)
        return made;
    /* As early as can be, so that it stands in front of every other reader. */
    Node *before = add ? node_next(add) : g->first;
    return cast(g, before, wrapped(g, before, v), signed_of(v->type));
}

Value *as_u8(Graph *g, Node *before, Value *v)
{
    return wrapped(g, before, cast(g, before, v, v->type == DT_I16 ? DT_U16 : DT_U8));
}

/* ---- Arithmetic ---- */

int64_t least_of(DType type)
{
    return type == DT_I16 ? INT16_MIN : INT8_MIN;
}

int64_t most_of(DType type)
{
    return type == DT_I16 ? INT16_MAX : INT8_MAX;
}

int64_t quantised_to(DType type, double v, double scale, int64_t zero)
{
    if (isnan(v))
        return zero;
    double q = (double)rintf((float)v / (float)scale) + (double)zero;
    double lo = (double)least_of(type), hi = (double)most_of(type);
    return (int64_t)(q < lo ? lo : q > hi ? hi : q);
}

int64_t quantised(double v, double scale, int64_t zero)
{
    return quantised_to(DT_I8, v, scale, zero);
}

bool requantize16_shift(double largest_scale, int64_t bound, int *shift)
{
    for (int s = 62; s > 0; s--) {
        double m = rint(ldexp(largest_scale, s));
        if (bound < 0 || m > INT32_MAX || m * ((double)bound + 1) > 0x1p61)
            continue;
        *shift = s;
        return m > 0;
    }
    return false;
}

bool requantize_shift(double largest_scale, int64_t bound, int *shift)
{
    /* The multiplier must be below 2^31, also when rounded. */
    for (int s = 0; s < 31; s++) {
        if (bound < 0 || bound > INT32_MAX >> s)
            return false;
        if (rint(ldexp(largest_scale, 32 - s)) <= INT32_MAX) {
            *shift = s;
            return true;
        }
    }
    return false;
}

int32_t requantize_multiplier(double scale, int shift)
{
    return (int32_t)rint(ldexp(scale, 32 - shift));
}
