/* Memory that runs out: for every allocation that a command makes, it fails once alone and once with all that follow.
 * The command must then end with a message and status 1, leaving nothing behind; or do all of its work, where a library
 * can do without. Counts are walked in strides once they are large. */
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab;

static const char *const rows[] = {
    "compile model.txt -t cortex-m4 -o out",
    "compile -c adze.yaml --depfile out.d",
    "compile model.txt -t host -O speed -o out",
    "inspect model.txt -t cortex-m4",
    "inspect model.txt -t cortex-m4 --json",
    "inspect fashion.onnx",
    "compile fashion.onnx -t cortex-m4 --json -o out",
    "targets cortex-m4 --json",
    "completion bash",
};
enum { ROWS = sizeof rows / sizeof *rows, TRIES = 150 };

static const char model[] = "graph \"m\" opset \"\" 13 {\n"
                            "  input %x: f32[1,2,6,6]\n"
                            "  const %w: f32[4,2,3,3] = random(1)\n  const %b: f32[4] = random(2)\n"
                            "  %y = Conv(%x, %w, %b) {pads=[1,1,1,1]}\n  %z = Relu(%y)\n"
                            "  %s = Softmax(%z) {axis=1}\n  output %s\n}\n";

static void setup(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
    ck_assert(io_write(diag, io_join(keep, lab, "model.txt"), model, sizeof model - 1));
    static const char yaml[] = "model: model.txt\ntarget: cortex-m4\noutput: out\nstate: []\n";
    ck_assert(io_write(diag, io_join(keep, lab, "adze.yaml"), yaml, sizeof yaml - 1));
    ShellResult r = shell(keep, NULL,
                          "cc -O1 -shared -fPIC -o %s/failing.so tests/programs/allocation/failing.c && "
                          "cp examples/fashion/fashion.onnx %s",
                          lab, lab);
    ck_assert_msg(r.status == 0, "%s", r.err);
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

/* What is on disk besides what setup put there, with its bytes. */
#define CLEAN "rm -rf out out.d;"
#define STATE "find . -name 'out*' -o -name '.adze*' | sort | xargs -r -I{} sh -c 'test -d {} || sha256sum {}; echo {}'"

static unsigned long allocations(const char *err)
{
    const char *last = NULL;
    for (const char *at = err; (at = strstr(at, "allocations ")) != NULL; at++)
        last = at;
    ck_assert_msg(last != NULL, "nothing was counted: %s", err);
    return strtoul(last + strlen("allocations "), NULL, 10);
}

static void one_failure(const char *command, unsigned long n, const char *on, const char *good_out,
                        const char *good_state)
{
    Arena *a = arena_new();
    ShellResult r = shell(a, lab, CLEAN "ADZE_FAIL_AT=%lu %s LD_PRELOAD=./failing.so %s %s", n, on, adze, command);
    ShellResult state = shell(a, lab, STATE);
    if (r.status == 0) {
        ck_assert_msg(strcmp(r.out, good_out) == 0, "%s, allocation %lu: other output", command, n);
        ck_assert_msg(strcmp(state.out, good_state) == 0, "%s, allocation %lu: other files", command, n);
    } else {
        ck_assert_msg(r.status == 1 && strstr(r.err, "adze: error: "), "%s, allocation %lu: status %d: %s", command, n,
                      r.status, r.err);
        ck_assert_msg(strstr(r.err, "memory"), "%s, allocation %lu: %s", command, n, r.err);
        ck_assert_msg(!*state.out, "%s, allocation %lu left: %s", command, n, state.out);
    }
    arena_free(a);
}

START_TEST(every_allocation_may_fail)
{
    const char *command = rows[_i];
    ShellResult good = shell(keep, lab, CLEAN "LD_PRELOAD=./failing.so %s %s", adze, command);
    ck_assert_msg(good.status == 0, "%s: %s", command, good.err);
    unsigned long count = allocations(good.err);
    ck_assert_uint_gt(count, 5);
    const char *state = shell(keep, lab, STATE).out;
    for (unsigned long n = 1; n <= count; n += n < TRIES / 3 ? 1 : 1 + count / TRIES)
        for (int on = 0; on < 2; on++)
            one_failure(command, n, on ? "ADZE_FAIL_ON=1" : "", good.out, state);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    if (!program) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    Suite *suite = suite_create("allocation failures");
    TCase *tc = tcase_create("commands");
    tcase_set_timeout(tc, 120);
    tcase_add_unchecked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, every_allocation_may_fail, 0, ROWS);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
