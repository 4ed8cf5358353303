/* Bounds, constants and duplicates of each channel, from the inputs to the outputs. */
#include "passes/shrink_bounds.h"

/* An input whose range is not declared: no sensor, picture or 32-bit counter exceeds it. */
static const double undeclared = 0x1p32;

Fact shrink_fact(const Shrink *s, const Value *v, int32_t channel)
{
    const Fact *facts = s->facts[v->id];
    if (!facts)
        return fact_unknown();
    return facts[s->of[v->id].axis < 0 ? 0 : channel];
}

int32_t shrink_same(const Shrink *s, const Value *v, int32_t channel)
{
    const Fact *facts = s->facts[v->id];
    return facts && s->of[v->id].axis >= 0 ? facts[channel].same : channel;
}

/* ---- Broadcasting ---- */

static Fact operand_fact(const Shrink *s, const Value *v, const Value *y, int32_t channel)
{
    int axis = join_axis(s, v, y);
    if (!v->is_const) {
        /* Channels along another axis are not told apart by this one's. */
        int own = s->of[v->id].axis;
        return own < 0 || own == axis ? shrink_fact(s, v, channel) : fact_unknown();
    }
    if (!const_f32(v) || (axis < 0 ? shape_count(&v->shape) != 1 : shape_count(&v->shape) > CONSTANT_LIMIT))
        return fact_unknown();
    return fact_of_constant(v, axis, channel);
}

static Fact joined(const Node *n, Fact a, Fact b)
{
    Fact q;
    if (q_join_fact(n, a, b, &q))
        return q;
    if (node_is(n, "Add") || node_is(n, "Sum"))
        return fact_sum(a, b);
    if (node_is(n, "Sub"))
        return fact_sum(a, fact_negated(b));
    if (node_is(n, "Mul"))
        return fact_product(a, b);
    if (node_is(n, "PRelu"))
        return fact_is_zero(&a) ? fact_point(0) : a.lo >= 0 ? a : fact_unknown();
    bool max = node_is(n, "Max");
    if (!max && !node_is(n, "Min"))
        return fact_unknown();
    Fact y = {.lo = max ? fmax(a.lo, b.lo) : fmin(a.lo, b.lo), .hi = max ? fmax(a.hi, b.hi) : fmin(a.hi, b.hi)};
    return fact_checked(y);
}

static bool same_operand(const Shrink *s, const Value *v, const Value *y, int32_t a, int32_t b)
{
    int axis = join_axis(s, v, y);
    if (axis < 0)
        return true;
    if (!v->is_const)
        return shrink_same(s, v, a) == shrink_same(s, v, b);
    Fact fa = operand_fact(s, v, y, a), fb = operand_fact(s, v, y, b);
    return fact_is_point(&fa) && fact_is_point(&fb) && fact_bits((float)fa.lo) == fact_bits((float)fb.lo);
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
            y[c] = fact_unknown();
        int32_t k = first ? shrink_same(s, first, c) : c;
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
            y[at + c] = along || i == 0 ? x : fact_hull(y[at + c], x);
            y[at + c].same = along ? at + shrink_same(s, v, c) : at + c;
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
        int32_t from = c->from ? c->from[i] : i, same = shrink_same(s, x, from);
        y[i] = shrink_fact(s, x, from);
        y[i].image = NULL;
        /* A flattened map has many elements of one channel, which are not the same. */
        y[i].same = c->count == s->of[x->id].count && first[same] ? first[same] - 1 : i;
        first[same] = first[same] ? first[same] : i + 1;
    }
}

/* Of a normalisation. */
static bool same_scale(const Node *n, int32_t a, int32_t b)
{
    for (size_t i = 1; i < 3; i++) {
        const float *v = node_in(n, i)->data;
        if (fact_bits(v[a]) != fact_bits(v[b]))
            return false;
    }
    return true;
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
                y[c].same = shrink_same(s, node_in(n, 0), c);
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
        *s->facts[v->id] = fact_checked(f);
    }
    GRAPH_NODES(s->g, n)
    {
        node_facts(s, n);
    }
}
