/* Messages about nodes, grouped: two hundred nodes with the same trouble are one problem. */
#include "commands/inspect.h"

#include <ctype.h>
#include <string.h>

Map *node_labels(Arena *a, const Graph *g)
{
    Map *labels = map_new(a);
    GRAPH_NODES(g, n)
    map_set(labels, node_label(a, n), n);
    return labels;
}

/* "node 'a' (Conv): text": the node, and where the text begins. Names may hold anything, also "): ". */
static const Node *split_label(Arena *a, const Map *labels, const char *message, const char **text)
{
    *text = message;
    for (const char *at = strstr(message, "): "); at; at = strstr(at + 1, "): ")) {
        const Node *n = map_get(labels, arena_strndup(a, message, (size_t)(at - message) + 1));
        if (n) {
            *text = at + 3;
            return n;
        }
    }
    return NULL;
}

/* The message without what differs from node to node: quoted names and numbers. */
static const char *message_key(Arena *a, Severity severity, const char *op, const char *text)
{
    Buf b = {0};
    buf_printf(&b, "%d %s ", severity, op);
    for (bool quoted = false; *text; text++) {
        if (*text == '\'')
            quoted = !quoted;
        else if (!quoted && isdigit((unsigned char)*text) && b.data[b.length - 1] == '#')
            continue;
        else if (!quoted)
            buf_putc(&b, isdigit((unsigned char)*text) ? '#' : *text);
    }
    const char *key = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return key;
}

static Problem *find_problem(ModelFacts *f, const char *key)
{
    for (size_t i = 0; i < f->problems.count; i++)
        if (strcmp(f->problems.items[i].key, key) == 0)
            return &f->problems.items[i];
    return NULL;
}

static const char *node_shown(Arena *a, const Node *n)
{
    const Value *y = node_out(n, 0);
    return diag_quote(a, n->name[0] || !y ? n->name : y->name);
}

static void add(ModelFacts *f, const Map *labels, const Message *m, bool *failed)
{
    const char *text;
    const Node *n = split_label(f->arena, labels, m->text, &text);
    const char *op = n ? n->op_type : "", *key = message_key(f->arena, m->severity, op, text);
    Problem *p = find_problem(f, key);
    if (!p) {
        Problem fresh = {.severity = m->severity, .op = op, .text = text, .key = key};
        array_push(f->arena, &f->problems, fresh);
        p = &f->problems.items[f->problems.count - 1];
        f->errors += m->severity == DIAG_ERROR;
    }
    p->count++;
    if (n && p->nodes.count < SHOWN_NODES)
        array_push(f->arena, &p->nodes, node_shown(f->arena, n));
    if (n && failed && m->severity == DIAG_ERROR && !failed[n->id]) {
        failed[n->id] = true;
        f->nodes_with_errors++;
    }
}

void problems_add(ModelFacts *f, const Map *labels, const Diag *d, bool *failed)
{
    for (size_t i = 0; i < d->messages.count; i++) {
        Message m = d->messages.items[i];
        m.text = arena_strdup(f->arena, m.text);
        add(f, labels, &m, failed);
    }
}

static const char *node_list(Arena *a, const Problem *p)
{
    const char *text = "";
    for (size_t i = 0; i < p->nodes.count; i++)
        text = arena_printf(a, "%s%s%s", text, i ? ", " : "", p->nodes.items[i]);
    return p->count > p->nodes.count ? arena_printf(a, "%s and %zu more", text, p->count - p->nodes.count) : text;
}

static void report_one(const Problem *p, Diag *d)
{
    const char *text = p->text;
    if (p->op[0])
        text = arena_printf(d->arena, "%zu %s node%s (%s): %s", p->count, shown_name(d->arena, p->op),
                            p->count == 1 ? "" : "s", node_list(d->arena, p), p->text);
    if (p->severity == DIAG_ERROR)
        diag_error(d, "%s", text);
    else if (p->severity == DIAG_WARNING)
        diag_warning(d, "%s", text);
    else
        diag_note(d, "%s", text);
}

void problems_report(const ModelFacts *f, Diag *d)
{
    for (size_t i = 0; i < f->problems.count; i++)
        report_one(&f->problems.items[i], d);
}

json_t *problems_json(const ModelFacts *f)
{
    static const char *const severities[] = {"note", "warning", "error"};
    json_t *list = json_array();
    for (size_t i = 0; i < f->problems.count; i++) {
        const Problem *p = &f->problems.items[i];
        json_t *o = json_object(), *nodes = json_array();
        json_object_set_new(o, "severity", json_string(severities[p->severity]));
        json_object_set_new(o, "operator", p->op[0] ? json_string(shown_name(f->arena, p->op)) : json_null());
        json_object_set_new(o, "text", json_string(p->text));
        json_object_set_new(o, "count", json_integer((json_int_t)p->count));
        for (size_t k = 0; k < p->nodes.count; k++)
            json_array_append_new(nodes, json_stringn(p->nodes.items[k] + 1, strlen(p->nodes.items[k]) - 2));
        json_object_set_new(o, "nodes", nodes);
        json_array_append_new(list, o);
    }
    return list;
}
