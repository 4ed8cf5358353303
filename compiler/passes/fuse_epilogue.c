/* fuse_epilogue: what happens to each element of the result of an adze.Conv or adze.Gemm before it is stored: an Add of
 * a value of the same shape becomes the residual input, Relu and Clip become the bounds lo and hi. Requires: layout;
 * the result is read by that one node only. Keeps: the function; the sum is rounded as before. Order: y = min(max(x*w +
 * bias + residual, lo), hi), so that no Add fuses behind a bound. The fused node stands where the Add stood, since the
 * other operand may be computed after the convolution. */
#include "passes/rewrite.h"

#include <math.h>

static bool is_fusible(const Node *n)
{
    return node_is_adze(n, "Conv") || node_is_adze(n, "Gemm");
}

static bool takes_bounds(const Node *n)
{
    return is_fusible(n) || node_is_adze(n, "ConvTranspose") || node_is_adze(n, "MaxPool") ||
           node_is_adze(n, "AveragePool") || node_is_adze(n, "GroupNormalization");
}

static double clamped(double v, double lo, double hi)
{
    return fmin(fmax(v, lo), hi);
}

static bool fuse_clamp(PassContext *c, Graph *g, Node *n)
{
    Value *x;
    double lo, hi;
    if (!clamp_of(n, &x, &lo, &hi) || !x->producer || !takes_bounds(x->producer) || !single_use(x))
        return false;
    Node *conv = x->producer;
    graph_note(g, "fuse_epilogue", conv, 0, "%s %s bounds its results as they are stored", n->op_type,
               diag_quote(c->scratch, n->name));
    double new_lo = clamped((double)node_float(conv, "lo", -INFINITY), lo, hi);
    double new_hi = clamped((double)node_float(conv, "hi", INFINITY), lo, hi);
    if (new_lo != -INFINITY)
        node_set_float(g, conv, "lo", (float)new_lo);
    if (new_hi != INFINITY)
        node_set_float(g, conv, "hi", (float)new_hi);
    rw_replace(g, n, x);
    return true;
}

/* May the producer of x take the other operand of the Add as its residual? */
static bool takes_residual(const Value *x, const Value *other, const Value *y)
{
    const Node *n = x->producer;
    return n && is_fusible(n) && single_use(x) && !node_in(n, 3) && !node_attr(n, "lo") && !node_attr(n, "hi") &&
           known_f32(x) && known_f32(other) && known_f32(y) && shape_equal(&x->shape, &y->shape) &&
           shape_equal(&other->shape, &y->shape);
}

/* Is a in front of b in the order? Both are in front of `end`. */
static bool is_before(const Node *a, const Node *b, const Node *end)
{
    for (const Node *n = a; n && n != end; n = node_next(n))
        if (n == b)
            return true;
    return false;
}

static bool fuse_residual(PassContext *c, Graph *g, Node *n)
{
    Value *a = node_in(n, 0), *b = node_in(n, 1), *y = node_out(n, 0);
    if (!node_is(n, "Add") || n->inputs.count != 2 || !a || !b || a == b || !y)
        return false;
    bool first = takes_residual(a, b, y), second = takes_residual(b, a, y);
    if (!first && !second)
        return false;
    /* Of two, the later one: the earlier result is complete when it is added. */
    if (first && second && is_before(a->producer, b->producer, n))
        first = false;
    Value *x = first ? a : b;
    Node *old = x->producer, *conv = rw_copy(g, n, old);
    for (size_t i = 0; i < 3; i++)
        node_add_input(g, conv, node_in(old, i));
    node_add_input(g, conv, first ? b : a);
    graph_note(g, "fuse_epilogue", old, 0, "Add %s is added to its results as they are stored",
               diag_quote(c->scratch, n->name));
    rw_replace(g, n, rw_output(g, conv, y->type, &y->shape));
    graph_remove(g, old);
    return true;
}

/* QAdd behind QConv or QGemm: the sum keeps its own rounding (docs/quantised.md). `first`: the product is input 0. */
static bool takes_q_residual(const Node *add, bool first)
{
    const Value *x = node_in(add, first ? 0 : 1), *other = node_in(add, first ? 1 : 0), *y = node_out(add, 0);
    const Node *n = x ? x->producer : NULL;
    return n && other && y && x != other && (node_is_adze(n, "QConv") || node_is_adze(n, "QGemm")) && single_use(x) &&
           !node_in(n, 4) && known(x) && known(other) && shape_equal(&x->shape, &y->shape) &&
           shape_equal(&other->shape, &y->shape) &&
           node_int(add, first ? "a_zero_point" : "b_zero_point", 0) == node_int(n, "y_zero_point", 0);
}

static void move_int(Graph *g, Node *to, const char *name, const Node *from, const char *old, int64_t otherwise)
{
    int64_t v = node_int(from, old, otherwise);
    if (v != otherwise)
        node_set_int(g, to, name, v);
    else
        node_remove_attr(g, to, name);
}

static bool fuse_q_residual(PassContext *c, Graph *g, Node *n)
{
    if (!node_is_adze(n, "QAdd"))
        return false;
    bool first = takes_q_residual(n, true), second = takes_q_residual(n, false);
    if (!first && !second)
        return false;
    if (first && second && is_before(node_in(n, 0)->producer, node_in(n, 1)->producer, n))
        first = false;
    Node *old = node_in(n, first ? 0 : 1)->producer, *q = rw_copy(g, n, old);
    const Value *y = node_out(n, 0);
    for (size_t i = 0; i < 4; i++)
        node_add_input(g, q, node_in(old, i));
    node_add_input(g, q, node_in(n, first ? 1 : 0));
    move_int(g, q, "q_lo", old, "lo", INT8_MIN);
    move_int(g, q, "q_hi", old, "hi", INT8_MAX);
    move_int(g, q, "lo", n, "lo", INT8_MIN);
    move_int(g, q, "hi", n, "hi", INT8_MAX);
    move_int(g, q, "r_zero_point", n, first ? "b_zero_point" : "a_zero_point", 0);
    move_int(g, q, "add_zero_point", n, "y_zero_point", 0);
    node_set_int(g, q, "q_multiplier", node_int(n, first ? "a_multiplier" : "b_multiplier", 0));
    node_set_int(g, q, "r_multiplier", node_int(n, first ? "b_multiplier" : "a_multiplier", 0));
    node_set_int(g, q, "add_shift", node_int(n, "shift", 1));
    graph_note(g, "fuse_epilogue", old, 0, "QAdd %s is added to its results as they are stored",
               diag_quote(c->scratch, n->name));
    rw_replace(g, n, rw_output(g, q, y->type, &y->shape));
    graph_remove(g, old);
    return true;
}

bool pass_fuse_epilogue(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_residual, fuse_q_residual, fuse_clamp};
    return rewrite_all(c, g, rules, 3, changed);
}
