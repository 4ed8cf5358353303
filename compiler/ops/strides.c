/* Lowering by strides: copies, broadcasts and products are loops over axes, and fewer axes run faster. */
#include "ops/family.h"

#include <math.h>
#include <string.h>

void row_strides(const Shape *s, int64_t *stride)
{
    int64_t step = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= s->dim[i] > 0 ? s->dim[i] : 1;
    }
}

void walk_collapse(Walk *w, int lists)
{
    int rank = 0;
    for (int i = 0; i < w->rank; i++) {
        if (w->dim[i] == 1)
            continue;
        bool merge = rank > 0;
        for (int k = 0; k < lists && merge; k++)
            merge = w->stride[k][rank - 1] == w->stride[k][i] * w->dim[i];
        if (!merge)
            rank++;
        w->dim[rank - 1] = merge ? w->dim[rank - 1] * w->dim[i] : w->dim[i];
        for (int k = 0; k < lists; k++)
            w->stride[k][rank - 1] = w->stride[k][i];
    }
    if (!rank) {
        w->dim[0] = 1;
        for (int k = 0; k < lists; k++)
            w->stride[k][0] = 1;
        rank = 1;
    }
    w->rank = rank;
}

bool walk_is_identity(const Walk *w, int64_t x_count, int64_t y_count)
{
    return w->rank == 1 && w->stride[0][0] == 1 && w->stride[1][0] == 1 && !w->offset[0] && !w->offset[1] &&
           w->dim[0] == x_count && w->dim[0] == y_count;
}

static bool walk_fits(OpContext *c, const Node *n, const Walk *w, int lists)
{
    if (w->rank > ADZE_MAX_RANK)
        return node_error(c, n, "it needs a loop over %d axes; supported: %d", w->rank, ADZE_MAX_RANK);
    for (int i = 0; i < w->rank; i++) {
        bool fits = w->dim[i] <= INT32_MAX;
        for (int k = 0; k < lists; k++)
            fits = fits && w->stride[k][i] <= INT32_MAX && w->stride[k][i] >= -INT32_MAX && w->offset[k] <= INT32_MAX;
        if (!fits)
            return node_error(c, n, "it reaches over more than 2^31-1 elements");
    }
    return true;
}

bool lower_walk(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, Walk *w)
{
    for (int i = 0; i < w->rank; i++)
        if (w->dim[i] == 0)
            return true;
    walk_collapse(w, 2);
    if (!walk_fits(c, n, w, 2))
        return false;
    adze_copy_params params = {.rank = w->rank, .x_offset = (int32_t)w->offset[0], .y_offset = (int32_t)w->offset[1]};
    for (int i = 0; i < w->rank; i++) {
        params.dim[i] = (int32_t)w->dim[i];
        params.x_stride[i] = (int32_t)w->stride[0][i];
        params.y_stride[i] = (int32_t)w->stride[1][i];
    }
    Step *s = PLAN_STEP(p, KIND_COPY, NULL, adze_copy_params, &params);
    step_in(s, x);
    step_out(s, y);
    return true;
}

bool lower_walk_or_alias(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, Walk *w)
{
    walk_collapse(w, 2);
    if (!walk_is_identity(w, shape_count(&x->shape), shape_count(&y->shape)))
        return lower_walk(c, p, n, x, y, w);
    plan_alias(p, y, x);
    return true;
}

bool lower_transpose(OpContext *c, Plan *p, const Node *n, Value *x, Value *y, const int *perm)
{
    int64_t strides[MAX_RANK];
    Walk w = {.rank = x->shape.rank};
    row_strides(&x->shape, strides);
    row_strides(&y->shape, w.stride[1]);
    for (int i = 0; i < w.rank; i++) {
        w.dim[i] = x->shape.dim[perm[i]];
        w.stride[0][i] = strides[perm[i]];
    }
    return lower_walk_or_alias(c, p, n, x, y, &w);
}

bool lower_unary(Plan *p, const char *function, Value *x, Value *y, float a, float b)
{
    adze_unary_params params = {.count = (int32_t)shape_count(&y->shape), .a = a, .b = b};
    Step *s = PLAN_STEP(p, KIND_UNARY, function, adze_unary_params, &params);
    step_in(s, x);
    step_out(s, y);
    if (dtype_size(x->type) == dtype_size(y->type))
        s->overwritable = 1;
    return true;
}

void broadcast_strides(const Value *v, const Shape *y, int64_t *out)
{
    int64_t own[MAX_RANK];
    row_strides(&v->shape, own);
    for (int i = 0; i < y->rank; i++) {
        int k = i - (y->rank - v->shape.rank);
        out[i] = k < 0 || v->shape.dim[k] == 1 ? 0 : own[k];
    }
}

static adze_broadcast_params broadcast_params(const Value *const *in, int count, const Shape *y)
{
    Walk w = {.rank = y->rank};
    for (int i = 0; i < y->rank; i++)
        w.dim[i] = y->dim[i];
    for (int k = 0; k < count; k++)
        broadcast_strides(in[k], y, w.stride[k]);
    walk_collapse(&w, count);
    adze_broadcast_params params = {.rank = w.rank, .lo = -INFINITY, .hi = INFINITY};
    for (int i = 0; i < w.rank; i++) {
        params.dim[i] = (int32_t)w.dim[i];
        params.a_stride[i] = (int32_t)w.stride[0][i];
        params.b_stride[i] = (int32_t)w.stride[1][i];
        params.c_stride[i] = count > 2 ? (int32_t)w.stride[2][i] : 0;
    }
    return params;
}

/* The inputs whose bytes the output may take: same elements, each read before it is written. */
static unsigned overwritable(const Value *const *in, int count, const Value *y)
{
    unsigned inputs = 0;
    for (int k = 0; k < count; k++)
        if (!in[k]->is_const && dtype_size(in[k]->type) == dtype_size(y->type) &&
            shape_count(&in[k]->shape) == shape_count(&y->shape))
            inputs |= 1u << k;
    return inputs;
}

static bool broadcasts_to(OpContext *c, const Node *n, const Value *const *in, int count, const Value *y)
{
    for (int k = 0; k < count; k++) {
        Shape s;
        if (!shape_broadcast(&in[k]->shape, &y->shape, &s) || !shape_equal(&s, &y->shape))
            return node_error(c, n, "its input of shape %s does not broadcast to %s", shape_str(c, &in[k]->shape),
                              shape_str(c, &y->shape));
    }
    return true;
}

bool broadcast_of(OpContext *c, const Node *n, Value *const *in, int count, const Value *y, adze_broadcast_params *out,
                  unsigned *may_overwrite)
{
    const Value *const *operands = (const Value *const *)in;
    if (!broadcasts_to(c, n, operands, count, y))
        return false;
    *out = broadcast_params(operands, count, &y->shape);
    *may_overwrite = overwritable(operands, count, y);
    return true;
}

static bool lower_broadcast(OpContext *c, Plan *p, const Node *n, Kind kind, const char *function, Value *const *in,
                            int count, Value *y)
{
    adze_broadcast_params params;
    unsigned may_overwrite;
    if (!broadcast_of(c, n, in, count, y, &params, &may_overwrite))
        return false;
    if (shape_count(&y->shape) == 0)
        return true;
    Step *s = PLAN_STEP(p, kind, function, adze_broadcast_params, &params);
    for (int k = 0; k < count; k++)
        step_in(s, in[k]);
    step_out(s, y);
    s->overwritable = may_overwrite;
    return true;
}

bool lower_binary(OpContext *c, Plan *p, const Node *n, const char *function, Value *a, Value *b, Value *y)
{
    if (a->type != b->type)
        return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(a->type),
                          dtype_name(b->type));
    return lower_broadcast(c, p, n, KIND_BINARY, function, (Value *[]){a, b}, 2, y);
}

bool lower_select(OpContext *c, Plan *p, const Node *n, Value *condition, Value *a, Value *b, Value *y)
{
    return lower_broadcast(c, p, n, KIND_WHERE, NULL, (Value *[]){condition, a, b}, 3, y);
}

bool lower_where(OpContext *c, Plan *p, Node *n)
{
    return lower_select(c, p, n, node_in(n, 0), node_in(n, 1), node_in(n, 2), node_out(n, 0));
}

bool lower_convert(Plan *p, Value *x, Value *y)
{
    if (x->type == y->type) {
        plan_alias(p, y, x);
        return true;
    }
    adze_unary_params params = {.count = (int32_t)shape_count(&y->shape)};
    Step *s = PLAN_STEP(p, KIND_CAST, NULL, adze_unary_params, &params);
    step_in(s, x);
    step_out(s, y);
    if (dtype_size(x->type) == dtype_size(y->type))
        s->overwritable = 1;
    return true;
}

bool lower_fill(Plan *p, Value *element, Value *y)
{
    adze_unary_params params = {.count = (int32_t)shape_count(&y->shape)};
    Step *s = PLAN_STEP(p, KIND_FILL, NULL, adze_unary_params, &params);
    step_in(s, element);
    step_out(s, y);
    return true;
}

/* Batch axes of a product: everything but the last two, broadcast. */
static Walk product_batch(const Value *a, const Value *b, const Value *y)
{
    Walk w = {.rank = y->shape.rank - 2};
    int64_t as[MAX_RANK], bs[MAX_RANK], ys[MAX_RANK];
    row_strides(&y->shape, ys);
    broadcast_strides(a, &y->shape, as);
    broadcast_strides(b, &y->shape, bs);
    for (int i = 0; i < w.rank; i++) {
        w.dim[i] = y->shape.dim[i];
        w.stride[0][i] = as[i];
        w.stride[1][i] = bs[i];
        w.stride[2][i] = ys[i];
    }
    return w;
}

/* The batch of params from lists a, b and y. */
static bool fill_batch(OpContext *c, const Node *n, const Value *y, Walk *w, adze_matmul_params *out)
{
    walk_collapse(w, 3);
    if (w->rank == 1 && w->dim[0] == 1)
        w->stride[0][0] = w->stride[1][0] = w->stride[2][0] = 0;
    if (w->rank > 4)
        return node_error(c, n, "its batch axes %s broadcast in a way that needs %d loops; supported: 4",
                          shape_str(c, &y->shape), w->rank);
    for (int i = 0; i < 4; i++)
        out->batch[i] = 1;
    for (int i = 0; i < w->rank; i++) {
        int at = 4 - w->rank + i;
        out->batch[at] = (int32_t)w->dim[i];
        out->a_stride[at] = (int32_t)w->stride[0][i];
        out->b_stride[at] = (int32_t)w->stride[1][i];
        out->y_stride[at] = (int32_t)w->stride[2][i];
    }
    return true;
}

static void product_step(Plan *p, Value *a, Value *b, Value *y, const adze_matmul_params *params)
{
    Step *s = PLAN_STEP(p, KIND_MATMUL, NULL, adze_matmul_params, params);
    step_in(s, a);
    step_in(s, b);
    step_out(s, y);
    s->macs = shape_count(&y->shape) * params->k;
}

bool lower_strided_product(OpContext *c, Plan *p, const Node *n, Value *a, Value *b, Value *y, Walk *batch,
                           adze_matmul_params *params)
{
    if (!fill_batch(c, n, y, batch, params))
        return false;
    product_step(p, a, b, y, params);
    return true;
}

bool product_params(OpContext *c, const Node *n, const Value *a, const Value *b, const Value *y, bool a_t, bool b_t,
                    adze_matmul_params *out)
{
    int ra = a->shape.rank, rb = b->shape.rank, ry = y->shape.rank;
    if (ra < 2 || rb < 2 || ry < 2 || ry < ra || ry < rb)
        return node_error(c, n, "its operands are %s and %s; supported: matrices", shape_str(c, &a->shape),
                          shape_str(c, &b->shape));
    if (a->type != b->type)
        return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(a->type),
                          dtype_name(b->type));
    int32_t rows_a = (int32_t)a->shape.dim[ra - 2], cols_a = (int32_t)a->shape.dim[ra - 1];
    int32_t cols_b = (int32_t)b->shape.dim[rb - 1];
    *out = (adze_matmul_params){.alpha = 1.0f};
    out->m = (int32_t)y->shape.dim[ry - 2];
    out->n = (int32_t)y->shape.dim[ry - 1];
    out->k = a_t ? rows_a : cols_a;
    out->a_row = a_t ? 1 : cols_a;
    out->a_col = a_t ? cols_a : 1;
    out->b_row = b_t ? 1 : cols_b;
    out->b_col = b_t ? cols_b : 1;
    out->y_row = out->n;
    Walk w = product_batch(a, b, y);
    return fill_batch(c, n, y, &w, out);
}

bool lower_product(OpContext *c, Plan *p, const Node *n, Value *a, Value *b, Value *y, bool a_t, bool b_t, float alpha)
{
    adze_matmul_params params;
    if (!product_params(c, n, a, b, y, a_t, b_t, &params))
        return false;
    params.alpha = alpha;
    product_step(p, a, b, y, &params);
    return true;
}

Value *plan_floats(Plan *p, const float *values, const Shape *shape)
{
    return graph_const(p->graph, NULL, DT_F32, shape, values);
}

Value *plan_float(Plan *p, float value)
{
    return plan_number(p, DT_F32, value);
}

/* value is within the type's range by construction or clamped to it. */
static void store_number(DType type, double value, void *out)
{
    int64_t whole = value >= 9.2e18 ? INT64_MAX : value <= -9.2e18 ? INT64_MIN : (int64_t)(value == value ? value : 0);
    float f = (float)value;
    uint16_t half = 0;
    switch (type) {
    case DT_F32:
        memcpy(out, &f, sizeof f);
        break;
    case DT_F64:
        memcpy(out, &value, sizeof value);
        break;
    case DT_F16:
    case DT_BF16:
        half = type == DT_F16 ? float_to_half(f) : float_to_bfloat16(f);
        memcpy(out, &half, sizeof half);
        break;
    default: /* little-endian hosts: the low bytes */
        memcpy(out, &whole, dtype_size(type));
    }
}

Value *plan_number(Plan *p, DType type, double value)
{
    void *element = arena_alloc(p->arena, 8);
    store_number(type, value, element);
    Shape scalar = {.rank = 0};
    return graph_const(p->graph, NULL, type, &scalar, element);
}

Value *plan_view(Plan *p, Value *v, const Shape *shape)
{
    Value *view = plan_temp(p, v->type, shape);
    plan_alias(p, view, v);
    return view;
}
