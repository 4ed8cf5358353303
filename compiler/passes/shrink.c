/* shrink: removes channels that cannot change an output (shrink.h has the terms). Requires: layout, known shapes.
 * Keeps: every bit of every output, for finite activations: what is taken from a sum is 0 * w or x * 0, which is 0, and
 * a sum that starts at +0 (the ref kernels) is the same with and without it; where a sum starts at a bias of -0, the
 * sign of a zero may differ. Infinite and NaN activations would have made NaN of such products, and no longer do. The
 * order of the terms that stay is kept. Breaks: nothing. */
#include "passes/shrink.h"

static bool anything_dead(Shrink *s)
{
    for (int32_t i = 0; i < s->total; i++)
        if (s->value_of[i] >= 0 && s->parent[i] == i && !s->live[i])
            return true;
    return false;
}

bool pass_shrink(PassContext *c, Graph *g, bool *changed)
{
    /* Each round removes channels; that what it leaves behind shows more is rare. */
    for (;;) {
        Shrink *s = shrink_new(c, g);
        if (!s)
            return true;
        shrink_facts(s);
        shrink_live(s, false);
        if (!anything_dead(s))
            return true;
        shrink_notes(s);
        shrink_apply(s);
        *changed = true;
    }
}
