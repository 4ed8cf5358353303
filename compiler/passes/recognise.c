/* recognise: LayerNormalization, InstanceNormalization, GroupNormalization, Softmax, Gelu, Swish, HardSwish, Mish,
 * HardSigmoid, LeakyRelu and PRelu from the nodes that exporters spell them with. Requires: all shapes known,
 * canonicalise (one node for equal things). Runs in front of fuse_batchnorm, which would move factors out of the
 * patterns. Keeps: the function up to rounding; intermediate values that others read stay where they are. Breaks:
 * nothing. */
#include "passes/recognise.h"

#include <math.h>
#include <string.h>

Node *recognised(Graph *g, Node *n, const char *op_type, int version, Value *x)
{
    Value *y = node_out(n, 0);
    Node *made = rw_node(g, n, "", op_type, n->name);
    made->version = version;
    made->op = operator_find("", op_type, version);
    node_add_input(g, made, x);
    rw_replace(g, n, rw_output(g, made, y->type, &y->shape));
    return made;
}

Value *other_operand(const Node *n, const Value *v)
{
    Value *a = node_in(n, 0), *b = node_in(n, 1);
    if (n->inputs.count != 2 || (a == v) == (b == v))
        return NULL;
    return a == v ? b : a;
}

Node *reader(const Value *v, const char *op_type)
{
    if (!v || !single_use(v))
        return NULL;
    Node *n = v->users.items[0];
    return !*n->domain && (!op_type || !strcmp(n->op_type, op_type)) ? n : NULL;
}

/* The axes of a reduction that keeps dimensions, as a bit set; 0: not such a node, or not known. */
static unsigned kept_axes(const Node *n, const char *op_type)
{
    int64_t list[MAX_RANK];
    const Value *x = n ? node_in(n, 0) : NULL;
    if (!node_is(n, op_type) || !known_f32(x) || x->shape.rank < 1 || !node_int(n, "keepdims", 1))
        return 0;
    int count = node_in(n, 1) ? const_ints(node_in(n, 1), list, MAX_RANK) : node_ints(n, "axes", list, MAX_RANK);
    unsigned axes = 0;
    if (count < 1 || count > MAX_RANK)
        return 0;
    for (int i = 0; i < count; i++) {
        int axis = axis_normalise(list[i], x->shape.rank);
        if (axis < 0)
            return 0;
        axes |= 1u << axis;
    }
    return axes;
}

/* The first of the axes when they are all from there to the last; else -1. */
static int trailing(unsigned axes, int rank)
{
    int first = 0;
    while (first < rank && !(axes >> first & 1))
        first++;
    return first < rank && axes == (1u << rank) - (1u << first) ? first : -1;
}

/* d * d or d ** 2 */
static Value *square_of(const Value *v)
{
    double two;
    const Node *n = v->producer;
    if (node_is(n, "Mul") && node_in(n, 0) == node_in(n, 1))
        return node_in(n, 0);
    return node_is(n, "Pow") && const_scalar(node_in(n, 1), &two) && two == 2 ? node_in(n, 0) : NULL;
}

/* d's denominator: n is Div(d, sqrt(v)) or Mul(d, reciprocal(sqrt(v))); gives v. */
static Value *under_root(const Node *n, Value **d)
{
    double power;
    Node *root = NULL;
    *d = node_in(n, 0);
    if (node_is(n, "Div") && node_in(n, 1)) {
        root = node_in(n, 1)->producer;
    } else if (node_is(n, "Mul") && n->inputs.count == 2) {
        for (size_t i = 0; i < 2; i++) {
            Node *p = node_in(n, i)->producer;
            if (!node_is(p, "Reciprocal") && !(node_is(p, "Div") && const_scalar(node_in(p, 0), &power) && power == 1))
                continue;
            *d = node_in(n, 1 - i);
            root = node_in(p, node_is(p, "Div") ? 1 : 0)->producer;
        }
    }
    if (node_is(root, "Sqrt"))
        return node_in(root, 0);
    return node_is(root, "Pow") && const_scalar(node_in(root, 1), &power) && power == 0.5 ? node_in(root, 0) : NULL;
}

typedef struct {
    Value *x;
    int axis;
    double epsilon;
} Layernorm;

static bool layernorm_of(const Node *n, Layernorm *out)
{
    Value *d, *spread = under_root(n, &d);
    if (!spread || !known_f32(d) || !node_is(d->producer, "Sub") || !node_is(spread->producer, "Add"))
        return false;
    Node *add = spread->producer;
    size_t k = const_scalar(node_in(add, 1), &out->epsilon) ? 1 : 0;
    if (!const_scalar(node_in(add, k), &out->epsilon) || !node_in(add, 1 - k))
        return false;
    Node *mean = node_in(d->producer, 1)->producer, *variance = node_in(add, 1 - k)->producer;
    unsigned axes = kept_axes(mean, "ReduceMean");
    out->x = node_in(d->producer, 0);
    if (!axes || kept_axes(variance, "ReduceMean") != axes || node_in(mean, 0) != out->x || !known_f32(out->x) ||
        square_of(node_in(variance, 0)) != d)
        return false;
    out->axis = trailing(axes, out->x->shape.rank);
    return out->axis >= 0 && out->epsilon >= 0 && shape_equal(&out->x->shape, &node_out(n, 0)->shape);
}

/* The constant spread to the shape of the normalised axes; NULL when it varies along others. */
static Value *row_constant(Graph *g, const Value *k, const Shape *x, int axis)
{
    Shape s = {.rank = x->rank - axis};
    if (!const_f32(k) || k->shape.rank > x->rank)
        return NULL;
    memcpy(s.dim, x->dim + axis, (size_t)s.rank * sizeof *s.dim);
    Shape from = shape_extended(&k->shape, x->rank);
    for (int i = 0; i < axis; i++)
        if (from.dim[i] != 1)
            return NULL;
    int64_t count = shape_count(&s), step = 1, stride[MAX_RANK];
    for (int i = x->rank - 1; i >= axis; i--) {
        stride[i] = from.dim[i] == 1 ? 0 : step;
        step *= from.dim[i];
    }
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t rest = i, at = 0;
        for (int axis_i = x->rank - 1; axis_i >= axis; axis_i--) {
            at += rest % x->dim[axis_i] * stride[axis_i];
            rest /= x->dim[axis_i];
        }
        data[i] = ((const float *)k->data)[at];
    }
    return const_floats(g, k->name, &s, data);
}

static Value *ones(Graph *g, const Shape *x, int axis)
{
    Shape scalar = {.rank = 0};
    float *one = NEW(g->arena, float);
    *one = 1;
    return row_constant(g, const_floats(g, NULL, &scalar, one), x, axis);
}

static Value *channels_of(Graph *g, int64_t count, float v)
{
    Shape s = {.rank = 1, .dim = {count}};
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = v;
    return const_floats(g, NULL, &s, data);
}

/* Over all of an image, channel by channel. */
static bool instance_of(Graph *g, Node *n, const Layernorm *l)
{
    int64_t channels = l->x->shape.dim[1];
    Node *made = recognised(g, n, "InstanceNormalization", 6, l->x);
    node_set_float(g, made, "epsilon", (float)l->epsilon);
    node_add_input(g, made, channels_of(g, channels, 1));
    node_add_input(g, made, channels_of(g, channels, 0));
    return true;
}

bool recognise_layernorm(PassContext *c, Graph *g, Node *n)
{
    Layernorm l;
    (void)c;
    if ((!node_is(n, "Div") && !node_is(n, "Mul")) || !known_f32(node_out(n, 0)) || !layernorm_of(n, &l))
        return false;
    const Shape *s = &l.x->shape;
    Value *scale = NULL, *bias = NULL, *y = node_out(n, 0);
    Node *last = n, *next = reader(y, "Mul");
    Value *k =
        next && known(node_out(next, 0)) && shape_equal(&node_out(next, 0)->shape, s) ? other_operand(next, y) : NULL;
    if (k && (scale = row_constant(g, k, s, l.axis))) {
        last = next;
        y = node_out(next, 0);
    }
    next = reader(y, "Add");
    k = next && known(node_out(next, 0)) && shape_equal(&node_out(next, 0)->shape, s) ? other_operand(next, y) : NULL;
    if (k && (bias = row_constant(g, k, s, l.axis)))
        last = next;
    if (!scale && !bias && l.axis == 2 && s->rank >= 4)
        return instance_of(g, last, &l);
    Node *made = recognised(g, last, "LayerNormalization", 17, l.x);
    node_set_int(g, made, "axis", l.axis - s->rank);
    node_set_float(g, made, "epsilon", (float)l.epsilon);
    node_add_input(g, made, scale ? scale : ones(g, s, l.axis));
    if (bias)
        node_add_input(g, made, bias);
    return true;
}

/* Its scale or bias of a group as those of its channels. */
static Value *repeated(Graph *g, const Value *v, int64_t channels)
{
    Shape s = {.rank = 1, .dim = {channels}};
    int64_t groups = shape_count(&v->shape);
    float *data = NEW_ARRAY(g->arena, float, channels);
    for (int64_t i = 0; i < channels; i++)
        data[i] = ((const float *)v->data)[i / (channels / groups)];
    return const_floats(g, v->name, &s, data);
}

bool recognise_groupnorm(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    Node *norm = node_is(n, "Reshape") && node_in(n, 0) ? node_in(n, 0)->producer : NULL;
    const Value *y = node_out(n, 0);
    if (!node_is(norm, "InstanceNormalization") || !single_use(node_out(norm, 0)) || !const_f32(node_in(norm, 1)) ||
        !const_f32(node_in(norm, 2)) || !node_is(node_in(norm, 0)->producer, "Reshape"))
        return false;
    Value *x = node_in(node_in(norm, 0)->producer, 0);
    const Shape *groups = &node_in(norm, 0)->shape;
    if (!known_f32(x) || !known_f32(y) || !shape_equal(&x->shape, &y->shape) || x->shape.rank < 2 ||
        !known(node_in(norm, 0)) || groups->dim[0] != x->shape.dim[0] || groups->dim[1] < 1 ||
        x->shape.dim[1] % groups->dim[1])
        return false;
    Node *made = recognised(g, n, "GroupNormalization", 21, x);
    node_set_float(g, made, "epsilon", node_float(norm, "epsilon", 1e-5f));
    node_set_int(g, made, "num_groups", groups->dim[1]);
    for (size_t i = 1; i < 3; i++)
        node_add_input(g, made, repeated(g, node_in(norm, i), x->shape.dim[1]));
    return true;
}

/* x - max, or x itself: the maximum is a guard against overflow, which our Softmax has anyway, and its results are the
 * same up to rounding wherever those without it are finite. */
bool recognise_softmax(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "Div") || !known_f32(node_out(n, 0)) || !node_in(n, 0) || !node_in(n, 1))
        return false;
    Value *e = node_in(n, 0);
    Node *sum = node_in(n, 1)->producer, *exp = e->producer;
    unsigned axes = kept_axes(sum, "ReduceSum");
    if (!axes || (axes & (axes - 1)) || node_in(sum, 0) != e || !node_is(exp, "Exp") || !node_in(exp, 0))
        return false;
    Value *x = node_in(exp, 0);
    Node *sub = x->producer, *max = node_is(sub, "Sub") && node_in(sub, 1) ? node_in(sub, 1)->producer : NULL;
    if (max && node_in(max, 0) == node_in(sub, 0) && kept_axes(max, "ReduceMax") == axes)
        x = node_in(sub, 0);
    if (!known_f32(x) || !shape_equal(&x->shape, &node_out(n, 0)->shape))
        return false;
    node_set_int(g, recognised(g, n, "Softmax", 13, x), "axis", __builtin_ctz(axes));
    return true;
}

bool pass_recognise(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {recognise_layernorm, recognise_groupnorm,  recognise_softmax,
                                       recognise_clip,      recognise_activation, recognise_leaky};
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
