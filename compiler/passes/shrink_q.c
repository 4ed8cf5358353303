/* Channels of quantised layers: what is known of their integers, exactly as the kernels compute them. */
#include "passes/shrink.h"

#include <math.h>
#include <string.h>

static Fact between(double lo, double hi)
{
    return (Fact){.lo = lo, .hi = hi, .constant = lo == hi, .value = (float)lo};
}

/* Any i8 value of which nothing is known. */
static Fact within_i8(Fact x)
{
    return between(fmax(x.lo, INT8_MIN), fmin(x.hi, INT8_MAX));
}

static double clamped_to(double v, const Node *n, const char *lo, const char *hi)
{
    return fmin(fmax(v, (double)node_int(n, lo, INT8_MIN)), (double)node_int(n, hi, INT8_MAX));
}

/* f is monotone on [a, b]. */
static Fact hull(double a, double b)
{
    return between(fmin(a, b), fmax(a, b));
}

/* requantize of docs/quantised.md is defined for these. */
static bool fits(const Node *n, double sum)
{
    int64_t shift = node_int(n, "shift", 0);
    return shift >= 0 && shift < 31 && fabs(sum) <= (double)(INT32_MAX >> shift);
}

static double requantized(const Node *n, double sum, int32_t multiplier)
{
    int64_t shifted = (int64_t)sum * ((int64_t)1 << node_int(n, "shift", 0));
    return (double)node_int(n, "y_zero_point", 0) + (double)((shifted * multiplier + ((int64_t)1 << 31)) >> 32);
}

/* Halves to even, as in averages. */
static double requantized_even(const Node *n, double sum, int32_t multiplier)
{
    int64_t shifted = (int64_t)sum * ((int64_t)1 << node_int(n, "shift", 0)), zero = node_int(n, "y_zero_point", 0);
    int64_t q = (shifted * multiplier + ((int64_t)1 << 31)) >> 32;
    bool half = (uint32_t)(shifted * multiplier) == 0x80000000u;
    return (double)(zero + q - (half ? q & 1 : 0));
}

/* a * ma + b * mb, rounded by the shift, plus the zero point; int64_t: intervals may be wider than what occurs. */
static double weighted(double a, int64_t ma, double b, int64_t mb, int64_t shift, int64_t zero)
{
    int64_t sum = (int64_t)a * ma + (int64_t)b * mb + ((int64_t)1 << (shift - 1));
    return (double)((sum >> shift) + zero);
}

/* A sum's shift that is none says nothing. */
static bool is_shift(int64_t shift)
{
    return shift > 0 && shift < 31;
}

static Fact sum_of(const Node *n, Fact a, int64_t ma, Fact b, int64_t mb, int64_t shift, int64_t zero)
{
    if (!is_shift(shift))
        return between(INT8_MIN, INT8_MAX);
    double low = weighted(ma < 0 ? a.hi : a.lo, ma, mb < 0 ? b.hi : b.lo, mb, shift, zero);
    double high = weighted(ma < 0 ? a.lo : a.hi, ma, mb < 0 ? b.lo : b.hi, mb, shift, zero);
    return between(clamped_to(low, n, "lo", "hi"), clamped_to(high, n, "lo", "hi"));
}

static Fact shifted(Fact x, int64_t zero)
{
    return between(x.lo - (double)zero, x.hi - (double)zero);
}

static Fact with_residual(const Shrink *s, const Product *p, int32_t o, Fact q)
{
    const Node *n = p->node;
    Fact r =
        within_i8(p->residual->is_const ? (Fact){.lo = -INFINITY, .hi = INFINITY} : shrink_fact(s, p->residual, o));
    q = between(clamped_to(q.lo, n, "q_lo", "q_hi"), clamped_to(q.hi, n, "q_lo", "q_hi"));
    return sum_of(n, shifted(q, node_int(n, "y_zero_point", 0)), node_int(n, "q_multiplier", 0),
                  shifted(r, node_int(n, "r_zero_point", 0)), node_int(n, "r_multiplier", 0),
                  node_int(n, "add_shift", 1), node_int(n, "add_zero_point", 0));
}

Fact q_row_fact(const Shrink *s, const Product *p, int32_t o)
{
    double lo = (double)p->b32[o], hi = lo;
    for (int32_t c = 0; c < p->in; c++) {
        Fact x = within_i8(shrink_fact(s, p->x, o / p->out * p->in + c));
        double low = p->padded ? fmin(x.lo, (double)p->zero) : x.lo,
               high = p->padded ? fmax(x.hi, (double)p->zero) : x.hi;
        for (int64_t t = 0; t < p->taps; t++) {
            double w = (double)product_weight(p, o, t, c);
            lo += fmin(w * low, w * high);
            hi += fmax(w * low, w * high);
        }
    }
    /* The import proved that sums fit (docs/quantised.md); a graph from elsewhere may not. */
    if (!fits(p->node, lo) || !fits(p->node, hi))
        return between(INT8_MIN, INT8_MAX);
    Fact q = hull(requantized(p->node, lo, p->multiplier[o]), requantized(p->node, hi, p->multiplier[o]));
    if (p->residual)
        return with_residual(s, p, o, q);
    return between(clamped_to(clamped_to(q.lo, p->node, "q_lo", "q_hi"), p->node, "lo", "hi"),
                   clamped_to(clamped_to(q.hi, p->node, "q_lo", "q_hi"), p->node, "lo", "hi"));
}

static Fact looked_up(const Node *n, Fact x)
{
    const Value *table = node_in(n, 1);
    if (!table || !table->is_const || !table->data || table->type != DT_I8 || shape_count(&table->shape) != 256)
        return between(INT8_MIN, INT8_MAX);
    const int8_t *t = table->data;
    Fact y = between(INT8_MAX, INT8_MIN);
    for (int i = (int)x.lo; i <= (int)x.hi; i++)
        y = between(fmin(y.lo, t[i + 128]), fmax(y.hi, t[i + 128]));
    return y;
}

/* Windows that count fewer elements have other factors: only the whole image, without pads. */
static Fact averaged(const Node *n, Fact x)
{
    const Value *m = node_in(n, 1);
    int64_t kernel[2], pads[4], taps;
    int count = node_ints(n, "pads", pads, 4);
    bool padded = node_int(n, "ceil_mode", 0) != 0;
    for (int i = 0; i < count && i < 4; i++)
        padded = padded || pads[i] != 0;
    if (padded || node_ints(n, "kernel_shape", kernel, 2) != 2 || !m || !m->is_const || !m->data || m->type != DT_I32)
        return between(INT8_MIN, INT8_MAX);
    taps = kernel[0] * kernel[1];
    if (shape_count(&m->shape) != taps + 1)
        return between(INT8_MIN, INT8_MAX);
    x = shifted(x, node_int(n, "x_zero_point", 0));
    if (!fits(n, x.lo * (double)taps) || !fits(n, x.hi * (double)taps))
        return between(INT8_MIN, INT8_MAX);
    double low = requantized_even(n, x.lo * (double)taps, ((const int32_t *)m->data)[taps]);
    double high = requantized_even(n, x.hi * (double)taps, ((const int32_t *)m->data)[taps]);
    return hull(clamped_to(low, n, "lo", "hi"), clamped_to(high, n, "lo", "hi"));
}

bool q_each_fact(const Node *n, Fact x, Fact *y)
{
    x = within_i8(x);
    if (node_is_adze(n, "QLookup"))
        *y = looked_up(n, x);
    else if (node_is_adze(n, "QAveragePool"))
        *y = averaged(n, x);
    else if (node_is_adze(n, "MaxPool") && !node_attr(n, "lo") && !node_attr(n, "hi"))
        *y = x;
    else
        return false;
    return true;
}

bool q_join_fact(const Node *n, Fact a, Fact b, Fact *y)
{
    if (!node_is_adze(n, "QAdd"))
        return false;
    *y = sum_of(n, shifted(within_i8(a), node_int(n, "a_zero_point", 0)), node_int(n, "a_multiplier", 0),
                shifted(within_i8(b), node_int(n, "b_zero_point", 0)), node_int(n, "b_multiplier", 0),
                node_int(n, "shift", 1), node_int(n, "y_zero_point", 0));
    return true;
}

/* ---- Constants into biases ---- */

static bool reads_live(Shrink *s, const Product *p, int32_t channel)
{
    int32_t group = channel / p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        if (channel_is_live(s, p->y, o) && !product_ignores(p, o, channel - group * p->in))
            return true;
    return false;
}

static void fold_channel(const Product *p, int32_t channel, int32_t value, int32_t *bias, char *w, size_t size)
{
    int32_t group = channel / p->in, c = channel - group * p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        for (int64_t t = 0; t < p->taps; t++) {
            size_t at = (size_t)(o * p->by_output + t * p->by_tap + c * p->by_input) * size;
            bias[o] += value * (int32_t)product_weight(p, o, t, c);
            for (size_t i = 0; i < size; i++)
                w[at + i] = 0;
        }
}

/* ---- Weights of duplicates ---- */

static int32_t same_input(const Shrink *s, const Product *p, int32_t group, int32_t c)
{
    int32_t channel = group * p->in + c, same = shrink_fact(s, p->x, channel).same;
    return s->facts[p->x->id] && same / p->in == group ? same - group * p->in : c;
}

bool *q_merges(const Shrink *s, const Product *p, int32_t o)
{
    int32_t group = o / p->out, most = p->w8 ? INT8_MAX : INT16_MAX, any = 0;
    for (int32_t c = 0; c < p->in; c++)
        any += same_input(s, p, group, c) != c;
    if (!any)
        return NULL;
    bool *may = NEW_ARRAY(s->a, bool, p->in);
    int32_t *sum = NEW_ARRAY(s->a, int32_t, p->in);
    for (int32_t c = 0; c < p->in; c++)
        may[c] = true;
    for (int64_t t = 0; t < p->taps; t++) {
        for (int32_t c = 0; c < p->in; c++)
            sum[c] = 0;
        for (int32_t c = 0; c < p->in; c++)
            sum[same_input(s, p, group, c)] += (int32_t)product_weight(p, o, t, c);
        for (int32_t c = 0; c < p->in; c++)
            may[c] = may[c] && sum[c] >= -most && sum[c] <= most;
    }
    return may;
}

static void add_weight(char *w, size_t size, int64_t to, int64_t from)
{
    if (size == 1)
        ((int8_t *)w)[to] = (int8_t)(((int8_t *)w)[to] + ((int8_t *)w)[from]);
    else
        ((int16_t *)(void *)w)[to] = (int16_t)(((int16_t *)(void *)w)[to] + ((int16_t *)(void *)w)[from]);
    memset(w + (size_t)from * size, 0, size);
}

/* In the rows that stay; shrink_live found that their sums fit. */
static void merge_channel(Shrink *s, const Product *p, int32_t channel, int32_t to, char *w, size_t size)
{
    int32_t group = channel / p->in, c = channel - group * p->in;
    for (int32_t o = group * p->out; o < (group + 1) * p->out; o++)
        for (int64_t t = 0; t < p->taps && channel_is_live(s, p->y, o); t++) {
            int64_t row = (int64_t)o * p->by_output + t * p->by_tap;
            add_weight(w, size, row + to * p->by_input, row + c * p->by_input);
        }
}

/* ---- Both ---- */

bool q_fold(Shrink *s, const Product *p)
{
    const Value *w = node_in(p->node, 1);
    size_t size = dtype_size(w->type);
    int32_t *bias = NEW_ARRAY(s->g->arena, int32_t, shrink_outputs(p)), folded = 0, merged = 0;
    char *weights = arena_array(s->g->arena, (size_t)shrink_weights(p), size);
    for (int32_t o = 0; o < shrink_outputs(p); o++)
        bias[o] = p->b32[o];
    for (size_t i = 0; i < (size_t)shrink_weights(p) * size; i++)
        weights[i] = ((const char *)w->data)[i];
    for (int32_t c = 0; c < p->group * p->in; c++) {
        Fact x = shrink_fact(s, p->x, c);
        if (channel_is_live(s, p->x, c) || !reads_live(s, p, c))
            continue;
        int32_t same = same_input(s, p, c / p->in, c % p->in);
        if (q_folds(p, &x)) {
            fold_channel(p, c, (int32_t)x.lo, bias, weights, size);
            folded++;
        } else if (same != c % p->in) {
            merge_channel(s, p, c, same, weights, size);
            merged++;
        }
    }
    if (!folded && !merged)
        return false;
    node_set_input(s->g, p->node, 1, graph_const(s->g, w->name, w->type, &w->shape, weights));
    node_set_input(s->g, p->node, 2, graph_const(s->g, p->bias->name, DT_I32, &p->bias->shape, bias));
    if (folded)
        graph_note(s->g, "shrink_real", p->node, 0, "%d constant input channels are in its biases, exact in integers",
                   (int)folded);
    if (merged)
        graph_note(s->g, "shrink_real", p->node, 0,
                   "weights of %d duplicate input channels are added to those of their equals, exact in integers",
                   (int)merged);
    return true;
}
