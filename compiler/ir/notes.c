#include "ir/graph.h"

static const char *layer_name(const Node *n)
{
    const Value *y = node_out(n, 0);
    return *n->name || !y ? n->name : y->name;
}

void graph_note(Graph *g, const char *pass, const Node *n, int64_t macs_saved, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    GraphNote note = {arena_strdup(g->arena, pass), arena_strdup(g->arena, layer_name(n)),
                      arena_vprintf(g->arena, format, args), macs_saved};
    va_end(args);
    array_push(g->arena, &g->notes, note);
}
