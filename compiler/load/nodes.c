/* Nodes of a graph or of a function's body, and the names that connect them. */
#include "load/loader.h"

/* Inlining can multiply: ten calls in each of ten functions are 10^10 nodes. */
enum { MAX_NODES = 2000000 };

Value absent_value;

const char *proto_label(Loader *l, const Onnx__NodeProto *n)
{
    const char *domain = plain_domain(n->domain), *op = text_or_empty(n->op_type);
    op = diag_quote(l->wire, *domain ? arena_printf(l->wire, "%s.%s", domain, op) : op);
    int length = (int)strlen(op) - 2; /* without the quotes */
    if (n->name && *n->name)
        return arena_printf(l->wire, "node %s (%.*s)", diag_quote(l->wire, n->name), length, op + 1);
    for (size_t i = 0; i < n->n_output; i++)
        if (*n->output[i])
            return arena_printf(l->wire, "node of output %s (%.*s)", diag_quote(l->wire, n->output[i]), length, op + 1);
    return arena_printf(l->wire, "a node without name (%.*s)", length, op + 1);
}

Value *lookup(const Scope *s, const char *name)
{
    for (; s; s = s->outer)
        if (map_has(s->values, name))
            return map_get(s->values, name);
    return NULL;
}

void declare(Loader *l, Scope *s, const char *name, Value *v, const char *who)
{
    if (map_has(s->values, name))
        diag_error(l->diag,
                   "%s: the name %s is given twice; hint: the model is not valid ONNX (each value has one "
                   "producer)",
                   who, diag_quote(l->wire, name));
    else
        map_set(s->values, name, v);
}

static bool is_constant(const Onnx__NodeProto *n)
{
    return !*plain_domain(n->domain) && strcmp(text_or_empty(n->op_type), "Constant") == 0;
}

/* Names of a function's body are prefixed by its call's. */
static const char *full_name(Loader *l, const Scope *s, const char *name)
{
    if (!s->call || !*name)
        return name;
    return arena_printf(l->wire, "%s/%s", s->call->prefix, name);
}

static void declare_outputs(Loader *l, Scope *s, const Onnx__NodeProto *n)
{
    for (size_t i = 0; i < n->n_output; i++) {
        const char *name = n->output[i];
        if (!*name)
            continue;
        Value *v = s->promised && !map_has(s->values, name) ? map_get(s->promised, name) : NULL;
        if (!v)
            v = graph_value(s->graph, full_name(l, s, name), DT_NONE, NULL);
        declare(l, s, name, v, proto_label(l, n));
    }
}

static int version_of(Loader *l, const Scope *s, const Onnx__NodeProto *n)
{
    const char *domain = plain_domain(n->domain);
    const Map *opsets = s->call ? s->call->opsets : NULL;
    for (const Graph *g = s->graph; !opsets && g; g = g->outer)
        if (!g->outer)
            opsets = g->opsets;
    if (opsets && map_has(opsets, domain))
        return (int)(intptr_t)map_get(opsets, domain);
    if (!map_has(l->missing_opsets, domain))
        diag_error(l->diag,
                   "%s: the model does not say which opset version of domain %s it uses; hint: the model is "
                   "not valid ONNX (opset_import)",
                   proto_label(l, n), *domain ? diag_quote(l->wire, domain) : "'ai.onnx'");
    map_set(l->missing_opsets, domain, (void *)1);
    return 1;
}

static void connect(Loader *l, Scope *s, const Onnx__NodeProto *p, Node *n)
{
    for (size_t i = 0; i < p->n_input; i++) {
        const char *name = p->input[i];
        Value *v = *name ? lookup(s, name) : NULL;
        if (*name && !v)
            diag_error(l->diag,
                       "%s: its input %zu, %s, is not an input or initializer of the graph, and no node "
                       "produces it",
                       proto_label(l, p), i, diag_quote(l->wire, name));
        node_add_input(s->graph, n, v == &absent_value ? NULL : v);
    }
    for (size_t i = 0; i < p->n_output; i++) {
        Value *v = *p->output[i] ? map_get(s->values, p->output[i]) : NULL;
        node_add_output(s->graph, n, v && !v->producer && !v->is_const && !v->is_input ? v : NULL);
    }
}

static void read_attrs(Loader *l, Scope *s, const Onnx__NodeProto *p, Node *n)
{
    Map *seen = map_new(l->wire);
    for (size_t i = 0; i < p->n_attribute; i++) {
        const char *name = text_or_empty(p->attribute[i]->name);
        Attr a;
        bool absent;
        if (!*name || map_has(seen, name)) {
            diag_error(l->diag, "%s: %s", proto_label(l, p),
                       *name ? arena_printf(l->wire, "the attribute %s is given twice", diag_quote(l->wire, name))
                             : "an attribute has no name");
            continue;
        }
        map_set(seen, name, (void *)1);
        if (read_attr(l, s, p, p->attribute[i], &a, &absent) && !absent)
            node_set_attr(s->graph, n, &a);
    }
}

static void become_constant(Loader *l, Scope *s, const Onnx__NodeProto *n)
{
    Tensor t;
    Value *v = n->n_output == 1 && *n->output[0] ? map_get(s->values, n->output[0]) : NULL;
    if (n->n_input || n->n_output != 1) {
        diag_error(l->diag, "%s has %zu inputs and %zu outputs; a Constant has none and one", proto_label(l, n),
                   n->n_input, n->n_output);
        return;
    }
    if (!read_constant(l, s, n, &t) || !v || v->producer || v->is_input || v->is_const)
        return;
    v->type = t.type;
    v->shape = t.shape;
    v->data = t.data;
    v->is_const = true;
}

static void read_node(Loader *l, Scope *s, const Onnx__NodeProto *p)
{
    const Onnx__FunctionProto *f = function_of(l, p);
    if (!p->op_type || !*p->op_type) {
        diag_error(l->diag, "%s has no operator", proto_label(l, p));
        return;
    }
    if (f) {
        inline_call(l, s, p, f);
        return;
    }
    int version = version_of(l, s, p);
    if (is_constant(p)) {
        become_constant(l, s, p);
        return;
    }
    Node *n = graph_node(s->graph, p->domain, p->op_type, full_name(l, s, text_or_empty(p->name)));
    n->version = version;
    connect(l, s, p, n);
    read_attrs(l, s, p, n);
}

void read_nodes(Loader *l, Scope *s, Onnx__NodeProto *const *nodes, size_t count)
{
    if (count > MAX_NODES - l->node_total) {
        if (l->node_total < MAX_NODES)
            diag_error(l->diag, "the model has more than %d nodes, counting those of the functions that it calls",
                       MAX_NODES);
        l->node_total = MAX_NODES; /* report once */
        return;
    }
    l->node_total += count;
    for (size_t i = 0; i < count; i++)
        declare_outputs(l, s, nodes[i]);
    for (size_t i = 0; i < count; i++)
        read_node(l, s, nodes[i]);
}
