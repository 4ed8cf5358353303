/* fuse_pad: a Pad with zeros in front of an adze.Conv becomes the convolution's own pads.
 * Requires: layout. Keeps: the function, exactly. Other readers of the padded value keep their Pad. */
#include "passes/rewrite.h"

#include <string.h>

enum { NHWC = 4 };

/* Of a Pad with zeros. */
static bool zero_pads(const Node *n, int64_t *pads)
{
    double value = 0;
    if (!node_is(n, "Pad") || strcmp(node_string(n, "mode", "constant"), "constant"))
        return false;
    if (n->version < 11)
        value = (double)node_float(n, "value", 0);
    else if (node_in(n, 2) && !const_scalar(node_in(n, 2), &value))
        return false;
    return value == 0 && pad_amounts(n, NHWC, pads);
}

static bool fuse_pad(PassContext *c, Graph *g, Node *n)
{
    int64_t pads[2 * NHWC], sum[4] = {0};
    Value *x = node_in(n, 0);
    if (!node_is_adze(n, "Conv") || !x || !x->producer || !known_f32(x) || x->shape.rank != NHWC)
        return false;
    if (!zero_pads(x->producer, pads) || pads[0] || pads[3] || pads[4] || pads[7])
        return false;
    int count = node_ints(n, "pads", sum, 4);
    if (count >= 0 && count != 4)
        return false;
    const int64_t more[4] = {pads[1], pads[2], pads[5], pads[6]};
    for (int i = 0; i < 4; i++)
        if (more[i] < 0 || __builtin_add_overflow(sum[i], more[i], &sum[i]) || sum[i] > INT32_MAX)
            return false;
    node_set_ints(g, n, "pads", sum, 4);
    graph_note(g, "fuse_pad", n, 0, "Pad %s is done by the convolution", diag_quote(c->scratch, x->producer->name));
    node_set_input(g, n, 0, node_in(x->producer, 0));
    return true;
}

bool pass_fuse_pad(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_pad};
    return rewrite_all(c, g, rules, 1, changed);
}
