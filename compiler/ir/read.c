/* The reader of the text form (docs/ir.md), by recursive descent. Texts may be hostile: memory is bounded by the text's
 * size (and MAX_MADE_ELEMENTS), recursion by MAX_NESTED_GRAPHS. */
#include "ir/graph.h"
#include "ir/text.h"

#include <string.h>

typedef struct Scope {
    Graph *graph;
    Map *names; /* "$name" of named values, "0" of unnamed ones -> Value */
    struct Scope *outer;
} Scope;

typedef struct {
    Input in;
    Scope *scope; /* innermost */
    int depth;
} Reader;

/* A value as it is written, before it exists. */
typedef struct {
    const char *key;  /* in Scope.names; NULL: left out, "_" */
    const char *name; /* "" for %0 */
    DType type;
    Shape shape;
    const char *dim[MAX_RANK];
    size_t token;
} Written;

static Value *find_value(const Reader *r, const char *key)
{
    for (const Scope *s = r->scope; s; s = s->outer) {
        Value *v = map_get(s->names, key);
        if (v)
            return v;
    }
    return NULL;
}

/* "%name", "%"name"" or "%0"; the sign % is next. */
static bool read_name(Reader *r, Written *w)
{
    Input *in = &r->in;
    if (!input_expect(in, '%'))
        return false;
    w->token = in->token;
    bool quoted = input_next_is(in, '"');
    if (!quoted && (in->at >= in->size || !is_word_char(in->text[in->at])))
        return input_error(in, "expected a name behind %%");
    if (!input_word_or_quoted(in, "a name", &w->name))
        return false;
    if (quoted && !*w->name)
        return input_error(in, "a quoted name must not be empty; unnamed values are %%0, %%1, ...");
    if (!quoted && is_digits(w->name)) {
        w->key = w->name;
        w->name = "";
    } else {
        w->key = arena_printf(in->scratch, "$%s", w->name);
    }
    in->token = w->token;
    return true;
}

static bool read_use(Reader *r, Value **v)
{
    Written w = {0};
    if (!read_name(r, &w))
        return false;
    *v = find_value(r, w.key);
    return *v || input_error(&r->in, "the value %%%s is used before it is defined",
                             *w.name ? diag_quote(r->in.scratch, w.name) : w.key);
}

/* One dimension behind "[" or ",": a number, "?", "?N" or, as the first, "?...". */
static bool read_dim(Reader *r, Shape *shape, const char **dim)
{
    Input *in = &r->in;
    input_peek(in);
    if (shape->rank == MAX_RANK)
        return input_error(in, "a shape has more than %d dimensions", MAX_RANK);
    int64_t *size = &shape->dim[shape->rank];
    if (!input_accept(in, '?')) {
        shape->rank++;
        return input_int(in, 0, INT64_MAX, size);
    }
    *size = -1;
    bool quoted = input_next_is(in, '"');
    const char *name = NULL;
    if ((quoted || (in->at < in->size && is_word_char(in->text[in->at]))) && !input_word_or_quoted(in, "a name", &name))
        return false;
    if (name && !quoted && strcmp(name, "...") == 0) {
        if (shape->rank || input_peek(in) != ']')
            return input_error(in, "?... stands alone in a shape: [?...]");
        shape->rank = -1;
        return true;
    }
    if (dim && name && *name)
        dim[shape->rank] = arena_strdup(in->keep, name);
    shape->rank++;
    return true;
}

/* "f32", "f32[1,?]", "?[2]"; dim may be NULL. */
static bool read_type(Reader *r, DType *type, Shape *shape, const char **dim)
{
    Input *in = &r->in;
    const char *word;
    *type = DT_NONE;
    *shape = (Shape){.rank = -1};
    if (!input_accept(in, '?')) {
        if (!input_word(in, "a type", &word))
            return false;
        *type = dtype_from_name(word);
        if (*type == DT_NONE)
            return input_error(in,
                               "unknown type %s; supported: f32, f16, bf16, f64, i8 to i64, u8 to u64, i4, u4, bool, "
                               "string and ?",
                               diag_quote(in->scratch, word));
    }
    if (!input_accept(in, '['))
        return true;
    shape->rank = 0;
    if (input_accept(in, ']'))
        return true;
    do {
        if (!read_dim(r, shape, dim))
            return false;
    } while (shape->rank > 0 && input_accept(in, ','));
    return input_expect(in, ']');
}

/* A name with an optional type behind it. */
static bool read_value(Reader *r, Written *w)
{
    *w = (Written){.shape = {.rank = -1}};
    if (!read_name(r, w))
        return false;
    return !input_accept(&r->in, ':') || read_type(r, &w->type, &w->shape, w->dim);
}

/* Enters v, made from w, under its name. */
static bool define(Reader *r, const Written *w, Value *v)
{
    if (find_value(r, w->key)) {
        r->in.token = w->token;
        return input_error(&r->in, "the value %%%s is defined twice",
                           *w->name ? diag_quote(r->in.scratch, w->name) : w->key);
    }
    memcpy(v->dim, w->dim, sizeof v->dim);
    map_set(r->scope->names, w->key, v);
    return true;
}

static bool read_input(Reader *r)
{
    Written w;
    return read_value(r, &w) && define(r, &w, graph_input(r->scope->graph, w.name, w.type, &w.shape));
}

static bool read_const(Reader *r)
{
    Written w;
    if (!read_value(r, &w) || !input_expect(&r->in, '='))
        return false;
    Tensor t = {.type = w.type, .shape = w.shape};
    if (!read_data(&r->in, &t))
        return false;
    return define(r, &w, graph_const(r->scope->graph, w.name, w.type, &w.shape, t.data));
}

static bool read_output(Reader *r)
{
    Value *v;
    if (!read_use(r, &v))
        return false;
    graph_output(r->scope->graph, v);
    return true;
}

/* "0.5f", "1e3", "nanf" are floats, "3" and "0x1f" integers. */
static bool read_number(Reader *r, AttrKind *kind, int64_t *i, float *f)
{
    Input *in = &r->in;
    const char *word;
    if (!input_word(in, "a number", &word))
        return false;
    *kind = ATTR_INT;
    if (parse_int64(word, i))
        return true;
    *kind = ATTR_FLOAT;
    size_t n = strlen(word);
    bool is_inf = strcmp(word, "inf") == 0 || strcmp(word, "-inf") == 0;
    bool is_hex = strpbrk(word, "xX") != NULL; /* in 0x1.f the f is a digit, in 0x1p3f it is not */
    bool suffix = word[n - 1] == 'f' && !is_inf && (!is_hex || strpbrk(word, "pP"));
    if (!suffix && !strpbrk(word, ".eEpPn")) /* an integer out of range is no float */
        return input_error(in, "%s is not a number", diag_quote(in->scratch, word));
    if (parse_f32(suffix ? arena_strndup(in->scratch, word, n - 1) : word, f))
        return true;
    return input_error(in, "%s is not a number of type f32", diag_quote(in->scratch, word));
}

/* A list behind its "[". */
static bool read_attr_list(Reader *r, Node *n, Attr *a)
{
    Input *in = &r->in;
    ARRAY(int64_t) ints = {0};
    ARRAY(float) floats = {0};
    ARRAY(const char *) strings = {0};
    bool first = true;
    while (!input_accept(in, ']')) {
        AttrKind kind = ATTR_STRING;
        int64_t i = 0;
        float f = 0;
        const char *s = NULL;
        if (!first && !input_expect(in, ','))
            return false;
        if (input_peek(in) == '"' ? !input_quoted(in, &s) : !read_number(r, &kind, &i, &f))
            return false;
        kind += ATTR_INTS - ATTR_INT;
        if (!first && kind != a->kind)
            return input_error(in, "a list has elements of one kind: integers, floats or strings");
        first = false;
        a->kind = kind;
        if (kind == ATTR_INTS)
            array_push(in->scratch, &ints, i);
        else if (kind == ATTR_FLOATS)
            array_push(in->scratch, &floats, f);
        else
            array_push(in->scratch, &strings, s);
    }
    a->count = ints.count + floats.count + strings.count;
    a->ints = ints.items;
    a->floats = floats.items;
    a->strings = strings.items;
    node_set_attr(r->scope->graph, n, a);
    return true;
}

static Graph *read_graph(Reader *r);

static bool read_tensor(Reader *r, Attr *a)
{
    a->kind = ATTR_TENSOR;
    return read_type(r, &a->tensor.type, &a->tensor.shape, NULL) && input_expect(&r->in, '=') &&
           read_data(&r->in, &a->tensor);
}

static bool read_attr(Reader *r, Node *n)
{
    Input *in = &r->in;
    Attr a = {.kind = ATTR_INTS};
    if (!input_word_or_quoted(in, "an attribute's name", &a.name))
        return false;
    if (node_attr(n, a.name))
        return input_error(in, "the attribute %s is given twice", diag_quote(in->scratch, a.name));
    if (n->attrs.count == MAX_ATTRS)
        return input_error(in, "a node has more than %d attributes", MAX_ATTRS);
    if (!input_expect(in, '='))
        return false;
    if (input_accept(in, '['))
        return read_attr_list(r, n, &a);
    if (input_peek(in) == '"') {
        a.kind = ATTR_STRING;
        if (!input_quoted(in, &a.s))
            return false;
    } else if (input_accept_word(in, "tensor")) {
        if (!read_tensor(r, &a))
            return false;
    } else if (input_accept_word(in, "graph")) {
        a.kind = ATTR_GRAPH;
        if (!(a.graph = read_graph(r)))
            return false;
    } else if (input_accept_word(in, "floats") || input_accept_word(in, "strings")) {
        a.kind = in->text[in->token] == 'f' ? ATTR_FLOATS : ATTR_STRINGS;
        if (!input_expect(in, '[') || !input_expect(in, ']'))
            return false;
    } else if (!read_number(r, &a.kind, &a.i, &a.f)) {
        return false;
    }
    node_set_attr(r->scope->graph, n, &a);
    return true;
}

/* "Conv", "adze.Conv", "my domain"."My Op". */
static bool read_op(Reader *r, const char **domain, const char **op_type)
{
    Input *in = &r->in;
    *domain = "";
    if (input_peek(in) == '"')
        return input_quoted(in, domain) && input_expect(in, '.') && input_quoted(in, op_type) &&
               (**op_type || input_error(in, "an operator's name must not be empty"));
    if (!input_word(in, "an operator's name", op_type))
        return false;
    const char *dot = strrchr(*op_type, '.');
    if (!dot)
        return true;
    if (dot == *op_type || !dot[1])
        return input_error(in, "expected DOMAIN.OPERATOR, found %s", diag_quote(in->scratch, *op_type));
    *domain = arena_strndup(in->scratch, *op_type, (size_t)(dot - *op_type));
    *op_type = dot + 1;
    return true;
}

static bool read_arguments(Reader *r, Node *n)
{
    Input *in = &r->in;
    if (!input_expect(in, '('))
        return false;
    if (input_accept(in, ')'))
        return true;
    do {
        Value *v = NULL;
        if (!input_accept_word(in, "_") && !read_use(r, &v))
            return false;
        node_add_input(r->scope->graph, n, v);
    } while (input_accept(in, ','));
    return input_expect(in, ')');
}

/* What may stand behind the arguments: attributes, name, version. */
static bool read_tail(Reader *r, Node *n)
{
    Input *in = &r->in;
    if (input_accept(in, '{')) {
        do {
            if (!read_attr(r, n))
                return false;
        } while (input_accept(in, ','));
        if (!input_expect(in, '}'))
            return false;
    }
    if (input_accept_word(in, "name")) {
        const char *name;
        if (!input_quoted(in, &name))
            return false;
        n->name = arena_strdup(in->keep, name);
    }
    if (input_accept_word(in, "version")) {
        int64_t version;
        if (!input_int(in, 0, INT32_MAX, &version))
            return false;
        n->version = (int)version;
    }
    return true;
}

typedef ARRAY(Written) WrittenList;

static bool read_results(Reader *r, WrittenList *results)
{
    Input *in = &r->in;
    if (input_accept(in, '('))
        return input_expect(in, ')') && input_expect(in, '=');
    do {
        Written w = {0};
        if (!input_accept_word(in, "_") && !read_value(r, &w))
            return false;
        array_push(in->scratch, results, w);
    } while (input_accept(in, ','));
    return input_expect(in, '=');
}

static bool read_node(Reader *r)
{
    Graph *g = r->scope->graph;
    WrittenList results = {0};
    const char *domain, *op_type;
    if (!read_results(r, &results) || !read_op(r, &domain, &op_type))
        return false;
    Node *n = graph_node(g, domain, op_type, NULL);
    if (!read_arguments(r, n) || !read_tail(r, n))
        return false;
    for (size_t i = 0; i < results.count; i++) {
        const Written *w = &results.items[i];
        Value *v = w->key ? graph_value(g, w->name, w->type, &w->shape) : NULL;
        if (v && !define(r, w, v))
            return false;
        node_add_output(g, n, v);
    }
    return true;
}

static bool read_statement(Reader *r)
{
    Input *in = &r->in;
    int c = input_peek(in);
    if (c == '%' || c == '(')
        return read_node(r);
    if (input_accept_word(in, "input"))
        return read_input(r);
    if (input_accept_word(in, "const"))
        return read_const(r);
    if (input_accept_word(in, "output"))
        return read_output(r);
    if (c == '_')
        return read_node(r);
    return input_error(in, "expected input, const, output, a node (%%y = Op(...)) or }");
}

/* Name and opsets, up to and with "{". */
static bool read_head(Reader *r, Graph *g)
{
    Input *in = &r->in;
    const char *s;
    int64_t version;
    if (input_peek(in) == '"') {
        if (!input_quoted(in, &s))
            return false;
        g->name = arena_strdup(in->keep, s);
    }
    while (input_accept_word(in, "opset")) {
        if (!input_quoted(in, &s) || !input_int(in, 1, INT32_MAX, &version))
            return false;
        graph_set_opset(g, s, (int)version);
    }
    return input_expect(in, '{');
}

/* A graph behind the word "graph"; NULL after an error. */
static Graph *read_graph(Reader *r)
{
    Input *in = &r->in;
    if (r->depth == MAX_NESTED_GRAPHS) {
        input_error(in, "graphs are nested more than %d deep", MAX_NESTED_GRAPHS);
        return NULL;
    }
    Graph *g = r->scope ? graph_new_inner(r->scope->graph, NULL) : graph_new(in->keep, NULL);
    if (!r->scope)
        graph_set_opset(g, "", graph_opset(g, ""));
    if (!read_head(r, g))
        return NULL;
    Scope scope = {g, map_new(in->scratch), r->scope};
    r->scope = &scope;
    r->depth++;
    bool good = true;
    while (good && !input_accept(in, '}'))
        good = read_statement(r);
    r->depth--;
    r->scope = scope.outer;
    return good ? g : NULL;
}

Graph *graph_read(Arena *a, Diag *d, const char *text, size_t size, const char *file)
{
    Arena *scratch = arena_new();
    Reader r = {.in = {.diag = d, .text = text, .size = size, .keep = a, .scratch = scratch}};
    if (file)
        d->file = file;
    Graph *g = NULL;
    if (!input_accept_word(&r.in, "graph"))
        input_error(&r.in, "expected a graph: graph \"NAME\" {");
    else if ((g = read_graph(&r)) && input_peek(&r.in) != -1) {
        input_error(&r.in, "expected nothing behind the graph's }");
        g = NULL;
    }
    arena_free(scratch);
    return g;
}
