/* Element-wise operators of one 8-bit tensor are a table of 256: what they give, by the ref kernels, for each value; of
 * one 16-bit tensor a table of points. */
#include "passes/quantise.h"

#include "ops/eval.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE = 256, TABLE16 = 65536, MAX_NODES = 32 };

typedef struct {
    Region *r;
    DType from;  /* of the integers that it is a function of: i8 or i16 */
    Value *leaf; /* the result of the one DequantizeLinear */
    Node *nodes[MAX_NODES];
    int count;
} Tree;

static bool is_scalar(const Value *v)
{
    return v->is_const && v->data && shape_count(&v->shape) == 1;
}

/* Collects the nodes between the leaf and v, each behind its inputs. */
static bool collect(Tree *t, Value *v, int depth)
{
    Node *n = v->producer;
    QTensor x;
    for (int i = 0; i < t->count; i++)
        if (t->nodes[i] == n)
            return true;
    if (v == t->leaf)
        return true;
    if (!t->leaf && dequantised_of(t->r->c->scratch, v, t->from, &x)) {
        t->leaf = v;
        return true;
    }
    if (!n || depth > MAX_NODES || !known_f32(v) || !shape_equal(&v->shape, &t->r->x->shape) || v == node_out(n, 1) ||
        (!is_unary(n) && (!is_broadcast(n) || node_is(n, "Where"))))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++) {
        Value *in = n->inputs.items[i];
        if (in && !is_scalar(in) && !collect(t, in, depth + 1))
            return false;
    }
    if (t->count == MAX_NODES)
        return false;
    t->nodes[t->count++] = n;
    return true;
}

static int values_of(const Tree *t)
{
    return t->from == DT_I16 ? TABLE16 : TABLE;
}

/* All of r's region is a function of one tensor of x's integers. */
static bool function_of_one(Tree *t, QTensor *x)
{
    return collect(t, t->r->x, 0) && t->leaf && dequantised_of(t->r->c->scratch, t->leaf, t->from, x) &&
           shape_equal(&t->leaf->shape, &t->r->x->shape);
}

/* The node on constants of a value each; NULL when it cannot be computed. */
static Value *computed(const Tree *t, Graph *g, const Node *n, Value **of)
{
    OpContext oc = {t->r->c->diag, t->r->c->scratch};
    Shape s = {.rank = 1, .dim = {values_of(t)}};
    Tensor out[8];
    Node *copy = rw_copy(g, NULL, n);
    if (n->outputs.count > sizeof out / sizeof *out)
        return NULL;
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        Shape scalar = {.rank = 0};
        node_add_input(g, copy, !v ? NULL : v->is_const ? graph_const(g, NULL, v->type, &scalar, v->data) : of[v->id]);
    }
    rw_output(g, copy, DT_F32, &s);
    if (!eval_node(&oc, g, copy, g->arena, out) || !out[0].data)
        return NULL;
    return graph_const(g, NULL, DT_F32, &s, out[0].data);
}

static const float *evaluate(const Tree *t, const QTensor *x)
{
    Arena *a = t->r->c->scratch;
    Graph *g = graph_new(a, "table");
    const int count = values_of(t);
    const int64_t least = least_of(t->from);
    Shape s = {.rank = 1, .dim = {count}};
    Value **of = NEW_ARRAY(a, Value *, t->r->g->values.count);
    float *start = NEW_ARRAY(a, float, count);
    g->opsets = t->r->g->opsets;
    for (int i = 0; i < count; i++)
        start[i] = (float)(i + least - x->zero) * (float)x->scale;
    Value *last = of[t->leaf->id] = graph_const(g, NULL, DT_F32, &s, start);
    for (int i = 0; i < t->count; i++) {
        last = computed(t, g, t->nodes[i], of);
        if (!last)
            return NULL;
        of[node_out(t->nodes[i], 0)->id] = last;
    }
    return last->data;
}

const char *region_lookup(Region *r)
{
    Tree t = {.r = r, .from = DT_I8};
    QTensor x;
    if (!function_of_one(&t, &x))
        return "";
    const float *y = evaluate(&t, &x);
    if (!y)
        return "";
    int8_t *table = NEW_ARRAY(r->g->arena, int8_t, TABLE);
    bool same = true;
    for (int i = 0; i < TABLE; i++) {
        table[i] = (int8_t)quantised((double)y[i], r->scale, r->zero);
        same = same && table[i] == i - 128;
    }
    if (same)
        return region_end(r, x.v);
    Shape s = {.rank = 1, .dim = {TABLE}};
    Node *q = rw_node(r->g, r->n, "adze", "QLookup", t.count ? t.nodes[t.count - 1]->name : r->n->name);
    node_add_input(r->g, q, x.v);
    node_add_input(r->g, q, const_i8(r->g, &s, table));
    return region_end(r, rw_output(r->g, q, DT_I8, &r->x->shape));
}

/* 16 bits: points 2^bits apart, 256 times the value in steps of y, and lines between them. */

static int32_t point(const Region *r, double y)
{
    double v = isnan(y) ? (double)r->zero * 256 : rint((y / r->scale + (double)r->zero) * 256);
    return (int32_t)fmax(-0x1p30, fmin(0x1p30, v));
}

/* What lies behind the last value goes on as the line before. */
static int32_t *points_of(const Region *r, const float *y, int bits)
{
    const int count = TABLE16 >> bits;
    int32_t *t = NEW_ARRAY(r->g->arena, int32_t, count + 1);
    for (int i = 0; i < count; i++)
        t[i] = point(r, (double)y[(int64_t)i << bits]);
    const int last = TABLE16 - 1, before = (count - 1) << bits;
    const double slope = ((double)y[last] - (double)y[before]) / (last - before);
    t[count] = point(r, (double)y[last] + slope);
    return t;
}

/* The most steps by which the kernel errs; as adze_qinterpolate_i16_ref (runtime/ref/q16_rest.h) computes. */
static int64_t worst_step(const Region *r, const float *y, const int32_t *t, int bits)
{
    const int64_t cell = INT64_C(1) << bits;
    int64_t worst = 0;
    for (int64_t i = 0; i < TABLE16; i++) {
        const int32_t *at = t + (i >> bits);
        int64_t rest = i & (cell - 1), v = (at[0] * (cell - rest) + at[1] * rest + (cell << 7)) >> (bits + 8);
        v = v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v;
        int64_t error = llabs(v - quantised_to(DT_I16, (double)y[i], r->scale, r->zero));
        worst = error > worst ? error : worst;
    }
    return worst;
}

static const char *interpolate(Region *r, const Tree *t, const QTensor *x)
{
    enum { COARSE = 7, FINE = 4 };
    const float *y = evaluate(t, x);
    int64_t worst = 0;
    for (int bits = COARSE; y && bits >= FINE; bits--) {
        const int32_t *table = points_of(r, y, bits);
        worst = worst_step(r, y, table, bits);
        if (worst > 1)
            continue;
        Node *q = rw_node(r->g, r->n, "adze", "QInterpolate", t->nodes[t->count - 1]->name);
        node_set_int(r->g, q, "bits", bits);
        node_add_input(r->g, q, x->v);
        node_add_input(r->g, q, const_i32(r->g, (TABLE16 >> bits) + 1, table));
        return region_end(r, rw_output(r->g, q, DT_I16, &r->x->shape));
    }
    return y ? WHY(r, "a table of %d points errs by %" PRId64 " steps", (TABLE16 >> FINE) + 1, worst) : "";
}

static bool all_clamps(const Tree *t)
{
    Value *inner;
    double lo, hi;
    for (int i = 0; i < t->count; i++)
        if (!clamp_of(t->nodes[i], &inner, &lo, &hi))
            return false;
    return true;
}

/* From 8 bits to 16. Bounds alone: region_requantize. */
static const char *lookup16(Region *r)
{
    Tree t = {.r = r, .from = DT_I8};
    QTensor x;
    if (!function_of_one(&t, &x) || all_clamps(&t))
        return "";
    const float *y = evaluate(&t, &x);
    if (!y)
        return "";
    int16_t *table = NEW_ARRAY(r->g->arena, int16_t, TABLE);
    for (int i = 0; i < TABLE; i++)
        table[i] = (int16_t)quantised_to(DT_I16, (double)y[i], r->scale, r->zero);
    Shape s = {.rank = 1, .dim = {TABLE}};
    Node *q = rw_node(r->g, r->n, "adze", "QLookup16", t.nodes[t.count - 1]->name);
    node_add_input(r->g, q, x.v);
    node_add_input(r->g, q, graph_const(r->g, NULL, DT_I16, &s, table));
    return region_end(r, rw_output(r->g, q, DT_I16, &r->x->shape));
}

const char *region_interpolate(Region *r)
{
    Tree t = {.r = r, .from = DT_I16};
    QTensor x;
    if (!function_of_one(&t, &x))
        return lookup16(r);
    if (!t.count && x.scale == r->scale && x.zero == r->zero)
        return region_end(r, x.v);
    return all_clamps(&t) ? "" : interpolate(r, &t, &x); /* clamps: region_rescale16 */
}
