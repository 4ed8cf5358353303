/* Ranges from what occurs in the calibration data: one pass for the extremes, one for a histogram where the method
 * needs it. A range always holds 0, so that padding and Relu are exact. */
#include "ops/wide.h"
#include "passes/calibrate.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEVELS = 255,
    STEPS = 64,
    LEAST_SAMPLES = 64,    /* for a share of their elements to be cut off */
    LEAST_ELEMENTS = 40000 /* for two to lie in each tail of 0.005 % */
};

void spread_add(Spread *s, double sample)
{
    s->sum += sample;
    s->squares += sample * sample;
}

double spread_reach(const Spread *s, size_t n, double deviations)
{
    double count = (double)n, mean = s->sum / count;
    return n > 1 ? mean + deviations * sqrt(fmax(s->squares - count * mean * mean, 0) / (count - 1)) : INFINITY;
}

typedef struct {
    Calibrator *k;
    size_t sample;
} Extremes;

static void end_sample(Calibrator *k)
{
    for (size_t i = 0; i < k->count; i++) {
        Track *t = &k->track[i];
        spread_add(&t->below, -t->least);
        spread_add(&t->above, t->most);
        t->least = t->most = 0;
    }
}

/* NaN is passed over. */
WIDE_CLONES static void extremes(const float *data, int64_t count, float *least, float *most)
{
    enum { LANES = 16 };
    float low[LANES], high[LANES];
    for (int l = 0; l < LANES; l++)
        low[l] = INFINITY, high[l] = -INFINITY;
    for (; count >= LANES; count -= LANES, data += LANES)
        for (int l = 0; l < LANES; l++) {
            low[l] = data[l] < low[l] ? data[l] : low[l];
            high[l] = data[l] > high[l] ? data[l] : high[l];
        }
    for (int l = 0; l < count; l++) {
        low[l] = data[l] < low[l] ? data[l] : low[l];
        high[l] = data[l] > high[l] ? data[l] : high[l];
    }
    *least = INFINITY, *most = -INFINITY;
    for (int l = 0; l < LANES; l++) {
        *least = low[l] < *least ? low[l] : *least;
        *most = high[l] > *most ? high[l] : *most;
    }
}

static void see_extremes(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Extremes *e = context;
    Calibrator *k = e->k;
    Track *t = track_of(k, v);
    k->track[v->id].seen = true;
    if (at_case != e->sample)
        end_sample(k);
    e->sample = at_case;
    float low, high;
    extremes(data, count, &low, &high);
    t->low = fmin(t->low, (double)low);
    t->high = fmax(t->high, (double)high);
    t->least = fmin(t->least, (double)low);
    t->most = fmax(t->most, (double)high);
}

static void see_bins(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Calibrator *k = context;
    Track *t = track_of(k, v);
    (void)at_case;
    if (!t->bins)
        return;
    float low = (float)t->low, by = (float)(BINS / (t->high - t->low));
    for (int64_t i = 0; i < count; i++) {
        int bin = (int)((data[i] - low) * by);
        t->bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin]++;
    }
}

static double centre(const Track *t, int bin)
{
    return t->low + (bin + 0.5) * (t->high - t->low) / BINS;
}

/* Squared error of the histogram when it is quantised to lo..hi. */
static double squared_error(const Track *t, double lo, double hi)
{
    double scale = (hi - lo) / LEVELS, sum = 0;
    for (int i = 0; i < BINS; i++) {
        if (!t->bins[i])
            continue;
        double x = centre(t, i), q = rint((x - lo) / scale);
        double e = x - (lo + scale * (q < 0 ? 0 : q > LEVELS ? LEVELS : q));
        /* Inside a level the error is even: the centre of a bin stands for a bin's width. */
        sum += (double)t->bins[i] * (q < 0 || q > LEVELS ? e * e : fmax(e * e, scale * scale / 12));
    }
    return sum;
}

/* Kullback-Leibler divergence of the clipped histogram from what LEVELS levels make of it. */
static double divergence(const Track *t, double lo, double hi)
{
    double mass[LEVELS + 1] = {0}, filled[LEVELS + 1] = {0}, total = 0, sum = 0, p[BINS];
    int level[BINS], first = -1, last = -1;
    for (int i = 0; i < BINS; i++) {
        double x = centre(t, i);
        /* Relu puts a heap on 0, which any range keeps: it would outweigh all else. */
        p[i] = t->low <= 0 && fabs(x) <= (t->high - t->low) / BINS ? 0 : (double)t->bins[i];
        total += p[i];
        level[i] = x < lo || x > hi ? -1 : (int)rint((x - lo) / (hi - lo) * LEVELS);
        if (level[i] < 0)
            continue;
        first = first < 0 ? i : first;
        last = i;
        mass[level[i]] += p[i];
        filled[level[i]] += p[i] > 0;
    }
    if (first < 0)
        return INFINITY;
    for (int i = 0; i < BINS; i++)
        if (level[i] < 0)
            p[i < first ? first : last] += p[i];
    for (int i = first; i <= last; i++) {
        double q = filled[level[i]] > 0 ? mass[level[i]] / filled[level[i]] : 0;
        if (p[i] > 0)
            sum += p[i] / total * log(p[i] / fmax(q, 1e-3));
    }
    return sum;
}

/* Both ends are drawn in by steps, one after the other, twice. */
static void search(Track *t, double (*cost)(const Track *, double, double))
{
    double low = fmin(t->low, 0), high = fmax(t->high, 0), lo = low, hi = high, best = cost(t, lo, hi);
    for (int round = 0; round < 2; round++)
        for (int end = 0; end < 2; end++)
            for (int i = 1; i < STEPS; i++) {
                double a = end ? lo : low * i / STEPS, b = end ? high * i / STEPS : hi;
                double c = b > a ? cost(t, a, b) : INFINITY;
                if (c < best) {
                    best = c;
                    lo = a;
                    hi = b;
                }
            }
    t->lo = lo;
    t->hi = hi;
}

/* All but 0.01 % of the elements; of few samples, all: what one of them reaches, others will. */
static void percentile(Track *t, size_t cases)
{
    uint64_t total = 0, below = 0, above = 0;
    int first = 0, last = BINS - 1;
    for (int i = 0; i < BINS; i++)
        total += t->bins[i];
    uint64_t tail = cases < LEAST_SAMPLES ? 0 : total / 20000;
    while (first < last && below + t->bins[first] <= tail)
        below += t->bins[first++];
    while (last > first && above + t->bins[last] <= tail)
        above += t->bins[last--];
    t->lo = t->low + first * (t->high - t->low) / BINS;
    t->hi = t->low + (last + 1) * (t->high - t->low) / BINS;
}

/* Scale and zero point; the ends move so that 0 is a level. */
static void settle(Track *t)
{
    if (t->sixteen) {
        double most = fmax(fabs(t->lo), fabs(t->hi)) / INT16_MAX;
        t->scale = most >= (double)FLT_MIN * 4 ? (float)most : 1;
        t->lo = INT16_MIN * (double)t->scale;
        t->hi = INT16_MAX * (double)t->scale;
        return;
    }
    t->lo = fmin(t->lo, 0);
    t->hi = fmax(t->hi, 0);
    double scale = (t->hi - t->lo) / LEVELS;
    if (!(scale >= (double)FLT_MIN * 4))
        scale = 1;
    t->scale = (float)scale;
    t->zero = (int)rint(-128 - t->lo / (double)t->scale);
    t->zero = t->zero < -128 ? -128 : t->zero > 127 ? 127 : t->zero;
    t->lo = (-128 - t->zero) * (double)t->scale;
    t->hi = (127 - t->zero) * (double)t->scale;
}

/* Softmax gives 0 to 1 whatever the data. Where it is far from 1, as over many classes that are all alike, 8 bits go to
 * twice what occurs; 1 / scale is whole, as its kernel wants it. */
static bool known_range(Track *t)
{
    if (!node_is(t->v->producer, "Softmax"))
        return false;
    t->lo = 0;
    t->hi = t->sixteen ? 1 : 255.0 / 256;
    if (!t->sixteen && t->high < 0.25)
        t->hi = 255 / fmin(floor(255 / (2 * t->high)), 65536);
    return true;
}

static bool widest(Calibrator *k, const Track *t)
{
    return t->v->producer && named(k->cal->widest, t->v->producer);
}

bool range_given(const char *text, const Value *v, double *lo, double *hi)
{
    size_t n = strlen(v->name);
    char *end;
    if (n == 0 || strncmp(text, v->name, n) != 0 || text[n] != '=')
        return false;
    *lo = strtod(text + n + 1, &end);
    *hi = *end == ',' ? strtod(end + 1, &end) : *lo;
    return *hi > *lo;
}

static bool fixed_range(Calibrator *k, Track *t)
{
    for (const char *const *r = k->cal->ranges; r && *r; r++)
        if (range_given(*r, t->v, &t->lo, &t->hi))
            return true;
    return false;
}

/* Computed, not only moved: what inputs hold is known better than what follows from it. */
static bool is_computed(const Value *v)
{
    while (v->producer && (node_is(v->producer, "Transpose") || node_is(v->producer, "Reshape")))
        v = node_in(v->producer, 0);
    return v->producer != NULL;
}

/* Room for what samples that are not here may reach, where few elements have been seen; bounds of the operator hold. */
static void widen(Calibrator *k, Track *t)
{
    size_t cases = k->cal->own.cases;
    Value *x;
    double lo = -INFINITY, hi = INFINITY, deviations = 1.7 + 5 / (double)cases; /* 96 % of samples (Student's t) */
    if (cases < 2 || cases >= LEAST_SAMPLES || !is_computed(t->v) ||
        shape_count(&t->v->shape) * (int64_t)cases >= LEAST_ELEMENTS)
        return;
    if (!clamp_of(t->v->producer, &x, &lo, &hi))
        lo = -INFINITY, hi = INFINITY;
    if (t->low < 0)
        t->lo = fmin(t->lo, fmax(lo, -spread_reach(&t->below, cases, deviations)));
    if (t->high > 0)
        t->hi = fmax(t->hi, fmin(hi, spread_reach(&t->above, cases, deviations)));
}

static void choose_range(Calibrator *k, Track *t)
{
    t->lo = t->low;
    t->hi = t->high;
    bool decided = fixed_range(k, t) || known_range(t) || widest(k, t) || !t->bins;
    if (!decided && t->sixteen) { /* steps to spare: a quarter for what the samples do not show */
        t->lo *= 1.25;
        t->hi *= 1.25;
        decided = true;
    }
    if (!decided && k->cal->method == RANGE_PERCENTILE)
        percentile(t, k->cal->own.cases);
    else if (!decided)
        search(t, k->cal->method == RANGE_ENTROPY ? divergence : squared_error);
    if (!decided && k->cal->method != RANGE_MINMAX)
        widen(k, t);
    settle(t);
}

static bool usable(Calibrator *k, const Track *t)
{
    const char *name = diag_quote(k->c->diag->arena, t->v->name);
    if (!(t->low <= t->high) || !isfinite(t->low) || !isfinite(t->high))
        return diag_error(k->c->diag, "calibration: tensor %s %s", name,
                          t->low > t->high ? "is never computed" : "becomes infinite or NaN");
    if (t->low == t->high && t->v->producer)
        diag_warning(k->c->diag, "calibration: tensor %s is %g in all samples; hint: more varied data", name, t->low);
    return true;
}

bool find_ranges(Calibrator *k)
{
    Extremes e = {k, 0};
    if (!evaluate_all(k, see_extremes, &e))
        return false;
    end_sample(k);
    bool ok = true;
    for (size_t i = 0; i < k->count; i++) {
        Track *t = &k->track[i];
        bool wanted = t->quantised && t->root == (int)i;
        ok = (!wanted || usable(k, t)) && ok;
        if (wanted && t->high > t->low && (k->cal->method != RANGE_MINMAX || k->cal->health))
            t->bins = NEW_ARRAY(k->g->arena, uint64_t, BINS);
    }
    bool histogram = k->cal->method != RANGE_MINMAX || k->cal->health;
    if (!ok || (histogram && !evaluate_all(k, see_bins, k)))
        return false;
    for (size_t i = 0; i < k->count; i++) {
        Track *t = &k->track[i];
        if (!t->quantised || t->root != (int)i)
            continue;
        uint64_t *bins = t->bins;
        if (k->cal->method == RANGE_MINMAX)
            t->bins = NULL;
        choose_range(k, t);
        t->bins = bins;
    }
    return true;
}

WIDE_CLONES static void round_all(float *data, int64_t count, float scale, float lo, float hi)
{
    for (int64_t i = 0; i < count; i++) {
        float q = rintf(data[i] / scale);
        data[i] = scale * (q < lo ? lo : q > hi ? hi : q);
    }
}

void fake_quantise(const Track *t, float *data, int64_t count)
{
    float scale = t->scale, lo = (float)((t->sixteen ? INT16_MIN : -128) - t->zero);
    float hi = (float)((t->sixteen ? INT16_MAX : 127) - t->zero);
    round_all(data, count, scale, lo, hi);
}
