/* The table of operators, and the checks that all of them share. */
#include "ops/family.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const Operator operators[] = {
#define OP(domain, name, since, min_in, max_in, min_out, max_out, attributes, types, infer, lower, tolerance)          \
    {domain, #name, since, min_in, max_in, min_out, max_out, attributes, types, infer, lower, tolerance},
#include "ops/ops.def"
#undef OP
};
const size_t operator_count = sizeof operators / sizeof *operators;

const Operator *operator_find(const char *domain, const char *name, int version)
{
    if (!strcmp(domain, "ai.onnx"))
        domain = "";
    /* Nodes of our own domain come from passes, which have no opset to name. */
    if (!strcmp(domain, "adze"))
        version = 1;
    const Operator *best = NULL;
    for (size_t i = 0; i < operator_count; i++) {
        const Operator *o = &operators[i];
        if (o->since <= version && (!best || o->since > best->since) && !strcmp(o->name, name) &&
            !strcmp(o->domain, domain))
            best = o;
    }
    return best;
}

static void bind(Node *n)
{
    if (!n->op)
        n->op = operator_find(n->domain ? n->domain : "", n->op_type, n->version);
}

void ops_bind(Graph *g)
{
    GRAPH_NODES(g, n)
    bind(n);
}

bool node_error(OpContext *c, const Node *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(c->scratch, format, args);
    va_end(args);
    return diag_error(c->diag, "%s: %s", node_label(c->scratch, n), text);
}

void op_set_output(Node *n, size_t index, DType type, const Shape *shape)
{
    Value *v = node_out(n, index);
    if (!v)
        return;
    bool same_rank = v->shape.rank == shape->rank;
    v->type = type;
    v->shape = *shape;
    /* A symbolic name stays where the dimension is still open. */
    for (int i = 0; i < MAX_RANK; i++)
        if (!same_rank || i >= shape->rank || shape->dim[i] >= 0)
            v->dim[i] = NULL;
}

/* One attribute of a row: "alpha=0.01f", "axes=ints", "mode=constant:s", "to=i!". */
typedef struct {
    const char *name, *otherwise, *kind;
    int name_length, otherwise_length, kind_length;
    bool required;
} AttrSpec;

/* Reads the next one; returns where to go on, or NULL at the end. */
static const char *spec_next(const char *at, AttrSpec *out)
{
    static const char *const kinds[] = {"ints", "floats", "strings", "tensor", "graph", "i", "f", "s"};
    while (*at == ' ')
        at++;
    if (!*at)
        return NULL;
    *out = (AttrSpec){.name = at};
    out->name_length = (int)strcspn(at, "=");
    at += out->name_length + (at[out->name_length] == '=');
    int length = (int)strcspn(at, " ");
    const char *end = at + length;
    out->otherwise = at;
    if (length && at[length - 1] == '!') {
        out->required = true;
        length--;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        int size = (int)strlen(kinds[k]);
        if (length >= size && !strncmp(at + length - size, kinds[k], (size_t)size)) {
            out->kind = kinds[k];
            out->kind_length = size;
            break;
        }
    }
    out->otherwise_length = length - out->kind_length;
    if (out->otherwise_length && at[out->otherwise_length - 1] == ':')
        out->otherwise_length--;
    return end;
}

static AttrKind spec_kind(const AttrSpec *s)
{
    static const struct {
        const char *name;
        AttrKind kind;
    } kinds[] = {{"ints", ATTR_INTS},   {"floats", ATTR_FLOATS}, {"strings", ATTR_STRINGS}, {"tensor", ATTR_TENSOR},
                 {"graph", ATTR_GRAPH}, {"i", ATTR_INT},         {"f", ATTR_FLOAT},         {"s", ATTR_STRING}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (s->kind && !strcmp(s->kind, kinds[k].name))
            return kinds[k].kind;
    return ATTR_INT;
}

static bool spec_find(const Operator *o, const char *name, AttrSpec *out)
{
    for (const char *at = o->attributes; (at = spec_next(at, out));)
        if ((size_t)out->name_length == strlen(name) && !strncmp(out->name, name, strlen(name)))
            return true;
    return false;
}

float op_attr_float(const Node *n, int index)
{
    AttrSpec s;
    for (const char *at = n->op->attributes; (at = spec_next(at, &s)); index--) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", s.name_length, s.name);
        if (index == 0)
            return node_float(n, name, s.otherwise_length ? strtof(s.otherwise, NULL) : 0.0f);
    }
    return 0.0f;
}

static bool check_attributes(OpContext *c, const Node *n)
{
    static const char *const kind_names[] = {"an integer",       "a float",           "a string", "a list of integers",
                                             "a list of floats", "a list of strings", "a tensor", "a graph"};
    bool ok = true;
    AttrSpec s;
    for (size_t i = 0; i < n->attrs.count; i++) {
        const Attr *a = &n->attrs.items[i];
        if (!spec_find(n->op, a->name, &s)) {
            diag_warning(c->diag, "%s: attribute %s is not known to %s of opset %d and is ignored",
                         node_label(c->scratch, n), diag_quote(c->scratch, a->name), n->op->name, n->op->since);
            continue;
        }
        AttrKind want = spec_kind(&s);
        if (a->kind != want && (unsigned)a->kind < sizeof kind_names / sizeof *kind_names)
            ok =
                node_error(c, n, "attribute '%s' is %s; it must be %s", a->name, kind_names[a->kind], kind_names[want]);
    }
    for (const char *at = n->op->attributes; (at = spec_next(at, &s));) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", s.name_length, s.name);
        if (s.required && !node_attr(n, name))
            ok = node_error(c, n, "attribute '%s' is missing", name);
    }
    return ok;
}

static bool check_count(OpContext *c, const Node *n, const char *what, size_t count, int min, int max)
{
    /* Trailing optional ones may be spelled out as empty. */
    if (count >= (size_t)min && (max < 0 || count <= (size_t)max))
        return true;
    if (max < 0)
        return node_error(c, n, "it has %zu %s; at least %d expected", count, what, min);
    if (min == max)
        return node_error(c, n, "it has %zu %s; %d expected", count, what, min);
    return node_error(c, n, "it has %zu %s; %d to %d expected", count, what, min, max);
}

static bool check_counts(OpContext *c, const Node *n)
{
    const Operator *o = n->op;
    if (!check_count(c, n, "inputs", n->inputs.count, o->min_inputs, o->max_inputs) ||
        !check_count(c, n, "outputs", n->outputs.count, o->min_outputs, o->max_outputs))
        return false;
    for (int i = 0; i < o->min_inputs; i++)
        if (!node_in(n, (size_t)i))
            return node_error(c, n, "its input %d is left out, and it is not optional", i);
    return true;
}

/* Is the name known at another version (older or newer than the model's)? */
static const Operator *other_version(const Node *n)
{
    for (size_t i = 0; i < operator_count; i++)
        if (!strcmp(operators[i].name, n->op_type) && !strcmp(operators[i].domain, n->domain ? n->domain : ""))
            return &operators[i];
    return NULL;
}

static bool unknown_operator(OpContext *c, const Node *n)
{
    const char *hint = "hint: docs/operators.md lists the operators that are";
    const Operator *other = other_version(n);
    if (other)
        return node_error(c, n,
                          "operator is not supported as of opset %d; supported: opset %d and later; hint: convert "
                          "the model with onnx.version_converter",
                          n->version, other->since);
    for (size_t i = 0; i < n->attrs.count; i++)
        if (n->attrs.items[i].kind == ATTR_GRAPH)
            return node_error(c, n,
                              "operators with subgraphs are not supported; hint: export the model without control "
                              "flow, or fold it with onnxsim");
    if (n->domain && n->domain[0] && strcmp(n->domain, "ai.onnx"))
        return node_error(c, n, "operator of domain %s is not supported; %s", diag_quote(c->scratch, n->domain), hint);
    return node_error(c, n, "operator is not supported; %s", hint);
}

bool ops_check(const Graph *g, Diag *d)
{
    Arena *scratch = arena_new();
    OpContext c = {d, scratch};
    bool ok = true;
    GRAPH_NODES(g, n)
    {
        if (!n->op) {
            ok = unknown_operator(&c, n);
            continue;
        }
        bool counts = check_counts(&c, n), attributes = check_attributes(&c, n); /* both report */
        ok = counts && attributes && ok;
    }
    arena_free(scratch);
    return ok;
}

bool op_infer(OpContext *c, Graph *g, Node *n)
{
    bind(n); /* passes make nodes */
    if (!n->op)
        return unknown_operator(c, n);
    return check_counts(c, n) && (!n->op->infer || n->op->infer(c, g, n));
}

/* Is the type's name a word of the row's list? */
static bool type_listed(const char *types, DType t)
{
    const char *name = dtype_name(t);
    size_t length = strlen(name);
    if (!strcmp(types, "*"))
        return true;
    for (const char *at = types; (at = strstr(at, name)); at += length)
        if ((at == types || at[-1] == ' ') && (at[length] == 0 || at[length] == ' '))
            return true;
    return false;
}

static bool check_value(OpContext *c, const Node *n, const Value *v, const char *what, size_t index)
{
    if (v->type == DT_NONE || !shape_known(&v->shape))
        return node_error(c, n,
                          "the shape of its %s %zu (%s) is not known at compile time: %s; hint: fix the model's open "
                          "dimensions with --shape NAME=1,3,224,224 or --dim NAME=1",
                          what, index, diag_quote(c->scratch, v->name), shape_str(c, &v->shape));
    if (v->type == DT_STRING || v->type == DT_U4 || v->type == DT_I4 || v->type == DT_BF16)
        return node_error(c, n, "its %s %zu is %s, which is not supported", what, index, dtype_name(v->type));
    int64_t count = 1;
    for (int i = 0; i < v->shape.rank; i++)
        if (v->shape.dim[i] == 0)
            return true;
    for (int i = 0; i < v->shape.rank; i++)
        if (__builtin_mul_overflow(count, v->shape.dim[i], &count) || count > INT32_MAX)
            return node_error(c, n, "its %s %zu is %s, a tensor of more than 2^31-1 elements", what, index,
                              shape_str(c, &v->shape));
    return true;
}

bool op_lower(OpContext *c, Plan *p, Node *n)
{
    p->lowering = n;
    bind(n);
    if (!n->op)
        return unknown_operator(c, n);
    if (!check_counts(c, n))
        return false;
    bool empty = true;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] && !check_value(c, n, n->inputs.items[i], "input", i))
            return false;
    for (size_t i = 0; i < n->outputs.count; i++) {
        if (n->outputs.items[i] && !check_value(c, n, n->outputs.items[i], "output", i))
            return false;
        empty = empty && (!n->outputs.items[i] || shape_count(&n->outputs.items[i]->shape) == 0);
    }
    if (n->inputs.count && n->inputs.items[0] && !type_listed(n->op->types, n->inputs.items[0]->type))
        return node_error(c, n, "its input 0 is %s; supported: %s", dtype_name(n->inputs.items[0]->type), n->op->types);
    if (!n->op->lower)
        return node_error(c, n, "operator cannot be compiled in this form; hint: docs/operators.md says what can");
    return empty || n->op->lower(c, p, n);
}

static void markdown_attributes(Buf *out, const char *attributes)
{
    AttrSpec s;
    const char *separator = "";
    for (const char *at = attributes; (at = spec_next(at, &s)); separator = ", ") {
        buf_printf(out, "%s`%.*s`", separator, s.name_length, s.name);
        if (s.otherwise_length)
            buf_printf(out, " = %.*s", s.otherwise_length, s.otherwise);
        if (s.required)
            buf_puts(out, " (required)");
    }
}

static void markdown_count(Buf *out, int min, int max)
{
    if (max < 0)
        buf_printf(out, "%d or more", min);
    else if (min == max)
        buf_printf(out, "%d", min);
    else
        buf_printf(out, "%d to %d", min, max);
}

void operators_markdown(Buf *out)
{
    buf_puts(out,
             "# Operators\n\nMade from `compiler/ops/ops.def` by `make docs`. `since` is the first opset version "
             "with the row's meaning; it holds until\nthe next row of the same operator. Types are those of the "
             "first input. The domain `adze` is internal: passes make its operators, which work on NHWC.\n"
             "Where f32 stands, f16 and bf16 are computed in f32; f16 inputs and outputs keep their type.\n\n"
             "| domain | operator | since | inputs | outputs | attributes | types |\n|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < operator_count; i++) {
        const Operator *o = &operators[i];
        buf_printf(out, "| %s | %s | %d | ", o->domain[0] ? o->domain : "ai.onnx", o->name, o->since);
        markdown_count(out, o->min_inputs, o->max_inputs);
        buf_puts(out, " | ");
        markdown_count(out, o->min_outputs, o->max_outputs);
        buf_puts(out, " | ");
        markdown_attributes(out, o->attributes);
        buf_printf(out, " | %s |\n", strcmp(o->types, "*") ? o->types : "any");
    }
}
