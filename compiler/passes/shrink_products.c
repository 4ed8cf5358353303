/* Products: convolutions and matrix products with constant weights, whatever they are called. */
#include "passes/shrink.h"

#include <math.h>
#include <string.h>

bool only_attrs(const Node *n, const char *const *names)
{
    for (size_t i = 0; i < n->attrs.count; i++) {
        const char *const *name = names;
        while (*name && strcmp(*name, n->attrs.items[i].name))
            name++;
        if (!*name)
            return false;
    }
    return true;
}

static bool is_padded(const Node *n)
{
    int64_t pads[MAX_RANK];
    int count = node_ints(n, "pads", pads, MAX_RANK);
    for (int i = 0; i < count; i++)
        if (pads[i])
            return true;
    return false;
}

static bool conv_strides(Product *p, const Shape *w)
{
    int64_t group = node_int(p->node, "group", 1);
    if (w->rank != 4 || p->x->shape.rank != 4 || group < 1 || group > w->dim[0] || w->dim[0] % group)
        return false;
    p->group = (int32_t)group;
    p->in = (int32_t)w->dim[3];
    p->out = (int32_t)(w->dim[0] / group);
    p->taps = w->dim[1] * w->dim[2];
    p->by_input = 1;
    p->by_tap = w->dim[3];
    p->by_output = p->taps * w->dim[3];
    p->padded = is_padded(p->node) || node_is_adze(p->node, "ConvTranspose");
    return true;
}

static bool gemm_strides(Product *p, const Shape *w)
{
    if (w->rank != 2)
        return false;
    p->group = 1;
    p->in = (int32_t)w->dim[0];
    p->out = (int32_t)w->dim[1];
    p->taps = 1;
    p->by_input = w->dim[1];
    p->by_output = 1;
    return true;
}

static bool const_i32(const Value *v, int64_t count)
{
    return v && v->is_const && v->data && v->type == DT_I32 && v->shape.rank == 1 && v->shape.dim[0] == count;
}

static bool q_product_of(Node *n, Product *out)
{
    static const char *const attrs[] = {
        "strides", "pads",         "dilations",    "group",        "x_zero_point", "y_zero_point",   "shift", "q_lo",
        "q_hi",    "r_zero_point", "q_multiplier", "r_multiplier", "add_shift",    "add_zero_point", "lo",    "hi",
        NULL};
    Value *w = node_in(n, 1), *y = node_out(n, 0), *x = node_in(n, 0);
    *out = (Product){.node = n, .x = x, .bias = node_in(n, 2), .residual = node_in(n, 4), .y = y, .q = true};
    if (!only_attrs(n, attrs) || !known(x) || !known(y) || !w || !w->is_const || !w->data ||
        shape_count(&w->shape) < 1 || (w->type != DT_I8 && w->type != DT_I16) ||
        !(node_is_adze(n, "QConv") ? conv_strides(out, &w->shape) : gemm_strides(out, &w->shape)))
        return false;
    int64_t channels = (int64_t)out->group * out->out;
    if (y->shape.rank < 1 || y->shape.dim[y->shape.rank - 1] != channels ||
        x->shape.dim[x->shape.rank - 1] != (int64_t)out->group * out->in || !const_i32(out->bias, channels) ||
        !const_i32(node_in(n, 3), channels))
        return false;
    out->w8 = w->type == DT_I8 ? w->data : NULL;
    out->w16 = w->type == DT_I16 ? w->data : NULL;
    out->b32 = out->bias->data;
    out->multiplier = node_in(n, 3)->data;
    out->zero = (int32_t)node_int(n, "x_zero_point", 0);
    out->pixels = shape_count(&y->shape) / channels;
    return true;
}

bool product_of(Node *n, Product *out)
{
    static const char *const conv_attrs[] = {"strides", "pads", "dilations", "group", "lo", "hi", NULL};
    static const char *const gemm_attrs[] = {"lo", "hi", NULL};
    static const char *const transposed_attrs[] = {"strides", "pads", "dilations", "output_shape",
                                                   "group",   "lo",   "hi",        NULL};
    bool transposed = n && node_is_adze(n, "ConvTranspose"), conv = n && (node_is_adze(n, "Conv") || transposed),
         gemm = n && node_is_adze(n, "Gemm");
    if (n && (node_is_adze(n, "QConv") || node_is_adze(n, "QGemm")))
        return q_product_of(n, out);
    if ((!conv && !gemm) || n->inputs.count > 4 ||
        !only_attrs(n, transposed ? transposed_attrs
                       : conv     ? conv_attrs
                                  : gemm_attrs))
        return false;
    Value *w = node_in(n, 1), *y = node_out(n, 0);
    *out = (Product){.node = n, .x = node_in(n, 0), .bias = node_in(n, 2), .residual = node_in(n, 3), .y = y};
    if (!known_f32(out->x) || !known_f32(y) || !const_f32(w) || shape_count(&w->shape) < 1 ||
        (out->bias && (!const_f32(out->bias) || out->bias->shape.rank != 1)) ||
        (out->residual && !known_f32(out->residual)))
        return false;
    if (!(conv ? conv_strides(out, &w->shape) : gemm_strides(out, &w->shape)))
        return false;
    int64_t channels = (int64_t)out->group * out->out;
    if (y->shape.rank < 1 || y->shape.dim[y->shape.rank - 1] != channels ||
        out->x->shape.dim[out->x->shape.rank - 1] != (int64_t)out->group * out->in)
        return false;
    out->w = w->data;
    out->b = out->bias ? out->bias->data : NULL;
    out->pixels =
        transposed ? shape_count(&out->x->shape) / ((int64_t)out->group * out->in) : shape_count(&y->shape) / channels;
    out->lo = (double)node_float(n, "lo", -INFINITY);
    out->hi = (double)node_float(n, "hi", INFINITY);
    return true;
}

bool product_ignores(const Product *p, int32_t o, int32_t c)
{
    for (int64_t t = 0; t < p->taps; t++)
        if (product_weight(p, o, t, c) != 0)
            return false;
    return true;
}
