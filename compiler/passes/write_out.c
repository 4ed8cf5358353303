/* write_out: operators that others can spell are written in those, so that all passes and kernels serve them.
 * Requires: operators bound, types and shapes inferred as far as they can be. Keeps: the function, up to rounding.
 * Breaks: types and shapes of the new values are inferred next. */
#include "passes/write_out.h"

#include <inttypes.h>

int write_out_axis(PassContext *c, const Node *n, int64_t axis, int rank)
{
    int at = axis_normalise(axis, rank);
    if (at < 0)
        written_error(c, n, "its axis %" PRId64 " lies outside of its %d axes", axis, rank);
    return at;
}

bool write_out_constant(const Node *n, size_t first)
{
    for (size_t i = first; i < n->inputs.count; i++)
        if (node_in(n, i) && !node_in(n, i)->is_const)
            return false;
    return true;
}

/* ---- Masks and constants ---- */

/* The upper or lower triangle of matrices; k moves the diagonal to the right. */
static bool trilu(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    double k = 0;
    if (!node_is(n, "Trilu") || !known(x))
        return false;
    if (x->shape.rank < 2 || (node_in(n, 1) && !const_scalar(node_in(n, 1), &k)))
        return written_error(c, n, "its input has %d axes, or k is not constant; supported: 2 and more, a constant",
                             x->shape.rank);
    const int64_t rows = x->shape.dim[x->shape.rank - 2], columns = x->shape.dim[x->shape.rank - 1];
    const bool upper = node_int(n, "upper", 1);
    bool *keep = NEW_ARRAY(g->arena, bool, rows *columns);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            keep[i * columns + j] = upper ? (double)(j - i) >= k : (double)(j - i) <= k;
    Shape s = {.rank = 2, .dim = {rows, columns}};
    Value *mask = graph_const(g, NULL, DT_BOOL, &s, keep);
    return written_in_place(g, n, written_where(g, n, mask, node_in(n, 0), written_zero(g, x->type)));
}

static bool eye_like(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    if (!node_is(n, "EyeLike") || !known(x))
        return false;
    int64_t to = node_int(n, "dtype", 0), k = node_int(n, "k", 0);
    DType type = to ? dtype_from_onnx(to) : x->type;
    if (x->shape.rank != 2 || type == DT_NONE || type == DT_STRING)
        return written_error(c, n, "its input has %d axes; supported: 2, of numbers", x->shape.rank);
    float *data = NEW_ARRAY(g->arena, float, shape_count(&x->shape));
    for (int64_t i = 0; i < shape_count(&x->shape); i++)
        data[i] = i % x->shape.dim[1] - i / x->shape.dim[1] == k;
    return written_in_place(g, n, written_cast(g, n, const_floats(g, NULL, &x->shape, data), type));
}

static bool cast_like(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "CastLike") || !node_in(n, 1) || node_in(n, 1)->type == DT_NONE)
        return false;
    return written_in_place(g, n, written_cast(g, n, node_in(n, 0), node_in(n, 1)->type));
}

/* 1 at the first of the largest elements of an axis (before opset 13: of all axes from it on), else 0. */
static bool hardmax(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    if (!node_is(n, "Hardmax") || !known(x))
        return false;
    const bool flat = n->version < 13;
    int axis = write_out_axis(c, n, node_int(n, "axis", flat ? 1 : -1), x->shape.rank);
    if (axis < 0)
        return false;
    Value *v = node_in(n, 0);
    int64_t count = x->shape.dim[axis];
    if (flat) {
        count = 1;
        for (int i = axis; i < x->shape.rank; i++)
            count *= x->shape.dim[i];
        v = written_reshape(g, n, v, (int64_t[]){-1, count}, 2);
        axis = 1;
    }
    Value *most = written(g, n, "ArgMax", v, NULL);
    node_set_int(g, most->producer, "axis", axis);
    int64_t *indices = NEW_ARRAY(g->arena, int64_t, count);
    for (int64_t i = 0; i < count; i++)
        indices[i] = i;
    Shape s = {.rank = flat ? 2 : x->shape.rank};
    for (int i = 0; i < s.rank; i++)
        s.dim[i] = i == axis ? count : 1;
    Value *is = written(g, n, "Equal", graph_const(g, NULL, DT_I64, &s, indices), most);
    Value *y = written_cast(g, n, is, x->type);
    return written_in_place(g, n, flat ? written_reshape(g, n, y, x->shape.dim, x->shape.rank) : y);
}

/* x + bias below -lambd, x - bias above lambd, else 0. */
static bool shrink_operator(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "Shrink") || !node_in(n, 0) || node_in(n, 0)->type != DT_F32)
        return false;
    Value *x = node_in(n, 0), *bias = written_number(g, node_float(n, "bias", 0));
    float lambd = node_float(n, "lambd", 0.5f);
    Value *below = written(g, n, "Less", x, written_number(g, -lambd));
    Value *above = written(g, n, "Greater", x, written_number(g, lambd));
    Value *y = written_where(g, n, above, written(g, n, "Sub", x, bias), written_number(g, 0));
    return written_in_place(g, n, written_where(g, n, below, written(g, n, "Add", x, bias), y));
}

/* ---- Normalisations ---- */

/* (x - mean) / (deviation + 1e-9), as the function that ONNX gives. */
static bool mean_variance(PassContext *c, Graph *g, Node *n)
{
    static const int64_t otherwise[] = {0, 2, 3};
    (void)c;
    if (!node_is(n, "MeanVarianceNormalization") || !known(node_in(n, 0)))
        return false;
    const Attr *a = node_attr(n, "axes");
    const int64_t *axes = a ? a->ints : otherwise;
    size_t count = a ? a->count : 3;
    Value *x = node_in(n, 0);
    Value *centred = written(g, n, "Sub", x, written_reduce(g, n, "ReduceMean", x, axes, count));
    Value *variance = written_reduce(g, n, "ReduceMean", written(g, n, "Mul", centred, centred), axes, count);
    Value *deviation = written(g, n, "Add", written(g, n, "Sqrt", variance, NULL), written_number(g, 1e-9f));
    return written_in_place(g, n, written(g, n, "Div", centred, deviation));
}

/* x / (bias + alpha * mean of squares of the `size` channels around)^beta: the mean is a pool over channels. */
static bool lrn(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    if (!node_is(n, "LRN") || !known(x))
        return false;
    int64_t size = node_int(n, "size", 0);
    if (x->shape.rank < 2 || size < 1)
        return written_error(c, n,
                             "its input has %d axes and its size is %" PRId64 "; supported: 2 and more, 1 and more",
                             x->shape.rank, size);
    int64_t pixels = 1;
    for (int i = 2; i < x->shape.rank; i++)
        pixels *= x->shape.dim[i];
    Value *v = node_in(n, 0), *square = written(g, n, "Mul", v, v);
    Value *image = written_reshape(g, n, square, (int64_t[]){x->shape.dim[0], 1, x->shape.dim[1], pixels}, 4);
    Value *mean = written(g, n, "AveragePool", image, NULL);
    node_set_ints(g, mean->producer, "kernel_shape", (int64_t[]){size, 1}, 2);
    node_set_ints(g, mean->producer, "pads", (int64_t[]){(size - 1) / 2, 0, size / 2, 0}, 4);
    node_set_int(g, mean->producer, "count_include_pad", 1);
    mean = written_reshape(g, n, mean, x->shape.dim, x->shape.rank);
    Value *sum = written(g, n, "Add", written(g, n, "Mul", mean, written_number(g, node_float(n, "alpha", 1e-4f))),
                         written_number(g, node_float(n, "bias", 1)));
    Value *power = written(g, n, "Pow", sum, written_number(g, node_float(n, "beta", 0.75f)));
    return written_in_place(g, n, written(g, n, "Div", v, power));
}

/* x over its L1 or L2 norm along an axis; 0 where that is 0. */
static bool lp_normalization(PassContext *c, Graph *g, Node *n)
{
    int64_t p = node_int(n, "p", 2);
    if (!node_is(n, "LpNormalization") || !known(node_in(n, 0)))
        return false;
    int axis = write_out_axis(c, n, node_int(n, "axis", -1), node_in(n, 0)->shape.rank);
    if (axis < 0 || (p != 1 && p != 2))
        return axis >= 0 && written_error(c, n, "attribute 'p' is %" PRId64 "; supported: 1, 2", p);
    return written_normalised(g, n, node_in(n, 0), p == 1 ? "ReduceL1" : "ReduceL2", axis);
}

/* RMSNormalization, and ONNX Runtime's older name for it: x / sqrt(mean of squares + epsilon) * scale. */
static bool rms_normalization(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0);
    if ((!node_is(n, "RMSNormalization") && !node_is(n, "SimplifiedLayerNormalization")) || !known(x) || !node_in(n, 1))
        return false;
    if (n->outputs.count > 1 && !only_first_output(n))
        return written_error(c, n, "its output 1 (the inverse deviation) is used; supported: output 0");
    int axis = write_out_axis(c, n, node_int(n, "axis", -1), x->shape.rank);
    if (axis < 0)
        return false;
    int64_t axes[MAX_RANK];
    size_t count = 0;
    for (int i = axis; i < x->shape.rank; i++)
        axes[count++] = i;
    Value *v = node_in(n, 0), *mean = written_reduce(g, n, "ReduceMean", written(g, n, "Mul", v, v), axes, count);
    Value *sum = written(g, n, "Add", mean, written_number(g, node_float(n, "epsilon", 1e-5f)));
    Value *y = written(g, n, "Div", v, written(g, n, "Sqrt", sum, NULL));
    return written_in_place(g, n, written(g, n, "Mul", y, node_in(n, 1)));
}

bool pass_write_out(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {
        trilu,
        eye_like,
        cast_like,
        hardmax,
        shrink_operator,
        mean_variance,
        lrn,
        lp_normalization,
        rms_normalization,
        write_out_einsum,
        write_out_window,
        write_out_mel,
        write_out_dft,
        write_out_stft,
        write_out_fused_conv,
        write_out_fused_gemm,
        write_out_fused_matmul,
        write_out_gelu,
        write_out_skip_norm,
    };
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
