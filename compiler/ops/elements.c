/* GatherElements and GatherND, ScatterElements and ScatterND, with indices known only at run time. */
#include "ops/elements.h"
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

static bool index_type(OpContext *c, const Node *n)
{
    DType type = in_type(n, 1);
    bool wide = !strcmp(n->op_type, "GatherND") || !strcmp(n->op_type, "ScatterND");
    if (type == DT_NONE || type == DT_I64 || (!wide && type == DT_I32))
        return true;
    return node_error(c, n, "its indices are %s; supported: %s", dtype_name(type), wide ? "i64" : "i32 i64");
}

/* Constant indices lie inside of their axes: index i of a row of `depth` in axis first + i of x. */
static bool check_constant(OpContext *c, const Node *n, int first, int64_t depth)
{
    const Value *index = node_in(n, 1);
    const Shape *x = in_shape(n, 0);
    if (!index->is_const)
        return true;
    Tensor t = value_tensor(index);
    int64_t count = shape_count(&index->shape);
    for (int64_t i = 0; i < count; i++) {
        int64_t at = tensor_int(&t, i), axis = first + i % depth, dim = x->dim[axis];
        if (at < -dim || at >= dim)
            return node_error(c, n, "its index %" PRId64 " is outside of axis %" PRId64 " of %s", at, axis,
                              shape_str(c, x));
    }
    return true;
}

/* The function for `reduction`; NULL after an error. */
static const char *reduction_of(OpContext *c, const Node *n)
{
    static const char *const names[] = {"none", "add", "mul", "min", "max"};
    const char *given = node_string(n, "reduction", "none");
    DType type = in_type(n, 0);
    bool sums = type == DT_F32 || type == DT_I32 || type == DT_I64;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(given, names[i]))
            continue;
        if (i == 0 || sums)
            return names[i];
        node_error(c, n, "its data are %s; with attribute 'reduction' %s supported: f32 i32 i64", dtype_name(type),
                   given);
        return NULL;
    }
    node_error(c, n, "attribute 'reduction' is %s; supported: none add mul min max", diag_quote(c->scratch, given));
    return NULL;
}

static bool one_type(OpContext *c, const Node *n)
{
    return in_type(n, 2) == in_type(n, 0) || node_error(c, n, "its inputs are %s and %s; they must be of one type",
                                                        dtype_name(in_type(n, 0)), dtype_name(in_type(n, 2)));
}

static int elements_axis(OpContext *c, const Node *n)
{
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t given = node_int(n, "axis", 0);
    int axis = axis_normalise(given, x->rank);
    if (axis < 0)
        node_error(c, n, "attribute 'axis' is %" PRId64 ", outside of its input %s", given, shape_str(c, x));
    for (int i = 0; axis >= 0 && i < x->rank && index->rank >= 0; i++) {
        if (index->rank == x->rank && (i == axis || index->dim[i] <= x->dim[i] || x->dim[i] < 0))
            continue;
        node_error(c, n, "its indices %s do not fit its data %s", shape_str(c, index), shape_str(c, x));
        return -1;
    }
    return axis;
}

bool infer_gather_elements(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    if (!index_type(c, n) || (in_shape(n, 0)->rank >= 0 && elements_axis(c, n) < 0))
        return false;
    op_set_output(n, 0, in_type(n, 0), in_shape(n, 1));
    return true;
}

bool infer_scatter_elements(OpContext *c, Graph *g, Node *n)
{
    const Shape *index = in_shape(n, 1), *updates = in_shape(n, 2);
    if (!index_type(c, n) || (in_shape(n, 0)->rank >= 0 && elements_axis(c, n) < 0))
        return false;
    if (shape_known(index) && shape_known(updates) && !shape_equal(index, updates))
        return node_error(c, n, "its indices %s and updates %s differ in shape", shape_str(c, index),
                          shape_str(c, updates));
    return infer_same(c, g, n);
}

static bool elements_params(OpContext *c, const Node *n, adze_elements_params *out)
{
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t strides[MAX_RANK];
    int axis = elements_axis(c, n);
    if (axis < 0)
        return false;
    if (x->dim[axis] == 0 && shape_count(index))
        return node_error(c, n, "its data %s have nothing to index", shape_str(c, x));
    row_strides(x, strides);
    *out = (adze_elements_params){.rank = index->rank,
                                  .count = (int32_t)shape_count(index),
                                  .whole = (int32_t)shape_count(x),
                                  .axis = (int32_t)x->dim[axis],
                                  .axis_stride = (int32_t)strides[axis]};
    for (int i = 0; i < index->rank; i++) {
        out->dim[i] = (int32_t)index->dim[i];
        out->stride[i] = i == axis ? 0 : (int32_t)strides[i];
    }
    return check_constant(c, n, axis, 1);
}

static void finish(Step *s, Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        step_in(s, node_in(n, i));
    step_out(s, node_out(n, 0));
    s->overwritable = n->inputs.count == 3; /* what a scatter does not change stays where it is */
}

bool lower_gather_elements(OpContext *c, Plan *p, Node *n)
{
    adze_elements_params params;
    if (!elements_params(c, n, &params))
        return false;
    finish(PLAN_STEP(p, KIND_GATHER_ELEMENTS, NULL, adze_elements_params, &params), n);
    return true;
}

bool lower_scatter_elements(OpContext *c, Plan *p, Node *n)
{
    adze_elements_params params;
    const char *reduction = reduction_of(c, n);
    if (!reduction || !one_type(c, n) || !elements_params(c, n, &params))
        return false;
    finish(PLAN_STEP(p, KIND_SCATTER_ELEMENTS, reduction, adze_elements_params, &params), n);
    return true;
}

/* Rows of `depth` indices behind `batch` axes that data and indices share. */
static bool rows_params(OpContext *c, const Node *n, int batch, adze_rows_params *out)
{
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t strides[MAX_RANK], depth = index->dim[index->rank - 1];
    int first = batch + (int)depth;
    row_strides(x, strides);
    *out = (adze_rows_params){.batch = (int32_t)dims_count(x, 0, batch),
                              .rows = (int32_t)dims_count(index, batch, index->rank - 1),
                              .depth = (int32_t)depth,
                              .inner = (int32_t)dims_count(x, first, x->rank),
                              .whole = (int32_t)dims_count(x, batch, x->rank)};
    for (int i = 0; i < depth; i++) {
        out->dim[i] = (int32_t)x->dim[batch + i];
        out->stride[i] = (int32_t)strides[batch + i];
        if (out->dim[i] == 0 && shape_count(index))
            return node_error(c, n, "its data %s have nothing to index", shape_str(c, x));
    }
    return depth == 0 || check_constant(c, n, batch, depth);
}

/* Data [batches, depth axes, rest], indices [batches, rows, depth] -> [batches, rows, rest]. */
static bool gather_nd_shape(OpContext *c, const Node *n, Shape *y)
{
    const Shape *x = in_shape(n, 0), *index = in_shape(n, 1);
    int64_t batch = node_int(n, "batch_dims", 0), last = index->rank - 1;
    int64_t depth = last >= 0 ? index->dim[last] : 0;
    bool fits = last >= 0 && batch >= 0 && batch <= last && batch < x->rank && depth >= 1 && depth <= x->rank - batch;
    for (int i = 0; fits && i < batch; i++)
        fits = index->dim[i] == x->dim[i];
    if (!fits)
        return node_error(c, n, "its data %s and indices %s do not fit with attribute 'batch_dims' %" PRId64,
                          shape_str(c, x), shape_str(c, index), batch);
    if (last + x->rank - batch - depth > MAX_RANK)
        return node_error(c, n, "its output would have more than %d axes", MAX_RANK);
    *y = (Shape){.rank = 0};
    for (int i = 0; i < last; i++)
        y->dim[y->rank++] = index->dim[i];
    for (int64_t i = batch + depth; i < x->rank; i++)
        y->dim[y->rank++] = x->dim[i];
    return true;
}

bool infer_gather_nd(OpContext *c, Graph *g, Node *n)
{
    Shape y = shape_unknown();
    (void)g;
    if (!index_type(c, n))
        return false;
    if (shape_known(in_shape(n, 0)) && shape_known(in_shape(n, 1)) && !gather_nd_shape(c, n, &y))
        return false;
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_gather_nd(OpContext *c, Plan *p, Node *n)
{
    adze_rows_params params;
    if (!rows_params(c, n, (int)node_int(n, "batch_dims", 0), &params))
        return false;
    finish(PLAN_STEP(p, KIND_GATHER_ROWS, NULL, adze_rows_params, &params), n);
    return true;
}

bool lower_scatter_rows(OpContext *c, Plan *p, Node *n)
{
    adze_rows_params params;
    const char *reduction = reduction_of(c, n);
    if (!reduction || !rows_params(c, n, 0, &params))
        return false;
    finish(PLAN_STEP(p, KIND_SCATTER_ROWS, reduction, adze_rows_params, &params), n);
    return true;
}
