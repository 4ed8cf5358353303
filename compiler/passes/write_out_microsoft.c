/* Operators of com.microsoft that ONNX Runtime's optimiser saves: each is a few of ONNX's. */
#include "passes/write_out.h"

#include <string.h>

static bool is_microsoft(const Node *n, const char *op_type)
{
    return node_is_of(n, "com.microsoft", op_type);
}

/* Those attributes of n that are among `names`. */
static void keep_attributes(Graph *g, const Node *n, Node *to, const char *const *names)
{
    for (; *names; names++)
        if (node_attr(n, *names))
            node_set_attr(g, to, node_attr(n, *names));
}

/* The activation that a fused operator names: x itself without one, NULL behind an error. */
static Value *activated(PassContext *c, Graph *g, Node *n, Value *x, const char *name, const float *p, size_t count)
{
    static const char *const plain[] = {"Relu", "Tanh", "Sigmoid"};
    if (!*name)
        return x;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (!strcmp(name, plain[i]))
            return written(g, n, name, x, NULL);
    Value *y = NULL;
    if (!strcmp(name, "LeakyRelu") && count == 1) {
        y = written(g, n, name, x, NULL);
        node_set_float(g, y->producer, "alpha", p[0]);
    } else if (!strcmp(name, "HardSigmoid") && count == 2) {
        y = written(g, n, name, x, NULL);
        node_set_float(g, y->producer, "alpha", p[0]);
        node_set_float(g, y->producer, "beta", p[1]);
    } else if (!strcmp(name, "Clip") && count == 2) {
        y = written(g, n, name, x, written_number(g, p[0]));
        node_add_input(g, y->producer, written_number(g, p[1]));
    } else {
        written_error(c, n,
                      "attribute 'activation' is %s with %zu parameters; supported: Relu, Tanh, Sigmoid, "
                      "LeakyRelu (1), HardSigmoid (2), Clip (2)",
                      diag_quote(c->scratch, name), count);
    }
    return y;
}

/* Conv, plus input 3, then an activation. */
bool write_out_fused_conv(PassContext *c, Graph *g, Node *n)
{
    static const char *const attributes[] = {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides", NULL};
    if (!is_microsoft(n, "FusedConv") || n->inputs.count < 2)
        return false;
    const Attr *p = node_attr(n, "activation_params");
    Value *y = written(g, n, "Conv", node_in(n, 0), node_in(n, 1));
    keep_attributes(g, n, y->producer, attributes);
    if (node_in(n, 2))
        node_add_input(g, y->producer, node_in(n, 2));
    if (node_in(n, 3))
        y = written(g, n, "Add", y, node_in(n, 3));
    return written_in_place(
        g, n, activated(c, g, n, y, node_string(n, "activation", ""), p ? p->floats : NULL, p ? p->count : 0));
}

/* Gemm, then an activation whose parameters are attributes of their own. */
bool write_out_fused_gemm(PassContext *c, Graph *g, Node *n)
{
    static const char *const attributes[] = {"alpha", "beta", "transA", "transB", NULL};
    static const char *const parameters[] = {"activation_alpha", "activation_beta", "activation_gamma"};
    float p[3];
    size_t count = 0;
    if (!is_microsoft(n, "FusedGemm") || n->inputs.count < 2)
        return false;
    while (count < 3 && node_attr(n, parameters[count])) {
        p[count] = node_float(n, parameters[count], 0);
        count++;
    }
    Value *y = written(g, n, "Gemm", node_in(n, 0), node_in(n, 1));
    keep_attributes(g, n, y->producer, attributes);
    if (node_in(n, 2))
        node_add_input(g, y->producer, node_in(n, 2));
    return written_in_place(g, n, activated(c, g, n, y, node_string(n, "activation", ""), p, count));
}

/* The last two axes change places. */
static Value *turned(Graph *g, Node *n, Value *v, bool turn)
{
    int64_t perm[MAX_RANK];
    int rank = v->shape.rank;
    if (!turn || rank < 2)
        return v;
    for (int i = 0; i < rank; i++)
        perm[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return written_transpose(g, n, v, perm, rank);
}

/* alpha times the product of matrices that may be transposed. */
bool write_out_fused_matmul(PassContext *c, Graph *g, Node *n)
{
    if ((!is_microsoft(n, "FusedMatMul") && !is_microsoft(n, "TransposeMatMul")) || !known(node_in(n, 0)) ||
        !known(node_in(n, 1)))
        return false;
    if (node_int(n, "transBatchA", 0) || node_int(n, "transBatchB", 0))
        return written_error(c, n, "attribute 'transBatchA' or 'transBatchB' is set; supported: 0");
    Value *y = written(g, n, "MatMul", turned(g, n, node_in(n, 0), node_int(n, "transA", 0)),
                       turned(g, n, node_in(n, 1), node_int(n, "transB", 0)));
    float alpha = node_float(n, "alpha", 1);
    return written_in_place(g, n, alpha == 1 ? y : written(g, n, "Mul", y, written_number(g, alpha)));
}

/* Gelu and its kin; BiasGelu and FastGelu add a bias before. */
bool write_out_gelu(PassContext *c, Graph *g, Node *n)
{
    const bool fast = is_microsoft(n, "FastGelu"), quick = is_microsoft(n, "QuickGelu");
    (void)c;
    if ((!fast && !quick && !is_microsoft(n, "Gelu") && !is_microsoft(n, "BiasGelu")) || !node_in(n, 0))
        return false;
    Value *x = node_in(n, 1) ? written(g, n, "Add", node_in(n, 0), node_in(n, 1)) : node_in(n, 0);
    if (quick) {
        Value *scaled = written(g, n, "Mul", x, written_number(g, node_float(n, "alpha", 1.702f)));
        return written_in_place(g, n, written(g, n, "Mul", x, written(g, n, "Sigmoid", scaled, NULL)));
    }
    Value *y = written_at(g, n, "Gelu", 20, x, NULL);
    if (fast)
        node_set_string(g, y->producer, "approximate", "tanh");
    return written_in_place(g, n, y);
}

/* The sum of two inputs and a bias, normalised; the sum itself is output 3. */
bool write_out_skip_norm(PassContext *c, Graph *g, Node *n)
{
    const bool rms = is_microsoft(n, "SkipSimplifiedLayerNormalization");
    const size_t bias = rms ? 3 : 4;
    if ((!rms && !is_microsoft(n, "SkipLayerNormalization")) || n->inputs.count < 3 || !node_out(n, 0))
        return false;
    for (size_t i = 1; i < 3; i++)
        if (node_out(n, i) && (node_out(n, i)->users.count || node_out(n, i)->is_output))
            return written_error(c, n, "its output %zu (mean or deviation) is used; supported: outputs 0 and 3", i);
    Value *sum = written(g, n, "Add", node_in(n, 0), node_in(n, 1));
    if (node_in(n, bias))
        sum = written(g, n, "Add", sum, node_in(n, bias));
    Value *y = rms ? written_at(g, n, "RMSNormalization", 23, sum, node_in(n, 2))
                   : written_at(g, n, "LayerNormalization", 17, sum, node_in(n, 2));
    if (!rms && node_in(n, 3))
        node_add_input(g, y->producer, node_in(n, 3));
    node_set_float(g, y->producer, "epsilon", node_float(n, "epsilon", 1e-5f));
    graph_replace(g, node_out(n, 0), y);
    if (node_out(n, 3))
        graph_replace(g, node_out(n, 3), sum);
    graph_remove(g, n);
    return true;
}
