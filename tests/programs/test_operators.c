/* tests/operators/NAME.txt on real compilers: each text's graph becomes a program on the host and on emulated boards,
 * and its outputs must be ONNX Runtime's. */
#include "tests/support/pool.h"
#include "tests/support/programs.h"

#include "base/io.h"

#include <check.h>
#include <stdlib.h>

static const char *const targets[] = {"rv32imc", "cortex-m4", "host"}; /* the slowest first: all cores end together */
enum { TARGETS = sizeof targets / sizeof *targets };

static Arena *keep;
static StringList files;
static const char *boards;
static JobResult *results;

/* Job i: text i % files.count on target i / files.count. */
static bool job(size_t i, int slot)
{
    return operator_text_runs(keep, files.items[i % files.count], targets[i / files.count], MODE_DEFAULT, boards, slot);
}

START_TEST(runs_as_onnx_runtime)
{
    size_t i = (size_t)_i;
    ck_assert_msg(results[i].ok, "%s on %s: %s", files.items[i % files.count], targets[i / files.count],
                  results[i].said);
}
END_TEST

int main(void)
{
    keep = arena_new();
    operator_texts(keep, &files);
    boards = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!boards)
        return EXIT_FAILURE;
    results = pool_run(keep, files.count * TARGETS, job);
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
