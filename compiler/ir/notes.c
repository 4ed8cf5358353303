#include "ir/graph.h"

const char *node_name(const Node *n)
{
    for (size_t i = 0; !*n->name && i < n->outputs.count; i++)
        if (node_out(n, i)) /* a GRU may give its last state alone */
            return node_out(n, i)->name;
    return n->name;
}

void graph_note(Graph *g, const char *pass, const Node *n, int64_t macs_saved, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    GraphNote note = {arena_strdup(g->arena, pass), arena_strdup(g->arena, node_name(n)),
                      arena_vprintf(g->arena, format, args), macs_saved};
    va_end(args);
    array_push(g->arena, &g->notes, note);
}
