/* `adze inspect` for people. */
#include "commands/inspect.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 12, WIDEST = 44 };

/* A table whose columns are as wide as they must be. */
typedef struct {
    Arena *arena;
    int columns;
    bool right[MAX_COLUMNS];
    ARRAY(const char *) cells; /* row by row */
} Table;

static void cell(Table *t, const char *text)
{
    array_push(t->arena, &t->cells, arena_strdup(t->arena, text));
}

/* Characters, not bytes: names may be UTF-8. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

static void print_cell(const char *text, size_t width, bool right, bool last)
{
    size_t pad = width_of(text) < width ? width - width_of(text) : 0;
    if (right)
        printf("%*s", (int)pad, "");
    fputs(text, stdout);
    if (!right && !last)
        printf("%*s", (int)pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

static void print_table(const Table *t)
{
    size_t width[MAX_COLUMNS] = {0};
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t w = width_of(t->cells.items[i]), column = i % (size_t)t->columns;
        w = w > WIDEST ? WIDEST : w;
        width[column] = w > width[column] ? w : width[column];
    }
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t column = i % (size_t)t->columns;
        bool last = column + 1 == (size_t)t->columns;
        if (column == 0)
            fputs("  ", stdout);
        print_cell(t->cells.items[i], width[column], t->right[column], last);
    }
}

static void print_ports(const char *title, Arena *a, Value *const *ports, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[SHAPE_TEXT_BYTES];
        printf("%-12s%s %s %s", i ? "" : title, diag_quote(a, ports[i]->name), dtype_name(ports[i]->type),
               shape_text(&ports[i]->shape, text, sizeof text));
        for (int k = 0; k < ports[i]->shape.rank; k++)
            if (ports[i]->dim[k] && *ports[i]->dim[k])
                printf("%s dimension %d is %s", k ? "," : ";", k, diag_quote(a, ports[i]->dim[k]));
        putchar('\n');
    }
}

static void print_operators(const ModelFacts *f)
{
    Table t = {.arena = f->arena, .columns = 3, .right = {false, true, false}};
    size_t nodes = 0;
    for (size_t i = 0; i < f->operators.count; i++) {
        const OperatorFact *o = &f->operators.items[i];
        nodes += o->count;
        cell(&t, shown_name(f->arena, o->name));
        cell(&t, with_commas((int64_t)o->count));
        cell(&t, arena_printf(f->arena, "%s%s", o->supported ? "" : "not supported",
                              o->in_subgraphs ? arena_printf(f->arena, "%s%zu in subgraphs", o->supported ? "" : ", ",
                                                             o->in_subgraphs)
                                              : ""));
    }
    printf("operators   %s nodes\n", with_commas((int64_t)nodes));
    print_table(&t);
}

static void print_weights(const ModelFacts *f)
{
    printf("parameters  %s (%s bytes", with_commas(f->parameters), with_commas((int64_t)f->weight_bytes));
    const char *separator = ": ";
    for (int t = 1; t < DT_COUNT; t++)
        if (f->bytes_of_type[t]) {
            printf("%s%s %s", separator, dtype_name((DType)t), with_commas((int64_t)f->bytes_of_type[t]));
            separator = ", ";
        }
    printf(")\n");
}

void print_model(const ModelFacts *f, const Graph *g, const char *file)
{
    printf("model       %s\n", shown_name(f->arena, file));
    printf("made by     %s\n", g->made_by ? shown_name(f->arena, g->made_by) : "not said");
    printf("opset      ");
    for (size_t i = 0; i < g->opsets->entries.count; i++) {
        const MapEntry *e = &g->opsets->entries.items[i];
        printf("%s %s %d", i ? "," : "", e->key[0] ? shown_name(f->arena, e->key) : "ai.onnx", (int)(intptr_t)e->value);
    }
    putchar('\n');
    print_ports("inputs", f->arena, g->inputs.items, g->inputs.count);
    print_ports("outputs", f->arena, f->graph->outputs.items, f->graph->outputs.count);
    print_operators(f);
    print_weights(f);
    printf("MACs        %s%s\n", with_commas(f->macs),
           f->not_judged || f->errors ? " in the nodes that could be judged" : "");
}

static const char *joined(Arena *a, const StringList *list)
{
    const char *text = "";
    for (size_t i = 0; i < list->count; i++)
        text = arena_printf(a, "%s%s%s", text, i ? "+" : "", list->items[i]);
    return text;
}

static void print_layers(const Report *r)
{
    static const char *const heads[] = {"step",       "layer",        "operators",    "output", "MACs",
                                        "parameters", "weight bytes", "arena in use", "kernel", "in place"};
    Arena *a = r->emitter->arena;
    Table t = {.arena = a, .columns = 10, .right = {true, false, false, false, true, true, true, true, false, false}};
    for (int i = 0; i < t.columns; i++)
        cell(&t, heads[i]);
    for (size_t i = 0; i < r->layer_count; i++) {
        const LayerReport *l = &r->layers[i];
        cell(&t, with_commas((int64_t)i + 1));
        cell(&t, l->step->name);
        cell(&t, joined(a, &l->operators));
        cell(&t, l->out ? shape_shown(a, l->out) : "");
        cell(&t, with_commas(l->step->macs));
        cell(&t, with_commas(l->parameters));
        cell(&t, with_commas((int64_t)l->weight_bytes));
        cell(&t, with_commas((int64_t)l->live_bytes));
        cell(&t, l->step->kernel->function);
        cell(&t, l->in_place);
    }
    print_table(&t);
}

static void total(const char *title, int64_t value, const char *unit)
{
    printf("  %-28s %14s%s\n", title, with_commas(value), unit);
}

void print_floats(const Report *r)
{
    const Graph *g = r->emitter->plan->graph;
    printf("  %-28s %14s of %s\n", "steps in floats", with_commas((int64_t)r->float_steps),
           with_commas((int64_t)r->layer_count));
    for (size_t i = 0; i < g->notes.count; i++)
        if (!strcmp(g->notes.items[i].pass, "quantise"))
            printf("    %s: %s\n", shown_name(r->emitter->arena, g->notes.items[i].node),
                   shown_name(r->emitter->arena, g->notes.items[i].text));
}

void print_report(const Report *r)
{
    printf("\nprogram for %s, after all passes\n", r->emitter->target->name);
    print_layers(r);
    printf("\ntotal\n");
    total("multiply-accumulates", r->macs, "");
    if (r->macs_saved)
        total("removed by passes", r->macs_saved, "");
    total("parameters", r->parameters, "");
    total("weights", (int64_t)r->weight_bytes, " bytes");
    total("arena", (int64_t)r->arena_bytes, " bytes");
    total("lower bound of the arena", (int64_t)r->arena_lower_bound, " bytes");
    total("arena, inputs and outputs", (int64_t)(r->arena_bytes + r->io_bytes), " bytes");
    printf("  %-28s %14s: only a build tells\n", "code", "not known");
    print_floats(r);
    printf("\n%s.\n", r->bound_text);
    for (size_t i = 0; i < r->fits.count; i++)
        printf("%s.\n", r->fits.items[i].sentence);
}
