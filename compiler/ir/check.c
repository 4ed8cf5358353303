#include "ir/graph.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* One use: which value by which node; the uses found in the nodes and those in Value.users must be the same. */
typedef struct {
    int value, node;
} Use;

typedef ARRAY(Use) UseList;

typedef struct {
    Diag *diag;
    Arena *scratch;
    const char *after;
    const Graph *graph;
    bool *defined;     /* by Value.id: an input, a constant or made by a node already seen */
    const Node **node; /* by Node.id */
    UseList uses;      /* as the nodes say */
    bool good;
} Check;

static void fault(Check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void fault(Check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(c->scratch, format, args);
    va_end(args);
    c->good = diag_error(c->diag, "after pass %s: %s", c->after, text);
}

static const char *value_label(Check *c, const Value *v)
{
    if (!v->name || !*v->name)
        return arena_printf(c->scratch, "value #%d", v->id);
    return arena_printf(c->scratch, "value %s", diag_quote(c->scratch, v->name));
}

static const char *label(Check *c, const Node *n)
{
    return node_label(c->scratch, n);
}

static void check_const(Check *c, const Value *v)
{
    size_t bytes;
    int64_t count = shape_count(&v->shape);
    if (v->type == DT_NONE || count < 0)
        fault(c, "constant %s has no known type and shape", value_label(c, v));
    else if (!dtype_bytes(v->type, count, &bytes))
        fault(c, "constant %s is larger than memory", value_label(c, v));
    else if (count > 0 && !v->data && v->users.count) /* unread ones may be freed */
        fault(c, "constant %s has no data", value_label(c, v));
    if (v->producer || v->is_input || v->is_output)
        fault(c, "constant %s is also a graph's input, output or a node's output", value_label(c, v));
}

static bool shape_in_bounds(const Shape *s)
{
    if (s->rank < -1 || s->rank > MAX_RANK)
        return false;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] < -1)
            return false;
    return true;
}

static void check_value(Check *c, const Value *v, int id)
{
    if (v->id != id)
        fault(c, "%s has the id %d at the place %d", value_label(c, v), v->id, id);
    if (!v->name)
        fault(c, "%s has no name, not even an empty one", value_label(c, v));
    if (v->type < DT_NONE || v->type >= DT_COUNT)
        fault(c, "%s has the unknown type %d", value_label(c, v), (int)v->type);
    if (!shape_in_bounds(&v->shape)) {
        fault(c, "%s has a rank or a dimension out of bounds", value_label(c, v));
        return;
    }
    if (v->is_const)
        check_const(c, v);
    else if (v->data)
        fault(c, "%s has data but is no constant", value_label(c, v));
    if (v->is_input && (v->producer || v->is_output))
        fault(c, "input %s is also an output, of the graph or of a node", value_label(c, v));
}

/* The graph's inputs or outputs: marked, of this graph, each once. */
static void check_ends(Check *c, Value *const *items, size_t count, bool is_output)
{
    const char *kind = is_output ? "output" : "input";
    bool *seen = NEW_ARRAY(c->scratch, bool, c->graph->values.count);
    for (size_t i = 0; i < count; i++) {
        const Value *v = items[i];
        if (!v || !graph_owns(c->graph, v)) {
            fault(c, "%s %zu of the graph is not a value of the graph", kind, i);
            continue;
        }
        if (seen[v->id])
            fault(c, "%s is an %s of the graph twice", value_label(c, v), kind);
        seen[v->id] = true;
        if (!(is_output ? v->is_output : v->is_input))
            fault(c, "%s %s of the graph is not marked as such", kind, value_label(c, v));
        if (is_output && !v->producer)
            fault(c, "output %s of the graph is made by no node", value_label(c, v));
    }
    for (size_t i = 0; i < c->graph->values.count; i++) {
        const Value *v = c->graph->values.items[i];
        if ((is_output ? v->is_output : v->is_input) && !seen[i])
            fault(c, "%s is marked as %s but not among the graph's %ss", value_label(c, v), kind, kind);
    }
}

static bool owned_outside(const Graph *g, const Value *v)
{
    for (g = g->outer; g; g = g->outer)
        if (graph_owns(g, v))
            return true;
    return false;
}

static void check_use(Check *c, const Node *n, const Value *v, const char *where)
{
    Use use = {v->id, n->id};
    array_push(c->scratch, &c->uses, use);
    if (c->defined[v->id])
        return;
    if (v->producer)
        fault(c, "%s reads %s%s before %s makes it", label(c, n), value_label(c, v), where, label(c, v->producer));
    else
        fault(c, "%s reads %s%s, which nothing makes", label(c, n), value_label(c, v), where);
}

/* What the subgraphs of n read from the checked graph. Deeper graphs are looked into as well. */
static void check_captures(Check *c, const Node *n, const Graph *sub)
{
    GRAPH_NODES(sub, m)
    {
        for (size_t i = 0; i < m->inputs.count; i++) {
            const Value *v = m->inputs.items[i];
            if (v && graph_owns(c->graph, v))
                check_use(c, n, v, " in a subgraph");
        }
        for (size_t i = 0; i < m->attrs.count; i++)
            if (m->attrs.items[i].kind == ATTR_GRAPH && m->attrs.items[i].graph)
                check_captures(c, n, m->attrs.items[i].graph);
    }
}

static void check_inputs(Check *c, const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        if (v && graph_owns(c->graph, v))
            check_use(c, n, v, "");
        else if (v && !owned_outside(c->graph, v))
            fault(c, "%s: input %zu is a value of another graph", label(c, n), i);
    }
}

static void check_outputs(Check *c, const Node *n)
{
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        if (!v)
            continue;
        if (!graph_owns(c->graph, v)) {
            fault(c, "%s: output %zu is a value of another graph", label(c, n), i);
            continue;
        }
        if (v->producer != n)
            fault(c, "%s: output %s does not name it as its producer", label(c, n), value_label(c, v));
        if (c->defined[v->id])
            fault(c, "%s: output %s is made twice", label(c, n), value_label(c, v));
        c->defined[v->id] = true;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool attr_is_whole(const Attr *a)
{
    switch (a->kind) {
    case ATTR_STRING:
        return a->s != NULL;
    case ATTR_INTS:
        return !a->count || a->ints;
    case ATTR_FLOATS:
        return !a->count || a->floats;
    case ATTR_STRINGS:
        return !a->count || a->strings;
    case ATTR_TENSOR:
        return shape_in_bounds(&a->tensor.shape) && shape_known(&a->tensor.shape) && a->tensor.type != DT_NONE &&
               (a->tensor.data || shape_count(&a->tensor.shape) == 0);
    case ATTR_GRAPH:
        return a->graph != NULL;
    default:
        return a->kind == ATTR_INT || a->kind == ATTR_FLOAT;
    }
}

static void check_attrs(Check *c, const Node *n)
{
    const char **names = NEW_ARRAY(c->scratch, const char *, n->attrs.count);
    for (size_t i = 0; i < n->attrs.count; i++) {
        const Attr *a = &n->attrs.items[i];
        names[i] = a->name ? a->name : "";
        if (!*names[i])
            fault(c, "%s: attribute %zu has no name", label(c, n), i);
        if (!attr_is_whole(a)) {
            fault(c, "%s: attribute %s has no value", label(c, n), diag_quote(c->scratch, names[i]));
        } else if (a->kind == ATTR_GRAPH) {
            if (a->graph->outer != c->graph || a->graph->owner != n)
                fault(c, "%s: the subgraph %s does not name it as its owner", label(c, n),
                      diag_quote(c->scratch, names[i]));
            check_captures(c, n, a->graph);
        }
    }
    qsort(names, n->attrs.count, sizeof *names, compare_names);
    for (size_t i = 1; i < n->attrs.count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            fault(c, "%s: the attribute %s stands twice", label(c, n), diag_quote(c->scratch, names[i]));
}

static bool check_node(Check *c, const Node *n)
{
    if (n->dead)
        fault(c, "%s is removed but in the list", label(c, n));
    if (!*n->op_type)
        fault(c, "%s has no operator", label(c, n));
    if (n->id < 0 || n->id >= c->graph->node_ids || c->node[n->id]) {
        fault(c, "%s has the id %d, which is not its own", label(c, n), n->id);
        return false;
    }
    c->node[n->id] = n;
    check_inputs(c, n);
    check_attrs(c, n);
    check_outputs(c, n);
    return true;
}

static void check_nodes(Check *c)
{
    const Graph *g = c->graph;
    const Node *prev = NULL;
    size_t count = 0;
    for (const Node *n = g->first; n; prev = n, n = n->next) {
        if (n->prev != prev)
            fault(c, "%s is not linked to the node before it", label(c, n));
        count++;
        if (!check_node(c, n)) /* the list may be a ring */
            return;
    }
    if (g->last != prev)
        fault(c, "the list of nodes does not end at its last node");
    if (g->node_count != count)
        fault(c, "the graph counts %zu nodes but has %zu", g->node_count, count);
}

/* Whether each producer that a value names was found making it. */
static void check_producers(Check *c)
{
    for (size_t i = 0; i < c->graph->values.count; i++) {
        const Value *v = c->graph->values.items[i];
        if (v->producer && !c->defined[i])
            fault(c, "%s names as its producer a node that does not make it", value_label(c, v));
    }
}

static int compare_uses(const void *a, const void *b)
{
    const Use *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

/* Value.users against the uses that the nodes showed. */
static void check_users(Check *c)
{
    const Graph *g = c->graph;
    UseList said = {0};
    for (size_t i = 0; i < g->values.count; i++) {
        const Value *v = g->values.items[i];
        for (size_t k = 0; k < v->users.count; k++) {
            const Node *n = v->users.items[k];
            if (n && n->id >= 0 && n->id < g->node_ids && c->node[n->id] == n) {
                Use use = {(int)i, n->id};
                array_push(c->scratch, &said, use);
            } else {
                fault(c, "%s has a user that is not a node of the graph", value_label(c, v));
            }
        }
    }
    if (said.count)
        qsort(said.items, said.count, sizeof(Use), compare_uses);
    if (c->uses.count)
        qsort(c->uses.items, c->uses.count, sizeof(Use), compare_uses);
    for (size_t i = 0, k = 0; i < said.count || k < c->uses.count;) {
        int order = i == said.count ? 1 : k == c->uses.count ? -1 : compare_uses(&said.items[i], &c->uses.items[k]);
        const Use *use = order > 0 ? &c->uses.items[k] : &said.items[i];
        if (order)
            fault(c, "%s %s %s among its users", value_label(c, g->values.items[use->value]),
                  order > 0 ? "lacks" : "wrongly has", label(c, c->node[use->node]));
        i += order <= 0;
        k += order >= 0;
    }
}

static bool check_subgraphs(const Graph *g, Diag *d, const char *after)
{
    bool good = true;
    GRAPH_NODES(g, n)
    {
        for (size_t i = 0; i < n->attrs.count; i++)
            if (n->attrs.items[i].kind == ATTR_GRAPH)
                good &= graph_check(n->attrs.items[i].graph, d, after);
    }
    return good;
}

bool graph_check(const Graph *g, Diag *d, const char *after)
{
    Arena *scratch = arena_new();
    Check c = {.diag = d, .scratch = scratch, .after = after, .graph = g, .good = true};
    c.defined = NEW_ARRAY(scratch, bool, g->values.count);
    c.node = NEW_ARRAY(scratch, const Node *, g->node_ids);
    bool dense = true;
    for (size_t i = 0; i < g->values.count; i++) {
        const Value *v = g->values.items[i];
        check_value(&c, v, (int)i);
        dense &= v->id == (int)i;
        c.defined[i] = v->is_const || v->is_input;
    }
    if (dense) { /* else ids lead nowhere */
        check_ends(&c, g->inputs.items, g->inputs.count, false);
        check_ends(&c, g->outputs.items, g->outputs.count, true);
        if (!g->outputs.count)
            fault(&c, "the graph has no output");
        check_nodes(&c);
        check_producers(&c);
    }
    if (c.good) /* the comparison relies on all ids */
        check_users(&c);
    if (c.good)
        c.good = check_subgraphs(g, d, after);
    arena_free(scratch);
    return c.good;
}
