/* Operators with subgraphs. If: passes/branches.c puts the branch that is taken in its place; until the condition is
 * known, nothing is known of the outputs. */
#include "ops/family.h"

bool infer_if(OpContext *c, Graph *g, Node *n)
{
    const Value *condition = node_in(n, 0);
    (void)g;
    if (condition->type != DT_NONE && condition->type != DT_BOOL)
        return node_error(c, n, "its condition is %s; it must be bool", dtype_name(condition->type));
    return true;
}

bool node_unknown_output(OpContext *c, const Node *n, const Value *v)
{
    char text[SHAPE_TEXT_BYTES];
    if (node_is(n, "If"))
        return node_error(c, n,
                          "its condition %s is known only at run time; supported: conditions that follow from shapes "
                          "and constants; hint: --input-value INPUT=VALUE fixes an input that it hangs on",
                          diag_quote(c->scratch, node_in(n, 0)->name));
    return node_error(c, n,
                      "the shape of its output %s is %s, which is not known at compile time; supported: shapes that "
                      "follow from those of the inputs; hint: fix what the model leaves open with --shape "
                      "NAME=1,3,224,224 or --dim NAME=1",
                      diag_quote(c->scratch, v->name), shape_text(&v->shape, text, sizeof text));
}
