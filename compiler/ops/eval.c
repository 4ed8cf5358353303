/* Constant folding and the tests' evaluator: lower, then run with the ref kernels. */
#include "ops/eval.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of all outputs; false when one is not known or the sum is above EVAL_MAX_BYTES. */
static bool output_bytes(Value *const *outputs, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes;
        if (!outputs[i])
            continue;
        if (!dtype_bytes(outputs[i]->type, shape_count(&outputs[i]->shape), &bytes) || bytes > EVAL_MAX_BYTES - sum)
            return false;
        sum += bytes;
    }
    return true;
}

static bool can_fold(const Node *n)
{
    if (!n->op || !n->op->lower || !output_bytes(n->outputs.items, n->outputs.count))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] && !n->inputs.items[i]->is_const)
            return false;
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i] && n->outputs.items[i]->type == DT_STRING)
            return false;
    return n->outputs.count > 0;
}

/* A graph of this node alone, so that lowering's temporaries do not end up in the model's graph. */
static Graph *graph_of_node(Arena *a, const Graph *g, const Node *n)
{
    Graph *alone = graph_new(a, g->name);
    alone->opsets = g->opsets;
    Node *copy = graph_node(alone, n->domain, n->op_type, n->name);
    copy->version = n->version;
    copy->op = n->op;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        node_add_input(alone, copy, v ? graph_const(alone, v->name, v->type, &v->shape, v->data) : NULL);
    }
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        Value *out = v ? graph_value(alone, v->name, v->type, &v->shape) : NULL;
        node_add_output(alone, copy, out);
        if (out)
            graph_output(alone, out);
    }
    for (size_t i = 0; i < n->attrs.count; i++)
        node_set_attr(alone, copy, &n->attrs.items[i]);
    return alone;
}

static bool lower_nodes(OpContext *c, Plan *p)
{
    GRAPH_NODES(p->graph, n)
    {
        p->lowering = n;
        if (!op_lower(c, p, n))
            return false;
    }
    return true;
}

bool eval_node(OpContext *c, Graph *g, Node *n, Arena *keep, Tensor *outputs)
{
    (void)c;
    memset(outputs, 0, n->outputs.count * sizeof *outputs);
    if (!can_fold(n))
        return false;
    Arena *a = arena_new();
    OpContext quiet = {.diag = diag_new(a), .scratch = a};
    Plan p = {.arena = a, .graph = graph_of_node(a, g, n)};
    void **out = NEW_ARRAY(a, void *, n->outputs.count);
    size_t living = 0;
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        size_t bytes;
        if (!v || !dtype_bytes(v->type, shape_count(&v->shape), &bytes))
            continue;
        out[living] = arena_alloc(keep, bytes);
        outputs[i] = (Tensor){v->type, v->shape, out[living++]};
    }
    const void *none[1] = {0};
    bool ok = lower_nodes(&quiet, &p) && plan_run(&p, quiet.diag, none, out, true) && quiet.diag->error_count == 0;
    arena_free(a);
    return ok;
}

bool eval_graph(OpContext *c, Graph *g, const void *const *in, void *const *out)
{
    if (!output_bytes(g->outputs.items, g->outputs.count))
        return diag_error(c->diag, "the graph's outputs have no known shape, or more than %zu MiB",
                          EVAL_MAX_BYTES >> 20);
    Arena *a = arena_new();
    OpContext inside = {.diag = c->diag, .scratch = a};
    Plan p = {.arena = a, .graph = graph_clone(a, g)};
    bool ok = lower_nodes(&inside, &p) && plan_run(&p, c->diag, in, out, true);
    arena_free(a);
    return ok;
}
