/* sweep: removes nodes that nothing reads. Requires and breaks nothing. */
#include "passes/rewrite.h"

bool pass_sweep(PassContext *c, Graph *g, bool *changed)
{
    (void)c;
    *changed = graph_sweep(g) > 0;
    return true;
}
