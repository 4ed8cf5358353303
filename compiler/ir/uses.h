/* Inside ir/: keeping Value.users exact, with values that subgraphs read from outside.
 *
 * A use is registered with the graph that owns the value, under the node of that graph that reads it, itself or through
 * a subgraph. A subgraph without an owner registers nothing outwards; node_set_attr makes up for it. */
#ifndef ADZE_IR_USES_H
#define ADZE_IR_USES_H

#include "ir/graph.h"

/* Node n of graph g reads v (once more, once less); dead nodes read nothing. */
void use_add(Graph *g, Node *n, Value *v);
void use_remove(Graph *g, Node *n, Value *v);

/* To be called where v may have lost its last reader: remembers large constants for graph_free_unread. */
void unread_note(Graph *g, Value *v);

typedef void UseFn(Graph *g, Node *n, Value *v);
/* Calls f(g, n, v) for each value v that `sub`, a subgraph of node n of graph g, reads and does not own. */
void each_capture(Graph *g, Node *n, Graph *sub, UseFn *f);
/* The same for all subgraphs of n. */
void each_node_capture(Graph *g, Node *n, UseFn *f);

#endif
