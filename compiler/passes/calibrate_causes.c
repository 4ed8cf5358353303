/* The doctor's judgements: the cause of a layer's noise, what to do, and which nodes to keep float for it. */
#include "passes/calibrate_health.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUTLIER = 20, MOST_MISALIGNED = 16 };

/* The layer whose result v is, behind its bounds and added rows. */
static const Layer *layer_of(Calibrator *k, const Value *v)
{
    for (int depth = 0; v && v->producer && depth < 4; depth++) {
        if (depth > 0 && k->track[v->id].quantised)
            return NULL;
        for (size_t i = 0; i < k->layers.count; i++)
            if (k->layers.items[i].node == v->producer)
                return &k->layers.items[i];
        const Value *first = node_in(v->producer, 0);
        v = first && first->is_const ? node_in(v->producer, 1) : first; /* Add(bias, product) */
    }
    return NULL;
}

/* What n computes with, where that is not rounded by itself. */
static const Node *inner_producer(const Calibrator *k, const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        if (x && !x->is_const)
            return (size_t)x->id < k->count && k->track[x->id].quantised ? NULL : x->producer;
    }
    return NULL;
}

typedef ARRAY(const char *) NameArray;

static void push_readers(const Value *v, Arena *a, NameArray *list, int depth)
{
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *n = v->users.items[i];
        array_push(a, list, arena_strdup(a, node_name(n)));
        if (moves_values(n) && depth < 8)
            push_readers(node_out(n, 0), a, list, depth + 1);
    }
}

const char *const *nodes_of(Calibrator *k, const Value *v, bool readers, Arena *a)
{
    NameArray list = {0};
    int depth = 0;
    for (const Node *n = v->producer; n && depth < 8; n = inner_producer(k, n), depth++)
        array_push(a, &list, arena_strdup(a, node_name(n)));
    if (v->producer && readers)
        push_readers(v, a, &list, 0);
    if (!v->producer && !readers)
        array_push(a, &list, arena_strdup(a, v->name));
    if (list.count)
        array_push(a, &list, NULL);
    return list.items;
}

/* Of a depthwise convolution each weight takes a byte. */
static int64_t weight_bytes(const Layer *y)
{
    int64_t count = shape_count(&y->l.w->shape);
    bool depthwise = y->groups > 1 && y->in[0] == y->groups;
    return (y->bits == 4 && !depthwise ? (count + 1) / 2 : count) + 8 * y->outputs +
           (y->block ? 2 * y->outputs * y->blocks : 0);
}

/* Concat gives all operands one scale: the range that they share, in ranges of what one of them holds. */
static double concat_misalignment(Examination *e, const Node *n)
{
    double most = 1;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        const LayerHealth *h = v && (size_t)v->id < e->k->count ? e->of[v->id] : NULL;
        const Track *t = h ? track_of(e->k, v) : NULL;
        if (!h || t != track_of(e->k, node_out(n, 0)) || !(h->high > h->low))
            continue;
        most = fmax(most, (t->hi - t->lo) / (fmax(h->high, 0) - fmin(h->low, 0)));
    }
    return most;
}

/* The largest ratio between the scales of the operands, or of one and the result. */
static double misalignment(Examination *e, const Node *n)
{
    Calibrator *k = e->k;
    double least = INFINITY, most = 0;
    if (node_is(n, "Concat"))
        return concat_misalignment(e, n);
    if (!node_is(n, "Add") && !node_is(n, "Sub"))
        return 1;
    for (size_t i = 0; i < 2; i++) {
        const Value *v = node_in(n, i);
        if (!v || v->is_const || (size_t)v->id >= k->count || !k->track[v->id].quantised)
            return 1;
        double scale = (double)track_of(k, v)->scale;
        least = fmin(least, scale);
        most = fmax(most, scale);
    }
    return most / least;
}

static double bias_excess(Calibrator *k, const Value *v)
{
    const Layer *y = layer_of(k, v);
    double most = 0;
    if (!y || !y->l.bias)
        return 0;
    Tensor t = value_tensor(y->l.bias);
    for (int64_t o = 0; o < y->outputs; o++) {
        int64_t group = o / (y->outputs / y->groups);
        double weight = 0, unit = (double)track_of(k, node_in(y->node, 0))->scale;
        (void)group;
        const float *w = y->l.w->data;
        for (int64_t i = 0; i < y->k; i++)
            weight = fmax(weight, fabs((double)w[y->by_rows ? o * y->k + i : i * y->outputs + o]));
        unit *= weight / (y->bits == 4 ? 7 : 127);
        double b = fabs(tensor_float(&t, shape_count(&y->l.bias->shape) > 1 ? o : 0) * y->l.beta);
        most = fmax(most, b / (fmax(unit, 1e-38) * 1073741824.0));
    }
    return most;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void judge_channels(Examination *e, const Value *v, LayerHealth *h)
{
    int64_t n = e->channels[v->id];
    float *peak = e->peak[v->id];
    if (n < 2)
        return;
    h->channels = n;
    for (int64_t i = 0; i < n; i++) {
        h->dead_channels += peak[i] == 0;
        h->worst_channel = h->worst_channel < 0 || peak[i] > peak[h->worst_channel] ? i : h->worst_channel;
    }
    float most = peak[h->worst_channel];
    qsort(peak, (size_t)n, sizeof *peak, by_size);
    float median = peak[h->dead_channels + (n - h->dead_channels - 1) / 2];
    h->outlier = median > 0 ? (double)(most / median) : 0;
}

/* Of a noise for a signal of 1. */
static const char *in_decibels(double noise, Arena *a)
{
    return isfinite(noise) ? arena_printf(a, "%.1f dB", fmin(-10 * log10(fmax(noise, 1e-20)), 200)) : "NaN";
}

static const char *advice_on_amplified(const LayerHealth *h, Arena *a)
{
    const Amplified *m = &h->amplified;
    const char *names = "", *lost = "";
    for (const char *const *n = m->nodes; *n; n++)
        names = arena_printf(a, "%s%s%s", names, n == m->nodes ? "" : ", ", diag_quote(a, *n));
    if (m->below_step >= 0.01)
        lost = arena_printf(a, " (%.0f %% of the elements of %s are smaller than one step)", 100 * m->below_step,
                            diag_quote(a, m->lost));
    return arena_printf(a, "%s has %s, this layer makes %s of it%s: do not round what it reads; with %s in float %s",
                        diag_quote(a, m->reads), in_decibels(m->reads_noise, a),
                        in_decibels(h->noise / fmax(h->signal, 1e-300), a), lost, names,
                        arena_printf(a, "it has %s", in_decibels(m->repaired_noise, a)));
}

static void name_cause(Health *all, LayerHealth *h)
{
    double width = h->hi - h->lo, occurs = fmax(h->high, 0) - fmin(h->low, 0);
    Arena *a = all->arena;
    if (h->amplified.nodes) {
        h->cause = "amplified error";
        h->advice = advice_on_amplified(h, a);
    } else if (h->bias_excess >= 1) {
        h->cause = "bias overflow";
        h->advice =
            "the bias of a channel is far larger than its weights: keep the layer float, or train with a penalty "
            "on biases";
    } else if (h->saturated > 0.005) {
        h->cause = "saturated range";
        h->advice =
            "elements lie outside of the range: calibrate with data that cover what occurs, or --widest for this "
            "layer";
    } else if (strcmp(h->op_type, "Concat") == 0 && h->misaligned > MOST_MISALIGNED) {
        h->cause = "misaligned scales";
        h->advice = "one operand takes a small part of the range that all share: keep the layer and those that read it "
                    "float, or rescale the operand";
    } else if (occurs > 0 && width > 4 * occurs && !h->shares_range &&
               !(strcmp(h->op_type, "Softmax") == 0 && width < 2.01)) { /* 16 bits of it go from -1 to 1 */
        h->cause = "wrong range";
        h->advice = "the range is far wider than what occurs: remove --range, or calibrate with data like these";
    } else if (h->outlier > MOST_OUTLIER) {
        h->cause = "outlier channel";
        h->advice = arena_printf(a,
                                 "channel %lld is %.0f times the median channel and takes the range: keep the layer "
                                 "float, or rescale that channel",
                                 (long long)h->worst_channel, h->outlier);
    } else if (h->misaligned > MOST_MISALIGNED) {
        h->cause = "misaligned scales";
        h->advice =
            "one operand's steps are far coarser than the other's: give both one range, or keep the layer float";
    } else if (h->dead_channels) {
        h->cause = "dead channel";
        h->advice = "channels that are always 0 cost memory and time: remove them, or calibrate with more varied data";
    }
}

void conclude(Examination *e, Health *health)
{
    for (size_t i = 0; i < e->k->count; i++) {
        Track *t = &e->k->track[i];
        LayerHealth *h = e->of[i];
        if (!h)
            continue;
        const Track *range = track_of(e->k, t->v);
        h->lo = range->lo;
        h->hi = range->hi;
        h->saturated /= (double)(h->elements ? h->elements : 1);
        h->used = (fmin(h->high, h->hi) - fmax(h->low, h->lo)) / (h->hi - h->lo);
        h->misaligned = t->v->producer ? misalignment(e, t->v->producer) : 1;
        const Layer *y = layer_of(e->k, t->v);
        for (size_t u = 0; u < t->v->users.count; u++)
            h->shares_range |= node_is(t->v->users.items[u], "Concat");
        h->own = nodes_of(e->k, t->v, false, health->arena);
        h->nodes = nodes_of(e->k, t->v, true, health->arena);
        h->weights = y ? shape_count(&y->l.w->shape) : 0;
        h->weight_bytes = y ? weight_bytes(y) : 0;
        h->bias_excess = bias_excess(e->k, t->v);
        judge_channels(e, t->v, h);
        name_cause(health, h);
    }
}
