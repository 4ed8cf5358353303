/* quantise_rest: what is left of quantised regions. Constants are dequantised, QuantizeLinear and DequantizeLinear
 * become adze.Quantize and adze.Dequantize, and what stays float between integers is named with its reason.
 * Requires: quantise to its fixed point. Keeps: the function, bit for bit. Breaks: no later pass finds a region. */
#include "passes/quantise.h"

#include <string.h>

/* The float operator behind a DequantizeLinear, or in front of a QuantizeLinear: named once. */
void note_float(Graph *g, const Node *n, const char *why)
{
    for (size_t i = 0; i < g->notes.count; i++)
        if (!strcmp(g->notes.items[i].pass, "quantise") && !strcmp(g->notes.items[i].node, node_name(n)))
            return;
    graph_note(g, "quantise", n, 0, "%s stays float: %s", n->op_type, why);
}

static bool reads_integers(const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        if (v && v->producer && is_dequantize(v->producer))
            return true;
    }
    return false;
}

static const Node *computed_in(const Node *quantize)
{
    const Value *x = node_in(quantize, 0);
    while (x && x->producer && (node_is(x->producer, "Relu") || node_is(x->producer, "Clip")))
        x = node_in(x->producer, 0);
    return x ? x->producer : NULL;
}

static void name_regions(PassContext *c, Graph *g)
{
    GRAPH_NODES(g, n)
    {
        if (!is_quantize(n) || !computed_in(n))
            continue;
        const char *why = quantise_region(c, g, n);
        note_float(g, computed_in(n), why && *why ? why : "there is no integer kernel for it");
    }
    GRAPH_NODES(g, n)
    if (reads_integers(n) && !is_quantize(n))
        note_float(g, n, "its result is not quantised");
}

static bool dequantise_blocks(PassContext *c, Graph *g, Node *n)
{
    QBlocks b;
    Value *x = node_in(n, 0);
    (void)c;
    if (!is_dequantize(n) || !known(x) || !x->is_const || !x->data || !quant_blocks(n, x, &b))
        return false;
    Tensor t = value_tensor(x), scale = value_tensor(b.scale), zero = {0};
    if (b.zero)
        zero = value_tensor(b.zero);
    int64_t count = shape_count(&x->shape);
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = block_at(&b, i);
        data[i] = (float)(tensor_int(&t, i) - (b.zero ? tensor_int(&zero, at) : 0)) * (float)tensor_float(&scale, at);
    }
    rw_replace(g, n, const_floats(g, node_out(n, 0)->name, &x->shape, data));
    return true;
}

static bool dequantise_constant(PassContext *c, Graph *g, Node *n)
{
    QParams p;
    Value *x = node_in(n, 0);
    if (!is_dequantize(n) || !x->is_const || !x->data || !quant_params(c->scratch, n, &p))
        return false;
    int64_t count = shape_count(&x->shape), inner = 1;
    for (int i = p.axis + 1; i < x->shape.rank; i++)
        inner *= x->shape.dim[i];
    float *data = NEW_ARRAY(g->arena, float, count);
    Tensor t = value_tensor(x);
    for (int64_t i = 0; i < count; i++) {
        int64_t k = p.count > 1 ? i / inner % p.count : 0;
        data[i] = (float)(tensor_int(&t, i) - p.zero[k]) * (float)p.scale[k];
    }
    rw_replace(g, n, const_floats(g, node_out(n, 0)->name, &x->shape, data));
    return true;
}

static bool to_adze(PassContext *c, Graph *g, Node *n)
{
    QParams p;
    bool quantize = is_quantize(n);
    Value *x = node_in(n, 0);
    if (!quant_params(c->scratch, n, &p))
        return false;
    Shape s = {.rank = p.count > 1 ? 1 : 0, .dim = {p.count}};
    float *scale = NEW_ARRAY(g->arena, float, p.count);
    int32_t *zero = NEW_ARRAY(g->arena, int32_t, p.count);
    for (int64_t i = 0; i < p.count; i++) {
        scale[i] = (float)p.scale[i];
        zero[i] = (int32_t)p.zero[i];
    }
    Node *q = rw_node(g, n, "adze", quantize ? "Quantize" : "Dequantize", n->name);
    if (p.count > 1)
        node_set_int(g, q, "axis", p.axis);
    if (quantize && p.type != DT_I8)
        node_set_int(g, q, "to", dtype_to_onnx(p.type));
    node_add_input(g, q, x);
    node_add_input(g, q, const_floats(g, NULL, &s, scale));
    node_add_input(g, q, graph_const(g, NULL, DT_I32, &s, zero));
    rw_replace(g, n, rw_output(g, q, quantize ? p.type : DT_F32, &x->shape));
    return true;
}

bool pass_quantise_rest(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {dequantise_constant, dequantise_blocks, to_adze};
    name_regions(c, g);
    return rewrite_all(c, g, rules, 3, changed);
}
