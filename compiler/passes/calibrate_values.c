/* Which values become integers: results of operators with an integer kernel, what these read, and what only moves such
 * values. What a kernel does before it stores (a bias, Relu, Clip) stays between the operator and its QuantizeLinear.
 */
#include "passes/calibrate.h"
#include "passes/turn.h"

#include <math.h>
#include <string.h>

static bool gives(const Node *n, const char *name)
{
    for (size_t i = 0; i < n->outputs.count; i++)
        if (node_out(n, i) && strcmp(name, node_out(n, i)->name) == 0)
            return true;
    return false;
}

bool named(const char *const *names, const Node *n)
{
    for (; names && *names; names++)
        if (strcmp(*names, n->name) == 0 || gives(n, *names))
            return true;
    return false;
}

const LayerFormat *format_of(const Calibrator *k, const Node *n)
{
    for (size_t i = 0; i < k->cal->format_count; i++)
        if (named(k->cal->formats[i].nodes, n))
            return &k->cal->formats[i];
    return NULL;
}

bool stays_float(const Calibrator *k, const Node *n)
{
    const LayerFormat *f = format_of(k, n);
    return (f && f->activation_bits == 0) || named(k->cal->keep_float, n);
}

bool is_clamp(const Node *n)
{
    Value *x;
    double lo, hi;
    return clamp_of(n, &x, &lo, &hi);
}

static bool is_linear(const Node *n)
{
    Linear l;
    return (node_is(n, "Conv") || node_is(n, "Gemm") || node_is(n, "MatMul")) && linear_of((Node *)n, &l) &&
           (!node_is(n, "Conv") || l.w->shape.rank == 3 || l.w->shape.rank == 4);
}

static bool averages(const Node *n)
{
    int first, last;
    return mean_axes(n, &first, &last);
}

static bool normalises(const Node *n)
{
    return node_is(n, "LayerNormalization") && const_f32(node_in(n, 1)) && (!node_in(n, 2) || const_f32(node_in(n, 2)));
}

/* Has n an integer kernel? */
static bool computes(const Calibrator *k, const Node *n)
{
    static const char *const names[] = {"MatMul", "Add", "Sub", "Mul", "AveragePool", "GlobalAveragePool", "Softmax"};
    if (*n->domain || !known_f32(node_out(n, 0)) || !known_f32(node_in(n, 0)) || stays_float(k, n))
        return false;
    if (is_linear(n) || is_unary(n) || averages(n) || normalises(n))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (node_is(n, names[i]))
            return true;
    return false;
}

bool moves_values(const Node *n)
{
    static const char *const names[] = {"Reshape",      "Flatten",      "Squeeze",  "Unsqueeze", "Transpose",
                                        "Slice",        "Split",        "Concat",   "Gather",    "Expand",
                                        "DepthToSpace", "SpaceToDepth", "Identity", "MaxPool",   "GlobalMaxPool"};
    if (node_is(n, "Resize"))
        return strcmp(node_string(n, "mode", "nearest"), "nearest") == 0;
    if (node_is(n, "Pad"))
        return strcmp(node_string(n, "mode", "constant"), "constant") == 0 && !node_in(n, 2);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (node_is(n, names[i]))
            return true;
    return false;
}

static bool computed_row(const Value *v, const Node *user)
{
    Affine a;
    Arena *scratch = arena_new();
    const Node *p = v->producer;
    int axis = node_is(p, "Conv") ? 1 : v->shape.rank - 1;
    bool row = axis >= 0 && affine_of(scratch, user, v, axis, &a);
    arena_free(scratch);
    return row;
}

/* Between an operator and where its result is stored. */
static bool is_inner(const Calibrator *k, const Value *v, int depth)
{
    if (depth > 8 || !v->producer || !single_use(v) || !computes(k, v->producer))
        return false;
    const Node *user = v->users.items[0];
    if (!computes(k, user))
        return false;
    const Value *x = node_in(v->producer, 0);
    bool clamped = is_clamp(v->producer) && x && is_inner(k, x, depth + 1); /* Relu, then Clip */
    if (is_clamp(user) && (!is_unary(v->producer) || clamped))
        return true;
    return is_linear(v->producer) && computed_row(v, user);
}

/* Also behind what only moves it. */
static bool read_by_kernel(const Calibrator *k, const Value *v, int depth)
{
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *n = v->users.items[i];
        const Value *y = node_out(n, 0);
        if (computes(k, n) || (depth < 8 && known_f32(y) && moves_values(n) && read_by_kernel(k, y, depth + 1)))
            return true;
    }
    return false;
}

Track *track_of(Calibrator *k, const Value *v)
{
    if (!v || (size_t)v->id >= k->count)
        return NULL;
    int at = v->id;
    while (k->track[at].root != at)
        at = k->track[at].root;
    return &k->track[at];
}

static void share_range(Calibrator *k, const Value *a, const Value *b)
{
    Track *x = track_of(k, a), *y = track_of(k, b);
    if (x->v->id < y->v->id)
        y->root = x->v->id;
    else
        x->root = y->v->id;
}

static void choose_moved(Calibrator *k, const Node *n)
{
    size_t count = node_is(n, "Concat") ? n->inputs.count : 1;
    bool all = !stays_float(k, n);
    for (size_t i = 0; i < count; i++)
        all = all && node_in(n, i) && k->track[node_in(n, i)->id].quantised;
    for (size_t i = 0; i < n->outputs.count; i++) {
        Value *y = node_out(n, i);
        if (!known_f32(y))
            continue;
        k->track[y->id].quantised = all || read_by_kernel(k, y, 0);
        for (size_t j = 0; all && j < count; j++)
            share_range(k, node_in(n, j), y);
    }
}

/* The choice is for the layer whose result v is. */
static bool has_sixteen(const Calibrator *k, const Value *v)
{
    for (size_t i = 0; i < k->cal->format_count; i++) {
        const LayerFormat *f = &k->cal->formats[i];
        const char *const first[] = {f->nodes[0], NULL};
        if (f->activation_bits == 16 && (v->producer ? named(first, v->producer) : strcmp(*first, v->name) == 0))
            return true;
    }
    return k->cal->sixteen;
}

static bool is_sixteen(Calibrator *k, const Value *v)
{
    return v && (size_t)v->id < k->count && k->track[v->id].quantised && track_of(k, v)->sixteen;
}

/* The value, quantised or an output, that n helps to compute. */
static const Value *result_of(const Calibrator *k, const Node *n)
{
    const Value *v = node_out(n, 0);
    while (v && (size_t)v->id < k->count && !k->track[v->id].quantised && single_use(v))
        v = node_out(v->users.items[0], 0);
    return v;
}

bool reads_sixteen(Calibrator *k, const Value *v)
{
    const Node *n = v->producer;
    for (size_t i = 0; n && i < n->inputs.count; i++) {
        const Value *x = node_in(n, i);
        if (is_sixteen(k, x))
            return true;
        if (x && !x->is_const && (size_t)x->id < k->count && !k->track[x->id].quantised && single_use(x) &&
            computes(k, n) && reads_sixteen(k, x))
            return true;
    }
    return false;
}

bool works_with_sixteen(Calibrator *k, const Node *n)
{
    if (!computes(k, n))
        return false;
    for (size_t i = 0; i < n->inputs.count; i++)
        if (is_sixteen(k, node_in(n, i)))
            return true;
    const Value *v = result_of(k, n);
    return is_sixteen(k, v) || (v && reads_sixteen(k, v));
}

/* Nothing of 8 bits computes v or reads it: rounding it to 8 would be in vain. */
static bool within_sixteen(Calibrator *k, const Value *v)
{
    if (!v->producer || !works_with_sixteen(k, v->producer) || !v->users.count)
        return false;
    for (size_t i = 0; i < v->users.count; i++)
        if (!works_with_sixteen(k, v->users.items[i]))
            return false;
    return true;
}

static void choose_sixteen(Calibrator *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->track[i].quantised && has_sixteen(k, k->track[i].v))
            track_of(k, k->track[i].v)->sixteen = true;
    for (bool more = k->cal->format_count > 0; more;) {
        more = false;
        for (size_t i = 0; i < k->count; i++) {
            Track *t = track_of(k, k->track[i].v);
            if (k->track[i].quantised && !t->sixteen && within_sixteen(k, k->track[i].v))
                t->sixteen = more = true;
        }
    }
}

void choose_values(Calibrator *k)
{
    for (size_t i = 0; i < k->count; i++)
        k->track[i] = (Track){.v = k->g->values.items[i], .root = (int)i, .low = INFINITY, .high = -INFINITY};
    for (size_t i = 0; i < k->g->inputs.count; i++) {
        Value *v = k->g->inputs.items[i];
        k->track[v->id].quantised = known_f32(v) && read_by_kernel(k, v, 0);
    }
    GRAPH_NODES(k->g, n)
    {
        Value *y = node_out(n, 0);
        if (moves_values(n))
            choose_moved(k, n);
        else if (known_f32(y) && !is_inner(k, y, 0))
            k->track[y->id].quantised = computes(k, n) || read_by_kernel(k, y, 0);
    }
    choose_sixteen(k);
}
