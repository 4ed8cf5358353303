/* canonicalise: one spelling of each thing; nodes that change nothing go.
 * Requires: infer. Keeps: what the graph computes, bit for bit (a Clip behind a Relu keeps its NaN, x + 0 may turn -0
 * to 0). Breaks: names of values that go. canonicalise_view.c has the rules about views and Transposes. */
#include "passes/canonicalise.h"

#include <math.h>
#include <string.h>

bool bypass(Graph *g, Node *n, Value *x)
{
    Value *y = node_out(n, 0);
    if (!x || !y || !only_first_output(n))
        return false;
    if (node_is(n, "Identity") && y->is_output && (x->is_input || x->is_const || x->is_output || !graph_owns(g, x)))
        return false; /* the one form in which such a value leaves the graph */
    rw_replace(g, n, x);
    return true;
}

static bool same_type_and_shape(const Value *a, const Value *b)
{
    return known(a) && known(b) && a->type == b->type && shape_equal(&a->shape, &b->shape);
}

static bool drop_identity(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    return node_is(n, "Identity") && bypass(g, n, node_in(n, 0));
}

/* At inference Dropout passes its input on, unless the model asks for training. */
static bool drop_dropout(PassContext *c, Graph *g, Node *n)
{
    const Value *training = node_in(n, 2);
    (void)c;
    if (!node_is(n, "Dropout"))
        return false;
    if (training) {
        Tensor t = value_tensor(training);
        if (!training->is_const || !training->data || shape_count(&training->shape) != 1 || tensor_int(&t, 0))
            return false;
    }
    return bypass(g, n, node_in(n, 0));
}

static bool drop_cast(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "Cast") && !node_is(n, "CastLike"))
        return false;
    const Value *x = node_in(n, 0), *y = node_out(n, 0);
    return x && y && x->type != DT_NONE && x->type == y->type && bypass(g, n, node_in(n, 0));
}

/* Sum, Max, Min, Mean, Concat and the like of one input. */
static bool drop_single(PassContext *c, Graph *g, Node *n)
{
    static const char *const names[] = {"Sum", "Max", "Min", "Mean", "Concat"};
    (void)c;
    if (n->inputs.count != 1)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (node_is(n, names[i]))
            return bypass(g, n, node_in(n, 0));
    return node_is(n, "Split") && n->outputs.count == 1 && same_type_and_shape(node_in(n, 0), node_out(n, 0)) &&
           bypass(g, n, node_in(n, 0));
}

static bool all_ints(const Value *v, int64_t low, int64_t high)
{
    int64_t list[2 * MAX_RANK];
    int count = const_ints(v, list, 2 * MAX_RANK);
    for (int i = 0; i < count; i++)
        if (list[i] < low || list[i] > high)
            return false;
    return count >= 0;
}

/* Pad by nothing; Slice, Expand and Tile to the same shape. The same shape alone is not enough for Slice, which may
 * reverse, and Pad, which may also cut. */
static bool drop_resizing(PassContext *c, Graph *g, Node *n)
{
    int64_t pads[2 * MAX_RANK];
    (void)c;
    if (!node_in(n, 0) || !same_type_and_shape(node_in(n, 0), node_out(n, 0)))
        return false;
    if (node_is(n, "Pad")) {
        int count =
            n->version < 11 ? node_ints(n, "pads", pads, 2 * MAX_RANK) : const_ints(node_in(n, 1), pads, 2 * MAX_RANK);
        if (count < 0 || count > 2 * MAX_RANK)
            return false;
        for (int i = 0; i < count; i++)
            if (pads[i] != 0)
                return false;
    } else if (node_is(n, "Slice")) {
        if (node_in(n, 4) && !all_ints(node_in(n, 4), 1, INT64_MAX))
            return false;
    } else if (!node_is(n, "Expand") && !node_is(n, "Tile")) {
        return false;
    }
    return bypass(g, n, node_in(n, 0));
}

static bool sum_to_add(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    if (!node_is(n, "Sum") || n->inputs.count != 2 || n->version < 8 || !known(node_out(n, 0)))
        return false;
    Node *add = rw_node(g, n, "", "Add", n->name);
    node_add_input(g, add, node_in(n, 0));
    node_add_input(g, add, node_in(n, 1));
    rw_replace(g, n, rw_output(g, add, node_out(n, 0)->type, &node_out(n, 0)->shape));
    return true;
}

/* max(., 0) of what is never negative; a Clip that has no bounds. */
static bool drop_clamp(PassContext *c, Graph *g, Node *n)
{
    static const char *const positive[] = {"Sigmoid", "Softmax", "HardSigmoid", "Abs", "Exp"};
    Value *x, *inner;
    double lo, hi, inner_lo, inner_hi;
    (void)c;
    if (!clamp_of(n, &x, &lo, &hi) || hi != INFINITY)
        return false;
    if (lo == -INFINITY)
        return bypass(g, n, x);
    if (!x->producer || lo > 0)
        return false;
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
        if (node_is(x->producer, positive[i]))
            return bypass(g, n, x);
    return clamp_of(x->producer, &inner, &inner_lo, &inner_hi) && inner_lo >= lo && inner_hi >= inner_lo &&
           bypass(g, n, x);
}

static bool all_equal(const Value *k, float want)
{
    if (!const_f32(k))
        return false;
    const float *data = k->data;
    for (int64_t i = 0, count = shape_count(&k->shape); i < count; i++)
        if (data[i] != want)
            return false;
    return true;
}

/* x + 0, x - 0, x * 1, x / 1, x ** 1 */
static bool drop_neutral(PassContext *c, Graph *g, Node *n)
{
    static const struct {
        const char *name;
        float neutral;
        bool commutes;
    } rows[] = {{"Add", 0, true}, {"Sub", 0, false}, {"Mul", 1, true}, {"Div", 1, false}, {"Pow", 1, false}};
    (void)c;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!node_is(n, rows[i].name) || !known_f32(node_out(n, 0)))
            continue;
        for (size_t x = 0; x < (rows[i].commutes ? 2u : 1u); x++)
            if (node_in(n, x) && same_type_and_shape(node_in(n, x), node_out(n, 0)) &&
                all_equal(node_in(n, 1 - x), rows[i].neutral))
                return bypass(g, n, node_in(n, x));
    }
    return false;
}

bool pass_canonicalise(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {drop_identity,   drop_dropout,   drop_cast,       drop_single,
                                       drop_resizing,   sum_to_add,     drop_clamp,      drop_neutral,
                                       view_to_reshape, merge_reshape,  merge_transpose, transpose_to_reshape,
                                       merge_twins,     shrink_operands};
    if (graph_sweep(g) > 0)
        *changed = true;
    if (!rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed))
        return false;
    if (graph_sweep(g) > 0)
        *changed = true;
    return true;
}
