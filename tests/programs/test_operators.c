/* tests/operators/NAME.txt on real compilers: each text's graph becomes a program on the host and on emulated boards,
 * and its outputs must be ONNX Runtime's. */
#include "tests/support/operators.h"
#include "tests/support/pool.h"
#include "tests/support/tools.h"

#include "base/io.h"
#include "compile.h"
#include "target/program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const targets[] = {"rv32imc", "cortex-m4", "host"}; /* the slowest first: both cores end together */
enum { TARGETS = sizeof targets / sizeof *targets };

static StringList files;
static Arena *keep;
static const char *boards; /* objects of the boards, a folder a slot and target */
static JobResult *results;

static bool build(OperatorText *t, const char *target, int slot, Compilation *c, Program *program)
{
    const char *work = io_temp_dir(keep, t->diag, NULL, "adze-test-");
    if (!work)
        return false;
    const char *model = io_join(keep, work, "operator.txt"), *folder = io_join(keep, work, "model");
    const char *board = arena_printf(keep, "%s/%s-%d", boards, target, slot);
    BuildOptions options = {.without_sizes = true, .board_dir = board};
    *c = (Compilation){.keep = keep, .diag = t->diag, .options = {.model = model, .target_name = target}};
    return io_write(t->diag, model, t->graph_text, strlen(t->graph_text)) && io_make_dir(t->diag, folder) &&
           io_make_dir(t->diag, board) && compile_plan(c) && compile_emit_here(c, folder) &&
           program_build_with(keep, t->diag, &c->target, folder, c->name, work, &options, program);
}

/* Job i: text i % files.count on target i / files.count. */
static bool runs_as_wanted(size_t i, int slot)
{
    const char *path = files.items[i % files.count], *target = targets[i / files.count];
    OperatorText t;
    Target machine;
    Compilation c;
    Program program;
    if (!operator_text_read(keep, path, &t))
        return false;
    if (target_load(keep, t.diag, target, &machine) && !target_tools_here(&machine))
        return true;
    size_t in_bytes, out_bytes;
    unsigned char *in = operator_text_inputs(keep, &t, &in_bytes), *out = operator_text_outputs(keep, &t, &out_bytes);
    RunOptions options = {.timeout_seconds = 60};
    RunResult result = {0};
    bool ran = build(&t, target, slot, &c, &program) &&
               program_run(keep, t.diag, &program, in, in_bytes, 1, out, out_bytes, &options, &result);
    diag_flush(t.diag, stdout);
    const char *differs = ran ? operator_text_compare(keep, &t, out) : NULL;
    if (differs)
        printf("%s\n", differs);
    return ran && !differs;
}

START_TEST(runs_as_onnx_runtime)
{
    ck_assert_msg(results[_i].ok, "%s on %s: %s", files.items[(size_t)_i % files.count],
                  targets[(size_t)_i / files.count], results[_i].said);
}
END_TEST

int main(void)
{
    keep = arena_new();
    operator_texts(keep, &files);
    boards = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!boards)
        return EXIT_FAILURE;
    results = pool_run(keep, files.count * TARGETS, runs_as_wanted);
    Suite *suite = suite_create("operators as programs");
    TCase *tc = tcase_create("programs");
    tcase_add_loop_test(tc, runs_as_onnx_runtime, 0, (int)files.count * TARGETS);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
