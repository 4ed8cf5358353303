/* shrink and shrink_real on random graphs: the same output bytes before and after, and with everything that shrink
 * removes overwritten by random values. */
#include "ops/eval.h"
#include "passes/shrink.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRAPHS = 150 };

static Arena *keep;
static uint32_t seed;

static int below(int n)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)n);
}

static float real(void)
{
    return (float)below(1 << 16) / 16384 - 2;
}

/* Small integers keep every sum exact, in any order. */
static float number(bool whole)
{
    return whole ? (float)(below(3) - 1) : real();
}

/* ---- Random graphs ---- */

typedef struct {
    Graph *g;
    Value *images[64]; /* NHWC */
    int count;
    bool whole;
} Maker;

static Value *floats(Maker *m, int rank, const int64_t *dim, float *data)
{
    Shape s = {.rank = rank};
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    return graph_const(m->g, NULL, DT_F32, &s, data);
}

static Value *node1(Maker *m, const char *domain, const char *op, Value *a, Value *b, Value *c, Value *d)
{
    Node *n = graph_node(m->g, domain, op, NULL);
    Value *in[] = {a, b, c, d};
    int last = d ? 4 : c ? 3 : b ? 2 : 1;
    for (int i = 0; i < last; i++)
        node_add_input(m->g, n, in[i]);
    return node_new_output(m->g, n, NULL);
}

/* Rows that are 0, constant, equal to another one, or tiny next to their bias; columns that are 0. */
static void plant(Maker *m, float *w, float *b, int rows, int taps, int in)
{
    int size = taps * in;
    for (int o = 0; o < rows; o++) {
        int what = below(8);
        for (int i = 0; i < size && what < 2; i++)
            w[o * size + i] = 0;
        if (what == 0)
            b[o] = 0;
        if (what == 2 && o) {
            memcpy(w + o * size, w, (size_t)size * sizeof *w);
            b[o] = b[0];
        }
        if (what == 3 && !m->whole) {
            for (int i = 0; i < size; i++)
                w[o * size + i] *= 1e-30f;
        }
    }
    for (int c = 0; c < in && in > 1; c++)
        for (int i = 0; i < rows * taps && below(4) == 0; i++)
            w[i * in + c] = 0;
    if (in > 1 && below(2))
        for (int c = 0; c < in; c += 2)
            for (int i = 0; i < rows * taps; i++)
                w[i * in + c] = 0;
}

static Value *conv(Maker *m, Value *x, int group, int out, int kernel, Value *residual)
{
    int channels = (int)x->shape.dim[3], in = channels / group, taps = kernel * kernel;
    int64_t wd[] = {out, kernel, kernel, in}, bd[] = {out}, pads[] = {kernel / 2, kernel / 2, kernel / 2, kernel / 2};
    float *w = NEW_ARRAY(keep, float, out *taps *in), *b = NEW_ARRAY(keep, float, out);
    for (int i = 0; i < out * taps * in; i++)
        w[i] = number(m->whole);
    for (int i = 0; i < out; i++)
        b[i] = m->whole ? (float)(below(6) - 2) : real();
    plant(m, w, b, out, taps, in);
    Value *y = node1(m, "adze", "Conv", x, floats(m, 4, wd, w), floats(m, 1, bd, b), residual);
    node_set_ints(m->g, y->producer, "pads", pads, 4);
    node_set_int(m->g, y->producer, "group", group);
    node_set_float(m->g, y->producer, "lo", 0);
    node_set_float(m->g, y->producer, "hi", 6);
    return y;
}

static Value *conv_transpose(Maker *m, Value *x, int out, int kernel)
{
    int64_t size[] = {2 * x->shape.dim[1] + kernel - 2, 2 * x->shape.dim[2] + kernel - 2};
    static const int64_t two[] = {2, 2};
    Value *y = conv(m, x, 1, out, kernel, NULL);
    Node *n = y->producer;
    Value *up = node1(m, "adze", "ConvTranspose", x, node_in(n, 1), node_in(n, 2), NULL);
    graph_remove(m->g, n);
    node_set_ints(m->g, up->producer, "strides", two, 2);
    node_set_ints(m->g, up->producer, "output_shape", size, 2);
    node_set_float(m->g, up->producer, "lo", 0);
    return up;
}

/* To a size, or by factors; whole numbers stay whole in the nearest mode. */
static Value *resized(Maker *m, Value *x)
{
    int64_t sizes[] = {1, x->shape.dim[1] + 2, x->shape.dim[2] + 1, x->shape.dim[3]}, four[] = {4};
    float *factors = NEW_ARRAY(keep, float, 4);
    for (int i = 0; i < 4; i++)
        factors[i] = i == 1 || i == 2 ? 1.5f : 1;
    bool list = below(2);
    Value *y = node1(m, "", "Resize", x, NULL, list ? NULL : floats(m, 1, four, factors),
                     list ? graph_const_ints(m->g, NULL, sizes, 4) : NULL);
    node_set_string(m->g, y->producer, "mode", m->whole || below(2) ? "nearest" : "linear");
    return y;
}

static Value *normalised(Maker *m, Value *x)
{
    int64_t d[] = {x->shape.dim[3]};
    float *scale = NEW_ARRAY(keep, float, d[0]), *bias = NEW_ARRAY(keep, float, d[0]);
    for (int i = 0; i < d[0]; i++) {
        scale[i] = i % 3 ? real() : 1;
        bias[i] = i % 3 ? real() : 0.5f;
    }
    Value *y = node1(m, "adze", "GroupNormalization", x, floats(m, 1, d, scale), floats(m, 1, d, bias), NULL);
    node_set_int(m->g, y->producer, "axis", 3);
    node_set_int(m->g, y->producer, "num_groups", d[0]);
    node_set_float(m->g, y->producer, "epsilon", 0.5f);
    return y;
}

static Value *pool(Maker *m, Value *x)
{
    static const int64_t two[] = {2, 2}, one[] = {1, 1};
    Value *y = node1(m, "adze", below(2) ? "MaxPool" : "AveragePool", x, NULL, NULL, NULL);
    node_set_ints(m->g, y->producer, "kernel_shape", two, 2);
    node_set_ints(m->g, y->producer, "strides", one, 2);
    return y;
}

static Value *scaled(Maker *m, Value *x)
{
    int64_t d[] = {x->shape.dim[3]};
    float *k = NEW_ARRAY(keep, float, d[0]);
    for (int i = 0; i < d[0]; i++)
        k[i] = number(m->whole);
    return node1(m, "", below(2) ? "Mul" : "Add", x, floats(m, 1, d, k), NULL, NULL);
}

/* Halves of the channels, the other way round. */
static Value *crossed(Maker *m, Value *x)
{
    int64_t sizes[] = {x->shape.dim[3] / 2, x->shape.dim[3] - x->shape.dim[3] / 2};
    Value *first = node1(m, "", "Split", x, graph_const_ints(m->g, NULL, sizes, 2), NULL, NULL);
    Value *second = node_new_output(m->g, first->producer, NULL);
    node_set_int(m->g, first->producer, "axis", 3);
    Value *y = node1(m, "", "Concat", second, first, NULL, NULL);
    node_set_int(m->g, y->producer, "axis", 3);
    return y;
}

static Value *sliced(Maker *m, Value *x)
{
    int64_t start = below(2), end = x->shape.dim[3], axis = 3;
    Node *n = graph_node(m->g, "", "Slice", NULL);
    node_add_input(m->g, n, x);
    node_add_input(m->g, n, graph_const_ints(m->g, NULL, &start, 1));
    node_add_input(m->g, n, graph_const_ints(m->g, NULL, &end, 1));
    node_add_input(m->g, n, graph_const_ints(m->g, NULL, &axis, 1));
    return node_new_output(m->g, n, NULL);
}

static Value *same_shape(Maker *m, const Value *x)
{
    Value *found = NULL;
    for (int i = 0; i < m->count; i++)
        if (m->images[i] != x && shape_equal(&m->images[i]->shape, &x->shape))
            found = m->images[i];
    return found;
}

static Value *make_node(Maker *m, Value *x)
{
    int channels = (int)x->shape.dim[3];
    Value *other = same_shape(m, x);
    bool small = x->shape.dim[1] < 7;
    switch (below(13)) {
    case 0:
        return conv(m, x, channels, channels, 3, NULL);
    case 1:
        return channels % 2 ? conv(m, x, 1, 4, 3, NULL) : conv(m, x, 2, 6, 1, NULL);
    case 2:
        return x->shape.dim[1] > 2 ? pool(m, x) : scaled(m, x);
    case 3:
        return scaled(m, x);
    case 4:
        return channels > 3 ? crossed(m, x) : scaled(m, x);
    case 5:
        return other ? node1(m, "", "Add", x, other, NULL, NULL) : conv(m, x, 1, 5, 1, NULL);
    case 6:
        return channels > 3 ? sliced(m, x) : conv(m, x, 1, 3, 1, NULL);
    case 7:
        return other ? conv(m, x, 1, channels, 1, other) : conv(m, x, 1, channels, 3, NULL);
    case 8:
        return small ? conv_transpose(m, x, 2 + below(5), 2 + below(2)) : pool(m, x);
    case 9:
        return small ? resized(m, x) : pool(m, x);
    case 10:
        return m->whole ? scaled(m, x) : normalised(m, x);
    default:
        return conv(m, x, 1, 2 + below(7), below(2) ? 1 : 3, NULL);
    }
}

/* Node by node: a graph in the making has no output yet, which the pass's check would refuse. */
static void infer(PassContext *c, Graph *g)
{
    OpContext oc = {c->diag, c->scratch};
    bool ok = true;
    ops_bind(g);
    GRAPH_NODES(g, n)
    {
        ok = ok && op_infer(&oc, g, n);
    }
    if (!ok)
        diag_flush(c->diag, stderr);
    ck_assert(ok);
}

/* [1,h,w,c] -> [1,h*w*c] -> Gemm */
static void finish(Maker *m, PassContext *c)
{
    Value *x = m->images[m->count - 1];
    int64_t flat[] = {1, shape_count(&x->shape)}, wd[] = {flat[1], 5};
    float *w = NEW_ARRAY(keep, float, wd[0] * wd[1]);
    for (int i = 0; i < wd[0] * wd[1]; i++)
        w[i] = i / 5 % x->shape.dim[3] == 1 ? 0 : number(m->whole);
    Value *f = node1(m, "", "Reshape", x, graph_const_ints(m->g, NULL, flat, 2), NULL, NULL);
    Value *y = node1(m, "adze", "Gemm", f, floats(m, 2, wd, w), NULL, NULL);
    graph_output(m->g, y);
    if (below(3) == 0)
        graph_output(m->g, m->images[m->count / 2]);
    infer(c, m->g);
}

static Graph *make_graph(PassContext *c, uint32_t number_of_graph, bool whole)
{
    Maker m = {.g = graph_new(keep, "g"), .whole = whole};
    Shape s = {.rank = 4, .dim = {1, 4, 5, 3}};
    seed = number_of_graph * 7919 + 1;
    m.images[m.count++] = graph_input(m.g, "x", DT_F32, &s);
    m.images[m.count] = conv(&m, m.images[0], 1, 8, 3, NULL);
    m.count++;
    infer(c, m.g);
    for (int i = 0; i < 9; i++) {
        Value *x = m.images[m.count - 1 - (below(4) == 0 && m.count > 2)];
        Value *y = make_node(&m, x);
        m.images[m.count++] = y;
        infer(c, m.g);
    }
    finish(&m, c);
    graph_sweep(m.g);
    return m.g;
}

/* ---- Comparing ---- */

static size_t bytes(const Value *v)
{
    return (size_t)shape_count(&v->shape) * sizeof(float);
}

static void **evaluate(PassContext *c, Graph *g, bool whole)
{
    const Value *x = g->inputs.items[0];
    float *in = arena_alloc(keep, bytes(x));
    const void *inputs[] = {in};
    seed = 99;
    for (int64_t i = 0; i < shape_count(&x->shape); i++)
        in[i] = whole ? (float)(below(9) - 4) : real();
    void **out = NEW_ARRAY(keep, void *, g->outputs.count);
    for (size_t i = 0; i < g->outputs.count; i++)
        out[i] = arena_alloc(keep, bytes(g->outputs.items[i]));
    OpContext oc = {c->diag, c->scratch};
    bool ok = eval_graph(&oc, g, inputs, out);
    if (!ok)
        diag_flush(c->diag, stderr);
    ck_assert(ok);
    return out;
}

static bool same_bytes(const Graph *g, void *const *a, void *const *b)
{
    bool same = true;
    for (size_t i = 0; i < g->outputs.count; i++)
        same = same && !memcmp(a[i], b[i], bytes(g->outputs.items[i]));
    return same;
}

static bool nearly_same(const Graph *g, void *const *a, void *const *b)
{
    bool same = true;
    for (size_t i = 0; i < g->outputs.count; i++) {
        const float *x = a[i], *y = b[i];
        double most = 1;
        for (int64_t k = 0; k < shape_count(&g->outputs.items[i]->shape); k++)
            most = fmax(most, fabs((double)x[k]));
        for (int64_t k = 0; k < shape_count(&g->outputs.items[i]->shape); k++)
            same = same && fabs((double)x[k] - (double)y[k]) <= 1e-5 * most;
    }
    return same;
}

static int64_t macs(Graph *g)
{
    int64_t sum = 0;
    GRAPH_NODES(g, n)
    {
        Product p;
        if (product_of(n, &p))
            sum += p.pixels * shrink_weights(&p);
    }
    return sum;
}

static void run(PassContext *c, Graph *g, const char *pass)
{
    bool ok = pass_run(c, g, pass_find(pass));
    if (!ok)
        diag_flush(c->diag, stderr);
    ck_assert_msg(ok, "%s", pass);
    infer(c, g);
}

static PassContext context(void)
{
    return (PassContext){.diag = diag_new(keep), .scratch = arena_new()};
}

static void show(const Graph *g, int number_of_graph)
{
    Buf b = {0};
    graph_print(g, &b);
    printf("graph %d:\n%s\n", number_of_graph, buf_text(&b));
    fflush(stdout);
    buf_free(&b);
}

/* Any floats: shrink alone keeps every bit, and its notes add up to what is saved. */
START_TEST(shrink_keeps_every_bit)
{
    int64_t saved = 0;
    for (int i = 0; i < GRAPHS; i++) {
        PassContext c = context();
        Graph *g = make_graph(&c, (uint32_t)i, false), *before = graph_clone(keep, g);
        void **want = evaluate(&c, g, false);
        run(&c, g, "shrink");
        void **got = evaluate(&c, g, false);
        if (!same_bytes(g, want, got))
            show(before, i);
        ck_assert_msg(same_bytes(g, want, got), "graph %d", i);
        int64_t noted = 0;
        for (size_t k = 0; k < g->notes.count; k++)
            noted += g->notes.items[k].macs_saved;
        ck_assert_int_eq(noted, macs(before) - macs(g));
        saved += noted;
        arena_free(c.scratch);
    }
    ck_assert_int_gt(saved, 0);
}
END_TEST

static bool has_note(const Graph *g, const char *text)
{
    for (size_t i = 0; i < g->notes.count; i++)
        if (strstr(g->notes.items[i].text, text))
            return true;
    return false;
}

/* Sums of small integers are exact in any order, so that shrink_real keeps their bits as well; but not where a quotient
 * of two constants is a factor. */
START_TEST(shrink_real_keeps_integers)
{
    const char *const reasons[] = {
        "dead:", "zero:", "never active:", "constant:", "duplicate:", "constant input channels"};
    int seen[6] = {0};
    for (int i = 0; i < GRAPHS; i++) {
        PassContext c = context();
        Graph *g = make_graph(&c, (uint32_t)i, true), *before = graph_clone(keep, g);
        void **want = evaluate(&c, g, true);
        run(&c, g, "shrink_real");
        run(&c, g, "shrink");
        void **got = evaluate(&c, g, true);
        bool quotient = has_note(g, "ends at the border"), same = same_bytes(g, want, got);
        if (!same && !(quotient && nearly_same(g, want, got)))
            show(before, i);
        ck_assert_msg(same || (quotient && nearly_same(g, want, got)), "graph %d", i);
        for (int k = 0; k < 6; k++)
            seen[k] += has_note(g, reasons[k]);
        arena_free(c.scratch);
    }
    for (int k = 0; k < 6; k++)
        ck_assert_msg(seen[k] > 0, "no graph has a channel that is %s", reasons[k]);
}
END_TEST

START_TEST(shrink_real_is_near_for_floats)
{
    for (int i = 0; i < GRAPHS; i++) {
        PassContext c = context();
        Graph *g = make_graph(&c, (uint32_t)i + 1000, false);
        void **want = evaluate(&c, g, false);
        run(&c, g, "shrink_real");
        run(&c, g, "shrink");
        ck_assert_msg(nearly_same(g, want, evaluate(&c, g, false)), "graph %d", i);
        arena_free(c.scratch);
    }
}
END_TEST

/* ---- Everything removed may have any value ---- */

/* Channels that go because they are 0, and what makes them 0, by class: their readers' weights are free instead. */
static bool *find_zeros(Shrink *s)
{
    bool *fixed = NEW_ARRAY(keep, bool, s->total), again = true;
    for (int32_t i = 0; i < s->total; i++) {
        const Value *v = s->value_of[i] < 0 ? NULL : s->g->values.items[s->value_of[i]];
        Fact f = v ? shrink_fact(s, v, i - s->of[v->id].base) : (Fact){.hi = 1};
        if (fact_is_zero(&f) && !channel_is_live(s, v, i - s->of[v->id].base))
            fixed[shrink_root(s, v, i - s->of[v->id].base)] = true;
    }
    while (again) {
        again = false;
        GRAPH_NODES(s->g, n)
        {
            Product p;
            if (s->roles[n->id] != ROLE_PRODUCT || !product_of(n, &p))
                continue;
            for (int32_t o = 0; o < shrink_outputs(&p); o++) {
                bool of_zero = fixed[shrink_root(s, p.y, o)] && s->of[p.x->id].axis >= 0;
                for (int32_t k = 0; k < p.in && of_zero; k++) {
                    bool *x = &fixed[shrink_root(s, p.x, o / p.out * p.in + k)];
                    if (!*x && !product_ignores(&p, o, k))
                        *x = again = true;
                }
            }
        }
    }
    return fixed;
}

/* Returns how many weights were overwritten. */
static int overwrite_product(Shrink *s, const bool *fixed, Node *n)
{
    Product p;
    int count = 0;
    if (s->roles[n->id] != ROLE_PRODUCT || !product_of(n, &p))
        return 0;
    const Value *old = node_in(n, 1);
    float *w = NEW_ARRAY(keep, float, shrink_weights(&p)), *b = NEW_ARRAY(keep, float, shrink_outputs(&p));
    memcpy(w, p.w, (size_t)shrink_weights(&p) * sizeof *w);
    for (int32_t o = 0; o < shrink_outputs(&p); o++) {
        bool row = !channel_is_live(s, p.y, o) && !fixed[shrink_root(s, p.y, o)];
        b[o] = row ? real() : p.b ? p.b[o] : 0;
        for (int32_t k = 0; k < p.in; k++) {
            int32_t channel = o / p.out * p.in + k;
            Fact x = shrink_fact(s, p.x, channel);
            if (!row && (channel_is_live(s, p.x, channel) || !fact_is_zero(&x)))
                continue;
            for (int64_t t = 0; t < p.taps; t++, count++)
                w[o * p.by_output + t * p.by_tap + k * p.by_input] = real();
        }
    }
    node_set_input(s->g, n, 1, graph_const(s->g, NULL, DT_F32, &old->shape, w));
    if (p.bias)
        node_set_input(s->g, n, 2, graph_const(s->g, NULL, DT_F32, &p.bias->shape, b));
    return count;
}

/* The constants of an Add or Mul. */
static void overwrite_join(Shrink *s, const bool *fixed, Node *n)
{
    const Value *y = node_out(n, 0), *k = node_in(n, 1);
    if (s->roles[n->id] != ROLE_JOIN || !k->is_const || shape_count(&k->shape) != s->of[y->id].count)
        return;
    float *data = NEW_ARRAY(keep, float, s->of[y->id].count);
    memcpy(data, k->data, (size_t)s->of[y->id].count * sizeof *data);
    for (int32_t i = 0; i < s->of[y->id].count; i++)
        if (!channel_is_live(s, y, i) && !fixed[shrink_root(s, y, i)])
            data[i] = real();
    node_set_input(s->g, n, 1, graph_const(s->g, NULL, DT_F32, &k->shape, data));
}

START_TEST(what_is_removed_may_have_any_value)
{
    int count = 0;
    for (int i = 0; i < 2 * GRAPHS; i++) {
        PassContext c = context();
        Graph *g = make_graph(&c, (uint32_t)i, i % 2);
        if (i % 4 < 2)
            run(&c, g, "shrink_real");
        void **want = evaluate(&c, g, false);
        Shrink *s = shrink_new(&c, g);
        shrink_facts(s);
        shrink_live(s, false);
        const bool *fixed = find_zeros(s);
        seed = (uint32_t)i;
        GRAPH_NODES(g, n)
        {
            count += overwrite_product(s, fixed, n);
            overwrite_join(s, fixed, n);
        }
        ck_assert_msg(same_bytes(g, want, evaluate(&c, g, false)), "graph %d", i);
        arena_free(c.scratch);
    }
    ck_assert_int_gt(count, 10000);
}
END_TEST

/* ---- Declared ranges ---- */

static Graph *read_graph(PassContext *c, const char *body)
{
    const char *text = arena_printf(keep, "graph \"g\" opset \"\" 13 {\n%s}\n", body);
    Graph *g = graph_read(keep, c->diag, text, strlen(text), "text");
    if (!g)
        diag_flush(c->diag, stderr);
    ck_assert_ptr_nonnull(g);
    infer(c, g);
    return g;
}

/* Channel 1 is at most 3 * 1 - 4 < 0 for inputs up to 1, channel 2 is above 6 for inputs from 0. */
static const char *const bounded = "input %x: f32[1,2,2,1]\nconst %w: f32[3,1,1,1] = [1, 3, 1]\n"
                                   "const %b: f32[3] = [0, -4, 7]\n%a = adze.Conv(%x, %w, %b) {lo=0f, hi=6f}\n"
                                   "const %v: f32[1,1,1,3] = [1, 1, 1]\n%y = adze.Conv(%a, %v)\noutput %y\n";

START_TEST(ranges_show_what_is_never_active)
{
    const char *const ranges[] = {"%x=0,1", "x=0,1", "x=-inf,inf", "x=-2,2", NULL};
    const int64_t left[] = {0, 1, 3, 3};
    for (int i = 1; i < 4; i++) {
        PassContext c = context();
        const char *const one[] = {ranges[i], NULL};
        c.input_ranges = one;
        Graph *g = read_graph(&c, bounded);
        run(&c, g, "shrink_real");
        run(&c, g, "shrink");
        ck_assert_int_eq(node_in(g->first, 1)->shape.dim[0], left[i]);
        ck_assert(i > 1 || has_note(g, "never active:"));
        arena_free(c.scratch);
    }
}
END_TEST

START_TEST(refuses_bad_ranges)
{
    const char *const bad[] = {"x", "x=1", "x=2,1", "x=nan,1", "x=0,1,2", "z=0,1", "x=a,b", "x=0,1 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        PassContext c = context();
        const char *const one[] = {bad[i], NULL};
        c.input_ranges = one;
        ck_assert_msg(!passes_run(&c, read_graph(&c, bounded)), "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(c.diag->messages.items[0].text, "--input-range"));
        arena_free(c.scratch);
    }
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("shrink");
    TCase *graphs = tcase_create("graphs"), *ranges = tcase_create("ranges");
    tcase_set_timeout(graphs, 120);
    tcase_add_test(graphs, shrink_keeps_every_bit);
    tcase_add_test(graphs, shrink_real_keeps_integers);
    tcase_add_test(graphs, shrink_real_is_near_for_floats);
    tcase_add_test(graphs, what_is_removed_may_have_any_value);
    tcase_add_test(ranges, ranges_show_what_is_never_active);
    tcase_add_test(ranges, refuses_bad_ranges);
    suite_add_tcase(suite, graphs);
    suite_add_tcase(suite, ranges);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
