/* Regions that end in products with constant weights: nodes over NHWC images and over rows. */
#include "passes/layout.h"
#include "passes/quantise_product.h"

#include <inttypes.h>
#include <math.h>

static bool is_conv(const Node *n)
{
    return node_is(n, "Conv");
}

static bool is_gemm(const Node *n)
{
    return node_is(n, "Gemm") ||
           (node_is(n, "MatMul") && node_in(n, 1) && node_in(n, 1)->producer &&
            is_dequantize(node_in(n, 1)->producer) && node_in(node_in(n, 1)->producer, 0)->is_const);
}

static bool conv_fits(const Node *n)
{
    const Value *x = node_in(n, 0), *w = node_in(n, 1);
    int64_t group = node_int(n, "group", 1);
    return is_spatial(n) && known(w) && w->shape.rank == x->shape.rank && shape_count(&w->shape) > 0 && group > 0 &&
           x->shape.dim[1] % group == 0 && x->shape.dim[1] / group == w->shape.dim[1] && w->shape.dim[0] % group == 0;
}

const char *region_conv(Region *r)
{
    QProduct p = {.alpha = 1, .beta = 1};
    OpContext oc = {r->c->diag, r->c->scratch};
    Window window;
    if (r->x->shape.rank < 2 || !core_of(r, 1, is_conv, &p.core))
        return "";
    Node *n = p.core.node;
    if (!conv_fits(n))
        return "supported: 1-D and 2-D convolutions";
    p.w = node_in(n, 1);
    p.bias = node_in(n, 2);
    const char *why = quantise_product(r, &p);
    if (why)
        return why;
    const Shape *x = &p.x.v->shape;
    if (!window_of(&oc, n, x->dim + 2, x->rank - 2, p.w->shape.dim + 2, false, &window))
        return "its window is wrong";
    Value *nhwc = nhwc_enter(r->g, r->n, p.x.v);
    Node *conv = rw_node(r->g, r->n, "adze", op_of(r, "QConv", "QConv16"), n->name);
    nhwc_window(r->g, conv, &window, false);
    if (node_int(n, "group", 1) != 1)
        node_set_int(r->g, conv, "group", node_int(n, "group", 1));
    if (p.x.zero)
        node_set_int(r->g, conv, "x_zero_point", p.x.zero);
    node_add_input(r->g, conv, nhwc);
    product_finish(r, &p, nhwc_weights(r->g, p.weights), conv);
    nhwc_leave(r->g, r->n, conv);
    return NULL;
}

const char *region_gemm(Region *r)
{
    static const int swap[] = {1, 0};
    QProduct p = {.alpha = 1, .beta = 1};
    if (r->x->shape.rank < 1 || !core_of(r, r->x->shape.rank - 1, is_gemm, &p.core))
        return "";
    Node *n = p.core.node;
    bool gemm = node_is(n, "Gemm"), trans_a = gemm && node_int(n, "transA", 0),
         trans_b = gemm && node_int(n, "transB", 0);
    p.w = node_in(n, 1);
    if (!known(node_in(n, 0)) || !known(p.w) || p.w->shape.rank != 2 || !shape_count(&p.w->shape))
        return "supported: weights of two dimensions";
    p.w_axis = trans_b ? 0 : 1;
    if (gemm) {
        p.bias = node_in(n, 2);
        p.alpha = (double)node_float(n, "alpha", 1);
        p.beta = (double)node_float(n, "beta", 1);
    }
    const char *why = quantise_product(r, &p);
    if (why)
        return why;
    Value *x = trans_a ? rw_transpose(r->g, r->n, p.x.v, swap) : p.x.v;
    Node *q = rw_node(r->g, r->n, "adze", op_of(r, "QGemm", "QGemm16"), n->name);
    node_add_input(r->g, q, x);
    if (node_int(p.w->producer, "block_size", 0))
        node_set_int(r->g, q, "block_size", node_int(p.w->producer, "block_size", 0));
    product_finish(r, &p, trans_b ? const_permuted(r->g, p.weights, swap) : p.weights, q);
    return region_end(r, rw_output(r->g, q, r->type, &r->x->shape));
}
