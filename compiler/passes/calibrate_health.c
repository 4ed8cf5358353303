/* Float against quantised, layer by layer: the exact graph, the quantised one as reals, and the quantised one with
 * exact inputs to each layer run side by side on the same samples. */
#include "passes/calibrate_health.h"

#include <math.h>
#include <string.h>

enum { MAX_CHECKED = 200 };

static void see_exact(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Examination *e = context;
    (void)at_case;
    if (e->exact[v->id])
        memcpy(e->exact[v->id], data, (size_t)count * sizeof *data);
}

static void see_peaks(Examination *e, const Value *v, const float *x, int64_t count)
{
    int axis = v->shape.rank == 4 || v->shape.rank == 3 ? 1 : v->shape.rank - 1;
    int64_t inner = 1, channels = e->channels[v->id];
    for (int i = axis + 1; i < v->shape.rank; i++)
        inner *= v->shape.dim[i];
    for (int64_t i = 0; channels && i < count; i++) {
        float *p = &e->peak[v->id][i / inner % channels], m = fabsf(x[i]);
        *p = m > *p ? m : *p;
    }
}

static void compare(Examination *e, const Value *v, const float *exact, const float *got, int64_t count)
{
    LayerHealth *h = e->of[v->id];
    const Track *t = track_of(e->k, v);
    for (int64_t i = 0; i < count; i++) {
        double x = (double)exact[i], y = (double)got[i], d = y - x;
        h->signal += x * x;
        h->noise += d * d;
        h->dot += x * y;
        h->quantised += y * y;
        h->worst = fmax(h->worst, fabs(d));
        h->low = fmin(h->low, x);
        h->high = fmax(h->high, x);
        h->below_step += exact[i] != 0 && fabs(x) < (double)t->scale;
        h->saturated += x < t->lo - (double)t->scale || x > t->hi + (double)t->scale;
    }
    h->elements += count;
    see_peaks(e, v, exact, count);
}

/* Is the label's score the highest, and the first of those? One score is the probability of class 1. */
static bool is_class(const float *scores, int64_t classes, int64_t label)
{
    if (classes == 1)
        return (scores[0] > 0.5f) == (label == 1);
    for (int64_t i = 0; i < classes; i++)
        if (i < label ? !(scores[i] < scores[label]) : !(scores[i] <= scores[label]))
            return false;
    return true;
}

static void score(Examination *e, const Value *v, const float *exact, const float *got, size_t at_case)
{
    const Calibration *cal = e->k->cal;
    const int64_t batch = (int64_t)e->cases->batch, classes = shape_count(&v->shape) / batch;
    for (int64_t i = 0; i < batch; i++) {
        const int64_t label = cal->labels[(int64_t)at_case * batch + i];
        cal->health->labelled++;
        cal->health->float_correct += is_class(exact + i * classes, classes, label);
        cal->health->correct += is_class(got + i * classes, classes, label);
    }
}

static void see_output(Examination *e, const float *exact, const float *got, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        double x = (double)exact[i], d = (double)got[i] - x;
        e->k->cal->health->signal += x * x;
        e->k->cal->health->noise += d * d;
    }
}

static void see_trial(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Examination *e = context;
    Trial *t = e->trial;
    const float *exact = e->exact[v->id];
    (void)at_case;
    if (e->k->track[v->id].quantised && !t->spared[v->id])
        fake_quantise(track_of(e->k, v), data, count);
    if (exact && t->exact_target && v->id == t->target->id)
        memcpy(data, exact, (size_t)count * sizeof *data);
    for (int64_t i = 0; exact && i < count; i++) {
        double x = (double)exact[i], d = (double)data[i] - x;
        t->signal += v->id == t->target->id ? x * x : 0;
        t->noise += v->id == t->target->id ? d * d : 0;
        t->output_signal += e->is_output[v->id] ? x * x : 0;
        t->output_noise += e->is_output[v->id] ? d * d : 0;
    }
}

static void see_quantised(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Examination *e = context;
    const float *exact = e->exact[v->id];
    if (e->k->track[v->id].quantised)
        fake_quantise(track_of(e->k, v), data, count);
    if (!exact)
        return;
    if (!e->isolated && e->is_output[v->id])
        see_output(e, exact, data, count);
    if (!e->isolated && e->scores && v->id == e->scores->id)
        score(e, v, exact, data, at_case);
    if (!e->isolated && !e->outputs_only && e->of[v->id])
        compare(e, v, exact, data, count);
    if (!e->isolated)
        return;
    for (int64_t i = 0; e->of[v->id] && i < count; i++)
        e->of[v->id]->own_noise += ((double)data[i] - (double)exact[i]) * ((double)data[i] - (double)exact[i]);
    memcpy(data, exact, (size_t)count * sizeof *data);
}

static void watch(Examination *e, Health *health, Track *t)
{
    Value *v = t->v;
    const Node *n = v->producer;
    int axis = v->shape.rank == 4 || v->shape.rank == 3 ? 1 : v->shape.rank - 1;
    e->exact[v->id] = NEW_ARRAY(health->arena, float, shape_count(&v->shape));
    LayerHealth h = {.name = arena_strdup(health->arena, n && *n->name ? n->name : v->name),
                     .op_type = arena_strdup(health->arena, n ? n->op_type : "input"),
                     .low = INFINITY,
                     .high = -INFINITY,
                     .worst_channel = -1,
                     .cause = "",
                     .advice = ""};
    array_push(health->arena, &health->layers, h);
    e->channels[v->id] = axis >= 0 ? v->shape.dim[axis] : 0;
    e->peak[v->id] = NEW_ARRAY(health->arena, float, e->channels[v->id] + 1);
}

static void watch_outputs(Examination *e)
{
    Calibrator *k = e->k;
    for (size_t i = 0; i < k->g->outputs.count; i++) {
        const Value *v = k->g->outputs.items[i];
        while ((size_t)v->id < k->count && !k->track[v->id].seen && v->producer && node_in(v->producer, 0))
            v = node_in(v->producer, 0);
        if ((size_t)v->id >= k->count || !k->track[v->id].seen || !known_f32(v))
            continue;
        e->is_output[v->id] = true;
        e->scores = i == 0 && k->cal->labels ? v : e->scores;
        if (!e->exact[v->id])
            e->exact[v->id] = NEW_ARRAY(k->cal->health->arena, float, shape_count(&v->shape));
    }
}

/* Layers are compared on the first samples, labels on all. */
static bool run(Examination *e, const Graph *reals)
{
    Calibrator *k = e->k;
    const size_t cases = k->cal->labels || e->cases->cases < MAX_CHECKED ? e->cases->cases : MAX_CHECKED;
    Evaluation *exact = evaluation_new(k, k->exact, see_exact, e);
    Evaluation *quantised = evaluation_new(k, reals, see_quantised, e);
    bool ok = exact && quantised;
    for (size_t i = 0; ok && i < cases; i++) {
        e->outputs_only = k->cal->depth == EXAMINE_OUTPUTS || i >= MAX_CHECKED;
        ok = evaluation_case(exact, e->cases->data, i);
        for (int isolated = 0; ok && isolated < (e->outputs_only ? 1 : 2); isolated++) {
            e->isolated = isolated;
            ok = evaluation_case(quantised, e->cases->data, i);
        }
    }
    evaluation_free(exact);
    evaluation_free(quantised);
    return ok;
}

bool examine_trial(Examination *e, const Graph *g, Trial *t)
{
    const size_t cases = e->cases->cases < MAX_CHECKED ? e->cases->cases : MAX_CHECKED;
    Evaluation *exact = evaluation_new(e->k, e->k->exact, see_exact, e);
    Evaluation *spared = evaluation_new(e->k, g, see_trial, e);
    bool ok = exact && spared;
    e->trial = t;
    for (size_t i = 0; ok && i < cases; i++)
        ok = evaluation_case(exact, e->cases->data, i) && evaluation_case(spared, e->cases->data, i);
    evaluation_free(exact);
    evaluation_free(spared);
    return ok;
}

static bool check_labels(Examination *e)
{
    const Calibration *cal = e->k->cal;
    const Value *v = e->scores;
    const int64_t batch = (int64_t)e->cases->batch, classes = v ? shape_count(&v->shape) / batch : 0;
    if (!cal->labels)
        return true;
    if (classes < 1 || classes * batch != shape_count(&v->shape))
        return diag_error(e->k->c->diag, "labels: the model's first output is no list of class scores");
    for (size_t i = 0; i < e->cases->samples; i++)
        if (cal->labels[i] < 0 || cal->labels[i] >= (classes > 1 ? classes : 2))
            return diag_error(e->k->c->diag, "labels: label %lld of sample %zu; the model has classes 0 to %lld",
                              (long long)cal->labels[i], i, (long long)(classes > 1 ? classes - 1 : 1));
    return true;
}

bool examine(Calibrator *k)
{
    Health *health = k->cal->health;
    Arena *a = arena_new();
    Examination e = {k,
                     NEW_ARRAY(a, float *, k->count),
                     NEW_ARRAY(a, LayerHealth *, k->count),
                     NEW_ARRAY(a, float *, k->count),
                     NEW_ARRAY(a, int64_t, k->count),
                     NEW_ARRAY(a, bool, k->count),
                     k->cal->check.cases ? &k->cal->check : &k->cal->own,
                     NULL,
                     false,
                     false,
                     NULL};
    size_t watched = 0;
    for (size_t i = 0; i < k->count; i++)
        if (k->track[i].quantised && k->track[i].seen && known_f32(k->track[i].v))
            watch(&e, health, &k->track[i]);
    for (size_t i = 0; i < k->count; i++)
        if (e.exact[i])
            e.of[i] = &health->layers.items[watched++];
    watch_outputs(&e);
    bool ok = check_labels(&e) && run(&e, graph_of_reals(k, a));
    if (ok && k->cal->depth == EXAMINE_CAUSES)
        ok = find_amplified(&e, health);
    if (ok && k->cal->depth != EXAMINE_OUTPUTS)
        conclude(&e, health);
    arena_free(a);
    return ok;
}
