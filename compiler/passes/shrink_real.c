/* shrink_real: where a channel is constant or equal to another one, the products that read it no longer do, if shrink
 * can remove it then.
 * - A constant's share goes into the bias.
 * - Where a window ends at the image's border, that would be another bias at each position there. One constant channel
 *   stays and takes the weights of the others in the same Conv: what it adds ends at the border as they do.
 * - What a Conv makes of constants at a border is a known image. Its share is a bias at each position, a constant
 *   residual, where that pays (shrink_border.c).
 * - A duplicate's weights are added to those of the channel that it equals.
 * Requires: layout, known shapes. Keeps: the function over the real numbers; floats are rounded in another order,
 * integers are the same. Breaks: nothing. */
#include "passes/shrink.h"

#include <math.h>
#include <string.h>

typedef struct {
    float *w;
    double *bias; /* what is added to the biases */
    double *map;  /* what is added at each position; NULL: nothing */
    int32_t constants, images, duplicates;
} Folded;

static int64_t weight_index(const Product *p, int32_t o, int64_t t, int32_t c)
{
    return (int64_t)o * p->by_output + t * p->by_tap + (int64_t)c * p->by_input;
}

static void clear_weights(const Product *p, Folded *f, int32_t channel)
{
    int32_t group = channel / p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        for (int64_t t = 0; t < p->taps; t++)
            f->w[weight_index(p, o, t, channel - group * p->in)] = 0;
}

static void into_bias(const Product *p, Folded *f, int32_t channel, double value)
{
    int32_t group = channel / p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        for (int64_t t = 0; t < p->taps; t++)
            f->bias[o] += value * (double)product_weight(p, o, t, channel - group * p->in);
}

/* The weights, times `factor`, are added to those of another channel of the group. */
static void into_channel(const Product *p, Folded *f, int32_t channel, int32_t to, double factor)
{
    int32_t group = channel / p->in, first = group * p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        for (int64_t t = 0; t < p->taps; t++)
            f->w[weight_index(p, o, t, to - first)] +=
                (float)(factor * (double)product_weight(p, o, t, channel - first));
}

static bool reads(const Product *p, int32_t channel)
{
    int32_t group = channel / p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        if (!product_ignores(p, o, channel - group * p->in))
            return true;
    return false;
}

/* What shrink_live with `fold` took for granted. */
static void fold_channel(Shrink *s, const Product *p, int32_t channel, Folded *f)
{
    Fact x = shrink_fact(s, p->x, channel);
    if (channel_is_live(s, p->x, channel) || fact_is_zero(&x) || !reads(p, channel))
        return;
    if (x.constant && !p->padded) {
        into_bias(p, f, channel, (double)x.value);
        f->constants++;
    } else if (x.constant) {
        int32_t to = border_carrier(s, p, channel / p->in);
        float value = to < 0 ? 0 : shrink_fact(s, p->x, to).value;
        if (to == channel || value == 0)
            return;
        into_channel(p, f, channel, to, (double)x.value / (double)value);
        f->constants++;
    } else if (x.image && f->map) {
        border_map_add(s, p, channel, f->map);
        f->images++;
    } else if (x.same != channel && x.same / p->in == channel / p->in) {
        into_channel(p, f, channel, x.same, 1);
        f->duplicates++;
    } else {
        return;
    }
    clear_weights(p, f, channel);
}

/* `base`, which may be NULL, plus what was folded; NULL when a number would not be finite. */
static float *sums(Shrink *s, const float *base, const double *add, int64_t count)
{
    float *out = NEW_ARRAY(s->g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        out[i] = (float)((base ? (double)base[i] : 0) + add[i]);
        if (!isfinite(out[i]))
            return NULL;
    }
    return out;
}

static bool set_folded(Shrink *s, const Product *p, const Folded *f)
{
    Value *w = node_in(p->node, 1);
    Shape shape = {.rank = 1, .dim = {shrink_outputs(p)}};
    bool any = p->b != NULL;
    for (int32_t o = 0; o < shrink_outputs(p); o++)
        any = any || f->bias[o] != 0;
    float *bias = sums(s, p->b, f->bias, shrink_outputs(p)), *map = NULL;
    if (f->images)
        map = sums(s, p->residual ? p->residual->data : NULL, f->map, shape_count(&p->y->shape));
    bool finite = bias && (map || !f->images);
    for (int64_t i = 0; i < shrink_weights(p) && finite; i++)
        finite = isfinite(f->w[i]);
    if (!finite)
        return false;
    node_set_input(s->g, p->node, 1, const_floats(s->g, w->name, &w->shape, f->w));
    if (any)
        node_set_input(s->g, p->node, 2, const_floats(s->g, p->bias ? p->bias->name : NULL, &shape, bias));
    if (map)
        node_set_input(s->g, p->node, 3, const_floats(s->g, NULL, &p->y->shape, map));
    return true;
}

static void note_folded(Shrink *s, const Product *p, const Folded *f)
{
    if (f->constants)
        graph_note(s->g, "shrink_real", p->node, 0, "%d constant input channels are in its %s, exact over the reals",
                   (int)f->constants, p->padded ? "weights of a constant one, which ends at the border too" : "biases");
    if (f->images)
        graph_note(s->g, "shrink_real", p->node, 0,
                   "%d input channels that are constant but for the border are a bias at each position, exact over the "
                   "reals",
                   (int)f->images);
    if (f->duplicates)
        graph_note(s->g, "shrink_real", p->node, 0,
                   "weights of %d duplicate input channels are added to those of their equals, exact over the reals",
                   (int)f->duplicates);
}

static bool fold_product(Shrink *s, Node *n)
{
    Product p;
    if (!product_of(n, &p) || s->of[p.x->id].axis < 0 || live_count(s, p.x) == s->of[p.x->id].count)
        return false;
    if (p.q)
        return q_fold(s, &p);
    int64_t count = shrink_weights(&p);
    Folded f = {.w = NEW_ARRAY(s->g->arena, float, count), .bias = NEW_ARRAY(s->a, double, shrink_outputs(&p))};
    if (border_map_pays(s, &p))
        f.map = NEW_ARRAY(s->a, double, shape_count(&p.y->shape));
    for (int64_t i = 0; i < count; i++)
        f.w[i] = p.w[i];
    for (int32_t c = 0; c < p.group * p.in; c++)
        fold_channel(s, &p, c, &f);
    if (!(f.constants || f.images || f.duplicates) || !set_folded(s, &p, &f)) {
        arena_free_large(s->g->arena, f.w);
        return false;
    }
    note_folded(s, &p, &f);
    return true;
}

/* Alone this pass would change roundings for nothing. */
static bool shrink_is_disabled(const PassContext *c)
{
    for (const char *const *name = c->disabled; name && *name; name++)
        if (!strcmp(*name, "shrink"))
            return true;
    return false;
}

bool pass_shrink_real(PassContext *c, Graph *g, bool *changed)
{
    /* Rows that become equal or 0 may show more. */
    for (bool again = !shrink_is_disabled(c); again;) {
        Shrink *s = shrink_new(c, g);
        again = false;
        if (!s)
            return true;
        shrink_facts(s);
        shrink_live(s, true);
        GRAPH_NODES(g, n)
        {
            if ((size_t)n->id < s->node_ids && s->roles[n->id] == ROLE_PRODUCT && fold_product(s, n))
                again = true;
            graph_free_unread(g);
        }
        *changed = *changed || again;
    }
    return true;
}
