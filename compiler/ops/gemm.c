/* Gemm and MatMul: with constant weights as adze.Gemm (the layout pass makes it), else as a product of two computed
 * matrices. */
#include "ops/family.h"

#include <inttypes.h>
#include <math.h>

bool infer_gemm_rows(OpContext *c, Node *n, size_t residual_input)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1), *bias = in_shape(n, 2);
    const Shape *residual = in_shape(n, residual_input);
    Shape y = *x;
    if (w->rank >= 0 && w->rank != 2)
        return node_error(c, n, "its weights have the shape %s; [k, n] expected", shape_str(c, w));
    if (x->rank == 0)
        return node_error(c, n, "its input is a scalar; [..., k] expected");
    if (x->rank > 0 && w->rank == 2) {
        int64_t k = x->dim[x->rank - 1];
        if (k >= 0 && w->dim[0] >= 0 && k != w->dim[0])
            return node_error(c, n, "its input %s and weights %s do not fit", shape_str(c, x), shape_str(c, w));
        y.dim[y.rank - 1] = w->dim[1];
        if (bias->rank >= 0 && (bias->rank != 1 || bias->dim[0] != w->dim[1]))
            return node_error(c, n, "its bias has the shape %s; [%" PRId64 "] expected", shape_str(c, bias), w->dim[1]);
        if (shape_known(&y) && residual->rank >= 0 && shape_known(residual) && !shape_equal(residual, &y))
            return node_error(c, n, "its residual has the shape %s; %s expected", shape_str(c, residual),
                              shape_str(c, &y));
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool infer_adze_gemm(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    return infer_gemm_rows(c, n, 3);
}

bool lower_adze_gemm(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0), *w = in_shape(n, 1);
    if (!in_const(n, 1))
        return node_error(c, n, "its weights are not constant; supported: constant weights");
    adze_gemm_params params = {.m = (int32_t)dims_count(x, 0, x->rank - 1),
                               .n = (int32_t)w->dim[1],
                               .k = (int32_t)w->dim[0],
                               .lo = node_float(n, "lo", -INFINITY),
                               .hi = node_float(n, "hi", INFINITY)};
    Step *s = PLAN_STEP(p, KIND_GEMM, NULL, adze_gemm_params, &params);
    for (size_t i = 0; i < 4; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->overwritable = node_in(n, 3) ? 1u << 3 : 0;
    s->macs = shape_count(&node_out(n, 0)->shape) * params.k;
    return true;
}

bool infer_gemm(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    const Shape *a = in_shape(n, 0), *b = in_shape(n, 1), *add = in_shape(n, 2);
    bool a_t = node_int(n, "transA", 0) != 0, b_t = node_int(n, "transB", 0) != 0;
    Shape y = shape_of_rank(2), s;
    if ((a->rank >= 0 && a->rank != 2) || (b->rank >= 0 && b->rank != 2))
        return node_error(c, n, "its inputs are %s and %s; matrices expected", shape_str(c, a), shape_str(c, b));
    if (a->rank == 2)
        y.dim[0] = a->dim[a_t];
    if (b->rank == 2)
        y.dim[1] = b->dim[!b_t];
    if (a->rank == 2 && b->rank == 2) {
        int64_t ka = a->dim[!a_t], kb = b->dim[b_t];
        if (ka >= 0 && kb >= 0 && ka != kb)
            return node_error(c, n, "its matrices %s%s and %s%s do not fit: %" PRId64 " and %" PRId64, shape_str(c, a),
                              a_t ? " transposed" : "", shape_str(c, b), b_t ? " transposed" : "", ka, kb);
    }
    if (add->rank >= 0 && shape_known(add) && shape_known(&y) &&
        (!shape_broadcast(add, &y, &s) || !shape_equal(&s, &y)))
        return node_error(c, n, "its input C of shape %s does not broadcast to %s", shape_str(c, add),
                          shape_str(c, &y));
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_gemm(OpContext *c, Plan *p, Node *n)
{
    Value *add = node_in(n, 2), *y = node_out(n, 0);
    float alpha = node_float(n, "alpha", 1.0f), beta = node_float(n, "beta", 1.0f);
    bool adds = add && beta != 0.0f;
    Value *product = adds ? plan_temp(p, y->type, &y->shape) : y;
    if (!lower_product(c, p, n, node_in(n, 0), node_in(n, 1), product, node_int(n, "transA", 0) != 0,
                       node_int(n, "transB", 0) != 0, alpha))
        return false;
    if (!adds)
        return true;
    if (beta != 1.0f) {
        Value *scaled = plan_temp(p, add->type, &add->shape);
        if (!lower_binary(c, p, n, "Mul", add, plan_float(p, beta), scaled))
            return false;
        add = scaled;
    }
    return lower_binary(c, p, n, "Add", product, add, y);
}

/* A vector on the left is a row, on the right a column. */
static Shape as_matrix(const Shape *s, bool right)
{
    if (s->rank != 1)
        return *s;
    return (Shape){.rank = 2, .dim = {right ? s->dim[0] : 1, right ? 1 : s->dim[0]}};
}

/* The product's shape with the axes of 1 that vectors got. */
static bool matmul_shape(OpContext *c, const Node *n, Shape *y)
{
    Shape a = as_matrix(in_shape(n, 0), false), b = as_matrix(in_shape(n, 1), true);
    if (a.rank == 0 || b.rank == 0)
        return node_error(c, n, "its inputs are %s and %s; scalars have no product here", shape_str(c, in_shape(n, 0)),
                          shape_str(c, in_shape(n, 1)));
    *y = shape_unknown();
    if (a.rank < 0 || b.rank < 0)
        return true;
    int64_t ka = a.dim[a.rank - 1], kb = b.dim[b.rank - 2];
    if (ka >= 0 && kb >= 0 && ka != kb)
        return node_error(c, n, "its inputs %s and %s do not fit: %" PRId64 " and %" PRId64,
                          shape_str(c, in_shape(n, 0)), shape_str(c, in_shape(n, 1)), ka, kb);
    int64_t rows = a.dim[a.rank - 2], columns = b.dim[b.rank - 1];
    a.dim[a.rank - 2] = a.dim[a.rank - 1] = b.dim[b.rank - 2] = b.dim[b.rank - 1] = 1;
    if (!shape_broadcast(&a, &b, y))
        return node_error(c, n, "the batch axes of its inputs %s and %s do not broadcast", shape_str(c, in_shape(n, 0)),
                          shape_str(c, in_shape(n, 1)));
    y->dim[y->rank - 2] = rows;
    y->dim[y->rank - 1] = columns;
    return true;
}

bool infer_matmul(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    Shape full;
    if (!matmul_shape(c, n, &full))
        return false;
    Shape y = full;
    if (y.rank >= 0) {
        y.rank -= 2;
        if (in_shape(n, 0)->rank != 1)
            y.dim[y.rank++] = full.dim[full.rank - 2];
        if (in_shape(n, 1)->rank != 1)
            y.dim[y.rank++] = full.dim[full.rank - 1];
    }
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

static Value *matrix_of(Plan *p, Value *v, bool right)
{
    Shape s = as_matrix(&v->shape, right);
    if (v->shape.rank != 1)
        return v;
    return v->is_const ? graph_const(p->graph, NULL, v->type, &s, v->data) : plan_view(p, v, &s);
}

bool product_operands(OpContext *c, Plan *p, Node *n, Value **a, Value **b, Shape *full)
{
    if (!matmul_shape(c, n, full))
        return false;
    *a = matrix_of(p, node_in(n, 0), false);
    *b = matrix_of(p, node_in(n, 1), true);
    return true;
}

bool lower_matmul(OpContext *c, Plan *p, Node *n)
{
    Shape full;
    Value *a, *b, *y = node_out(n, 0);
    if (!product_operands(c, p, n, &a, &b, &full))
        return false;
    Value *z = shape_equal(&full, &y->shape) ? y : plan_temp(p, y->type, &full);
    if (!lower_product(c, p, n, a, b, z, false, false, 1.0f))
        return false;
    if (z != y)
        plan_alias(p, y, z);
    return true;
}
