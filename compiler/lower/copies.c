/* Copies that need not be made: of a whole value which no later step reads, to a place of its own. The steps that write
 * into the copy (ScatterND's updates) write into the value itself. Requires: steps in the order of the graph, outputs
 * placed. Keeps: the meaning of that order, which schedule keeps as well: writers of a value stand behind its earlier
 * readers. */
#include "lower/lower.h"

/* By Value.id of the root: the last step that reads it. */
static int *last_readers(const Plan *p, Arena *a)
{
    int *last = NEW_ARRAY(a, int, p->place_count + 1);
    for (size_t i = 0; i < p->steps.count; i++)
        for (int k = 0; k < p->steps.items[i]->in_count; k++)
            if (p->steps.items[i]->in[k])
                last[place_root(p, p->steps.items[i]->in[k])->id] = (int)i;
    return last;
}

static bool computed(const Plan *p, const Value *root)
{
    return !root->is_const && place_of(p, root)->kind == PLACE_NONE;
}

void share_copies(Plan *p)
{
    Arena *a = arena_new();
    int *last = last_readers(p, a);
    bool *shared = NEW_ARRAY(a, bool, p->place_count + 1);
    size_t kept = 0;
    for (size_t i = 0; i < p->steps.count; i++) {
        Step *s = p->steps.items[i];
        for (int k = 0; k < s->out_count; k++) /* written into the copy: now into the value */
            if (s->out[k] && shared[s->out[k]->id])
                s->out[k] = (Value *)place_root(p, s->out[k]);
        const Value *x = s->in_count ? s->in[0] : NULL, *root = x ? place_root(p, x) : NULL;
        if (!step_copies_all(s) || !computed(p, root) || last[root->id] != (int)i || !computed(p, s->out[0]) ||
            place_root(p, s->out[0]) != s->out[0] || x->type != s->out[0]->type) {
            p->steps.items[kept++] = s;
            continue;
        }
        last[root->id] = last[s->out[0]->id];
        shared[s->out[0]->id] = true;
        plan_alias(p, s->out[0], (Value *)root);
    }
    p->steps.count = kept;
    arena_free(a);
}
