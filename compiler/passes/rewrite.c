#include "passes/rewrite.h"

#include <math.h>
#include <string.h>

/* Rewrites make nodes with the meaning that the operator has had since this opset. */
enum { REWRITE_OPSET = 13, RULE_LIMIT = 64 };

bool rewrite_all(PassContext *c, Graph *g, RewriteFn *const *rules, size_t count, bool *changed)
{
    size_t errors = c->diag->error_count;
    GRAPH_NODES(g, n)
    {
        int limit = RULE_LIMIT;
        for (size_t i = 0; i < count && !n->dead; i++) {
            if (!rules[i](c, g, n))
                continue;
            *changed = true;
            graph_free_unread(g);
            if (--limit == 0)
                break; /* the pass comes again */
            i = (size_t)-1;
        }
    }
    return c->diag->error_count == errors;
}

bool single_use(const Value *v)
{
    return v->users.count == 1 && !v->is_output;
}

bool only_first_output(const Node *n)
{
    for (size_t i = 1; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        if (v && (v->users.count || v->is_output))
            return false;
    }
    return node_out(n, 0) != NULL;
}

bool known(const Value *v)
{
    return v && v->type != DT_NONE && shape_known(&v->shape) && shape_count(&v->shape) >= 0;
}

bool known_f32(const Value *v)
{
    return known(v) && v->type == DT_F32;
}

bool const_f32(const Value *v)
{
    return v && v->is_const && v->type == DT_F32 && (v->data || shape_count(&v->shape) == 0);
}

bool const_scalar(const Value *v, double *out)
{
    if (!v || !v->is_const || !v->data || shape_count(&v->shape) != 1)
        return false;
    Tensor t = value_tensor(v);
    if (!dtype_is_float(v->type) && !dtype_is_int(v->type))
        return false;
    *out = dtype_is_float(v->type) ? tensor_float(&t, 0) : (double)tensor_int(&t, 0);
    return true;
}

int64_t bytes_of(const Value *v)
{
    size_t bytes = 0;
    if (!known(v) || !dtype_bytes(v->type, shape_count(&v->shape), &bytes))
        return 0;
    return (int64_t)bytes;
}

static bool clip_bounds(const Node *n, double *lo, double *hi)
{
    if (n->version < 11) {
        *lo = (double)node_float(n, "min", -INFINITY);
        *hi = (double)node_float(n, "max", INFINITY);
        return true;
    }
    if (node_in(n, 1) && !const_scalar(node_in(n, 1), lo))
        return false;
    return !node_in(n, 2) || const_scalar(node_in(n, 2), hi);
}

bool clamp_of(const Node *n, Value **x, double *lo, double *hi)
{
    double bound;
    *lo = -INFINITY;
    *hi = INFINITY;
    *x = node_in(n, 0);
    if (!known_f32(*x))
        return false;
    if (node_is(n, "Relu")) {
        *lo = 0;
        return true;
    }
    if (node_is(n, "Clip"))
        return clip_bounds(n, lo, hi) && !isnan(*lo) && !isnan(*hi);
    bool max = node_is(n, "Max");
    if ((!max && !node_is(n, "Min")) || n->inputs.count != 2)
        return false;
    if (!const_scalar(node_in(n, 1), &bound)) {
        *x = node_in(n, 1);
        if (!const_scalar(node_in(n, 0), &bound))
            return false;
    }
    const Value *y = node_out(n, 0);
    if (isnan(bound) || !known_f32(*x) || !known_f32(y) || !shape_equal(&(*x)->shape, &y->shape))
        return false;
    *(max ? lo : hi) = bound;
    return true;
}

bool pad_amounts(const Node *n, int rank, int64_t *pads)
{
    int64_t list[2 * MAX_RANK], axes[MAX_RANK];
    bool old = n->version < 11;
    int count = old ? node_ints(n, "pads", list, 2 * MAX_RANK) : const_ints(node_in(n, 1), list, 2 * MAX_RANK);
    int axis_count = rank;
    for (int i = 0; i < rank; i++)
        axes[i] = i;
    if (!old && node_in(n, 3))
        axis_count = const_ints(node_in(n, 3), axes, MAX_RANK);
    if (axis_count < 0 || count != 2 * axis_count)
        return false;
    memset(pads, 0, 2 * (size_t)rank * sizeof *pads);
    for (int i = 0; i < axis_count; i++) {
        int axis = axis_normalise(axes[i], rank);
        if (axis < 0)
            return false;
        pads[axis] = list[i];
        pads[axis + rank] = list[i + axis_count];
    }
    return true;
}

static bool named(const Node *n, const char *const *names, size_t count)
{
    for (size_t i = 0; !*n->domain && i < count; i++)
        if (!strcmp(n->op_type, names[i]))
            return true;
    return false;
}

bool is_unary(const Node *n)
{
    static const char *const names[] = {"Abs",   "Acos",           "Acosh",     "Asin",    "Asinh",      "Atan",
                                        "Atanh", "BitwiseNot",     "Cast",      "Ceil",    "Celu",       "Clip",
                                        "Cos",   "Cosh",           "Elu",       "Erf",     "Exp",        "Floor",
                                        "Gelu",  "HardSigmoid",    "HardSwish", "IsInf",   "IsNaN",      "LeakyRelu",
                                        "Log",   "Mish",           "Neg",       "Not",     "Reciprocal", "Relu",
                                        "Round", "Selu",           "Shrink",    "Sigmoid", "Sign",       "Sin",
                                        "Sinh",  "Softplus",       "Softsign",  "Sqrt",    "Swish",      "Tan",
                                        "Tanh",  "ThresholdedRelu"};
    /* One scale for all. */
    if (node_is_adze(n, "Quantize") || node_is_adze(n, "Dequantize"))
        return node_in(n, 1) && shape_count(&node_in(n, 1)->shape) == 1;
    return node_is_adze(n, "QLookup") || node_is_adze(n, "QInterpolate") || node_is_adze(n, "Requantize") ||
           node_is_adze(n, "QLookup16") || named(n, names, sizeof names / sizeof *names);
}

bool is_broadcast(const Node *n)
{
    static const char *const names[] = {
        "Add",  "And",         "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Div", "Equal", "Greater", "GreaterOrEqual",
        "Less", "LessOrEqual", "Max",        "Mean",      "Min",        "Mod", "Mul",   "Or",      "PRelu",
        "Pow",  "Sub",         "Sum",        "Where",     "Xor"};
    if (node_is_adze(n, "QAdd") || node_is_adze(n, "QMul") || node_is_adze(n, "QAdd16") || node_is_adze(n, "QMul16"))
        return true;
    /* Before opset 7 broadcasting was asked for by attributes and aligned at an axis. */
    return n->version >= 7 && named(n, names, sizeof names / sizeof *names);
}

int node_perm(const Node *n, int *perm)
{
    const Value *x = node_in(n, 0);
    if (!node_is(n, "Transpose") || !x || x->shape.rank < 0)
        return -1;
    int rank = x->shape.rank;
    int64_t list[MAX_RANK];
    int count = node_ints(n, "perm", list, MAX_RANK);
    unsigned seen = 0;
    if (count >= 0 && count != rank)
        return -1;
    for (int i = 0; i < rank; i++) {
        if (count >= 0 && (list[i] < 0 || list[i] >= rank))
            return -1;
        perm[i] = count < 0 ? rank - 1 - i : (int)list[i];
        seen |= 1u << perm[i];
    }
    return seen == (1u << rank) - 1 ? rank : -1;
}

bool perm_is_identity(const int *perm, int rank)
{
    for (int i = 0; i < rank; i++)
        if (perm[i] != i)
            return false;
    return true;
}

bool perm_equal(const int *a, const int *b, int rank)
{
    for (int i = 0; i < rank; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

void perm_inverse(const int *perm, int rank, int *out)
{
    for (int i = 0; i < rank; i++)
        out[perm[i]] = i;
}

void perm_compose(const int *first, const int *then, int rank, int *out)
{
    int result[MAX_RANK];
    for (int i = 0; i < rank; i++)
        result[i] = first[then[i]];
    memcpy(out, result, (size_t)rank * sizeof *out);
}

bool perm_is_view(const Shape *s, const int *perm)
{
    int last = -1;
    for (int i = 0; i < s->rank; i++) {
        if (s->dim[perm[i]] == 1)
            continue;
        if (s->dim[perm[i]] < 0 || perm[i] < last)
            return false;
        last = perm[i];
    }
    return true;
}

Shape shape_permuted(const Shape *s, const int *perm)
{
    Shape out = {.rank = s->rank};
    for (int i = 0; i < s->rank; i++)
        out.dim[i] = s->dim[perm[i]];
    return out;
}

Shape shape_extended(const Shape *s, int rank)
{
    Shape out = {.rank = rank};
    int added = rank - s->rank;
    for (int i = 0; i < rank; i++)
        out.dim[i] = i < added ? 1 : s->dim[i - added];
    return out;
}

Value *const_floats(Graph *g, const char *name, const Shape *shape, const float *data)
{
    return graph_const(g, name, DT_F32, shape, data);
}

Value *const_reshaped(Graph *g, const Value *v, const Shape *to)
{
    return graph_const(g, v->name, v->type, to, v->data);
}

static bool has_plain_elements(const Value *v)
{
    return v->type != DT_STRING && v->type != DT_U4 && v->type != DT_I4 && v->type != DT_NONE;
}

Value *const_permuted(Graph *g, const Value *v, const int *perm)
{
    size_t bytes, size = dtype_size(v->type);
    int64_t count = shape_count(&v->shape), stride[MAX_RANK], index[MAX_RANK] = {0};
    if (!has_plain_elements(v) || count < 0 || !dtype_bytes(v->type, count, &bytes) || (count && !v->data))
        return NULL;
    Shape to = shape_permuted(&v->shape, perm);
    int rank = to.rank;
    char *data = arena_alloc(g->arena, bytes);
    for (int i = 0; i < rank; i++) {
        stride[i] = 1;
        for (int axis = perm[i] + 1; axis < rank; axis++)
            stride[i] *= v->shape.dim[axis];
    }
    const char *from = v->data;
    int64_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        memcpy(data + (size_t)i * size, from + (size_t)at * size, size);
        for (int axis = rank - 1; axis >= 0; axis--) {
            at += stride[axis];
            if (++index[axis] < to.dim[axis])
                break;
            at -= stride[axis] * to.dim[axis];
            index[axis] = 0;
        }
    }
    return graph_const(g, v->name, v->type, &to, data);
}

static void bind(Node *n)
{
    n->op = operator_find(n->domain, n->op_type, n->version);
}

Node *rw_node(Graph *g, Node *before, const char *domain, const char *op_type, const char *name)
{
    Node *n = graph_node_before(g, before, domain, op_type, name);
    if (!*n->domain && n->version < REWRITE_OPSET)
        n->version = REWRITE_OPSET;
    bind(n);
    return n;
}

Node *rw_copy(Graph *g, Node *before, const Node *n)
{
    Node *copy = graph_node_before(g, before, n->domain, n->op_type, n->name);
    copy->version = n->version;
    for (size_t i = 0; i < n->attrs.count; i++)
        node_set_attr(g, copy, &n->attrs.items[i]);
    bind(copy);
    return copy;
}

Value *rw_output(Graph *g, Node *n, DType type, const Shape *shape)
{
    Value *v = node_new_output(g, n, NULL);
    v->type = type;
    v->shape = *shape;
    return v;
}

Value *rw_reshape(Graph *g, Node *before, Value *v, const Shape *to)
{
    if (node_is(v->producer, "Reshape") && known(node_in(v->producer, 0)))
        v = node_in(v->producer, 0);
    if (shape_equal(&v->shape, to))
        return v;
    Node *n = rw_node(g, before, "", "Reshape", NULL);
    node_add_input(g, n, v);
    node_add_input(g, n, graph_const_ints(g, NULL, to->dim, to->rank));
    return rw_output(g, n, v->type, to);
}

Value *rw_transpose(Graph *g, Node *before, Value *v, const int *perm)
{
    int p[MAX_RANK], inner[MAX_RANK], rank = v->shape.rank;
    memcpy(p, perm, (size_t)rank * sizeof *p);
    if (v->producer && node_perm(v->producer, inner) == rank) {
        perm_compose(inner, p, rank, p);
        v = node_in(v->producer, 0);
    }
    if (perm_is_identity(p, rank))
        return v;
    int64_t list[MAX_RANK];
    for (int i = 0; i < rank; i++)
        list[i] = p[i];
    Node *n = rw_node(g, before, "", "Transpose", NULL);
    node_set_ints(g, n, "perm", list, (size_t)rank);
    node_add_input(g, n, v);
    Shape to = shape_permuted(&v->shape, p);
    return rw_output(g, n, v->type, &to);
}

void rw_replace(Graph *g, Node *n, Value *v)
{
    Value *old = node_out(n, 0);
    if (v->producer && !*v->name && !old->is_output) {
        v->name = old->name;
        old->name = "";
    }
    graph_replace(g, old, v);
    graph_remove(g, n);
}

void rw_replace_output(Graph *g, Value *v, Value *made)
{
    graph_replace(g, v, made);
    while (made->users.count) {
        Node *reader = made->users.items[0];
        for (size_t i = 0; i < reader->inputs.count; i++)
            if (node_in(reader, i) == made)
                node_set_input(g, reader, i, v);
    }
}
