/* quantise_sums: MatMul and Conv of integers whose result is wanted as such, or as a float behind a scale that is only
 * known at run time (MatMulInteger and ConvInteger behind DynamicQuantizeLinear), sum integers. qoperator wrote them
 * as float products of DequantizeLinears of scale 1.
 * Requires: quantise to its fixed point, which takes those whose result is quantised. Keeps: the function; sums are
 * exact where floats would have rounded those above 2^24. Breaks: adds Transposes around NHWC nodes, as layout does. */
#include "passes/layout.h"
#include "passes/quantise.h"

#include <inttypes.h>
#include <stdlib.h>

/* v is the result of a DequantizeLinear of 8-bit integers whose scales are 1. */
static Node *integers_of(const Value *v)
{
    Node *dq = v ? v->producer : NULL;
    const Value *x = dq ? node_in(dq, 0) : NULL, *scale = dq ? node_in(dq, 1) : NULL;
    if (!dq || !is_dequantize(dq) || !known(x) || (x->type != DT_I8 && x->type != DT_U8) || !const_f32(scale) ||
        node_int(dq, "block_size", 0))
        return NULL;
    for (int64_t i = 0; i < shape_count(&scale->shape); i++)
        if (((const float *)scale->data)[i] != 1)
            return NULL;
    return dq;
}

static bool one_zero(const Node *dq)
{
    const Value *zero = node_in(dq, 2);
    return !zero || (known(zero) && shape_count(&zero->shape) == 1);
}

/* Of dq's integers as i8: 128 less than of u8. One that was 128 more only to be u8 is what it came from. */
static Value *zero_i32(Graph *g, Node *before, const Node *dq)
{
    Value *zero = node_in(dq, 2);
    const int64_t less = node_in(dq, 0)->type == DT_U8 ? 128 : 0;
    if (!zero)
        return const_integer(g, DT_I32, -less);
    if (zero->is_const && zero->data) {
        Tensor t = value_tensor(zero);
        return const_integer(g, DT_I32, tensor_int(&t, 0) - less);
    }
    const Node *to_u8 = zero->producer, *add = node_is(to_u8, "Cast") ? node_in(to_u8, 0)->producer : NULL;
    double k;
    if (less && node_is(add, "Add") && const_scalar(node_in(add, 1), &k) && k == 128 && node_in(add, 0)->type == DT_I32)
        return node_in(add, 0);
    Node *cast = rw_node(g, before, "", "Cast", NULL);
    node_set_int(g, cast, "to", dtype_to_onnx(DT_I32));
    node_add_input(g, cast, zero);
    Value *v = rw_output(g, cast, DT_I32, &zero->shape);
    if (!less)
        return v;
    Node *sub = rw_node(g, before, "", "Add", NULL);
    node_add_input(g, sub, v);
    node_add_input(g, sub, const_integer(g, DT_I32, -less));
    return rw_output(g, sub, DT_I32, &zero->shape);
}

static Value *as_signed(Graph *g, Value *x)
{
    return x->type == DT_U8 ? as_i8(g, x) : x;
}

typedef struct {
    Value *w, *offset, *lift; /* i8, in the node's order; i32 [channels]; lift: or NULL */
} Weights;

static Value *bytes_less(Graph *g, const Value *from, const QParams *q, int64_t inner, bool lifted)
{
    Tensor t = value_tensor(from);
    const int64_t count = shape_count(&from->shape);
    int8_t *data = NEW_ARRAY(g->arena, int8_t, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = (int8_t)(tensor_int(&t, i) - (lifted ? 0 : q->zero[q->count > 1 ? i / inner % q->count : 0]));
    return graph_const(g, from->name, DT_I8, &from->shape, data);
}

/* Constant weights without their zero points, one for all or one a channel, where that leaves bytes, else as they are,
 * with the zero points in `lift`. Says why not, or NULL. */
static const char *weights_of(PassContext *c, Graph *g, const Node *dq, int axis, Weights *out)
{
    QParams q;
    const Value *w = node_in(dq, 0);
    if (!quant_params(c->scratch, dq, &q) || q.type != DT_I8 || (q.count > 1 && q.axis != axis))
        return "the zero points of its weights are not those of output channels";
    int64_t count = shape_count(&w->shape), channels = w->shape.dim[axis], inner = 1;
    int64_t *reach = NEW_ARRAY(c->scratch, int64_t, channels);
    int32_t *offset = NEW_ARRAY(g->arena, int32_t, channels), *lift = NEW_ARRAY(g->arena, int32_t, channels);
    bool lifted = false;
    Tensor t = value_tensor(w);
    for (int i = axis + 1; i < w->shape.rank; i++)
        inner *= w->shape.dim[i];
    for (int64_t i = 0; i < count; i++) {
        int64_t o = i / inner % channels, v = tensor_int(&t, i) - q.zero[q.count > 1 ? o : 0];
        reach[o] += llabs(v);
        if (reach[o] > INT32_MAX / 255)
            return arena_printf(c->scratch, "the sum of its output channel %" PRId64 " may overflow 32 bits", o);
        offset[o] -= (int32_t)v;
        lift[o] = (int32_t)-q.zero[q.count > 1 ? o : 0];
        lifted = lifted || v < INT8_MIN || v > INT8_MAX;
    }
    *out = (Weights){bytes_less(g, w, &q, inner, lifted), const_i32(g, channels, offset),
                     lifted ? const_i32(g, channels, lift) : NULL};
    return NULL;
}

/* A node like n that gives i32, for n's readers as a float, or, where they cast it to i32, as it is. */
static Node *integer_twin(Graph *g, Node *n)
{
    Node *twin = rw_copy(g, n, n), *cast = rw_node(g, n, "", "Cast", NULL);
    Value *y = node_out(n, 0), *sums = rw_output(g, twin, DT_I32, &y->shape);
    for (size_t i = y->users.count; i-- > 0;) {
        Node *user = y->users.items[i];
        if (node_is(user, "Cast") && node_int(user, "to", 0) == dtype_to_onnx(DT_I32))
            rw_replace(g, user, sums);
    }
    node_set_int(g, cast, "to", dtype_to_onnx(DT_F32));
    node_add_input(g, cast, sums);
    rw_replace(g, n, rw_output(g, cast, DT_F32, &y->shape));
    return twin;
}

static const char *conv_sums(PassContext *c, Graph *g, Node *n, const Node *a, const Node *b)
{
    OpContext oc = {c->diag, c->scratch};
    Window window;
    Weights w;
    const Value *x = node_in(a, 0), *from = node_in(b, 0);
    const int64_t group = node_int(n, "group", 1);
    if (!is_spatial(n) || from->shape.rank != x->shape.rank || !from->is_const || node_in(n, 2) || group < 1 ||
        x->shape.dim[1] % group || from->shape.dim[0] % group || x->shape.dim[1] / group != from->shape.dim[1] ||
        !shape_count(&from->shape))
        return "supported: 1-D and 2-D convolutions with constant weights";
    if (!window_of(&oc, n, x->shape.dim + 2, x->shape.rank - 2, from->shape.dim + 2, false, &window))
        return "its window is wrong";
    const char *why = weights_of(c, g, b, 0, &w);
    if (why)
        return why;
    Node *twin = integer_twin(g, n);
    Node *conv = rw_node(g, twin, "adze", "QConvSums", twin->name);
    nhwc_window(g, conv, &window, false);
    if (group != 1)
        node_set_int(g, conv, "group", group);
    node_add_input(g, conv, nhwc_enter(g, conv, as_signed(g, node_in(a, 0))));
    node_add_input(g, conv, nhwc_weights(g, w.w));
    node_add_input(g, conv, w.offset);
    node_add_input(g, conv, zero_i32(g, conv, a));
    if (w.lift)
        node_add_input(g, conv, w.lift);
    nhwc_leave(g, twin, conv);
    return NULL;
}

static const char *matmul_sums(PassContext *c, Graph *g, Node *n, const Node *a, const Node *b)
{
    Weights w;
    const Value *x = node_in(a, 0), *from = node_in(b, 0);
    const bool gemm = from->is_const && from->data && from->shape.rank == 2 && x->shape.rank > 0;
    if (!gemm && !one_zero(b))
        return "it has several zero points for computed elements";
    if (gemm) {
        const char *why = weights_of(c, g, b, 1, &w);
        if (why)
            return why;
    } else if (x->shape.rank < 1 || x->shape.dim[x->shape.rank - 1] > INT32_MAX / (255 * 255)) {
        return "its sums may overflow 32 bits";
    }
    Node *twin = integer_twin(g, n);
    Node *q = rw_node(g, twin, "adze", gemm ? "QGemmSums" : "QMatMulSums", twin->name);
    node_add_input(g, q, as_signed(g, node_in(a, 0)));
    node_add_input(g, q, gemm ? w.w : as_signed(g, node_in(b, 0)));
    if (gemm)
        node_add_input(g, q, w.offset);
    node_add_input(g, q, zero_i32(g, q, a));
    if (!gemm)
        node_add_input(g, q, zero_i32(g, q, b));
    else if (w.lift)
        node_add_input(g, q, w.lift);
    rw_replace(g, twin, rw_output(g, q, DT_I32, &node_out(twin, 0)->shape));
    return NULL;
}

static bool product_sums(PassContext *c, Graph *g, Node *n)
{
    const bool conv = node_is(n, "Conv");
    if ((!conv && !node_is(n, "MatMul")) || !known_f32(node_out(n, 0)))
        return false;
    const Node *a = integers_of(node_in(n, 0)), *b = integers_of(node_in(n, 1));
    if (!a || !b)
        return false;
    const char *why = !one_zero(a) ? "it has several zero points for the rows of its first operand"
                      : conv       ? conv_sums(c, g, n, a, b)
                                   : matmul_sums(c, g, n, a, b);
    if (why)
        note_float(g, n, why);
    return !why;
}

bool pass_quantise_sums(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {product_sums};
    return rewrite_all(c, g, rules, 1, changed);
}
