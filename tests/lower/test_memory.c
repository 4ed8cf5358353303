/* Memory plans are sound, judged by an independent replay, on random graphs and on the operator texts. */
#include "tests/support/operators.h"
#include "lower/check.h"

#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static StringList files;

static Plan *plan_of(Arena *a, Graph *g, const char *target_name)
{
    Diag *d = diag_new(a);
    PassContext pc = {.diag = d, .scratch = arena_new()};
    Target target;
    ops_bind(g);
    Plan *p = NULL;
    if (target_load(a, d, target_name, &target) && ops_check(g, d) && passes_run(&pc, g))
        p = lower_graph(g, &target, d, pc.scratch);
    diag_flush(d, stdout);
    arena_free(pc.scratch);
    return p;
}

static void check_plan(Arena *a, const Plan *p)
{
    const char *wrong = plan_check(a, p);
    ck_assert_msg(!wrong, "%s", wrong);
    ck_assert_uint_ge(p->arena_bytes, p->arena_lower_bound);
    ck_assert_uint_eq(p->arena_lower_bound, plan_bound(a, p));
}

START_TEST(operator_text_plan_is_sound)
{
    OperatorText t;
    ck_assert(operator_text_read(keep, files.items[_i], &t));
    Plan *p = plan_of(keep, t.graph, "cortex-m4");
    ck_assert_msg(p, "%s: no plan", files.items[_i]);
    check_plan(keep, p);
}
END_TEST

/* Chains, branches and joins of element-wise operators and pools over tensors of different sizes. */
static Graph *random_graph(Arena *a, unsigned seed)
{
    Graph *g = graph_new(a, "random");
    Value *live[64];
    int count = 0;
    srand(seed);
    for (int i = 0; i < 3; i++) {
        Shape s = {2, {1 + rand() % 4, 8}};
        live[count++] = graph_input(g, arena_printf(a, "x%d", i), DT_F32, &s);
    }
    while (count < 40) {
        Value *x = live[rand() % count], *y = live[rand() % count];
        bool two = rand() % 2;
        Node *n = graph_node(g, "", two ? "Concat" : rand() % 2 ? "Relu" : "Exp", "");
        n->version = 13;
        node_add_input(g, n, x);
        if (two) {
            node_add_input(g, n, y);
            node_set_int(g, n, "axis", 0);
        }
        live[count++] = node_new_output(g, n, "");
    }
    for (int i = 0; i < 3; i++)
        if (!live[count - 1 - i]->is_output)
            graph_output(g, live[count - 1 - i]);
    return g;
}

START_TEST(random_plan_is_sound)
{
    Arena *a = arena_new();
    Plan *p = plan_of(a, random_graph(a, (unsigned)_i), "rv32imc");
    ck_assert_ptr_nonnull(p);
    check_plan(a, p);
    arena_free(a);
}
END_TEST

/* A GRU over 1,000 steps whose last state alone is read: [1000,1,6] shares of gates, no [1000,1,2] sequence. */
START_TEST(unread_sequence_takes_no_memory)
{
    static const char *const text = "graph \"g\" opset \"\" 14 {\n  input %x: f32[1000,1,1]\n"
                                    "  const %w: f32[1,6,1] = [1, 1, 1, 1, 1, 1]\n"
                                    "  const %r: f32[1,6,2] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
                                    "  %y, %h = GRU(%x, %w, %r) {hidden_size=2}\n  output %h\n}\n";
    Diag *d = diag_new(keep);
    Plan *p = plan_of(keep, graph_read(keep, d, text, strlen(text), "g.txt"), "cortex-m4");
    ck_assert_ptr_nonnull(p);
    check_plan(keep, p);
    ck_assert_uint_ge(p->arena_bytes, 1000 * 6 * sizeof(float));
    ck_assert_uint_lt(p->arena_bytes, 1000 * 6 * sizeof(float) + 200);
}
END_TEST

int main(void)
{
    keep = arena_new();
    operator_texts(keep, &files);
    Suite *suite = suite_create("lower: memory");
    TCase *tc = tcase_create("plans");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, operator_text_plan_is_sound, 0, (int)files.count);
    tcase_add_test(tc, unread_sequence_takes_no_memory);
    tcase_add_loop_test(tc, random_plan_is_sound, 0, 100);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
