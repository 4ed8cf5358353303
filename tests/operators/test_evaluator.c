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

/* A buffer of its own, aligned as the evaluator's caller owes it, for each input or output. */
static void **buffers(Arena *a, const OperatorText *t, const char *kind, size_t count, bool filled)
{
    void **list = NEW_ARRAY(a, void *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const Value *v = operator_text_vector(a, t, kind, i);
        ck_assert_ptr_nonnull(v);
        list[i] = arena_alloc(a, value_bytes(v));
        if (filled)
            memcpy(list[i], v->data, value_bytes(v));
        else
            memset(list[i], 0xff, value_bytes(v));
    }
    return list;
}

/* The outputs one behind the other. */
static unsigned char *joined(Arena *a, const OperatorText *t, void *const *outs)
{
    size_t bytes;
    unsigned char *all = operator_text_outputs(a, t, &bytes), *at = all;
    for (size_t i = 0; i < t->graph->outputs.count; i++) {
        size_t n = value_bytes(operator_text_vector(a, t, "out", i));
        memcpy(at, outs[i], n);
        at += n;
    }
    return all;
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
    void **ins = buffers(keep, &t, "in", g->inputs.count, true);
    void **outs = buffers(keep, &t, "out", g->outputs.count, false);
    OpContext c = {t.diag, arena_new()};
    ok = eval_graph(&c, g, (const void *const *)ins, outs);
    diag_flush(t.diag, stdout);
    ck_assert_msg(ok, "%s: cannot be evaluated", t.path);
    const char *differs = operator_text_compare(keep, &t, joined(keep, &t, outs));
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
