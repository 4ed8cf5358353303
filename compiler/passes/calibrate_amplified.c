/* The doctor's search for layers that amplify the error of what they read: Log makes of a spectrum that is exact to 1 %
 * of its peak a result in which all that was quiet is wrong. Each candidate is tried with values in front of it not
 * rounded: first those that it reads, then also those that these are computed from, and so on. */
#include "passes/calibrate_health.h"

#include <math.h>
#include <string.h>

/* Ratios of noise. Where healthy models lose more than 10 dB from what a layer reads to its result, 30 dB are left. */
static const double LEAST_GAIN = 10 /* 10 dB */, LEAST_NOISE = 0.00316 /* 25 dB */, LEAST_REGAINED = 4 /* 6 dB */,
                    LEAST_HELP = 1.12 /* 0.5 dB */;
enum { DEPTH = 8 };

typedef struct {
    Examination *e;
    Arena *a;
    const Value **list;        /* values that are not to be rounded, those that were added last at the end */
    size_t count, ends[DEPTH]; /* of the list, by depth */
    bool *listed, *spared;     /* by Value.id; spared: not rounded as float nodes are chosen for the list */
    double noise[DEPTH];       /* of the layer, by depth, for a signal of 1 */
    const char *const *nodes[DEPTH];
} Search;

static double noise_of(const LayerHealth *h)
{
    return noise_share(h->noise, h->signal);
}

typedef void Visit(void *context, const Value *x);

/* The rounded values that v is computed from. */
static void visit_rounded(Examination *e, const Value *v, Visit *visit, void *context, int depth)
{
    const Node *n = v->producer;
    for (size_t i = 0; n && depth < DEPTH && i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        if (!x || x->is_const || (size_t)x->id >= e->k->count)
            continue;
        if (e->of[x->id])
            visit(context, x);
        else
            visit_rounded(e, x, visit, context, depth + 1);
    }
}

typedef struct {
    Examination *e;
    const Value *worst; /* of the values that a layer reads, that of the most noise */
} Worst;

static void see_read(void *context, const Value *x)
{
    Worst *w = context;
    if (!w->worst || noise_of(w->e->of[x->id]) > noise_of(w->e->of[w->worst->id]))
        w->worst = x;
}

/* What v reads, if v is far noisier than that and than alone; else NULL. */
static const Value *amplified_by(Examination *e, const Value *v)
{
    const LayerHealth *h = e->of[v->id];
    Worst w = {e, NULL};
    if (!h || !v->producer || noise_of(h) < LEAST_NOISE ||
        noise_of(h) < LEAST_GAIN * noise_share(h->own_noise, h->signal))
        return NULL;
    visit_rounded(e, v, see_read, &w, 0);
    return w.worst && noise_of(h) > LEAST_GAIN * noise_of(e->of[w.worst->id]) ? w.worst : NULL;
}

/* What is spared already, since nothing rounds it for itself, is passed by. */
static void list_value(void *context, const Value *x)
{
    Search *s = context;
    if (s->listed[x->id])
        return;
    s->listed[x->id] = true;
    if (s->spared[x->id])
        visit_rounded(s->e, x, list_value, s, 0);
    else
        s->list[s->count++] = x;
}

/* Nodes that are float where the values of the list are not rounded. */
static const char *const *nodes_of_list(const Search *s, size_t count, Arena *a)
{
    ARRAY(const char *) names = {0};
    for (size_t i = 0; i < count; i++)
        for (const char *const *n = nodes_of(s->e->k, s->list[i], true, a); n && *n; n++) {
            bool known = false;
            for (size_t j = 0; j < names.count; j++)
                known = known || strcmp(names.items[j], *n) == 0;
            if (!known)
                array_push(a, &names, *n);
        }
    if (names.count)
        array_push(a, &names, NULL);
    return names.items;
}

/* The calibration with these nodes float as well. */
static Calibration with_float(const Calibration *cal, const char *const *nodes, Arena *a)
{
    ARRAY(const char *) names = {0};
    Calibration c = *cal;
    for (size_t list = 0; list < 2; list++)
        for (const char *const *n = list ? nodes : cal->keep_float; n && *n; n++)
            array_push(a, &names, *n);
    array_push(a, &names, NULL);
    c.keep_float = names.items;
    return c;
}

/* The quantised graph as reals, with the exact constants in the nodes that are float for k. */
static Graph *graph_with_float(const Calibrator *k, Graph *g)
{
    Node *n = g->first, *exact = k->exact->first;
    for (; n && exact; n = node_next(n), exact = node_next(exact))
        for (size_t i = 0; stays_float(k, exact) && i < n->inputs.count; i++) {
            const Value *c = i < exact->inputs.count ? node_in(exact, i) : NULL;
            if (const_f32(node_in(n, i)))
                node_set_input(g, n, i, const_f32(c) ? const_floats(g, c->name, &c->shape, c->data) : NULL);
        }
    return g;
}

static bool try_depth(Search *s, const Value *v, int depth, Arena *keep)
{
    Calibrator *k = s->e->k;
    Arena *a = arena_new();
    s->nodes[depth] = nodes_of_list(s, s->count, keep);
    Calibration cal = with_float(k->cal, s->nodes[depth], a);
    Calibrator other = *k;
    other.cal = &cal;
    other.track = NEW_ARRAY(a, Track, k->count);
    choose_values(&other);
    for (size_t i = 0; i < k->count; i++)
        s->spared[i] = k->track[i].quantised && !other.track[i].quantised;
    Trial t = {.spared = s->spared, .target = v};
    bool ok = examine_trial(s->e, graph_with_float(&other, graph_of_reals(k, a)), &t);
    s->noise[depth] = noise_share(t.noise, t.signal);
    arena_free(a);
    return ok;
}

/* The least depth that regains, in decibels, half of what the best one does; -1: none helps. */
static int choose_depth(const Search *s, const LayerHealth *h, int depths)
{
    double before = noise_of(h), best = before;
    for (int i = 0; i < depths; i++)
        best = fmin(best, s->noise[i]);
    best = fmax(best, noise_share(h->own_noise, h->signal));
    for (int i = 0; i < depths; i++)
        if (s->noise[i] * LEAST_REGAINED < before && s->noise[i] * s->noise[i] <= before * best * 1.0001)
            return i;
    return -1;
}

static double below_one_step(const LayerHealth *h)
{
    return h->below_step / (double)(h->elements ? h->elements : 1);
}

/* Of the values that are not to be rounded, the one that loses most: small values, below its step. */
static const LayerHealth *loser(const Search *s, size_t count)
{
    const LayerHealth *most = s->e->of[s->list[0]->id];
    for (size_t i = 1; i < count; i++) {
        const LayerHealth *h = s->e->of[s->list[i]->id];
        most = below_one_step(h) > below_one_step(most) ? h : most;
    }
    return most;
}

static bool search(Search *s, const Value *v, const Value *reads, int most, Health *health)
{
    LayerHealth *h = s->e->of[v->id];
    int depths = 0;
    bool ok = true;
    visit_rounded(s->e, v, list_value, s, 0);
    for (size_t from = 0; ok && depths < most && s->count > from; depths++) {
        const size_t to = s->ends[depths] = s->count;
        ok = try_depth(s, v, depths, health->arena);
        for (; from < to; from++)
            visit_rounded(s->e, s->list[from], list_value, s, 0);
    }
    const int depth = ok ? choose_depth(s, h, depths) : -1;
    if (depth < 0 || !s->nodes[depth])
        return ok;
    const LayerHealth *lost = loser(s, s->ends[depth]);
    h->amplified = (Amplified){.reads = s->e->of[reads->id]->name,
                               .lost = lost->name,
                               .reads_noise = noise_of(s->e->of[reads->id]),
                               .below_step = below_one_step(lost),
                               .repaired_noise = s->noise[depth],
                               .nodes = s->nodes[depth]};
    return ok;
}

/* Are the outputs better when v alone is exact? */
static bool hurts(Search *s, const Value *v, const Health *health, bool *ok)
{
    Trial t = {.spared = s->spared, .target = v, .exact_target = true};
    *ok = examine_trial(s->e, graph_of_reals(s->e->k, s->a), &t);
    return *ok &&
           (isnan(health->noise) || /* which has spoilt the biases too */
            noise_share(t.output_noise, t.output_signal) * LEAST_HELP < noise_share(health->noise, health->signal));
}

/* Is it the rounding of values that is amplified, not that of weights? With exact weights the noise is still there.
 * Else only the layers that v reads are tried: weights of 4 bits make noise everywhere. */
static bool comes_from_values(Search *s, const Value *v, bool *ok)
{
    const bool *none = NEW_ARRAY(s->a, bool, s->e->k->count);
    Trial t = {.spared = none, .target = v};
    *ok = examine_trial(s->e, s->e->k->exact, &t);
    return *ok && noise_share(t.noise, t.signal) * LEAST_REGAINED > noise_of(s->e->of[v->id]);
}

bool find_amplified(Examination *e, Health *health)
{
    bool ok = true;
    for (size_t i = 0; ok && i < e->k->count; i++) {
        const Value *v = e->k->track[i].v, *reads = e->of[i] ? amplified_by(e, v) : NULL;
        if (!reads)
            continue;
        Arena *a = arena_new();
        Search s = {.e = e,
                    .a = a,
                    .listed = NEW_ARRAY(a, bool, e->k->count),
                    .spared = NEW_ARRAY(a, bool, e->k->count),
                    .list = NEW_ARRAY(a, const Value *, e->k->count)};
        if (hurts(&s, v, health, &ok)) {
            int most = comes_from_values(&s, v, &ok) ? DEPTH : 1;
            ok = ok && search(&s, v, reads, most, health);
        }
        arena_free(a);
    }
    return ok;
}
