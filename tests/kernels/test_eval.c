/* Constant folding of single nodes, and the graph evaluator. */
#include "ops/eval.h"

#include <check.h>
#include <string.h>

static Arena *arena, *keep;
static Diag *diag;
static Graph *graph;
static OpContext context;

static void setup(void)
{
    arena = arena_new();
    keep = arena_new();
    diag = diag_new(arena);
    graph = graph_new(arena, "test");
    map_set(graph->opsets, "", (void *)(intptr_t)17);
    context = (OpContext){.diag = diag, .scratch = arena};
}

static void teardown(void)
{
    arena_free(arena);
    arena_free(keep);
}

static Value *floats(const char *name, int64_t n, const float *data)
{
    Shape s = {1, {n}};
    return graph_const(graph, name, DT_F32, &s, data);
}

/* A node of one output, with its type and shape inferred. */
static Node *node(const char *op_type, Value *a, Value *b)
{
    Node *n = graph_node(graph, "", op_type, NULL);
    n->version = 17;
    node_add_input(graph, n, a);
    if (b)
        node_add_input(graph, n, b);
    node_new_output(graph, n, NULL);
    ops_bind(graph);
    ck_assert_ptr_nonnull(n->op);
    ck_assert(n->op->infer(&context, graph, n));
    return n;
}

static const float one_two[2] = {1, 2}, three_four[2] = {3, 4};

START_TEST(fold)
{
    Node *n = node("Add", floats("a", 2, one_two), floats("b", 2, three_four));
    size_t values = graph->values.count;
    Tensor y;
    ck_assert(eval_node(&context, graph, n, keep, &y));
    ck_assert_int_eq(y.type, DT_F32);
    ck_assert_int_eq(y.shape.dim[0], 2);
    ck_assert_mem_eq(y.data, ((const float[]){4, 6}), 8);
    ck_assert_uint_eq(graph->values.count, values);
}
END_TEST

/* A view: lowering makes no step, the bytes are copied. */
START_TEST(fold_reshape)
{
    const int64_t shape[2] = {2, 1};
    Node *n = node("Reshape", floats("a", 2, one_two), graph_const_ints(graph, "shape", shape, 2));
    Tensor y;
    ck_assert(eval_node(&context, graph, n, keep, &y));
    ck_assert_int_eq(y.shape.rank, 2);
    ck_assert(y.data != one_two);
    ck_assert_mem_eq(y.data, one_two, sizeof one_two);
}
END_TEST

START_TEST(not_constant)
{
    Shape s = {1, {2}};
    Node *n = node("Add", floats("a", 2, one_two), graph_input(graph, "x", DT_F32, &s));
    Tensor y;
    ck_assert(!eval_node(&context, graph, n, keep, &y));
    ck_assert_uint_eq(diag->error_count, 0);
}
END_TEST

START_TEST(unknown_operator)
{
    Node *n = graph_node(graph, "", "Nonsense", NULL);
    node_add_input(graph, n, floats("a", 2, one_two));
    node_new_output(graph, n, NULL);
    Tensor y;
    ck_assert(!eval_node(&context, graph, n, keep, &y));
    ck_assert_uint_eq(diag->error_count, 0);
}
END_TEST

/* 2^27 floats are 512 MiB. */
START_TEST(too_large)
{
    const int64_t shape[1] = {INT64_C(1) << 27};
    Node *n = node("Expand", floats("a", 1, one_two), graph_const_ints(graph, "shape", shape, 1));
    Tensor y;
    ck_assert(!eval_node(&context, graph, n, keep, &y));
}
END_TEST

/* A type that no kernel takes: no result and no message. */
START_TEST(no_kernel)
{
    static const uint16_t halves[2] = {0x3C00, 0x4000};
    Shape s = {1, {2}};
    Node *n = graph_node(graph, "", "Sin", NULL);
    n->version = 17;
    node_add_input(graph, n, graph_const(graph, "h", DT_F16, &s, halves));
    Value *out = node_new_output(graph, n, NULL);
    out->type = DT_F16;
    out->shape = s;
    ops_bind(graph);
    Tensor y;
    ck_assert(!eval_node(&context, graph, n, keep, &y));
    ck_assert_uint_eq(diag->error_count, 0);
}
END_TEST

/* relu(x - [3,4]) and its transpose-free neighbour x itself. */
START_TEST(whole_graph)
{
    Shape s = {1, {2}};
    Value *x = graph_input(graph, "x", DT_F32, &s);
    Node *difference = node("Sub", x, floats("b", 2, three_four));
    Node *relu = node("Relu", node_out(difference, 0), NULL);
    graph_output(graph, node_out(relu, 0));
    size_t values = graph->values.count;
    const float data[2] = {1, 6};
    float y[2];
    const void *in[] = {data};
    void *out[] = {y};
    ck_assert(eval_graph(&context, graph, in, out));
    ck_assert_mem_eq(y, ((const float[]){0, 2}), sizeof y);
    ck_assert_uint_eq(graph->values.count, values);
}
END_TEST

START_TEST(graph_of_unknown_shape)
{
    Shape s = {1, {-1}};
    Value *x = graph_input(graph, "x", DT_F32, &s);
    graph_output(graph, node_out(node("Relu", x, NULL), 0));
    const void *in[] = {NULL};
    void *out[] = {NULL};
    ck_assert(!eval_graph(&context, graph, in, out));
    ck_assert_uint_eq(diag->error_count, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: eval");
    TCase *t = tcase_create("eval");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, fold);
    tcase_add_test(t, fold_reshape);
    tcase_add_test(t, not_constant);
    tcase_add_test(t, unknown_operator);
    tcase_add_test(t, too_large);
    tcase_add_test(t, no_kernel);
    tcase_add_test(t, whole_graph);
    tcase_add_test(t, graph_of_unknown_shape);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
