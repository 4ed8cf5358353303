/* qoperator: QOperator nodes are written as DequantizeLinear, float operator, QuantizeLinear, so that one set of rules
 * serves all quantised models; those of com.microsoft that ONNX has as well get ONNX's name.
 * Requires: operators bound. Keeps: the function, but for the rounding of QLinear* in floats. Breaks: types and shapes
 * of the new values are inferred next. */
#include "passes/quantise.h"
#include "passes/written.h"

#include <string.h>

static bool is_contrib(const Node *n, const char *name)
{
    return node_is_of(n, "com.microsoft", name);
}

/* A node that takes n's place gets its type and shape by inference. */
static Value *result(Graph *g, Node *n)
{
    return node_new_output(g, n, NULL);
}

static Value *scaled(Graph *g, Node *before, const char *op_type, Value *x, Value *scale, Value *zero, int64_t axis)
{
    Node *n = rw_node(g, before, "", op_type, NULL);
    if (axis != 1)
        node_set_int(g, n, "axis", axis);
    node_add_input(g, n, x);
    node_add_input(g, n, scale);
    if (zero)
        node_add_input(g, n, zero);
    return result(g, n);
}

static Value *dequantised_input(Graph *g, Node *n, size_t index, int64_t axis)
{
    return scaled(g, n, "DequantizeLinear", node_in(n, index), node_in(n, index + 1), node_in(n, index + 2), axis);
}

/* x takes the place of n, quantised by its inputs index and index + 1. */
static bool quantised_output(Graph *g, Node *n, Value *x, size_t index)
{
    if (!node_in(n, index)) {
        rw_replace(g, n, x);
        return true;
    }
    Value *y = scaled(g, n, "QuantizeLinear", x, node_in(n, index), node_in(n, index + 1), 1);
    y->producer->name = n->name;
    rw_replace(g, n, y);
    return true;
}

/* The float operator, with those of n's attributes that both have. */
static Node *real_node(Graph *g, Node *n, const char *op_type, const char *const *attributes)
{
    const Value *y = node_out(n, 0);
    Node *f = rw_node(g, n, "", op_type, *n->name || !y ? n->name : y->name);
    for (; *attributes; attributes++)
        if (node_attr(n, *attributes))
            node_set_attr(g, f, node_attr(n, *attributes));
    return f;
}

static const char *const window_attributes[] = {
    "auto_pad", "dilations", "group", "kernel_shape", "pads", "strides", "ceil_mode", "count_include_pad", NULL};
static const char *const softmax_attributes[] = {"axis", NULL};
static const char *const alpha_attributes[] = {"alpha", NULL};
static const char *const gemm_attributes[] = {"alpha", "transA", "transB", NULL};
static const char *const no_attributes[] = {NULL};

/* A bias in i32 has the scale of x times that of w (times alpha), per channel where w has several; NULL when they are
 * not constant. */
static Value *bias_scale(Graph *g, const Value *sx, const Value *sw, double alpha)
{
    double x;
    int64_t count = shape_count(&sw->shape);
    if (!const_scalar(sx, &x) || !const_f32(sw) || count < 1)
        return NULL;
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = (float)(alpha * x * (double)((const float *)sw->data)[i]);
    Shape s = {.rank = count > 1 ? 1 : 0, .dim = {count}};
    return const_floats(g, arena_printf(g->arena, "%s * %s", sx->name, sw->name), &s, data);
}

/* Behind x and w, so that a bad scale is reported by its own name. */
static void add_bias(Graph *g, Node *n, Node *f, size_t index, Value *scale)
{
    Value *bias = node_in(n, index);
    if (bias)
        node_add_input(g, f, scaled(g, f, "DequantizeLinear", bias, scale, NULL, bias->shape.rank - 1));
}

static bool linear_conv(PassContext *c, Graph *g, Node *n)
{
    Value *scale = NULL;
    (void)c;
    if (!node_is(n, "QLinearConv") || (node_in(n, 8) && !(scale = bias_scale(g, node_in(n, 1), node_in(n, 4), 1))))
        return false;
    Value *x = dequantised_input(g, n, 0, 1), *w = dequantised_input(g, n, 3, 0);
    Node *f = real_node(g, n, "Conv", window_attributes);
    node_add_input(g, f, x);
    node_add_input(g, f, w);
    add_bias(g, n, f, 8, scale);
    return quantised_output(g, n, result(g, f), 6);
}

static bool linear_gemm(PassContext *c, Graph *g, Node *n)
{
    Value *scale = NULL;
    double alpha = (double)node_float(n, "alpha", 1);
    (void)c;
    if (!is_contrib(n, "QGemm") || (node_in(n, 6) && !(scale = bias_scale(g, node_in(n, 1), node_in(n, 4), alpha))))
        return false;
    Value *a = dequantised_input(g, n, 0, 0);
    Value *b = dequantised_input(g, n, 3, node_int(n, "transB", 0) ? 0 : 1);
    Node *f = real_node(g, n, "Gemm", gemm_attributes);
    node_add_input(g, f, a);
    node_add_input(g, f, b);
    add_bias(g, n, f, 6, scale);
    return quantised_output(g, n, result(g, f), 7);
}

/* Two operands with scale and zero point each, then those of the result. */
static bool linear_binary(PassContext *c, Graph *g, Node *n)
{
    const char *op = node_is(n, "QLinearMatMul")   ? "MatMul"
                     : is_contrib(n, "QLinearAdd") ? "Add"
                     : is_contrib(n, "QLinearMul") ? "Mul"
                                                   : NULL;
    (void)c;
    if (!op)
        return false;
    int64_t last = node_in(n, 3) ? node_in(n, 3)->shape.rank - 1 : 0;
    Value *a = dequantised_input(g, n, 0, node_in(n, 0)->shape.rank > 1 ? node_in(n, 0)->shape.rank - 2 : 0);
    Value *b = dequantised_input(g, n, 3, last);
    Node *f = real_node(g, n, op, no_attributes);
    node_add_input(g, f, a);
    node_add_input(g, f, b);
    return quantised_output(g, n, result(g, f), 6);
}

/* channels_last: the pool of the images with channels first, turned back. */
static bool linear_pool(Graph *g, Node *n, Node *f, Value *x, int rank)
{
    int64_t to[MAX_RANK], back[MAX_RANK];
    for (int i = 0; i < rank; i++) {
        to[i] = i == 0 ? 0 : i == 1 ? rank - 1 : i - 1;
        back[to[i]] = i;
    }
    node_add_input(g, f, written_transpose(g, f, x, to, rank));
    return quantised_output(g, n, written_transpose(g, n, result(g, f), back, rank), 3);
}

static bool linear_unary(PassContext *c, Graph *g, Node *n)
{
    static const struct {
        const char *name, *real;
        const char *const *attributes;
    } rows[] = {{"QLinearAveragePool", "AveragePool", window_attributes},
                {"QLinearGlobalAveragePool", "GlobalAveragePool", no_attributes},
                {"QLinearSigmoid", "Sigmoid", no_attributes},
                {"QLinearLeakyRelu", "LeakyRelu", alpha_attributes},
                {"QLinearSoftmax", "Softmax", softmax_attributes}};
    (void)c;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int rank = node_in(n, 0)->shape.rank, last = (int)node_int(n, "channels_last", 0);
        if (!is_contrib(n, rows[i].name) || (last && rank < 0))
            continue;
        Value *x = dequantised_input(g, n, 0, 1);
        Node *f = real_node(g, n, rows[i].real, rows[i].attributes);
        if (!strcmp(rows[i].real, "Softmax")) {
            /* Before 13 it is over all axes from `axis` on. */
            f->version = (int)node_int(n, "opset", 13) < 13 ? 11 : 13;
            f->op = operator_find("", "Softmax", f->version);
        }
        if (last && rank > 2)
            return linear_pool(g, n, f, x, rank);
        node_add_input(g, f, x);
        return quantised_output(g, n, result(g, f), 3);
    }
    return false;
}

static bool linear_concat(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!is_contrib(n, "QLinearConcat") || n->inputs.count < 5 || n->inputs.count % 3 != 2)
        return false;
    Node *f = real_node(g, n, "Concat", softmax_attributes);
    for (size_t i = 2; i < n->inputs.count; i += 3)
        node_add_input(g, f, scaled(g, f, "DequantizeLinear", node_in(n, i), node_in(n, i + 1), node_in(n, i + 2), 1));
    return quantised_output(g, n, result(g, f), 0);
}

/* ---- Products that give i32 ---- */

/* Its zero point is constant, or one that is computed. */
static bool zero_is_clear(const Node *n, size_t index)
{
    const Value *zero = node_in(n, index + 2);
    return !zero || (zero->is_const && zero->data) || shape_count(&zero->shape) >= 1;
}

/* x - zero as a real: of scale 1. */
static Value *real_input(Graph *g, Node *n, size_t index, int64_t axis)
{
    Value *zero = node_in(n, index + 2);
    Shape s = zero ? zero->shape : (Shape){.rank = 0};
    int64_t count = shape_count(&s);
    float *scale = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        scale[i] = 1;
    const char *name = zero ? zero->name : NULL; /* in messages: there are as many scales as zero points */
    return scaled(g, n, "DequantizeLinear", node_in(n, index), const_floats(g, name, &s, scale), zero, axis);
}

/* Readers that cast to f32 read the product itself. */
static void replace_casts(Graph *g, Node *n, Value *product)
{
    Value *old = node_out(n, 0);
    for (size_t i = old->users.count; i-- > 0;) {
        Node *user = old->users.items[i];
        if (node_is(user, "Cast") && node_int(user, "to", 0) == dtype_to_onnx(DT_F32)) {
            graph_replace(g, node_out(user, 0), product);
            graph_remove(g, user);
        }
    }
    rw_replace(g, n, written_cast(g, n, product, DT_I32));
}

static bool integer_product(PassContext *c, Graph *g, Node *n)
{
    bool conv = node_is(n, "ConvInteger");
    (void)c;
    if ((!conv && !node_is(n, "MatMulInteger")) || !node_in(n, 0) || !node_in(n, 1) || !zero_is_clear(n, 0) ||
        !zero_is_clear(n, 1))
        return false;
    Value *x = real_input(g, n, 0, conv ? 1 : node_in(n, 0)->shape.rank > 1 ? node_in(n, 0)->shape.rank - 2 : 0);
    Value *w = real_input(g, n, 1, conv ? 0 : node_in(n, 1)->shape.rank - 1);
    Node *f = real_node(g, n, conv ? "Conv" : "MatMul", conv ? window_attributes : no_attributes);
    node_add_input(g, f, x);
    node_add_input(g, f, w);
    replace_casts(g, n, result(g, f));
    return true;
}

/* ---- DynamicQuantizeLinear ---- */

static Value *plus_128(Graph *g, Node *before, Value *v, DType type)
{
    static const uint8_t eight = 128;
    static const int32_t word = 128;
    Node *n = rw_node(g, before, "", "Add", NULL);
    Shape scalar = {.rank = 0};
    node_add_input(g, n, v);
    node_add_input(g, n, graph_const(g, NULL, type, &scalar, type == DT_U8 ? (const void *)&eight : &word));
    return result(g, n);
}

/* adze.DynamicQuantize gives i8; u8 and its zero point are written as as_u8 does, so that as_i8 finds the way back. */
static bool dynamic_quantize(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "DynamicQuantizeLinear") || !node_in(n, 0) || n->outputs.count != 3)
        return false;
    graph_note(g, "quantise", n, 0,
               "DynamicQuantizeLinear stays float: it computes a float scale from its input; products behind it sum "
               "integers");
    const Value *named = node_out(n, 0);
    Node *q = rw_node(g, n, "adze", "DynamicQuantize", *n->name || !named ? n->name : named->name);
    node_add_input(g, q, node_in(n, 0));
    Value *y = result(g, q), *scale = result(g, q), *zero = result(g, q);
    Value *const made[] = {plus_128(g, n, written_cast(g, n, y, DT_U8), DT_U8), scale,
                           written_cast(g, n, plus_128(g, n, zero, DT_I32), DT_U8)};
    for (size_t i = 0; i < 3; i++)
        if (n->outputs.items[i])
            graph_replace(g, n->outputs.items[i], made[i]);
    graph_remove(g, n);
    return true;
}

/* com.microsoft has its own QuantizeLinear and DequantizeLinear of more types. */
static bool contrib_linear(PassContext *c, Graph *g, Node *n)
{
    bool quantize = is_contrib(n, "QuantizeLinear");
    (void)c;
    if ((!quantize && !is_contrib(n, "DequantizeLinear")) || !node_in(n, 0) || !node_in(n, 1))
        return false;
    Value *y = scaled(g, n, n->op_type, node_in(n, 0), node_in(n, 1), node_in(n, 2), node_int(n, "axis", 1));
    y->producer->name = n->name;
    rw_replace(g, n, y);
    return true;
}

bool pass_qoperator(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {linear_conv,   linear_gemm,     linear_binary,    linear_unary,
                                       linear_concat, integer_product, dynamic_quantize, contrib_linear};
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
