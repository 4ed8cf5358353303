/* fold: nodes of constant inputs, Shape and Size of known shapes, and values without elements become constants.
 * Requires: operators bound (infer). Keeps: what the graph computes; the arithmetic is that of the ref kernels. Shapes
 * that become known on the way are inferred here too, so that a chain of Reshapes takes one sweep instead of one a
 * link. Breaks: nothing. */
#include "ops/eval.h"
#include "passes/rewrite.h"

#include <string.h>

/* A result may be this large, or GROWTH times the inputs: a ConstantOfShape must not fill the flash. */
#define FOLD_MAX_BYTES ((int64_t)16 << 20)
enum { GROWTH = 4 };

static bool is_random(const Node *n)
{
    return !strncmp(n->op_type, "Random", 6) || !strcmp(n->op_type, "Multinomial") || !strcmp(n->op_type, "Bernoulli");
}

/* An Identity that gives a constant to the outside stays: there is nothing simpler. */
static bool is_final(const Node *n)
{
    const Value *y = node_out(n, 0);
    return node_is(n, "Identity") && y && y->is_output;
}

static bool outputs_known(const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i] && !known(n->outputs.items[i]))
            return false;
    return n->outputs.count > 0;
}

static bool size_allowed(const Node *n)
{
    int64_t in = 0, out = 0;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] && __builtin_add_overflow(in, bytes_of(n->inputs.items[i]), &in))
            return false;
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        size_t bytes;
        if (v && (!dtype_bytes(v->type, shape_count(&v->shape), &bytes) ||
                  __builtin_add_overflow(out, (int64_t)bytes, &out)))
            return false;
    }
    return out <= FOLD_MAX_BYTES || out / GROWTH <= in;
}

static bool inputs_const(const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] && !n->inputs.items[i]->is_const)
            return false;
    for (size_t i = 0; i < n->attrs.count; i++)
        if (n->attrs.items[i].kind == ATTR_GRAPH)
            return false;
    return true;
}

static void replace_output(Graph *g, Value *old, const Tensor *t)
{
    graph_replace(g, old, graph_const(g, old->name, t->type, &t->shape, t->data));
}

static bool fold_shape(PassContext *c, Graph *g, Node *n)
{
    int64_t dims[MAX_RANK];
    int count = 0;
    (void)c;
    bool size = node_is(n, "Size");
    if ((!size && !node_is(n, "Shape")) || !node_out(n, 0) || !op_shape_value(n, dims, &count))
        return false;
    Value *k = graph_const_ints(g, node_out(n, 0)->name, dims, count);
    if (size)
        k->shape.rank = 0;
    graph_replace(g, node_out(n, 0), k);
    graph_remove(g, n);
    return true;
}

static bool fold_constant(PassContext *c, Graph *g, Node *n)
{
    const Attr *a = node_attr(n, "value");
    (void)c;
    if (!node_is(n, "Constant") || !a || a->kind != ATTR_TENSOR || !node_out(n, 0))
        return false;
    replace_output(g, node_out(n, 0), &a->tensor);
    graph_remove(g, n);
    return true;
}

static bool fold_node(PassContext *c, Graph *g, Node *n)
{
    OpContext oc = {c->diag, c->scratch};
    /* Until quantise_rest dequantises what is left: an integer kernel wants the integers. */
    if (!n->op || node_is(n, "DequantizeLinear") || !inputs_const(n) || is_random(n) || is_final(n) ||
        !outputs_known(n) || !size_allowed(n))
        return false;
    Tensor *results = NEW_ARRAY(c->scratch, Tensor, n->outputs.count);
    if (!eval_node(&oc, g, n, g->arena, results))
        return false;
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i])
            replace_output(g, n->outputs.items[i], &results[i]);
    graph_remove(g, n);
    return true;
}

/* A value without elements (a cache of length 0) is known, whatever computes it. */
static bool fold_empty(Graph *g, Value *v)
{
    if (!v || v->is_const || v->is_output || !v->users.count || !known(v) || shape_count(&v->shape) != 0)
        return false;
    graph_replace(g, v, graph_const(g, NULL, v->type, &v->shape, NULL));
    return true;
}

static bool fold_empties(Graph *g)
{
    bool any = false;
    for (size_t i = 0; i < g->inputs.count; i++)
        any |= fold_empty(g, g->inputs.items[i]);
    GRAPH_NODES(g, n)
    for (size_t i = 0; i < n->outputs.count; i++)
        any |= fold_empty(g, n->outputs.items[i]);
    return any;
}

bool pass_fold(PassContext *c, Graph *g, bool *changed)
{
    OpContext oc = {c->diag, c->scratch};
    if (fold_empties(g))
        *changed = true;
    GRAPH_NODES(g, n)
    {
        if (n->op && !outputs_known(n) && !op_infer(&oc, g, n))
            return false;
        if (fold_shape(c, g, n) || fold_constant(c, g, n) || fold_node(c, g, n)) {
            *changed = true;
            graph_free_unread(g);
        }
    }
    return true;
}
