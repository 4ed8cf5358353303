/* Channels of one tensor share its scale, so that a channel of small numbers is rounded coarsely. Where a convolution
 * or matrix product is read, behind Relu, pools or nothing, by one other alone, its channels are scaled up to a like
 * range: weights and bias by s, what the other multiplies the channel by, by 1/s. A depthwise convolution has a scale
 * for each channel of its own weights, so that this costs it nothing; others share a scale between the channels that
 * they sum, and get the square root. */
#include "passes/calibrate.h"

#include <math.h>
#include <string.h>

#define MOST_SCALE 16.0
/* Elements of a channel in all samples: from fewer, its range is not known well enough to touch weights that others
 * share. */
enum { LEAST_ELEMENTS = 256 };

typedef struct {
    Linear from;
    Node *to;
    const Value *between; /* what `to` reads */
    int64_t inner;        /* elements of a channel in a sample */
    float *here;          /* largest magnitude of each channel in this sample */
    double *peak;         /* and in all */
    Spread *spread;       /* of the samples' largest */
} Pair;

typedef struct {
    Calibrator *k;
    ARRAY(Pair) pairs;
} Pairs;

static bool takes_scale(const Calibrator *k, const Node *n)
{
    Linear l;
    return !stays_float(k, n) && (node_is(n, "Conv") || node_is(n, "Gemm") || node_is(n, "MatMul")) &&
           linear_of((Node *)n, &l);
}

/* What gives s * y for s * x, channel by channel. */
static bool keeps_scale(const Node *n, int64_t channels)
{
    const Value *y = node_out(n, 0);
    if (node_is(n, "Flatten") || node_is(n, "Reshape") || node_is(n, "Squeeze"))
        return known(y) && y->shape.rank == 2 && y->shape.dim[1] == channels &&
               y->shape.dim[0] == node_in(n, 0)->shape.dim[0];
    return only_first_output(n) && (node_is(n, "Relu") || node_is(n, "MaxPool") || node_is(n, "AveragePool") ||
                                    node_is(n, "GlobalAveragePool"));
}

/* The last value behind n whose channels are n's. */
static const Value *behind(const Node *n, int64_t channels)
{
    const Value *y = node_out(n, 0);
    while (single_use(y) && keeps_scale(y->users.items[0], channels))
        y = node_out(y->users.items[0], 0);
    return y;
}

static void find_pair(Pairs *p, Node *n)
{
    Linear l;
    if (!takes_scale(p->k, n) || !linear_of(n, &l))
        return;
    const Value *y = behind(n, l.channels);
    if (!single_use(y) || !takes_scale(p->k, y->users.items[0]) || node_in(y->users.items[0], 0) != y)
        return;
    Node *to = y->users.items[0];
    const Value *seen = y; /* no step computes a view */
    while (seen->producer && seen->producer != n && seen->shape.rank == 2 &&
           node_in(seen->producer, 0)->shape.rank != 2)
        seen = node_in(seen->producer, 0);
    if (node_int(to, "transA", 0) || (node_is(to, "MatMul") && node_is(n, "Conv")))
        return;
    Arena *a = p->k->c->scratch;
    Pair pair = {.from = l,
                 .to = to,
                 .between = seen,
                 .here = NEW_ARRAY(a, float, l.channels),
                 .peak = NEW_ARRAY(a, double, l.channels),
                 .spread = NEW_ARRAY(a, Spread, l.channels)};
    array_push(a, &p->pairs, pair);
}

static void see_pair(Pair *p, const Value *v, const float *x, int64_t count)
{
    int64_t inner = 1, channels = p->from.channels;
    for (int d = p->from.y_axis + 1; d < v->shape.rank; d++)
        inner *= v->shape.dim[d];
    p->inner = inner;
    memset(p->here, 0, (size_t)channels * sizeof *p->here);
    for (int64_t e = 0; e < count; e++) {
        float *peak = &p->here[e / inner % channels];
        *peak = fmaxf(*peak, fabsf(x[e]));
    }
    for (int64_t c = 0; c < channels; c++) {
        spread_add(&p->spread[c], (double)p->here[c]);
        p->peak[c] = fmax(p->peak[c], (double)p->here[c]);
    }
}

static void see(void *context, const Value *v, float *x, int64_t count, size_t at_case)
{
    Pairs *p = context;
    (void)at_case;
    for (size_t i = 0; i < p->pairs.count; i++)
        if (p->pairs.items[i].between->id == v->id)
            see_pair(&p->pairs.items[i], v, x, count);
}

/* The input channel that element i of the reader's weights multiplies. */
static int64_t channel_of(const Node *to, const Value *w, int64_t i)
{
    if (!node_is(to, "Conv"))
        return node_int(to, "transB", 0) ? i % w->shape.dim[1] : i / w->shape.dim[1];
    int64_t outputs = w->shape.dim[0], per_output = shape_count(&w->shape) / outputs, group = node_int(to, "group", 1);
    int64_t taps = per_output / w->shape.dim[1];
    return i / per_output / (outputs / group) * w->shape.dim[1] + i % per_output / taps;
}

static bool is_depthwise(const Node *to)
{
    return node_is(to, "Conv") && node_in(to, 1)->shape.dim[1] == 1;
}

/* What a channel is scaled up by: to what the largest one reaches, even in samples that are not here. A channel that
 * happens to be small in few samples must not saturate in the next one. */
static double scale_of(const Pair *p, int64_t channel, double most, size_t cases)
{
    double deviations = 3 + 20 / (double)cases; /* the 99.9 % limit of prediction (Student's t: 7.9 for 5 samples) */
    double reach = fmax(p->peak[channel], spread_reach(&p->spread[channel], cases, deviations));
    double s = p->peak[channel] > 0 ? fmin(fmax(most / reach, 1), MOST_SCALE) : 1;
    if (is_depthwise(p->to))
        return s;
    return p->inner * (int64_t)cases < LEAST_ELEMENTS ? 1 : sqrt(s);
}

static bool apply(Calibrator *k, const Pair *p)
{
    int64_t channels = p->from.channels, count = shape_count(&node_in(p->to, 1)->shape);
    double most = 0, *scale = NEW_ARRAY(k->c->scratch, double, channels);
    for (int64_t c = 0; c < channels; c++)
        most = fmax(most, p->peak[c]);
    for (int64_t c = 0; c < channels; c++)
        scale[c] = scale_of(p, c, most, k->cal->own.cases);
    const Value *w = node_in(p->to, 1);
    const float *from = w->data;
    float *to = NEW_ARRAY(k->g->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        to[i] = (float)((double)from[i] / scale[channel_of(p->to, w, i)]);
    Linear l;
    Affine a = {.scale = scale};
    if (!linear_of(p->from.node, &l) || !linear_apply(k->g, &l, &a))
        return false;
    node_set_input(k->g, p->to, 1, const_floats(k->g, w->name, &w->shape, to));
    return true;
}

bool equalise(Calibrator *k)
{
    Pairs p = {.k = k};
    GRAPH_NODES(k->g, n)
    find_pair(&p, n);
    if (!p.pairs.count)
        return true;
    k->count = k->g->values.count;
    if (!evaluate_all(k, see, &p))
        return false;
    for (size_t i = 0; i < p.pairs.count; i++)
        apply(k, &p.pairs.items[i]);
    return true;
}
