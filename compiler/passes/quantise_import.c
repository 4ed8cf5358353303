/* quantise_import: one spelling of quantised graphs: DequantizeLinear, the float operator, QuantizeLinear; activations
 * and weights of 8 bits are i8, those of 16 i16. QOperator nodes were written out so (qoperator); u8 is moved by 128,
 * which changes zero points, and stays u8 only where it enters or leaves the graph. Requires: types and shapes known.
 * Keeps: the function; checks scales and zero points for all passes after it. Breaks: nothing. */
#include "passes/quantise.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

static bool bad(PassContext *c, const Node *n, const Value *v, const char *what, ...)
    __attribute__((format(printf, 4, 5)));

static bool bad(PassContext *c, const Node *n, const Value *v, const char *what, ...)
{
    va_list args;
    va_start(args, what);
    const char *text = arena_vprintf(c->scratch, what, args);
    va_end(args);
    return diag_error(c->diag, "%s: tensor %s: %s", node_label(c->scratch, n), diag_quote(c->scratch, v->name), text);
}

static bool check_scale(PassContext *c, const Node *n, const Value *scale)
{
    if (!scale->is_const || !scale->data || !dtype_is_float(scale->type))
        return true;
    Tensor t = value_tensor(scale);
    for (int64_t i = 0, count = shape_count(&scale->shape); i < count; i++) {
        double s = tensor_float(&t, i);
        if (!(s >= (double)FLT_MIN) || !(s <= (double)FLT_MAX))
            return bad(c, n, scale, "element %" PRId64 " is %g; a scale is a positive, normal number", i, s);
    }
    return true;
}

/* A scale for each `block` indices of an axis: the shape of x, with that axis divided. */
static bool check_blocks(PassContext *c, const Node *n, const Value *x, const Value *scale)
{
    char got[SHAPE_TEXT_BYTES], want[SHAPE_TEXT_BYTES];
    int64_t block = node_int(n, "block_size", 0), axis = node_int(n, "axis", 1);
    int at = axis_normalise(axis, x->shape.rank);
    Shape s = x->shape;
    if (block < 0)
        return bad(c, n, scale, "blocks of %" PRId64 " elements", block);
    if (at < 0)
        return bad(c, n, x, "axis %" PRId64 " lies outside of its %d axes", axis, x->shape.rank);
    if (!shape_known(&x->shape) || !shape_known(&scale->shape))
        return true;
    s.dim[at] = s.dim[at] / block + (s.dim[at] % block != 0);
    return shape_equal(&scale->shape, &s) ||
           bad(c, n, scale, "scales of shape %s for blocks of %" PRId64 "; %s expected",
               shape_text(&scale->shape, got, sizeof got), block, shape_text(&s, want, sizeof want));
}

static bool check_axis(PassContext *c, const Node *n, const Value *x, const Value *scale)
{
    int64_t count = shape_count(&scale->shape), axis = node_int(n, "axis", 1);
    if (node_int(n, "block_size", 0) && x->shape.rank >= 0)
        return check_blocks(c, n, x, scale);
    if (count <= 1 || x->shape.rank < 0)
        return true;
    int at = axis_normalise(axis, x->shape.rank);
    if (scale->shape.rank != 1)
        return bad(c, n, scale, "scales of %d axes; supported: one scale, or a list of one a channel",
                   scale->shape.rank);
    if (at < 0)
        return bad(c, n, x, "axis %" PRId64 " lies outside of its %d axes", axis, x->shape.rank);
    if (x->shape.dim[at] >= 0 && x->shape.dim[at] != count)
        return bad(c, n, scale, "%" PRId64 " scales for the %" PRId64 " indices of axis %" PRId64, count,
                   x->shape.dim[at], axis);
    return true;
}

static bool check_zero(PassContext *c, const Node *n, const Value *integers, const Value *scale, const Value *zero)
{
    if (zero->type != integers->type && zero->type != DT_NONE && integers->type != DT_NONE)
        return bad(c, n, zero, "a zero point of type %s for integers of type %s", dtype_name(zero->type),
                   dtype_name(integers->type));
    int64_t count = shape_count(&zero->shape), scales = shape_count(&scale->shape);
    if (count != scales && count >= 0 && scales >= 0)
        return bad(c, n, zero, "%" PRId64 " zero points for %" PRId64 " scales", count, scales);
    if (zero->type != DT_I32 || !zero->is_const || !zero->data)
        return true;
    for (int64_t i = 0; i < count; i++)
        if (((const int32_t *)zero->data)[i] != 0)
            return bad(c, n, zero, "the zero point of 32-bit integers is %d; it must be 0",
                       (int)((const int32_t *)zero->data)[i]);
    return true;
}

/* Of a QuantizeLinear or DequantizeLinear, by whatever rule it was made. */
static bool check(PassContext *c, const Node *n)
{
    const Value *x = node_in(n, 0), *scale = node_in(n, 1), *zero = node_in(n, 2), *y = node_out(n, 0);
    if ((!is_quantize(n) && !is_dequantize(n)) || !x || !scale || !y)
        return true;
    return check_scale(c, n, scale) && check_axis(c, n, x, scale) &&
           (!zero || check_zero(c, n, is_quantize(n) ? y : x, scale, zero));
}

/* ---- u8, u16 ---- */

static Value *zero_less_128(Graph *g, const QParams *p)
{
    Shape s = {.rank = p->count > 1 ? 1 : 0, .dim = {p->count}};
    if (p->type == DT_U16) {
        int16_t *wide = NEW_ARRAY(g->arena, int16_t, p->count);
        for (int64_t i = 0; i < p->count; i++)
            wide[i] = (int16_t)(p->zero[i] - 32768);
        return graph_const(g, NULL, DT_I16, &s, wide);
    }
    int8_t *data = NEW_ARRAY(g->arena, int8_t, p->count);
    for (int64_t i = 0; i < p->count; i++)
        data[i] = (int8_t)(p->zero[i] - 128);
    return const_i8(g, &s, data);
}

static bool signed_integers(PassContext *c, Graph *g, Node *n)
{
    QParams p;
    if (!quant_params(c->scratch, n, &p) || (p.type != DT_U8 && p.type != DT_U16))
        return false;
    Node *copy = rw_copy(g, n, n);
    node_remove_attr(g, copy, "output_dtype");
    node_add_input(g, copy, is_quantize(n) ? node_in(n, 0) : as_i8(g, node_in(n, 0)));
    node_add_input(g, copy, node_in(n, 1));
    node_add_input(g, copy, zero_less_128(g, &p));
    bool quantize = is_quantize(n);
    Value *y = rw_output(g, copy, !quantize ? DT_F32 : p.type == DT_U16 ? DT_I16 : DT_I8, &node_in(n, 0)->shape);
    rw_replace(g, n, quantize ? as_u8(g, n, y) : y);
    return true;
}

/* ---- The interface: what integers of the caller stand for ---- */

/* Of inputs that a DequantizeLinear reads, and of outputs that a QuantizeLinear gives, behind what moves elements. */
static void note_interface(PassContext *c, Graph *g)
{
    QParams p;
    GRAPH_NODES(g, n)
    {
        Value *x = node_in(n, 0);
        if (!is_dequantize(n) || !quant_params(c->scratch, n, &p) || p.count != 1)
            continue;
        while (x && x->producer && moves_elements(x->producer))
            x = node_in(x->producer, 0);
        if (x && x->is_input && !x->quant)
            x->quant = quant_of(g, &p, false);
    }
    for (size_t i = 0; i < g->outputs.count; i++) {
        Value *y = g->outputs.items[i], *v = y;
        while (v && v->producer && moves_elements(v->producer))
            v = node_in(v->producer, 0);
        if (!y->quant && v && v->producer && is_quantize(v->producer) && quant_params(c->scratch, v->producer, &p) &&
            p.count == 1)
            y->quant = quant_of(g, &p, false);
    }
}

bool pass_quantise_import(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {signed_integers};
    bool ok = true;
    GRAPH_NODES(g, n)
    ok = check(c, n) && ok;
    if (ok)
        note_interface(c, g);
    return ok && rewrite_all(c, g, rules, 1, changed);
}
