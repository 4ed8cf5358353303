/* The model as it is, each node judged by itself. The compiler stops at the first stage that fails, since what follows
 * would fail for that reason alone; here a node that fails is cut out and its results become inputs of unknown shape,
 * so that the others are judged as far as their inputs are known. */
#include "commands/inspect.h"
#include "passes/passes.h"

#include <inttypes.h>
#include <string.h>

enum { ROUNDS = 100 };

/* ---- What is in it ---- */

static void count_operator(ModelFacts *f, const Node *n, bool inner)
{
    bool plain = !n->domain[0] || strcmp(n->domain, "ai.onnx") == 0;
    const char *name = plain ? n->op_type : arena_printf(f->arena, "%s.%s", n->domain, n->op_type);
    OperatorFact *o = NULL;
    for (size_t i = 0; i < f->operators.count && !o; i++)
        if (strcmp(f->operators.items[i].name, name) == 0)
            o = &f->operators.items[i];
    if (!o) {
        OperatorFact fresh = {.name = name, .supported = operator_find(n->domain, n->op_type, n->version) != NULL};
        array_push(f->arena, &f->operators, fresh);
        o = &f->operators.items[f->operators.count - 1];
    }
    o->count++;
    o->in_subgraphs += inner;
}

static void count_graph(ModelFacts *f, const Graph *g, bool inner)
{
    GRAPH_NODES(g, n)
    {
        count_operator(f, n, inner);
        for (size_t i = 0; i < n->attrs.count; i++)
            if (n->attrs.items[i].kind == ATTR_GRAPH)
                count_graph(f, n->attrs.items[i].graph, true);
    }
    for (size_t i = 0; i < g->values.count; i++) {
        const Value *v = g->values.items[i];
        size_t bytes;
        if (!v->is_const || !v->users.count || !dtype_bytes(v->type, shape_count(&v->shape), &bytes))
            continue;
        f->bytes_of_type[v->type] += bytes;
        f->weight_bytes += bytes;
        f->parameters += shape_count(&v->shape);
    }
}

static void open_input(ModelFacts *f, Value *v)
{
    char text[SHAPE_TEXT_BYTES];
    const char *name = diag_quote(f->arena, v->name), *dims = "", *shape = "";
    if (v->shape.rank < 0) {
        array_push(f->arena, &f->open,
                   arena_printf(f->arena,
                                "input %s has no shape in the model; hint: give it with --shape %s=1,3,224,224", name,
                                name));
        return;
    }
    const char *found = arena_strdup(f->arena, shape_text(&v->shape, text, sizeof text));
    for (int i = 0; i < v->shape.rank; i++) {
        if (v->shape.dim[i] < 0) {
            v->shape.dim[i] = 1;
            if (v->dim[i] && *v->dim[i])
                dims = arena_printf(f->arena, "%s or --dim %s=1", dims, diag_quote(f->arena, v->dim[i]));
            v->dim[i] = NULL;
        }
        shape = arena_printf(f->arena, "%s%s%" PRId64, shape, i ? "," : "", v->shape.dim[i]);
    }
    array_push(
        f->arena, &f->open,
        arena_printf(f->arena,
                     "input %s has the shape %s, which leaves dimensions open; what follows holds for [%s]; hint: fix "
                     "them, as with --shape %s=%s%s",
                     name, found, shape, name, shape, dims));
}

void facts_count(ModelFacts *f, Graph *g)
{
    count_graph(f, g, false);
    for (size_t i = 0; i < g->inputs.count; i++)
        if (!shape_known(&g->inputs.items[i]->shape))
            open_input(f, g->inputs.items[i]);
    Diag *d = diag_new(f->arena);
    for (size_t i = 0; i < f->open.count; i++)
        diag_error(d, "%s", f->open.items[i]);
    problems_add(f, map_new(f->arena), d, NULL);
}

/* ---- Would it compile? ---- */

typedef struct {
    ModelFacts *facts;
    Graph *graph;
    Map *labels;
    Arena *scratch;
    bool *failed;    /* by Node.id of the copy */
    bool *unknown;   /* by Node.id: what it computes depends on a node that was cut */
    int model_nodes; /* ids below are nodes of the model; above, Identities in front of outputs that cut() left */
} Judge;

static bool value_known(const Value *v)
{
    return v->type != DT_NONE && shape_known(&v->shape);
}

static bool inputs_known(const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] && !value_known(n->inputs.items[i]))
            return false;
    return true;
}

/* The node goes; what it computed comes from outside now, and nothing is known about it. */
static void cut(Judge *j, Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *old = n->outputs.items[i];
        if (old && (old->users.count || old->is_output))
            graph_replace(j->graph, old, graph_input(j->graph, old->name, DT_NONE, NULL));
    }
    graph_remove(j->graph, n);
}

static void check_operators(Judge *j)
{
    Diag *d = diag_new(j->scratch);
    ops_bind(j->graph);
    ops_check(j->graph, d);
    problems_add(j->facts, j->labels, d, j->failed);
    GRAPH_NODES(j->graph, n)
    if (j->failed[n->id])
        cut(j, n);
}

static void infer_all(Judge *j)
{
    GRAPH_NODES(j->graph, n)
    {
        Diag *d = diag_new(j->scratch);
        OpContext c = {d, j->scratch};
        bool known = inputs_known(n);
        if (op_infer(&c, j->graph, n))
            continue;
        if (known) /* else it is the unknown input that it complains about */
            problems_add(j->facts, node_labels(j->scratch, j->graph), d, NULL);
        else
            j->facts->not_judged++;
        j->facts->nodes_with_errors += known;
        cut(j, n);
    }
}

static bool has_branches(const Graph *g)
{
    GRAPH_NODES(g, n)
    if (node_is(n, "If"))
        return true;
    return false;
}

/* Inputs that have a value, and then the branches that are taken: what stands in the others is not judged. */
static void fix_and_branch(Judge *j, const char *const *input_values)
{
    PassContext pc = {.diag = diag_new(j->scratch), .scratch = arena_new(), .input_values = input_values};
    OpContext oc = {pc.diag, j->scratch};
    bool changed = false, found = has_branches(j->graph);
    pass_find("fix_inputs")->run(&pc, j->graph, &changed);
    for (int round = 0; found && round < ROUNDS; round++) {
        ops_bind(j->graph);
        GRAPH_NODES(j->graph, n)
        op_infer(&oc, j->graph, n);
        found = false;
        if (!pass_find("fold")->run(&pc, j->graph, &changed) || !pass_find("branches")->run(&pc, j->graph, &found))
            break;
        arena_reset(pc.scratch);
    }
    arena_free(pc.scratch);
}

/* The first passes, which find shapes, to their fixed point. */
static void find_shapes(Judge *j)
{
    PassContext pc = {.diag = diag_new(j->scratch), .scratch = arena_new()};
    bool changed = false;
    pass_find("widen")->run(&pc, j->graph, &changed);
    for (int round = 0; round < ROUNDS; round++) {
        changed = false;
        infer_all(j);
        bool ok = pass_find("fold")->run(&pc, j->graph, &changed);
        arena_reset(pc.scratch);
        if (!ok || !changed)
            break;
    }
    infer_all(j);
    arena_free(pc.scratch);
}

/* A step that no kernel serves. Sets and features of targets only choose among those that serve. */
static void check_kernels(const Plan *p, size_t from, const Node *n, Diag *d, Arena *a)
{
    for (size_t i = from; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        if (!kernel_ref(s))
            diag_error(d, "%s: no kernel for %s%s%s on %s; hint: docs/operators.md lists the types that are supported",
                       node_label(a, n), kind_name(s->kind), s->function ? " " : "", s->function ? s->function : "",
                       s->in_count && s->in[0] ? dtype_name(s->in[0]->type) : "?");
    }
}

static const Value *unknown_output(const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++)
        if (n->outputs.items[i] && !value_known(n->outputs.items[i]))
            return n->outputs.items[i];
    return NULL;
}

/* Does it need results of unknown shape, if only as values (a Range up to the length of something unknown)? */
static bool depends_on_unknown(Judge *j, const Node *n)
{
    bool unknown = false;
    for (size_t i = 0; i < n->inputs.count && !unknown; i++) {
        const Value *v = n->inputs.items[i];
        if (v && graph_owns(j->graph, v))
            unknown = v->producer ? j->unknown[v->producer->id] : !v->is_const && !value_known(v);
    }
    return j->unknown[n->id] = unknown;
}

static void judge_node(Judge *j, Plan *p, Node *n)
{
    Diag *d = diag_new(j->scratch);
    OpContext c = {d, j->scratch};
    NodeFact fact = {n, node_out(n, 0), -1};
    size_t from = p->steps.count;
    bool unknown = depends_on_unknown(j, n);
    if (!inputs_known(n) || (unknown && unknown_output(n))) {
        j->facts->not_judged++;
    } else if (unknown_output(n)) {
        node_unknown_output(&c, n, unknown_output(n));
    } else if (!n->op || !n->op->lower) {
        fact.macs = 0; /* passes rewrite it, or the compiler will say so */
    } else if (op_lower(&c, p, n)) {
        check_kernels(p, from, n, d, j->scratch);
        fact.macs = 0;
        for (size_t i = from; i < p->steps.count; i++)
            fact.macs += p->steps.items[i]->macs;
        j->facts->macs += fact.macs;
    }
    array_push(j->facts->arena, &j->facts->nodes, fact);
    problems_add(j->facts, j->labels, d, NULL);
    j->facts->nodes_with_errors += d->error_count > 0;
}

void facts_judge(ModelFacts *f, const Graph *g, const char *const *input_values)
{
    Judge j = {.facts = f, .graph = graph_clone(f->arena, g), .scratch = arena_new()};
    f->graph = j.graph;
    fix_and_branch(&j, input_values);
    j.labels = node_labels(j.scratch, j.graph);
    j.model_nodes = j.graph->node_ids;
    j.failed = NEW_ARRAY(j.scratch, bool, (size_t)j.graph->node_ids + 1);
    check_operators(&j);
    find_shapes(&j);
    j.labels = node_labels(j.scratch, j.graph);
    j.unknown = NEW_ARRAY(j.scratch, bool, (size_t)j.graph->node_ids + 1);
    Plan *p = NEW(f->arena, Plan);
    p->arena = f->arena;
    p->graph = j.graph;
    GRAPH_NODES(j.graph, n)
    if (n->id < j.model_nodes)
        judge_node(&j, p, n);
    arena_free(j.scratch);
}
