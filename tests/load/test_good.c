/* What valid models become. */
#include "load/load.h"
#include "tests/load/model.h"

#include <check.h>

static Loaded r;

static void load(Buf m, const LoadOptions *opt)
{
    r = load_exact(m.data, m.length, NULL, opt);
    buf_free(&m);
    diag_flush(r.diag, stdout);
}

static void must_load(Buf m, const LoadOptions *opt)
{
    load(m, opt);
    ck_assert_ptr_nonnull(r.graph);
    ck_assert(graph_check(r.graph, r.diag, "load"));
}

static void teardown(void)
{
    loaded_free(&r);
}

static const float weights[] = {1, 2, 3, 4, 5, 6};

/* x [batch,3] -> Gemm with w [2,3] and b -> h -> Relu -> y; nodes in the wrong order, w also an input. */
static Buf small_graph(void)
{
    Buf g = {0}, gemm = node("Gemm", "x w b", "h"), a = attr("transB", 2);
    put_int(&a, 3, 1);
    put_message(&gemm, 5, a);
    put_text(&gemm, 3, "gemm1");
    put_message(&g, 1, node("Relu", "h", "y"));
    put_message(&g, 1, gemm);
    put_text(&g, 2, "small");
    put_message(&g, 5, raw_tensor("w", 1, "23", weights, sizeof weights));
    put_message(&g, 5, raw_tensor("b", 1, "2", weights, 8));
    put_message(&g, 11, value_info("x", 1, "batch,3"));
    put_message(&g, 11, value_info("w", 1, "2,3"));
    put_message(&g, 12, value_info("y", 1, "batch,2"));
    return g;
}

START_TEST(a_small_model)
{
    must_load(model(small_graph()), NULL);
    Graph *g = r.graph;
    ck_assert_str_eq(g->name, "small");
    ck_assert_uint_eq(g->node_count, 2);
    ck_assert_uint_eq(g->inputs.count, 1);
    const Value *x = g->inputs.items[0], *y = g->outputs.items[0];
    ck_assert_str_eq(x->name, "x");
    ck_assert_str_eq(y->name, "y");
    ck_assert(x->type == DT_F32 && x->shape.rank == 2 && x->shape.dim[0] == -1 && x->shape.dim[1] == 3);
    ck_assert_str_eq(x->dim[0], "batch");
    ck_assert_ptr_null(x->dim[1]);
    ck_assert(node_is(g->first, "Gemm") && node_is(node_next(g->first), "Relu"));
    ck_assert_str_eq(g->first->name, "gemm1");
    ck_assert_int_eq(g->first->version, 17);
    ck_assert_int_eq(node_int(g->first, "transB", 0), 1);
    const Value *w = node_in(g->first, 1);
    ck_assert(w->is_const && w->shape.dim[0] == 2 && w->shape.dim[1] == 3);
    ck_assert_mem_eq(w->data, weights, sizeof weights);
    ck_assert_ptr_eq(y->producer, node_next(g->first));
    ck_assert_int_eq(y->type, DT_NONE); /* what the file says about computed values is not trusted */
}
END_TEST

START_TEST(options_fix_what_is_open)
{
    InputDim dim = {"batch", 4};
    must_load(model(small_graph()), &(LoadOptions){.dims = &dim, .dim_count = 1});
    const Value *x = r.graph->inputs.items[0];
    ck_assert_int_eq(x->shape.dim[0], 4);
    ck_assert_ptr_null(x->dim[0]);
    loaded_free(&r);
    InputShape shape = {"x", {2, {7, -1}}, NULL};
    must_load(model(small_graph()), &(LoadOptions){.shapes = &shape, .shape_count = 1});
    x = r.graph->inputs.items[0];
    ck_assert(x->shape.dim[0] == 7 && x->shape.dim[1] == 3);
}
END_TEST

/* One name is one size: --shape for a fixes n for b too. */
START_TEST(a_shape_fixes_its_names)
{
    Buf g = {0};
    put_message(&g, 1, node("Add", "b a", "y"));
    put_message(&g, 11, value_info("b", 1, "n,?"));
    put_message(&g, 11, value_info("a", 1, NULL));
    put_message(&g, 11, value_info("c", 7, "n,0,-1"));
    put_message(&g, 12, value_info("y", 1, NULL));
    InputShape shapes[] = {{"c", {3, {5, 0, 2}}, NULL}, {"a", {1, {9}}, NULL}};
    must_load(model(g), &(LoadOptions){.shapes = shapes, .shape_count = 2});
    const Value *b = r.graph->inputs.items[0], *a = r.graph->inputs.items[1], *c = r.graph->inputs.items[2];
    ck_assert(b->shape.dim[0] == 5 && b->shape.dim[1] == -1);
    ck_assert(a->shape.rank == 1 && a->shape.dim[0] == 9);
    ck_assert(c->type == DT_I64 && c->shape.dim[1] == 0 && c->shape.dim[2] == 2);
}
END_TEST

/* A graph whose only output is an initializer. */
static Buf constant_model(Buf t)
{
    Buf g = {0};
    put_message(&g, 5, t);
    put_message(&g, 12, value_info("w", 1, NULL));
    return model(g);
}

static Tensor constant_of(Buf t)
{
    must_load(constant_model(t), NULL);
    const Node *identity = r.graph->first;
    ck_assert(node_is(identity, "Identity"));
    ck_assert(node_in(identity, 0)->is_const);
    return value_tensor(node_in(identity, 0));
}

/* int32_data holds all small types; negative numbers in five or ten bytes. */
static const struct {
    int onnx;
    DType type;
    int64_t stored, value;
} small_types[] = {
    {2, DT_U8, 200, 200},
    {3, DT_I8, -5, -5},
    {3, DT_I8, 251, -5},
    {4, DT_U16, 65535, 65535},
    {5, DT_I16, -300, -300},
    {6, DT_I32, -70000, -70000},
    {6, DT_I32, 0xfffeee90, -70000},
    {9, DT_BOOL, 1, 1},
    {9, DT_BOOL, 7, 1},
    {10, DT_F16, 0x4000, 2},
    {16, DT_BF16, 0x4040, 3},
    {10, DT_F16, 0xc000, -2},
};

START_TEST(small_types_in_int32_data)
{
    Buf t = tensor("w", small_types[_i].onnx, "2"), packed = {0};
    put_varint(&packed, (uint64_t)small_types[_i].stored);
    put_message(&t, 5, packed);
    put_int(&t, 5, small_types[_i].stored); /* not packed: both forms are allowed, also mixed */
    Tensor c = constant_of(t);
    ck_assert_int_eq(c.type, small_types[_i].type);
    ck_assert_int_eq(tensor_int(&c, 0), small_types[_i].value);
    ck_assert_int_eq(tensor_int(&c, 1), small_types[_i].value);
}
END_TEST

START_TEST(large_types_in_fields_of_their_own)
{
    static const double doubles[] = {0.5, -1e300};
    Buf t = tensor("w", 7, "2");
    put_int(&t, 7, INT64_MIN);
    put_int(&t, 7, 5);
    Tensor c = constant_of(t);
    ck_assert(tensor_int(&c, 0) == INT64_MIN && tensor_int(&c, 1) == 5);
    loaded_free(&r);
    t = tensor("w", 12, "2");
    put_int(&t, 11, UINT32_MAX);
    put_int(&t, 11, 5);
    c = constant_of(t);
    ck_assert(tensor_int(&c, 0) == UINT32_MAX && tensor_int(&c, 1) == 5);
    loaded_free(&r);
    t = tensor("w", 11, "2");
    put_bytes(&t, 10, doubles, sizeof doubles);
    c = constant_of(t);
    ck_assert(tensor_float(&c, 1) == -1e300);
    loaded_free(&r);
    t = tensor("w", 1, "3");
    put_float(&t, 4, 0.5f);
    put_bytes(&t, 4, weights, 8);
    c = constant_of(t);
    ck_assert(tensor_float(&c, 0) == 0.5 && tensor_float(&c, 2) == 2);
}
END_TEST

START_TEST(raw_data_is_readable_wherever_it_stands)
{
    for (int shift = 0; shift < 9; shift++) {
        char name[16] = "";
        memset(name, 'n', (size_t)shift);
        Buf g = {0};
        put_text(&g, 2, name); /* moves what follows */
        put_message(&g, 5, raw_tensor("w", 1, "6", weights, sizeof weights));
        put_message(&g, 5, raw_tensor("f", 9, "4", "\0\1\2\xff", 4));
        put_message(&g, 5, raw_tensor("q", 22, "3", "\x21\x0f", 2));
        put_message(&g, 5, tensor("e", 1, "0"));
        put_message(&g, 1, node("Op", "w f q e", "y"));
        put_message(&g, 12, value_info("y", 1, NULL));
        must_load(model(g), NULL);
        const Node *n = r.graph->first;
        ck_assert_uint_eq((uintptr_t)node_in(n, 0)->data % 4, 0);
        ck_assert_mem_eq(node_in(n, 0)->data, weights, sizeof weights);
        ck_assert_mem_eq(node_in(n, 1)->data, "\0\1\1\1", 4);
        Tensor q = value_tensor(node_in(n, 2));
        ck_assert(tensor_int(&q, 0) == 1 && tensor_int(&q, 1) == 2 && tensor_int(&q, 2) == -1);
        ck_assert(node_in(n, 3)->is_const && node_in(n, 3)->shape.dim[0] == 0);
        if (shift < 8)
            loaded_free(&r);
    }
}
END_TEST

START_TEST(sparse_initializers_are_written_out)
{
    static const int64_t flat[] = {1, 5}, pairs[] = {0, 1, 1, 2};
    for (int form = 0; form < 2; form++) {
        Buf sparse = {0}, g = {0};
        put_message(&sparse, 1, raw_tensor("w", 1, "2", weights, 8));
        put_message(&sparse, 2, raw_tensor("", 7, form ? "22" : "2", form ? pairs : flat, form ? 32 : 16));
        put_int(&sparse, 3, 2);
        put_int(&sparse, 3, 3);
        put_message(&g, 15, sparse);
        put_message(&g, 12, value_info("w", 1, NULL));
        must_load(model(g), NULL);
        static const float want[] = {0, 1, 0, 0, 0, 2};
        ck_assert_mem_eq(node_in(r.graph->first, 0)->data, want, sizeof want);
        if (!form)
            loaded_free(&r);
    }
}
END_TEST

static Buf constant_node(Buf a, const char *output)
{
    Buf n = node("Constant", "", output);
    put_message(&n, 5, a);
    return n;
}

START_TEST(constant_nodes_become_constants)
{
    Buf g = {0}, a = attr("value_float", 1);
    put_float(&a, 2, 2.5f);
    put_message(&g, 1, constant_node(a, "f"));
    a = attr("value_ints", 7);
    put_int(&a, 8, -3);
    put_int(&a, 8, 4);
    put_message(&g, 1, constant_node(a, "i"));
    a = attr("value_int", 2);
    put_int(&a, 3, 9);
    put_message(&g, 1, constant_node(a, "s"));
    a = attr("value", 4);
    put_message(&a, 5, raw_tensor("", 1, "23", weights, sizeof weights));
    put_message(&g, 1, constant_node(a, "t"));
    a = attr("value_floats", 6);
    put_bytes(&a, 7, weights, 8);
    put_message(&g, 1, constant_node(a, "l"));
    put_message(&g, 1, node("Op", "f i s t l", "y"));
    put_message(&g, 12, value_info("y", 1, NULL));
    must_load(model(g), NULL);
    const Node *n = r.graph->first;
    ck_assert_uint_eq(r.graph->node_count, 1);
    Tensor f = value_tensor(node_in(n, 0)), i = value_tensor(node_in(n, 1)), s = value_tensor(node_in(n, 2));
    ck_assert(f.type == DT_F32 && f.shape.rank == 0 && tensor_float(&f, 0) == 2.5);
    ck_assert(i.type == DT_I64 && i.shape.rank == 1 && i.shape.dim[0] == 2 && tensor_int(&i, 0) == -3);
    ck_assert(s.shape.rank == 0 && tensor_int(&s, 0) == 9);
    ck_assert_mem_eq(node_in(n, 3)->data, weights, sizeof weights);
    ck_assert_mem_eq(node_in(n, 4)->data, weights, 8);
    ck_assert_str_eq(node_in(n, 3)->name, "t");
}
END_TEST

START_TEST(attributes_of_every_kind)
{
    Buf g = {0}, n = node("Op", "x - x", "y -"), a = attr("f", 1);
    put_float(&a, 2, 0.25f);
    put_message(&n, 5, a);
    a = attr("s", 3);
    put_text(&a, 4, "SAME_UPPER");
    put_message(&n, 5, a);
    a = attr("strings", 8);
    put_text(&a, 9, "a");
    put_text(&a, 9, "");
    put_message(&n, 5, a);
    a = attr("untyped", 0); /* ir_version 1 */
    put_int(&a, 8, 5);
    put_message(&n, 5, a);
    a = attr("t", 4);
    put_message(&a, 5, raw_tensor("", 1, "", weights, 4));
    put_message(&n, 5, a);
    put_message(&n, 5, attr("empty", 7));
    put_text(&n, 7, "com.acme");
    put_message(&g, 1, n);
    put_message(&g, 11, value_info("x", 10, "2"));
    put_message(&g, 12, value_info("y", 1, NULL));
    Buf m = model(g);
    put_message(&m, 8, opset("com.acme", 3));
    must_load(m, NULL);
    const Node *k = r.graph->first;
    ck_assert(k->version == 3 && strcmp(k->domain, "com.acme") == 0);
    ck_assert_ptr_null(k->inputs.items[1]);
    ck_assert_uint_eq(k->inputs.count, 3);
    ck_assert(node_float(k, "f", 0) == 0.25f);
    ck_assert_str_eq(node_string(k, "s", ""), "SAME_UPPER");
    ck_assert_uint_eq(node_attr(k, "strings")->count, 2);
    ck_assert_str_eq(node_attr(k, "strings")->strings[0], "a");
    int64_t ints[4];
    ck_assert_int_eq(node_ints(k, "untyped", ints, 4), 1);
    ck_assert_int_eq(node_ints(k, "empty", ints, 4), 0);
    Tensor t = node_attr(k, "t")->tensor;
    ck_assert(t.shape.rank == 0 && tensor_float(&t, 0) == 1);
}
END_TEST

START_TEST(subgraphs_see_the_values_around_them)
{
    Buf g = {0}, branch = {0}, n = node("If", "c", "y"), a = attr("then_branch", 5);
    put_message(&branch, 1, node("Neg", "late", "inner"));
    put_message(&branch, 12, value_info("inner", 1, NULL));
    put_message(&a, 6, branch);
    put_message(&n, 5, a);
    a = attr("else_branch", 5);
    branch = (Buf){0};
    put_message(&branch, 12, value_info("late", 1, NULL)); /* handed through */
    put_message(&a, 6, branch);
    put_message(&n, 5, a);
    put_message(&g, 1, n);
    put_message(&g, 1, node("Abs", "x", "late")); /* must come first: the branches read it */
    put_message(&g, 11, value_info("c", 9, ""));
    put_message(&g, 11, value_info("x", 1, "2"));
    put_message(&g, 12, value_info("y", 1, NULL));
    must_load(model(g), NULL);
    const Node *abs = r.graph->first, *branching = node_next(abs);
    ck_assert(node_is(abs, "Abs") && node_is(branching, "If"));
    const Graph *then = node_attr(branching, "then_branch")->graph;
    ck_assert_ptr_eq(then->outer, r.graph);
    ck_assert_ptr_eq(node_in(then->first, 0), node_out(abs, 0));
    ck_assert_int_eq(then->first->version, 17);
    ck_assert(node_is(node_attr(branching, "else_branch")->graph->first, "Identity"));
}
END_TEST

/* scale(x, k?) { two = Constant; m = Mul(x, two); y = Act<alpha = @alpha>(m, k) }, alpha defaults to 0.5 */
static Buf scale_function(void)
{
    Buf f = {0}, n = node("Act", "m k", "y"), a = {0}, two = attr("value_float", 1);
    put_float(&two, 2, 2);
    put_text(&f, 1, "scale");
    put_names(&f, 4, "x k");
    put_names(&f, 5, "y");
    put_message(&f, 7, constant_node(two, "two"));
    put_message(&f, 7, node("Mul", "x two", "m"));
    put_text(&a, 1, "alpha");
    put_int(&a, 20, 1);
    put_text(&a, 21, "alpha");
    put_message(&n, 5, a);
    put_message(&f, 7, n);
    put_message(&f, 9, opset("", 13));
    put_text(&f, 10, "local");
    a = attr("alpha", 1);
    put_float(&a, 2, 0.5f);
    put_message(&f, 11, a);
    return f;
}

static Buf call_of(const char *name, const char *inputs, const char *outputs)
{
    Buf n = node(name, inputs, outputs);
    put_text(&n, 7, "local");
    return n;
}

START_TEST(functions_are_inlined)
{
    Buf g = {0}, n = call_of("scale", "x x", "h"), a = attr("alpha", 1);
    put_float(&a, 2, 0.125f);
    put_message(&n, 5, a);
    put_message(&g, 1, n);
    put_message(&g, 1, call_of("scale", "h", "y"));
    put_message(&g, 11, value_info("x", 1, "2"));
    put_message(&g, 12, value_info("y", 1, NULL));
    Buf m = model(g);
    put_message(&m, 25, scale_function());
    must_load(m, NULL);
    ck_assert_uint_eq(r.graph->node_count, 4);
    const Node *first = node_next(r.graph->first), *second = r.graph->last;
    ck_assert(node_is(r.graph->first, "Mul") && node_is(first, "Act") && node_is(second, "Act"));
    ck_assert_int_eq(first->version, 13);
    ck_assert(node_float(first, "alpha", 0) == 0.125f && node_float(second, "alpha", 0) == 0.5f);
    ck_assert_ptr_eq(node_in(first, 1), r.graph->inputs.items[0]);
    ck_assert_ptr_null(node_in(second, 1));
    ck_assert_str_eq(node_out(first, 0)->name, "h");
    ck_assert_str_eq(r.graph->outputs.items[0]->name, "y");
    ck_assert_str_eq(node_out(r.graph->first, 0)->name, "h/m");
}
END_TEST

/* both(x) { n = outer(x) } -> x, n, n: an input handed through, a call in a call, one value for two outputs */
START_TEST(functions_may_hand_values_through)
{
    Buf g = {0}, f = {0};
    put_text(&f, 1, "both");
    put_names(&f, 4, "x");
    put_names(&f, 5, "x n n");
    put_message(&f, 7, call_of("scale", "x", "n"));
    put_message(&f, 9, opset("", 17));
    put_text(&f, 10, "local");
    put_message(&g, 1, call_of("both", "x", "a b c"));
    put_message(&g, 11, value_info("x", 1, "2"));
    put_message(&g, 12, value_info("a", 1, NULL));
    put_message(&g, 12, value_info("b", 1, NULL));
    put_message(&g, 12, value_info("c", 1, NULL));
    Buf m = model(g);
    put_message(&m, 25, scale_function());
    put_message(&m, 25, f);
    must_load(m, NULL);
    ck_assert_uint_eq(r.graph->outputs.count, 3);
    ck_assert(node_is(r.graph->outputs.items[0]->producer, "Identity"));
    ck_assert(node_is(r.graph->outputs.items[1]->producer, "Act"));
    ck_assert_ptr_eq(node_in(r.graph->outputs.items[2]->producer, 0), r.graph->outputs.items[1]);
    ck_assert_str_eq(r.graph->first->name, "");
    ck_assert_str_eq(node_out(r.graph->first, 0)->name, "a/n/m");
}
END_TEST

START_TEST(newer_than_known_is_a_warning)
{
    Buf m = {0};
    put_int(&m, 1, 99);
    put_message(&m, 8, opset("ai.onnx", 40)); /* the same domain as "" */
    put_message(&m, 7, small_graph());
    must_load(m, NULL);
    ck_assert_uint_eq(r.diag->messages.count, 2);
    ck_assert(mentions(r.diag, "ir_version 99") && mentions(r.diag, "opset 40"));
    ck_assert_int_eq(r.graph->first->version, 40);
}
END_TEST

START_TEST(unknown_fields_are_skipped)
{
    Buf g = small_graph(), m = {0};
    put_text(&g, 10, "a doc string");
    put_text(&g, 536870901, "not for files");
    put_int(&m, 1, 1);
    put_text(&m, 6, "no opset_import before ir_version 3");
    put_message(&m, 7, g);
    must_load(m, NULL);
    ck_assert_int_eq(r.graph->first->version, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("load: good models");
    TCase *c = tcase_create("good");
    tcase_add_checked_fixture(c, NULL, teardown);
    tcase_add_test(c, a_small_model);
    tcase_add_test(c, options_fix_what_is_open);
    tcase_add_test(c, a_shape_fixes_its_names);
    tcase_add_loop_test(c, small_types_in_int32_data, 0, sizeof small_types / sizeof *small_types);
    tcase_add_test(c, large_types_in_fields_of_their_own);
    tcase_add_test(c, raw_data_is_readable_wherever_it_stands);
    tcase_add_test(c, sparse_initializers_are_written_out);
    tcase_add_test(c, constant_nodes_become_constants);
    tcase_add_test(c, attributes_of_every_kind);
    tcase_add_test(c, subgraphs_see_the_values_around_them);
    tcase_add_test(c, functions_are_inlined);
    tcase_add_test(c, functions_may_hand_values_through);
    tcase_add_test(c, newer_than_known_is_a_warning);
    tcase_add_test(c, unknown_fields_are_skipped);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
