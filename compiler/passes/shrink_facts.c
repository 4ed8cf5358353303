/* Bounds, constants and duplicates of each channel, from the inputs to the outputs.
 *
 * Bounds hold for the floats that a kernel computes, in any order of summation and with or without fused
 * multiply-adds: a sum of n products differs from the real one by less than (n + 2) * 2^-24 times the sum of the
 * products' magnitudes; twice that is allowed for. A sum of no product other than 0 is the bias, bit for bit; so is one
 * whose products together are below half of the bias's last place: decayed weights such as 1e-30 are no zeros. */
#include "passes/shrink.h"

#include "ops/eval.h"

#include <math.h>
#include <string.h>

static const double step = 0x1p-23;
/* An input whose range is not declared: no sensor, picture or 32-bit counter exceeds it. */
static const double undeclared = 0x1p32;

/* Larger constants are read once a channel, which would take long: nothing is known of them. */
enum { CONSTANT_LIMIT = 1 << 16 };

static Fact unknown(void)
{
    return (Fact){.lo = -INFINITY, .hi = INFINITY};
}

static Fact point(double v)
{
    return (Fact){.lo = v, .hi = v, .constant = isfinite(v), .value = (float)v};
}

/* Bounds that came out as inf - inf or 0 * inf say nothing. */
static Fact checked(Fact f)
{
    if (isnan(f.lo) || isnan(f.hi)) {
        f.lo = -INFINITY;
        f.hi = INFINITY;
    }
    if (f.lo == f.hi && isfinite(f.lo)) {
        f.constant = true;
        f.value = (float)f.lo;
    }
    f.constant = f.constant && isfinite(f.value);
    return f;
}

static Fact widened(Fact f, double by)
{
    f.lo -= by;
    f.hi += by;
    return checked(f);
}

static Fact clamped(Fact f, double lo, double hi)
{
    f.lo = fmin(fmax(f.lo, lo), hi);
    f.hi = fmin(fmax(f.hi, lo), hi);
    f.value = (float)fmin(fmax((double)f.value, lo), hi);
    return checked(f);
}

static double magnitude(const Fact *f)
{
    return fmax(fabs(f->lo), fabs(f->hi));
}

static bool is_point(const Fact *f)
{
    return f->lo == f->hi;
}

static Fact hull(Fact a, Fact b)
{
    Fact y = {.lo = fmin(a.lo, b.lo), .hi = fmax(a.hi, b.hi)};
    y.constant = a.constant && b.constant && a.value == b.value;
    y.value = a.value;
    return checked(y);
}

/* Adding anything up to `size` in magnitude leaves the bias as it is, in any order and however often it is rounded. */
static bool is_absorbed(double bias, double size)
{
    double most = 2 * size;
    return isfinite(most) && (double)(float)(bias + most) == bias && (double)(float)(bias - most) == bias;
}

static Fact sum(Fact a, Fact b)
{
    Fact y = {.lo = a.lo + b.lo, .hi = a.hi + b.hi, .constant = a.constant && b.constant, .value = a.value + b.value};
    if (is_point(&a) && is_point(&b)) /* one rounded addition */
        return checked(point((double)((float)a.lo + (float)b.lo)));
    if (is_point(&a) && is_absorbed(a.lo, magnitude(&b)))
        return checked(a);
    if (is_point(&b) && is_absorbed(b.lo, magnitude(&a)))
        return checked(b);
    if (fact_is_zero(&a))
        return checked(b);
    if (fact_is_zero(&b))
        return checked(a);
    return widened(y, step * (magnitude(&a) + magnitude(&b)));
}

static Fact negated(Fact a)
{
    return (Fact){.lo = -a.hi, .hi = -a.lo, .constant = a.constant, .value = -a.value};
}

static Fact product(Fact a, Fact b)
{
    if (fact_is_zero(&a) || fact_is_zero(&b))
        return point(0);
    double p[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    Fact y = {.lo = p[0], .hi = p[0], .constant = a.constant && b.constant, .value = a.value * b.value};
    for (int i = 1; i < 4; i++) {
        if (isnan(p[i]) || isnan(p[0]))
            return unknown();
        y.lo = fmin(y.lo, p[i]);
        y.hi = fmax(y.hi, p[i]);
    }
    /* The smallest float: products may be rounded to it. */
    return widened(y, step * magnitude(&y) + 0x1p-149);
}

Fact shrink_fact(const Shrink *s, const Value *v, int32_t channel)
{
    const Fact *facts = s->facts[v->id];
    if (!facts)
        return unknown();
    return facts[s->of[v->id].axis < 0 ? 0 : channel];
}

/* Of a constant: the hull of the elements of each channel, or of all when axis is -1. */
static Fact constant_fact(const Value *v, int axis, int32_t channel)
{
    int64_t inner = 1, count = shape_count(&v->shape);
    const float *data = v->data;
    Fact y = unknown();
    bool first = true;
    for (int i = axis + 1; i < v->shape.rank; i++)
        inner *= v->shape.dim[i];
    for (int64_t i = 0; i < count; i++) {
        if (axis >= 0 && i / inner % v->shape.dim[axis] != channel)
            continue;
        if (!isfinite(data[i]))
            return unknown();
        y = first ? point((double)data[i]) : hull(y, point((double)data[i]));
        first = false;
    }
    return y;
}

/* ---- Products ---- */

static Fact row_fact(const Shrink *s, const Product *p, int32_t o)
{
    double bias = p->b ? (double)p->b[o] : 0, lo = bias, hi = bias, size = 0, value = bias, terms = 0;
    bool constant = true;
    if (!isfinite(bias))
        return unknown();
    for (int32_t c = 0; c < p->in; c++) {
        Fact x = shrink_fact(s, p->x, o / p->out * p->in + c);
        if (fact_is_zero(&x))
            x = point(0);
        double low = p->padded ? fmin(x.lo, 0) : x.lo, high = p->padded ? fmax(x.hi, 0) : x.hi;
        for (int64_t t = 0; t < p->taps; t++) {
            double w = (double)product_weight(p, o, t, c);
            if (w == 0)
                continue;
            if (!isfinite(w))
                return unknown();
            if (fact_is_zero(&x))
                continue;
            terms++;
            lo += fmin(w * low, w * high);
            hi += fmax(w * low, w * high);
            size += fabs(w) * fmax(fabs(low), fabs(high));
            constant = constant && x.constant && (!p->padded || x.value == 0);
            value += constant ? w * (double)x.value : 0;
        }
    }
    Fact y = {.lo = lo, .hi = hi, .constant = constant, .value = (float)value};
    if (is_absorbed(bias, size + terms * 0x1p-149))
        return point(bias);
    return terms > 0 ? widened(y, step * (terms + 2) * (size + fabs(bias)) + terms * 0x1p-149) : checked(y);
}

static uint64_t mixed(uint64_t h, uint32_t v)
{
    return (h ^ v) * 0x100000001b3u;
}

static uint32_t bits(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static int32_t same_as(const Shrink *s, const Value *v, int32_t channel)
{
    const Fact *facts = s->facts[v->id];
    return facts && s->of[v->id].axis >= 0 ? facts[channel].same : channel;
}

static uint64_t row_hash(const Shrink *s, const Product *p, int32_t o)
{
    uint64_t h = mixed(0xcbf29ce484222325u, p->b ? bits(p->b[o]) : p->q ? (uint32_t)p->b32[o] : 0);
    for (int32_t c = 0; c < p->in; c++) {
        h = mixed(h, (uint32_t)same_as(s, p->x, o / p->out * p->in + c));
        for (int64_t t = 0; t < p->taps; t++)
            h = mixed(h, bits(product_weight(p, o, t, c)));
    }
    return h;
}

static bool same_rows(const Shrink *s, const Product *p, int32_t a, int32_t b)
{
    if (p->b && bits(p->b[a]) != bits(p->b[b]))
        return false;
    if (p->q && (p->b32[a] != p->b32[b] || p->multiplier[a] != p->multiplier[b]))
        return false;
    if (p->residual && (p->residual->is_const || same_as(s, p->residual, b) != same_as(s, p->residual, a)))
        return false;
    for (int32_t c = 0; c < p->in; c++) {
        if (same_as(s, p->x, a / p->out * p->in + c) != same_as(s, p->x, b / p->out * p->in + c))
            return false;
        for (int64_t t = 0; t < p->taps; t++)
            if (bits(product_weight(p, a, t, c)) != bits(product_weight(p, b, t, c)))
                return false;
    }
    return true;
}

static void find_same_rows(const Shrink *s, const Product *p, Fact *y)
{
    int32_t outputs = p->group * p->out;
    uint64_t *hash = NEW_ARRAY(s->a, uint64_t, outputs);
    for (int32_t o = 0; o < outputs; o++) {
        hash[o] = row_hash(s, p, o);
        for (int32_t k = 0; k < o && y[o].same == o; k++)
            if (hash[k] == hash[o] && y[k].same == k && same_rows(s, p, k, o))
                y[o].same = k;
    }
}

static Fact residual_fact(const Shrink *s, const Product *p, int32_t o)
{
    const Value *v = p->residual;
    if (!v->is_const)
        return shrink_fact(s, v, o);
    bool small = const_f32(v) && shape_count(&v->shape) <= CONSTANT_LIMIT;
    return small ? constant_fact(v, v->shape.rank - 1, o) : unknown();
}

static void product_facts(const Shrink *s, const Product *p, Fact *y)
{
    for (int32_t o = 0; p->q && o < p->group * p->out; o++) {
        y[o] = q_row_fact(s, p, o);
        y[o].same = o;
    }
    if (p->q) {
        find_same_rows(s, p, y);
        return;
    }
    for (int32_t o = 0; o < p->group * p->out; o++) {
        y[o] = row_fact(s, p, o);
        if (p->residual)
            y[o] = sum(y[o], residual_fact(s, p, o));
        y[o] = clamped(y[o], p->lo, p->hi);
        y[o].image = y[o].constant ? NULL : border_image(s, p, o);
        y[o].same = o;
    }
    find_same_rows(s, p, y);
}

/* ---- Element-wise ---- */

static Node *copy_of(Graph *to, const Node *n, Value *x)
{
    Node *copy = graph_node(to, n->domain, n->op_type, NULL);
    copy->version = n->version;
    copy->op = n->op;
    for (size_t i = 0; i < n->attrs.count; i++)
        node_set_attr(to, copy, &n->attrs.items[i]);
    node_add_input(to, copy, x);
    for (size_t i = 1; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        node_add_input(to, copy, v ? graph_const(to, NULL, v->type, &v->shape, v->data) : NULL);
    }
    return copy;
}

/* The function of constants is run; what it gives on the target may differ in the last bits, but f(0) = 0 is exact. */
static void run_constants(const Shrink *s, const Node *n, Fact *y, int32_t count)
{
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && !node_in(n, i)->is_const)
            return;
    float *in = NEW_ARRAY(s->a, float, count);
    for (int32_t i = 0; i < count; i++)
        in[i] = shrink_fact(s, node_in(n, 0), i).value;
    Graph *g = graph_new(s->a, "");
    g->opsets = s->g->opsets;
    Shape shape = {.rank = 1, .dim = {count}};
    Node *copy = copy_of(g, n, graph_const(g, NULL, DT_F32, &shape, in));
    Value *out = node_new_output(g, copy, NULL);
    out->type = DT_F32;
    out->shape = shape;
    OpContext oc = {s->context->diag, s->a};
    Tensor result;
    if (!eval_node(&oc, g, copy, s->a, &result))
        return;
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        double v = tensor_float(&result, i);
        if (!x.constant || !isfinite(v))
            continue;
        y[i].constant = true;
        y[i].value = (float)v;
        if (fact_is_zero(&x) && v == 0)
            y[i] = point(0);
    }
}

static void unary_facts(const Shrink *s, const Node *n, Fact *y, int32_t count)
{
    bool unit = node_is(n, "Sigmoid") || node_is(n, "HardSigmoid"), any = false;
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        y[i] = unknown();
        if (node_is(n, "Identity"))
            y[i] = x;
        else if (node_is(n, "Neg"))
            y[i] = negated(x);
        else if (unit)
            y[i] = (Fact){.lo = 0, .hi = 1};
        any = any || x.constant;
    }
    if (any && is_unary(n) && !node_is(n, "Neg"))
        run_constants(s, n, y, count);
}

static Fact pooled(const Node *n, Fact x)
{
    bool average = node_is_adze(n, "AveragePool");
    double lo = (double)node_float(n, "lo", -INFINITY), hi = (double)node_float(n, "hi", INFINITY);
    int64_t kernel[3];
    if (average && !fact_is_zero(&x)) {
        int count = node_ints(n, "kernel_shape", kernel, 3);
        if (count != 2)
            return unknown();
        if (node_int(n, "count_include_pad", 0))
            x = hull(x, point(0));
        x = widened(x, step * (double)(kernel[0] * kernel[1] + 2) * magnitude(&x));
    }
    return clamped(x, lo, hi);
}

static Fact reduced(const Node *n, Fact x)
{
    const Value *in = node_in(n, 0), *out = node_out(n, 0);
    if (node_is(n, "ReduceMax") || node_is(n, "ReduceMin") || (node_is(n, "ReduceMean") && fact_is_zero(&x)))
        return x;
    double count = (double)shape_count(&in->shape) / (double)shape_count(&out->shape);
    return node_is(n, "ReduceMean") ? widened(x, step * (count + 2) * magnitude(&x)) : unknown();
}

/* Of resampling: copies, or sums of a few elements with weights that together are 1. */
static Fact resized(const Node *n, Fact x)
{
    const char *mode = node_string(n, "mode", "nearest");
    if (!strcmp(mode, "nearest") || fact_is_zero(&x))
        return x;
    if (strcmp(mode, "linear") && strcmp(mode, "bilinear"))
        return unknown();
    double taps = (double)shape_count(&node_in(n, 0)->shape);
    return widened(x, step * (taps + 8) * magnitude(&x));
}

/* What has no spread becomes the bias. */
static Fact normalised(const Node *n, Fact x, int32_t channel)
{
    double bias = (double)((const float *)node_in(n, 2)->data)[channel];
    double scale = (double)((const float *)node_in(n, 1)->data)[channel];
    if (!fact_is_zero(&x) || !isfinite(bias) || !isfinite(scale) || !(node_float(n, "epsilon", 1e-5f) > 1e-12f))
        return clamped(unknown(), (double)node_float(n, "lo", -INFINITY), (double)node_float(n, "hi", INFINITY));
    return clamped(point(bias), (double)node_float(n, "lo", -INFINITY), (double)node_float(n, "hi", INFINITY));
}

static bool same_scale(const Node *n, int32_t a, int32_t b)
{
    for (size_t i = 1; i < 3; i++) {
        const float *v = node_in(n, i)->data;
        if (bits(v[a]) != bits(v[b]))
            return false;
    }
    return true;
}

static void each_facts(const Shrink *s, Node *n, Fact *y, int32_t count)
{
    Value *from;
    double lo, hi;
    if (node_out(n, 0)->type == DT_I8) {
        for (int32_t i = 0; i < count; i++)
            if (!q_each_fact(n, shrink_fact(s, node_in(n, 0), i), &y[i]))
                y[i] = unknown();
        return;
    }
    bool clamp = clamp_of(n, &from, &lo, &hi) && from == node_in(n, 0);
    if (!clamp && (is_unary(n) || node_is(n, "Identity"))) {
        unary_facts(s, n, y, count);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        if (clamp)
            y[i] = clamped(x, lo, hi);
        else if (!strncmp(n->op_type, "Reduce", 6))
            y[i] = reduced(n, x);
        else if (node_is_adze(n, "GroupNormalization"))
            y[i] = normalised(n, x, i);
        else if (node_is(n, "Resize") || node_is(n, "Upsample"))
            y[i] = resized(n, x);
        else
            y[i] = !strcmp(n->domain, "adze") ? pooled(n, x) : unknown();
    }
}

/* ---- Broadcasting ---- */

static Fact operand_fact(const Shrink *s, const Value *v, const Value *y, int32_t channel)
{
    int axis = join_axis(s, v, y);
    if (!v->is_const) {
        /* Channels along another axis are not told apart by this one's. */
        int own = s->of[v->id].axis;
        return own < 0 || own == axis ? shrink_fact(s, v, channel) : unknown();
    }
    if (!const_f32(v) || (axis < 0 ? shape_count(&v->shape) != 1 : shape_count(&v->shape) > CONSTANT_LIMIT))
        return unknown();
    return constant_fact(v, axis, channel);
}

static Fact joined(const Node *n, Fact a, Fact b)
{
    Fact q;
    if (q_join_fact(n, a, b, &q))
        return q;
    if (node_is(n, "Add") || node_is(n, "Sum"))
        return sum(a, b);
    if (node_is(n, "Sub"))
        return sum(a, negated(b));
    if (node_is(n, "Mul"))
        return product(a, b);
    if (node_is(n, "PRelu"))
        return fact_is_zero(&a) ? point(0) : a.lo >= 0 ? a : unknown();
    bool max = node_is(n, "Max");
    if (!max && !node_is(n, "Min"))
        return unknown();
    Fact y = {.lo = max ? fmax(a.lo, b.lo) : fmin(a.lo, b.lo), .hi = max ? fmax(a.hi, b.hi) : fmin(a.hi, b.hi)};
    return checked(y);
}

static bool same_operand(const Shrink *s, const Value *v, const Value *y, int32_t a, int32_t b)
{
    int axis = join_axis(s, v, y);
    if (axis < 0)
        return true;
    if (!v->is_const)
        return same_as(s, v, a) == same_as(s, v, b);
    Fact fa = operand_fact(s, v, y, a), fb = operand_fact(s, v, y, b);
    return is_point(&fa) && is_point(&fb) && bits((float)fa.lo) == bits((float)fb.lo);
}

static void join_facts(const Shrink *s, const Node *n, const Value *out, Fact *y, int32_t count)
{
    const Value *first = NULL; /* an operand whose duplicates are the only ones that can remain */
    for (size_t i = 0; i < n->inputs.count; i++)
        if (!node_in(n, i)->is_const && join_axis(s, node_in(n, i), out) >= 0)
            first = node_in(n, i);
    for (int32_t c = 0; c < count; c++) {
        y[c] = operand_fact(s, node_in(n, 0), out, c);
        for (size_t i = 1; i < n->inputs.count; i++)
            y[c] = joined(n, y[c], operand_fact(s, node_in(n, i), out, c));
        if (n->inputs.count == 1 && !node_is(n, "Sum") && !node_is(n, "Max") && !node_is(n, "Min"))
            y[c] = unknown();
        int32_t k = first ? same_as(s, first, c) : c;
        y[c].same = k;
        for (size_t i = 0; k != c && i < n->inputs.count; i++)
            if (!same_operand(s, node_in(n, i), out, k, c))
                y[c].same = c;
    }
}

static void concat_facts(const Shrink *s, const Node *n, const Value *out, Fact *y, int32_t count)
{
    int axis = s->of[out->id].axis;
    bool along = axis_normalise(node_int(n, "axis", 1), out->shape.rank) == axis;
    int32_t at = 0;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        int32_t part = along ? (int32_t)v->shape.dim[axis] : count;
        for (int32_t c = 0; c < part; c++) {
            Fact x = shrink_fact(s, v, c);
            y[at + c] = along || i == 0 ? x : hull(y[at + c], x);
            y[at + c].same = along ? at + same_as(s, v, c) : at + c;
        }
        at += along ? part : 0;
    }
}

/* ---- All ---- */

static void moved_facts(const Shrink *s, const Value *x, const Value *v, Fact *y)
{
    const Channels *c = &s->of[v->id];
    int32_t *first = NEW_ARRAY(s->a, int32_t, s->of[x->id].count); /* channel of v, plus 1, that `same` of x became */
    for (int32_t i = 0; i < c->count; i++) {
        int32_t from = c->from ? c->from[i] : i, same = same_as(s, x, from);
        y[i] = shrink_fact(s, x, from);
        y[i].image = NULL;
        /* A flattened map has many elements of one channel, which are not the same. */
        y[i].same = c->count == s->of[x->id].count && first[same] ? first[same] - 1 : i;
        first[same] = first[same] ? first[same] : i + 1;
    }
}

static void node_facts(Shrink *s, Node *n)
{
    Product p;
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *v = node_out(n, i);
        if (!v || s->of[v->id].axis < 0)
            continue;
        int32_t count = s->of[v->id].count;
        Fact *y = s->facts[v->id] = NEW_ARRAY(s->a, Fact, count);
        Role role = s->roles[n->id];
        if (role == ROLE_MOVE) {
            moved_facts(s, node_in(n, 0), v, y);
            continue;
        }
        if (role == ROLE_EACH)
            each_facts(s, n, y, count);
        else if (role == ROLE_JOIN)
            join_facts(s, n, v, y, count);
        else if (role == ROLE_CONCAT)
            concat_facts(s, n, v, y, count);
        else if (product_of(n, &p))
            product_facts(s, &p, y);
        for (int32_t c = 0; c < count; c++) {
            if (role != ROLE_PRODUCT)
                y[c].image = NULL;
            if (role == ROLE_EACH)
                y[c].same = same_as(s, node_in(n, 0), c);
            if (node_is_adze(n, "GroupNormalization") && !same_scale(n, c, y[c].same))
                y[c].same = c;
            if (v->type != DT_F32 && v->type != DT_I8)
                y[c] = (Fact){.lo = -INFINITY, .hi = INFINITY, .same = y[c].same};
        }
    }
}

void shrink_facts(Shrink *s)
{
    s->facts = NEW_ARRAY(s->a, Fact *, s->g->values.count);
    for (size_t i = 0; i < s->g->inputs.count; i++) {
        const Value *v = s->g->inputs.items[i];
        Fact f = {.lo = -undeclared, .hi = undeclared};
        if (v->type != DT_F32)
            continue;
        input_range(s->context, v, &f.lo, &f.hi);
        s->facts[v->id] = NEW(s->a, Fact);
        *s->facts[v->id] = checked(f);
    }
    GRAPH_NODES(s->g, n)
    {
        node_facts(s, n);
    }
}
