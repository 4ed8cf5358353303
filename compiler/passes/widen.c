/* widen: a model in half precision (float16, bfloat16) is computed in float32, as processors without half-precision
 * arithmetic and ONNX Runtime on a CPU do. Its inputs and outputs keep their types, behind and in front of a Cast; its
 * constants become float32. Requires nothing: it comes before inference, which knows operators in float32 alone. Keeps
 * the function up to the rounding of what was half before (results are more exact). A model that only casts to half
 * and back is left alone. */
#include "passes/rewrite.h"

#include <string.h>

static bool is_half(DType t)
{
    return t == DT_F16 || t == DT_BF16;
}

static bool is_cast_to_half(const Node *n)
{
    return node_is(n, "Cast") && is_half(dtype_from_onnx(node_int(n, "to", 0)));
}

/* Does the model compute in half precision: is there a half that anything but a Cast reads? */
static bool computes(const Graph *g)
{
    GRAPH_NODES(g, n)
    if (!node_is(n, "Cast"))
        for (size_t i = 0; i < n->inputs.count; i++) {
            const Value *v = node_in(n, i);
            if (v && (is_half(v->type) || is_cast_to_half(v->producer)))
                return true;
        }
    return false;
}

static const float *widened(PassContext *c, Graph *g, const char *name, const Tensor *t, bool *ok)
{
    size_t bytes, count = (size_t)shape_count(&t->shape);
    Tensor wide = {DT_F32, t->shape, NULL};
    *ok = tensor_bytes(&wide, &bytes);
    if (!*ok) {
        diag_error(c->diag, "constant %s is too large in float32", diag_quote(c->scratch, name));
        return NULL;
    }
    float *data = NEW_ARRAY(g->arena, float, count + 1);
    const uint16_t *half = t->data;
    for (size_t i = 0; i < count; i++)
        data[i] = t->type == DT_F16 ? half_to_float(half[i]) : bfloat16_to_float(half[i]);
    return data;
}

static bool widen_const(PassContext *c, Graph *g, Value *v)
{
    bool ok;
    const Tensor t = value_tensor(v);
    const float *data = widened(c, g, v->name, &t, &ok);
    if (ok) {
        v->data = data;
        v->type = DT_F32;
        graph_free_data(g, t.data, (size_t)shape_count(&t.shape) * dtype_size(t.type));
    }
    return ok;
}

/* What a node makes of a type in its attributes, or of a tensor there. */
static bool widen_attrs(PassContext *c, Graph *g, Node *n)
{
    bool ok = true;
    for (size_t i = 0; i < n->attrs.count && ok; i++) {
        Attr *a = &n->attrs.items[i];
        bool names_type = !strcmp(a->name, "to") || !strcmp(a->name, "dtype") || !strcmp(a->name, "output_dtype");
        if (a->kind == ATTR_INT && names_type && is_half(dtype_from_onnx(a->i)))
            a->i = dtype_to_onnx(DT_F32);
        if (a->kind == ATTR_TENSOR && is_half(a->tensor.type)) {
            a->tensor.data = widened(c, g, a->name, &a->tensor, &ok);
            a->tensor.type = DT_F32;
        }
    }
    return ok;
}

static Node *cast(Graph *g, Node *before, Value *v, DType to)
{
    Node *n = before ? graph_node_before(g, before, "", "Cast", NULL) : graph_node(g, "", "Cast", NULL);
    node_set_int(g, n, "to", dtype_to_onnx(to));
    node_add_input(g, n, v);
    return n;
}

static void widen_input(Graph *g, Value *v)
{
    if (!v->users.count)
        return;
    Value *wide = node_new_output(g, cast(g, g->first, v, DT_F32), NULL);
    wide->type = DT_F32;
    wide->shape = v->shape;
    memcpy(wide->dim, v->dim, sizeof wide->dim);
    graph_replace(g, v, wide);
}

static void widen_output(Graph *g, Value *v)
{
    const DType half = v->type;
    v->type = DT_F32;
    Value *narrow = node_new_output(g, cast(g, v->producer->next, v, half), NULL);
    narrow->type = half;
    narrow->shape = v->shape;
    memcpy(narrow->dim, v->dim, sizeof narrow->dim);
    rw_replace_output(g, v, narrow);
}

bool pass_widen(PassContext *c, Graph *g, bool *changed)
{
    bool ok = true;
    if (!computes(g))
        return true;
    *changed = true;
    GRAPH_NODES(g, n)
    ok = ok && widen_attrs(c, g, n);
    for (size_t i = 0, count = g->values.count; i < count && ok; i++) {
        Value *v = g->values.items[i];
        if (!is_half(v->type) || v->is_output)
            continue;
        if (v->is_input)
            widen_input(g, v);
        else if (v->is_const)
            ok = widen_const(c, g, v);
        else
            v->type = DT_F32;
    }
    for (size_t i = 0; i < g->outputs.count && ok; i++)
        if (is_half(g->outputs.items[i]->type))
            widen_output(g, g->outputs.items[i]);
    return ok;
}
