/* tests/operators/NAME.txt on real compilers: each text's graph becomes a program on the host and on emulated boards, and its outputs
 * must be ONNX Runtime's. */
#include "tests/support/operators.h"

#include "base/io.h"
#include "compile.h"
#include "target/program.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const char *const targets[] = {"host", "cortex-m4", "rv32imc"};
static StringList files;
static Arena *keep;

START_TEST(runs_as_onnx_runtime)
{
    const char *path = files.items[_i / 3], *target = targets[_i % 3];
    OperatorText t;
    ck_assert_msg(operator_text_read(keep, path, &t), "%s: cannot be read", path);
    const char *work = io_temp_dir(keep, t.diag, NULL, "adze-test-");
    const char *model = io_join(keep, work, "operator.txt"), *folder = io_join(keep, work, "model");
    ck_assert(work && io_write(t.diag, model, t.graph_text, strlen(t.graph_text)) && io_make_dir(t.diag, folder));
    Compilation c = {.keep = keep, .diag = t.diag, .options = {.model = model, .target_name = target}};
    Program program;
    bool built = compile_plan(&c) && compile_emit_here(&c, folder) &&
                 program_build(keep, t.diag, &c.target, folder, c.name, work, &program);
    if (!built)
        diag_flush(t.diag, stdout);
    ck_assert_msg(built, "%s: does not compile for %s", path, target);
    size_t in_bytes, out_bytes;
    unsigned char *in = operator_text_inputs(keep, &t, &in_bytes), *out = operator_text_outputs(keep, &t, &out_bytes);
    RunOptions options = {.timeout_seconds = 60};
    RunResult result = {0};
    bool ran = program_run(keep, t.diag, &program, in, in_bytes, 1, out, out_bytes, &options, &result);
    if (!ran)
        diag_flush(t.diag, stdout);
    ck_assert_msg(ran, "%s: does not run on %s", path, target);
    const char *differs = operator_text_compare(keep, &t, out);
    ck_assert_msg(!differs, "%s on %s: %s", path, target, differs);
}
END_TEST

int main(void)
{
    keep = arena_new();
    operator_texts(keep, &files);
    Suite *suite = suite_create("operators as programs");
    TCase *tc = tcase_create("programs");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, runs_as_onnx_runtime, 0, (int)files.count * 3);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
