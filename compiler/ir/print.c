#include "ir/graph.h"
#include "ir/text.h"

#include <inttypes.h>
#include <string.h>

/* The names of one graph's values in the text. No name hides one of a graph around it. */
typedef struct Names {
    const Graph *graph;
    const char **of; /* by Value.id; NULL: not named yet */
    Map *taken;      /* name -> the next number to try behind it */
    int64_t unnamed; /* the next %0 */
    struct Names *outer;
} Names;

typedef struct {
    Buf *out;
    Arena *scratch;
    Names *names; /* innermost */
    int depth;
} Printer;

static bool is_taken(const Names *names, const char *name)
{
    for (; names; names = names->outer)
        if (map_has(names->taken, name))
            return true;
    return false;
}

static const char *unique_name(Printer *p, const char *name)
{
    Names *names = p->names;
    if (!is_taken(names, name)) {
        map_set(names->taken, name, (void *)(intptr_t)1);
        return name;
    }
    intptr_t next = (intptr_t)map_get(names->taken, name); /* 0 when only an outer graph has the name */
    const char *numbered;
    do {
        next += next == 0;
        numbered = arena_printf(p->scratch, "%s.%" PRIdPTR, name, next++);
    } while (is_taken(names, numbered));
    map_set(names->taken, name, (void *)next);
    map_set(names->taken, numbered, (void *)(intptr_t)1);
    return numbered;
}

/* Gives v its name, "%x", in the innermost graph. */
static void name_value(Printer *p, const Value *v)
{
    const char **of = &p->names->of[v->id];
    if (*of)
        return;
    if (!*v->name) {
        *of = arena_printf(p->scratch, "%%%" PRId64, p->names->unnamed++);
        return;
    }
    Buf text = {0};
    const char *name = unique_name(p, v->name);
    buf_putc(&text, '%');
    if (is_digits(name)) /* without quotes that is an unnamed value */
        print_quoted(&text, name);
    else
        print_word(&text, name);
    *of = arena_strdup(p->scratch, buf_text(&text));
    buf_free(&text);
}

static bool is_printed_const(const Value *v)
{
    return v->is_const && (v->users.count || v->is_output);
}

static void open_names(Printer *p, const Graph *g)
{
    Names *names = NEW(p->scratch, Names);
    names->graph = g;
    names->of = NEW_ARRAY(p->scratch, const char *, g->values.count);
    names->taken = map_new(p->scratch);
    names->unnamed = p->names ? p->names->unnamed : 0;
    names->outer = p->names;
    p->names = names;
    for (size_t i = 0; i < g->inputs.count; i++)
        name_value(p, g->inputs.items[i]);
    for (size_t i = 0; i < g->values.count; i++)
        if (is_printed_const(g->values.items[i]))
            name_value(p, g->values.items[i]);
    GRAPH_NODES(g, n)
    {
        for (size_t i = 0; i < n->outputs.count; i++)
            if (n->outputs.items[i])
                name_value(p, n->outputs.items[i]);
    }
}

static void print_use(Printer *p, const Value *v)
{
    if (!v) {
        buf_putc(p->out, '_');
        return;
    }
    for (const Names *names = p->names; names; names = names->outer) {
        if (graph_owns(names->graph, v) && names->of[v->id]) {
            buf_puts(p->out, names->of[v->id]);
            return;
        }
    }
    /* Of a graph around the printed one, or without a producer. */
    buf_putc(p->out, '%');
    print_quoted(p->out, v->name);
}

static void print_type(Buf *out, DType type, const Shape *shape, const char *const *dim)
{
    buf_puts(out, dtype_name(type));
    if (shape->rank < 0)
        return;
    buf_putc(out, '[');
    for (int i = 0; i < shape->rank && i < MAX_RANK; i++) {
        buf_puts(out, i ? "," : "");
        if (shape->dim[i] >= 0) {
            buf_printf(out, "%" PRId64, shape->dim[i]);
            continue;
        }
        buf_putc(out, '?');
        if (dim && dim[i] && *dim[i]) {
            if (strcmp(dim[i], "...") == 0) /* [?...] is a shape of unknown rank */
                print_quoted(out, dim[i]);
            else
                print_word(out, dim[i]);
        }
    }
    buf_putc(out, ']');
}

/* "%x: f32[1,3]", or "%x" when nothing is known. */
static void print_value(Printer *p, const Value *v)
{
    print_use(p, v);
    if (!v || (v->type == DT_NONE && v->shape.rank < 0))
        return;
    buf_puts(p->out, ": ");
    print_type(p->out, v->type, &v->shape, v->dim);
}

static void print_graph(Printer *p, const Graph *g);

static void print_attr_value(Printer *p, const Attr *a)
{
    Buf *out = p->out;
    bool is_list = a->kind == ATTR_INTS || a->kind == ATTR_FLOATS || a->kind == ATTR_STRINGS;
    if (is_list && !a->count) {
        buf_puts(out, a->kind == ATTR_INTS ? "[]" : a->kind == ATTR_FLOATS ? "floats[]" : "strings[]");
        return;
    }
    if (a->kind == ATTR_INT) {
        buf_printf(out, "%" PRId64, a->i);
    } else if (a->kind == ATTR_FLOAT) {
        print_f32(out, a->f);
        buf_putc(out, 'f');
    } else if (a->kind == ATTR_STRING) {
        print_quoted(out, a->s);
    } else if (a->kind == ATTR_TENSOR) {
        buf_puts(out, "tensor ");
        print_type(out, a->tensor.type, &a->tensor.shape, NULL);
        buf_putc(out, '=');
        print_data(out, &a->tensor);
    } else if (a->kind == ATTR_GRAPH) {
        print_graph(p, a->graph);
    }
    for (size_t i = 0; is_list && i < a->count; i++) {
        buf_putc(out, i ? ',' : '[');
        if (a->kind == ATTR_INTS) {
            buf_printf(out, "%" PRId64, a->ints[i]);
        } else if (a->kind == ATTR_FLOATS) {
            print_f32(out, a->floats[i]);
            buf_putc(out, 'f');
        } else {
            print_quoted(out, a->strings[i]);
        }
    }
    buf_puts(out, is_list ? "]" : "");
}

static void print_op(Buf *out, const Node *n)
{
    bool plain = is_word(n->op_type) && !strchr(n->op_type, '.') && (!*n->domain || is_word(n->domain));
    if (!plain) {
        print_quoted(out, n->domain);
        buf_putc(out, '.');
        print_quoted(out, n->op_type);
        return;
    }
    buf_printf(out, "%s%s%s", n->domain, *n->domain ? "." : "", n->op_type);
}

static void indent(Printer *p)
{
    for (int i = 0; i < p->depth; i++)
        buf_puts(p->out, "  ");
}

static void print_node(Printer *p, const Graph *g, const Node *n)
{
    Buf *out = p->out;
    indent(p);
    for (size_t i = 0; i < n->outputs.count; i++) {
        buf_puts(out, i ? ", " : "");
        print_value(p, n->outputs.items[i]);
    }
    buf_puts(out, n->outputs.count ? " = " : "() = ");
    print_op(out, n);
    buf_putc(out, '(');
    for (size_t i = 0; i < n->inputs.count; i++) {
        buf_puts(out, i ? ", " : "");
        print_use(p, n->inputs.items[i]);
    }
    buf_putc(out, ')');
    for (size_t i = 0; i < n->attrs.count; i++) {
        buf_puts(out, i ? ", " : " {");
        print_word(out, n->attrs.items[i].name);
        buf_putc(out, '=');
        print_attr_value(p, &n->attrs.items[i]);
    }
    buf_puts(out, n->attrs.count ? "}" : "");
    if (*n->name) {
        buf_puts(out, " name ");
        print_quoted(out, n->name);
    }
    if (n->version != graph_opset(g, n->domain))
        buf_printf(out, " version %d", n->version);
    buf_putc(out, '\n');
}

static void print_opset(Buf *out, const Graph *g, const char *domain)
{
    buf_puts(out, " opset ");
    print_quoted(out, domain);
    buf_printf(out, " %d", graph_opset(g, domain));
}

static void print_head(Printer *p, const Graph *g)
{
    buf_puts(p->out, "graph ");
    print_quoted(p->out, g->name);
    if (!g->outer || map_has(g->opsets, ""))
        print_opset(p->out, g, "");
    for (size_t i = 0; i < g->opsets->entries.count; i++) {
        const char *domain = g->opsets->entries.items[i].key;
        if (*domain && strcmp(domain, "adze") != 0)
            print_opset(p->out, g, domain);
    }
    buf_puts(p->out, " {\n");
}

static void print_graph(Printer *p, const Graph *g)
{
    Names *outer = p->names;
    open_names(p, g);
    print_head(p, g);
    p->depth++;
    for (size_t i = 0; i < g->inputs.count; i++) {
        indent(p);
        buf_puts(p->out, "input ");
        print_value(p, g->inputs.items[i]);
        buf_putc(p->out, '\n');
    }
    for (size_t i = 0; i < g->values.count; i++) {
        const Value *v = g->values.items[i];
        if (!is_printed_const(v))
            continue;
        Tensor t = value_tensor(v);
        indent(p);
        buf_puts(p->out, "const ");
        print_value(p, v);
        buf_puts(p->out, " = ");
        print_data(p->out, &t);
        buf_putc(p->out, '\n');
    }
    GRAPH_NODES(g, n)
    {
        print_node(p, g, n);
    }
    for (size_t i = 0; i < g->outputs.count; i++) {
        indent(p);
        buf_puts(p->out, "output ");
        print_use(p, g->outputs.items[i]);
        buf_putc(p->out, '\n');
    }
    p->depth--;
    indent(p);
    buf_putc(p->out, '}');
    p->names = outer;
}

void graph_print(const Graph *g, Buf *out)
{
    Arena *scratch = arena_new();
    Printer p = {.out = out, .scratch = scratch};
    print_graph(&p, g);
    buf_putc(out, '\n');
    arena_free(scratch);
}
