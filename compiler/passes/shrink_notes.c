/* What shrink removes, and why it cannot matter: one note a layer and reason. */
#include "passes/shrink.h"

#include <string.h>

static const char *const reasons[WHY_COUNT] = {
    [WHY_DEAD] = "dead: no layer that stays reads them with a weight other than 0, and a product with 0 adds nothing",
    [WHY_ZERO] = "zero: their inputs or weights are 0, and so are they; what reads them adds products with 0",
    [WHY_NEVER_ACTIVE] = "never active: with inputs in their ranges (2^32 either way when not declared) they have one "
                         "value, to the bit; it is 0, or in the biases of the layers that read them",
    [WHY_CONSTANT] =
        "constant: all that they read is constant or has weights of 0; their value is in the biases of the "
        "layers that read them",
    [WHY_DUPLICATE] = "duplicate: equal to a channel that stays, which has their weights in the layers that read them",
};

Why shrink_why(Shrink *s, const Product *p, int32_t channel)
{
    const Fact *f = &s->facts[p->y->id][channel];
    if (f->lo == f->hi) {
        for (int32_t c = 0; c < p->in; c++) {
            Fact x = p->residual ? (Fact){0} : shrink_fact(s, p->x, channel / p->out * p->in + c);
            if (!fact_is_zero(&x) && !product_ignores(p, channel, c))
                return WHY_NEVER_ACTIVE;
        }
        return f->lo == 0 ? WHY_ZERO : WHY_CONSTANT;
    }
    if (f->constant || f->image)
        return WHY_CONSTANT;
    return f->same != channel && channel_is_live(s, p->y, f->same) ? WHY_DUPLICATE : WHY_DEAD;
}

/* "0,3-5" */
static void put_ranges(Buf *b, const bool *in, int32_t count)
{
    const char *comma = "";
    for (int32_t i = 0; i < count; i++) {
        int32_t first = i;
        if (!in[i])
            continue;
        while (i + 1 < count && in[i + 1])
            i++;
        buf_printf(b, first == i ? "%s%d" : "%s%d-%d", comma, (int)first, (int)i);
        comma = ",";
    }
}

static void note_reason(Shrink *s, const Product *p, Why why, int64_t macs_each)
{
    int32_t outputs = p->group * p->out, removed = 0;
    bool *in = NEW_ARRAY(s->a, bool, outputs);
    for (int32_t o = 0; o < outputs; o++) {
        in[o] = !channel_is_live(s, p->y, o) && shrink_why(s, p, o) == why;
        removed += in[o];
    }
    if (!removed)
        return;
    Buf list = {0};
    put_ranges(&list, in, outputs);
    graph_note(s->g, "shrink", p->node, removed * macs_each, "%d of %d channels removed (%s): %s", (int)removed,
               (int)outputs, buf_text(&list), reasons[why]);
    buf_free(&list);
}

/* Input channels of each group that stays; all have the same number. */
static int32_t group_inputs_left(Shrink *s, const Product *p)
{
    int32_t most = 0;
    for (int32_t g = 0; g < p->group; g++) {
        int32_t live = 0;
        for (int32_t c = 0; c < p->in; c++)
            live += channel_is_live(s, p->x, g * p->in + c);
        most = live > most ? live : most;
    }
    return most;
}

static void note_inputs(Shrink *s, const Product *p, int64_t macs_each)
{
    int32_t inputs = p->group * p->in, removed = 0;
    bool *in = NEW_ARRAY(s->a, bool, inputs);
    for (int32_t c = 0; c < inputs; c++) {
        in[c] = !channel_is_live(s, p->x, c);
        removed += in[c];
    }
    if (!removed || p->in == 1)
        return; /* of a depthwise Conv, they are its output's */
    Buf list = {0};
    put_ranges(&list, in, inputs);
    graph_note(s->g, "shrink", p->node, (p->in - group_inputs_left(s, p)) * macs_each,
               "%d of %d input channels removed (%s): the layer in front no longer computes them", (int)removed,
               (int)inputs, buf_text(&list));
    buf_free(&list);
}

void shrink_notes(Shrink *s)
{
    Product p;
    GRAPH_NODES(s->g, n)
    {
        if (s->roles[n->id] != ROLE_PRODUCT || !product_of(n, &p))
            continue;
        for (int why = 0; why < WHY_COUNT; why++)
            note_reason(s, &p, (Why)why, p.pixels * p.taps * p.in);
        note_inputs(s, &p, p.pixels * p.taps * live_count(s, p.y));
    }
}
