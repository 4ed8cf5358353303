/* GraphProto to Graph: initializers, inputs, nodes, outputs, order. */
#include "load/loader.h"

bool read_opsets(Loader *l, Onnx__OperatorSetIdProto *const *imports, size_t count, Map *out)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const char *domain = plain_domain(imports[i]->domain);
        const char *shown = *domain ? diag_quote(l->wire, domain) : "'ai.onnx'";
        int64_t version = imports[i]->version;
        if (version < 1 || version > INT32_MAX)
            good = diag_error(l->diag, "opset version %lld of domain %s", (long long)version, shown);
        else if (map_has(out, domain) && (intptr_t)map_get(out, domain) != version)
            good = diag_error(l->diag, "two opset versions of domain %s: %d and %lld", shown,
                              (int)(intptr_t)map_get(out, domain), (long long)version);
        else
            map_set(out, domain, (void *)(intptr_t)version);
    }
    return good;
}

static void add_initializer(Loader *l, Scope *s, const char *name, const Tensor *t, const char *who)
{
    if (!*name)
        diag_error(l->diag, "an initializer has no name");
    else
        declare(l, s, name, graph_const(s->graph, name, t->type, &t->shape, t->data), who);
}

static void read_initializers(Loader *l, Scope *s, const Onnx__GraphProto *g)
{
    Tensor t;
    for (size_t i = 0; i < g->n_initializer; i++) {
        const char *name = text_or_empty(g->initializer[i]->name);
        const char *who = arena_printf(l->wire, "initializer %s", diag_quote(l->wire, name));
        read_tensor(l, g->initializer[i], who, &t);
        add_initializer(l, s, name, &t, who);
    }
    for (size_t i = 0; i < g->n_sparse_initializer; i++) {
        const Onnx__TensorProto *values = g->sparse_initializer[i]->values;
        const char *name = values ? text_or_empty(values->name) : "";
        const char *who = arena_printf(l->wire, "initializer %s", diag_quote(l->wire, name));
        read_sparse(l, g->sparse_initializer[i], who, &t);
        add_initializer(l, s, name, &t, who);
    }
}

/* Until ir_version 4, initializers had to be inputs as well: these are no inputs. */
static void read_inputs(Loader *l, Scope *s, const Onnx__GraphProto *g, bool is_main)
{
    Map *initializers = map_new(l->wire);
    for (size_t i = 0; i < s->values->entries.count; i++)
        map_set(initializers, s->values->entries.items[i].key, (void *)1);
    for (size_t i = 0; i < g->n_input; i++)
        if (!map_has(initializers, text_or_empty(g->input[i]->name)))
            read_input(l, s, g->input[i], is_main);
    if (is_main)
        load_fix_inputs(l->diag, s->graph, l->options);
}

/* Half precision is told by nothing else (passes/widen.c); what the file says about other computed values is not used.
 */
static void declare_half(Value *v, const Onnx__ValueInfoProto *info)
{
    const Onnx__TypeProto *t = info->type;
    DType type = t && t->tensor_type ? dtype_from_onnx(t->tensor_type->elem_type) : DT_NONE;
    if (v->type == DT_NONE && (type == DT_F16 || type == DT_BF16))
        v->type = type;
}

static void read_outputs(Loader *l, Scope *s, const Onnx__GraphProto *g, bool is_main)
{
    if (g->n_output == 0)
        diag_error(l->diag, "%s has no outputs, so there is nothing to compute",
                   is_main ? "the graph"
                           : arena_printf(l->wire, "the subgraph %s", diag_quote(l->wire, s->graph->name)));
    for (size_t i = 0; i < g->n_output; i++) {
        const char *name = text_or_empty(g->output[i]->name);
        Value *v = *name ? lookup(s, name) : NULL;
        if (!*name)
            diag_error(l->diag, "an output has no name");
        else if (!v || v == &absent_value)
            diag_error(l->diag, "output %s is not an input or initializer of the graph, and no node produces it",
                       diag_quote(l->wire, name));
        else {
            declare_half(v, g->output[i]);
            graph_output(s->graph, v);
        }
    }
}

typedef struct {
    int *open;      /* by Node.id: uses of results that are not there yet */
    Node **waiting; /* by Node.id: a node that never gets ready and is needed here */
    Node **queue;
    size_t ready;
} Order;

typedef void EdgeFn(Order *o, Node *from, Node *to);

static void each_edge(Order *o, Node *from, EdgeFn *f)
{
    for (size_t i = 0; i < from->outputs.count; i++) {
        const Value *v = from->outputs.items[i];
        for (size_t k = 0; v && v->producer == from && k < v->users.count; k++)
            f(o, from, v->users.items[k]);
    }
}

static void count_edge(Order *o, Node *from, Node *to)
{
    (void)from;
    o->open[to->id]++;
}

static void finish_edge(Order *o, Node *from, Node *to)
{
    (void)from;
    if (--o->open[to->id] == 0)
        o->queue[o->ready++] = to;
}

static void note_edge(Order *o, Node *from, Node *to)
{
    if (o->open[from->id] > 0)
        o->waiting[to->id] = from;
}

/* What remains when all that can run has run has a predecessor that remains: going back from one to the next ends in a
 * cycle. */
static const Node *node_on_cycle(Loader *l, const Graph *g)
{
    size_t ids = (size_t)g->node_ids;
    Order o = {NEW_ARRAY(l->wire, int, ids), NEW_ARRAY(l->wire, Node *, ids), NEW_ARRAY(l->wire, Node *, ids), 0};
    GRAPH_NODES(g, n)
    each_edge(&o, n, count_edge);
    GRAPH_NODES(g, n)
    if (o.open[n->id] == 0)
        o.queue[o.ready++] = n;
    for (size_t i = 0; i < o.ready; i++)
        each_edge(&o, o.queue[i], finish_edge);
    GRAPH_NODES(g, n)
    each_edge(&o, n, note_edge);
    const Node *at = g->first;
    while (at && o.open[at->id] == 0)
        at = node_next(at);
    for (size_t i = 0; at && i < ids; i++)
        at = o.waiting[at->id];
    return at;
}

void read_graph_into(Loader *l, Scope *s, const Onnx__GraphProto *g, bool is_main)
{
    read_initializers(l, s, g);
    read_inputs(l, s, g, is_main);
    if (is_main && l->diag->error_count > l->errors_before) /* else every node would be said to miss its inputs */
        return;
    read_nodes(l, s, g->node, g->n_node);
    read_outputs(l, s, g, is_main);
    if (l->diag->error_count > l->errors_before || graph_sort(s->graph))
        return;
    const Node *n = node_on_cycle(l, s->graph);
    diag_error(l->diag, "%s needs its own result: the graph has a cycle; hint: the model is not valid ONNX",
               n ? node_label(l->wire, n) : "a node");
}

Graph *read_subgraph(Loader *l, Scope *outer, const Onnx__GraphProto *g)
{
    size_t errors = l->diag->error_count;
    Graph *inner = graph_new_inner(outer->graph, text_or_empty(g->name));
    Scope s = {.outer = outer, .graph = inner, .values = map_new(l->wire), .call = outer->call};
    read_graph_into(l, &s, g, false);
    return l->diag->error_count == errors ? inner : NULL;
}
