/* shrink_real and shrink on random quantised graphs: every output byte stays, and everything that is removed may have
 * any value. */
#include "ops/eval.h"
#include "passes/shrink.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRAPHS = 200, IMAGES = 12 };

static Arena *keep;
static uint32_t seed;

static int below(int n)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)n);
}

typedef struct {
    Graph *g;
    Value *images[IMAGES]; /* NHWC */
    int count;
} Maker;

static Value *bytes_const(Graph *g, int rank, const int64_t *dim, const int8_t *data)
{
    Shape s = {.rank = rank};
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    return graph_const(g, NULL, DT_I8, &s, data);
}

static Value *words_const(Graph *g, int count, const int32_t *data)
{
    Shape s = {.rank = 1, .dim = {count}};
    return graph_const(g, NULL, DT_I32, &s, data);
}

static Node *node(Maker *m, const char *op, Value *const *in, int count)
{
    Node *n = graph_node(m->g, "adze", op, NULL);
    for (int i = 0; i < count; i++)
        node_add_input(m->g, n, in[i]);
    return n;
}

/* Rows of zeros, rows whose scale lets nothing through, rows that are equal, columns of zeros. */
static void plant(int8_t *w, int32_t *bias, int32_t *multiplier, int rows, int taps, int in)
{
    for (int o = 0; o < rows; o++) {
        int what = below(5);
        if (what == 0)
            memset(w + o * taps * in, 0, (size_t)(taps * in));
        if (what == 1)
            multiplier[o] = below(200);
        if (what == 2 && o > 0) {
            memcpy(w + o * taps * in, w, (size_t)(taps * in));
            multiplier[o] = multiplier[0];
            bias[o] = bias[0];
        }
    }
    for (int c = 0; in > 1 && c < in; c++)
        for (int i = 0; below(4) == 0 && i < rows * taps; i++)
            w[i * in + c] = 0;
}

static Value *product(Maker *m, Value *x, int group, int out, int kernel, bool conv, Value *residual)
{
    int in = (int)x->shape.dim[x->shape.rank - 1] / group, taps = kernel * kernel, size = out * taps * in;
    int64_t conv_dims[] = {out, kernel, kernel, in}, gemm_dims[] = {in, out};
    int64_t pad = below(2) ? kernel / 2 : 0, pads[] = {pad, pad, pad, pad};
    int8_t *w = NEW_ARRAY(keep, int8_t, size);
    int32_t *b = NEW_ARRAY(keep, int32_t, out), *scale = NEW_ARRAY(keep, int32_t, out);
    if (x->shape.rank == 4 && (x->shape.dim[1] < kernel || x->shape.dim[2] < kernel || residual))
        pads[0] = pads[1] = pads[2] = pads[3] = kernel / 2;
    bool half = below(2); /* so that the weights of two fit one */
    for (int i = 0; i < size; i++)
        w[i] = (int8_t)((below(255) - 127) / (1 + 3 * half));
    for (int i = 0; i < out; i++) {
        b[i] = below(20001) - 10000;
        scale[i] = 1 << (22 + below(4));
    }
    if (conv)
        plant(w, b, scale, out, taps, in);
    Value *inputs[] = {x, bytes_const(m->g, conv ? 4 : 2, conv ? conv_dims : gemm_dims, w), words_const(m->g, out, b),
                       words_const(m->g, out, scale), residual};
    Node *n = node(m, conv ? "QConv" : "QGemm", inputs, residual ? 5 : 4);
    if (conv) {
        node_set_ints(m->g, n, "pads", pads, 4);
        node_set_int(m->g, n, "group", group);
        node_set_int(m->g, n, "x_zero_point", below(3) ? -128 : below(20) - 10);
    }
    node_set_int(m->g, n, "y_zero_point", below(2) ? -128 : below(20) - 10);
    node_set_int(m->g, n, residual ? "q_lo" : "lo", below(2) ? -128 : -20);
    if (residual) {
        node_set_int(m->g, n, "q_multiplier", 1 << 20);
        node_set_int(m->g, n, "r_multiplier", below(2) ? 1 << 19 : -(1 << 19));
        node_set_int(m->g, n, "r_zero_point", below(9) - 4);
        node_set_int(m->g, n, "add_zero_point", below(9) - 4);
        node_set_int(m->g, n, "add_shift", 20);
    }
    return node_new_output(m->g, n, NULL);
}

static Value *lookup(Maker *m, Value *x)
{
    int8_t *table = NEW_ARRAY(keep, int8_t, 256);
    int64_t dims[] = {256};
    for (int i = 0; i < 256; i++)
        table[i] = (int8_t)(i < 100 ? -50 : i - 150 + below(3));
    Value *in[] = {x, bytes_const(m->g, 1, dims, table)};
    return node_new_output(m->g, node(m, "QLookup", in, 2), NULL);
}

static Value *pool(Maker *m, Value *x)
{
    static const int64_t two[] = {2, 2}, one[] = {1, 1};
    static const int32_t factors[] = {0, 1 << 30, 1 << 29, 357913941, 1 << 28};
    bool max = below(2);
    Value *in[] = {x, words_const(m->g, 5, factors)};
    Node *n = node(m, max ? "MaxPool" : "QAveragePool", in, max ? 1 : 2);
    node_set_ints(m->g, n, "kernel_shape", two, 2);
    node_set_ints(m->g, n, "strides", one, 2);
    if (!max) {
        node_set_int(m->g, n, "x_zero_point", below(9) - 4);
        node_set_int(m->g, n, "shift", 2);
    }
    return node_new_output(m->g, n, NULL);
}

static Value *sum(Maker *m, Value *a, Value *b)
{
    Value *in[] = {a, b};
    Node *n = node(m, "QAdd", in, 2);
    node_set_int(m->g, n, "a_zero_point", below(9) - 4);
    node_set_int(m->g, n, "a_multiplier", 1 << 19);
    node_set_int(m->g, n, "b_multiplier", below(2) ? 1 << 18 : -(1 << 18));
    node_set_int(m->g, n, "shift", 19);
    return node_new_output(m->g, n, NULL);
}

static Value *same_shape(Maker *m, const Value *x)
{
    for (int i = 0; i < m->count; i++)
        if (m->images[i] != x && shape_equal(&m->images[i]->shape, &x->shape))
            return m->images[i];
    return NULL;
}

static Value *make_node(Maker *m, Value *x)
{
    int channels = (int)x->shape.dim[3];
    Value *other = same_shape(m, x);
    switch (below(7)) {
    case 0:
        return product(m, x, channels, channels, 3, true, NULL);
    case 1:
        return x->shape.dim[1] > 2 && x->shape.dim[2] > 2 ? pool(m, x) : lookup(m, x);
    case 2:
        return other ? sum(m, x, other) : lookup(m, x);
    case 3:
        return lookup(m, x);
    case 4:
        return other ? product(m, x, 1, channels, 3, true, other) : product(m, x, 1, channels, 3, true, NULL);
    default:
        return product(m, x, 1, 2 + below(7), below(2) ? 1 : 3, true, NULL);
    }
}

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

static Graph *make_graph(PassContext *c, int number)
{
    Maker m = {.g = graph_new(keep, "g")};
    Shape s = {.rank = 4, .dim = {1, 5, 6, 3}};
    seed = (uint32_t)number * 7919 + 1;
    m.images[m.count++] = graph_input(m.g, "x", DT_I8, &s);
    while (m.count < IMAGES) {
        Value *y = make_node(&m, m.images[m.count - 1]);
        m.images[m.count++] = y;
        infer(c, m.g);
    }
    Value *x = m.images[m.count - 1];
    int64_t flat[] = {1, shape_count(&x->shape)};
    Node *n = graph_node(m.g, "", "Reshape", NULL);
    node_add_input(m.g, n, x);
    node_add_input(m.g, n, graph_const_ints(m.g, NULL, flat, 2));
    Value *f = node_new_output(m.g, n, NULL);
    infer(c, m.g);
    graph_output(m.g, product(&m, f, 1, 5, 1, false, NULL));
    infer(c, m.g);
    graph_sweep(m.g);
    return m.g;
}

static int8_t *evaluate(PassContext *c, Graph *g)
{
    const Value *x = g->inputs.items[0], *y = g->outputs.items[0];
    int8_t *in = NEW_ARRAY(keep, int8_t, shape_count(&x->shape)),
           *out = NEW_ARRAY(keep, int8_t, shape_count(&y->shape));
    const void *inputs[] = {in};
    void *outputs[] = {out};
    seed = 99;
    for (int64_t i = 0; i < shape_count(&x->shape); i++)
        in[i] = (int8_t)(below(256) - 128);
    OpContext oc = {c->diag, c->scratch};
    bool ok = eval_graph(&oc, g, inputs, outputs);
    if (!ok)
        diag_flush(c->diag, stderr);
    ck_assert(ok);
    return out;
}

static void run(PassContext *c, Graph *g, const char *pass)
{
    bool ok = pass_run(c, g, pass_find(pass));
    if (!ok)
        diag_flush(c->diag, stderr);
    ck_assert_msg(ok, "%s", pass);
    infer(c, g);
}

static void same(Graph *before, const Graph *g, const int8_t *want, const int8_t *got, int number)
{
    size_t bytes = (size_t)shape_count(&g->outputs.items[0]->shape);
    if (memcmp(want, got, bytes)) {
        Buf b = {0};
        graph_print(before, &b);
        printf("graph %d:\n%s\n", number, buf_text(&b));
        buf_free(&b);
    }
    ck_assert_msg(!memcmp(want, got, bytes), "graph %d", number);
}

static int64_t macs(Graph *g)
{
    int64_t all = 0;
    GRAPH_NODES(g, n)
    {
        Product p;
        if (product_of(n, &p))
            all += p.pixels * shrink_weights(&p);
    }
    return all;
}

START_TEST(every_byte_stays)
{
    int64_t saved = 0, merged = 0;
    for (int i = 0; i < GRAPHS; i++) {
        PassContext c = {.diag = diag_new(keep), .scratch = arena_new()};
        Graph *g = make_graph(&c, i), *before = graph_clone(keep, g);
        int8_t *want = evaluate(&c, g);
        run(&c, g, "shrink_real");
        run(&c, g, "shrink");
        same(before, g, want, evaluate(&c, g), i);
        saved += macs(before) - macs(g);
        for (size_t k = 0; k < g->notes.count; k++)
            merged += strstr(g->notes.items[k].text, "duplicate input channels are added") != NULL;
        arena_free(c.scratch);
    }
    ck_assert_int_gt(saved, 0);
    ck_assert_int_gt(merged, 0);
}
END_TEST

/* Random weights, biases and multipliers in the rows of what is not live; the number of those rows. */
static int overwrite(Shrink *s, const Product *p)
{
    int rows = shrink_outputs(p), dead = 0;
    const Value *w = node_in(p->node, 1);
    int8_t *weights = NEW_ARRAY(keep, int8_t, shrink_weights(p));
    int32_t *bias = NEW_ARRAY(keep, int32_t, rows), *scale = NEW_ARRAY(keep, int32_t, rows);
    memcpy(weights, p->w8, (size_t)shrink_weights(p));
    for (int32_t o = 0; o < rows; o++) {
        bool live = channel_is_live(s, p->y, o);
        bias[o] = live ? p->b32[o] : below(20001) - 10000;
        scale[o] = live ? p->multiplier[o] : 1 << (20 + below(6));
        dead += !live;
        for (int64_t t = 0; !live && t < p->taps; t++)
            for (int32_t k = 0; k < p->in; k++)
                weights[o * p->by_output + t * p->by_tap + k * p->by_input] = (int8_t)(below(255) - 127);
    }
    node_set_input(s->g, p->node, 1, graph_const(s->g, NULL, DT_I8, &w->shape, weights));
    node_set_input(s->g, p->node, 2, words_const(s->g, rows, bias));
    node_set_input(s->g, p->node, 3, words_const(s->g, rows, scale));
    return dead;
}

START_TEST(what_is_removed_may_have_any_value)
{
    int dead = 0;
    for (int i = 0; i < GRAPHS; i++) {
        PassContext c = {.diag = diag_new(keep), .scratch = arena_new()};
        Graph *g = make_graph(&c, i), *before = graph_clone(keep, g);
        int8_t *want = evaluate(&c, g);
        run(&c, g, "shrink_real");
        Shrink *s = shrink_new(&c, g);
        shrink_facts(s);
        shrink_live(s, false);
        seed = (uint32_t)i + 5;
        GRAPH_NODES(g, n)
        {
            Product p;
            if (s->roles[n->id] == ROLE_PRODUCT && product_of(n, &p))
                dead += overwrite(s, &p);
        }
        same(before, g, want, evaluate(&c, g), i);
        arena_free(c.scratch);
    }
    ck_assert_int_gt(dead, 0);
    printf("%d rows were overwritten\n", dead);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("shrink of quantised graphs");
    TCase *t = tcase_create("shrink_q");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, every_byte_stays);
    tcase_add_test(t, what_is_removed_may_have_any_value);
    suite_add_tcase(suite, t);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
