/* tests/operators/NAME.txt through the passes and the evaluator; outputs must be ONNX Runtime's. */
#include "tests/support/operators.h"

#include "lower/lower.h"
#include "ops/eval.h"
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static StringList files;
static Arena *keep;

static const void **pointers(Arena *a, const OperatorText *t, const char *kind, size_t count, unsigned char *data)
{
    const void **list = (const void **)NEW_ARRAY(a, void *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const Value *v = operator_text_vector(a, t, kind, i);
        ck_assert_ptr_nonnull(v);
        list[i] = data;
        data += value_bytes(v);
    }
    return list;
}

START_TEST(evaluates_as_onnx_runtime)
{
    OperatorText t;
    ck_assert_msg(operator_text_read(keep, files.items[_i], &t), "%s: cannot be read", files.items[_i]);
    Graph *g = t.graph;
    PassContext pc = {.diag = t.diag, .scratch = arena_new()};
    ops_bind(g);
    bool ok = ops_check(g, t.diag) && passes_run(&pc, g);
    diag_flush(t.diag, stdout);
    ck_assert_msg(ok, "%s: passes fail", t.path);
    size_t in_bytes, out_bytes;
    unsigned char *in = operator_text_inputs(keep, &t, &in_bytes), *out = operator_text_outputs(keep, &t, &out_bytes);
    const void **ins = pointers(keep, &t, "in", g->inputs.count, in);
    const void **outs = pointers(keep, &t, "out", g->outputs.count, out);
    OpContext c = {t.diag, arena_new()};
    ok = eval_graph(&c, g, ins, (void *const *)outs);
    diag_flush(t.diag, stdout);
    ck_assert_msg(ok, "%s: cannot be evaluated", t.path);
    const char *differs = operator_text_compare(keep, &t, out);
    ck_assert_msg(!differs, "%s: %s", t.path, differs);
    arena_free(c.scratch);
    arena_free(pc.scratch);
}
END_TEST

int main(void)
{
    keep = arena_new();
    operator_texts(keep, &files);
    Suite *suite = suite_create("operators, evaluated");
    TCase *tc = tcase_create("texts");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, evaluates_as_onnx_runtime, 0, (int)files.count);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
