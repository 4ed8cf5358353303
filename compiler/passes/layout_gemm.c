/* The rules of layout about matrices and BatchNormalization. */
#include "passes/layout.h"
#include "passes/linear.h"

#include <math.h>

static Value *channel_constant(Graph *g, const double *values, int64_t channels, int rank)
{
    float *data = NEW_ARRAY(g->arena, float, channels);
    for (int64_t i = 0; i < channels; i++)
        data[i] = (float)values[i];
    Shape s = {.rank = rank - 1, .dim = {channels}};
    for (int i = 1; i < rank - 1; i++)
        s.dim[i] = 1;
    return const_floats(g, NULL, &s, data);
}

static Value *binary(Graph *g, Node *before, const char *op_type, const char *name, Value *a, Value *b, const Shape *s)
{
    Node *n = rw_node(g, before, "", op_type, name);
    node_add_input(g, n, a);
    node_add_input(g, n, b);
    return rw_output(g, n, DT_F32, s);
}

bool layout_batchnorm(PassContext *c, Graph *g, Node *n)
{
    Affine a;
    Value *x = node_in(n, 0);
    if (!node_is(n, "BatchNormalization") || !x || x->shape.rank < 2 || !affine_of(c->scratch, n, x, 1, &a))
        return false;
    int rank = x->shape.rank;
    int64_t channels = x->shape.dim[1];
    Value *scaled = binary(g, n, "Mul", n->name, x, channel_constant(g, a.scale, channels, rank), &x->shape);
    rw_replace(g, n, binary(g, n, "Add", n->name, scaled, channel_constant(g, a.shift, channels, rank), &x->shape));
    return true;
}

/* alpha * B, transposed to [k,n] when it is [n,k]; NULL when a weight would not be finite. */
static Value *gemm_weights(Graph *g, Value *w, bool transposed, double alpha)
{
    static const int swap[] = {1, 0};
    if (transposed)
        w = const_permuted(g, w, swap);
    if (alpha == 1)
        return w;
    int64_t count = shape_count(&w->shape);
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        data[i] = (float)(alpha * (double)((const float *)w->data)[i]);
        if (!isfinite(data[i]))
            return NULL;
    }
    return const_floats(g, w->name, &w->shape, data);
}

/* beta * C as [n]; NULL when C is not one constant row. */
static Value *gemm_bias(Graph *g, const Value *bias, int64_t n, double beta)
{
    if (!const_f32(bias) || bias->shape.rank > 2)
        return NULL;
    int64_t count = shape_count(&bias->shape);
    if (count != 1 && (count != n || bias->shape.dim[bias->shape.rank - 1] != n))
        return NULL;
    float *data = NEW_ARRAY(g->arena, float, n);
    for (int64_t i = 0; i < n; i++)
        data[i] = (float)(beta * (double)((const float *)bias->data)[count == 1 ? 0 : i]);
    Shape s = {.rank = 1, .dim = {n}};
    return const_floats(g, bias->name, &s, data);
}

static Value *add_computed(Graph *g, Node *n, Value *y, Value *addend, double beta)
{
    if (beta != 1) {
        Shape scalar = {.rank = 0};
        float *data = NEW(g->arena, float);
        *data = (float)beta;
        addend = binary(g, n, "Mul", NULL, addend, const_floats(g, NULL, &scalar, data), &addend->shape);
    }
    return binary(g, n, "Add", n->name, y, addend, &y->shape);
}

bool layout_gemm(PassContext *c, Graph *g, Node *n)
{
    static const int swap[] = {1, 0};
    (void)c;
    if (!node_is(n, "Gemm"))
        return false;
    Value *x = node_in(n, 0), *w = node_in(n, 1), *addend = node_in(n, 2), *y = node_out(n, 0);
    bool trans_a = node_int(n, "transA", 0), trans_b = node_int(n, "transB", 0);
    if (!known_f32(x) || !known_f32(y) || !const_f32(w) || x->shape.rank != 2 || w->shape.rank != 2 ||
        y->shape.rank != 2 || !shape_count(&w->shape) || (addend && !known_f32(addend)))
        return false;
    if (x->shape.dim[trans_a ? 0 : 1] != w->shape.dim[trans_b ? 1 : 0])
        return false;
    double beta = (double)node_float(n, "beta", 1);
    Value *weights = gemm_weights(g, w, trans_b, (double)node_float(n, "alpha", 1));
    if (!weights)
        return false;
    Value *bias = addend && beta != 0 ? gemm_bias(g, addend, weights->shape.dim[1], beta) : NULL;
    if (trans_a)
        x = rw_transpose(g, n, x, swap);
    Node *gemm = rw_node(g, n, "adze", "Gemm", n->name);
    node_add_input(g, gemm, x);
    node_add_input(g, gemm, weights);
    if (bias)
        node_add_input(g, gemm, bias);
    Value *out = rw_output(g, gemm, DT_F32, &y->shape);
    if (addend && !bias && beta != 0)
        out = add_computed(g, n, out, addend, beta);
    rw_replace(g, n, out);
    return true;
}

bool layout_matmul(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "MatMul"))
        return false;
    Value *x = node_in(n, 0), *w = node_in(n, 1), *y = node_out(n, 0);
    if (!known_f32(x) || !known_f32(y) || !const_f32(w) || w->shape.rank < 2 || x->shape.rank < w->shape.rank ||
        y->shape.rank != x->shape.rank || !shape_count(&w->shape))
        return false;
    for (int i = 0; i < w->shape.rank - 2; i++)
        if (w->shape.dim[i] != 1)
            return false;
    Shape s = {.rank = 2, .dim = {w->shape.dim[w->shape.rank - 2], w->shape.dim[w->shape.rank - 1]}};
    if (x->shape.dim[x->shape.rank - 1] != s.dim[0])
        return false;
    Node *gemm = rw_node(g, n, "adze", "Gemm", n->name);
    node_add_input(g, gemm, x);
    node_add_input(g, gemm, w->shape.rank == 2 ? w : const_reshaped(g, w, &s));
    rw_replace(g, n, rw_output(g, gemm, DT_F32, &y->shape));
    return true;
}
