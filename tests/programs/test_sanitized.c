/* Generated C under AddressSanitizer and UndefinedBehaviorSanitizer: operator texts and example, with shared kernels
 * and with a copy a layer (-O speed). */
#include "tests/support/pool.h"
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const Mode modes[] = {MODE_DEFAULT, MODE_SPEED};
enum { MODES = sizeof modes / sizeof *modes };

static Arena *keep;
static StringList files;
static const char *boards, *target;
static JobResult *results;

/* The host with other compiler flags. -O0: nothing undefined is optimised away before it is seen. */
static const char *sanitized_host(Diag *d)
{
    const char *path = io_join(keep, boards, "sanitized.yaml");
    const char *text = "extends: host\n"
                       "cc: [gcc, -std=c99, -O0, -g, '-fsanitize=address,undefined', -fno-sanitize-recover=all,\n"
                       "     -fno-omit-frame-pointer]\n";
    return io_write(d, path, text, strlen(text)) ? path : NULL;
}

static bool job(size_t i, int slot)
{
    return operator_text_runs(keep, files.items[i % files.count], target, modes[i / files.count], boards, slot);
}

START_TEST(no_report_and_right_outputs)
{
    size_t i = (size_t)_i;
    ck_assert_msg(results[i].ok, "%s, mode %d: %s", files.items[i % files.count], modes[i / files.count],
                  results[i].said);
}
END_TEST

/* The whole example with its main.c, on 20 images. */
START_TEST(the_example)
{
    Diag *d = diag_new(keep);
    Compilation c;
    if (!tool_here("gcc"))
        return;
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-"), *model = io_join(keep, dir, "model");
    bool emitted =
        io_make_dir(d, model) && emit_model(keep, d, "examples/fashion/fashion.onnx", "host", modes[_i], model, &c);
    diag_flush(d, stdout);
    ck_assert(emitted);
    ShellResult r =
        shell(keep, NULL,
              "head -c 15680 examples/fashion/images.u8 >%s/images.u8\n"
              "head -c 20 examples/fashion/labels.u8 >%s/labels.u8\n"
              "gcc -std=c99 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -I%s -Itargets/boards "
              "-D_POSIX_C_SOURCE=200809L -o %s/fashion examples/fashion/main.c %s/*.c "
              "targets/boards/posix/board.c -lm && cd %s && ./fashion",
              dir, dir, model, dir, model, dir);
    ck_assert_msg(r.status == 0 && strstr(r.err, " of 20 images"), "status %d: %s%s", r.status, r.out, r.err);
    io_remove_tree(dir);
}
END_TEST

/* That the sanitizers are there and end a program: else the loop above could not fail. */
START_TEST(an_overflow_is_reported)
{
    if (!tool_here("gcc"))
        return;
    ShellResult r = shell(keep, boards,
                          "printf 'int main(int n, char **v) { (void)v; int a[2] = {0}; return a[n + 1]; }' >bad.c && "
                          "gcc -fsanitize=address,undefined -fno-sanitize-recover=all -o bad bad.c && ./bad");
    ck_assert_msg(r.status != 0 && strstr(r.err, "out of bounds"), "status %d: %s", r.status, r.err);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Diag *d = diag_new(keep);
    operator_texts(keep, &files);
    boards = io_temp_dir(keep, d, NULL, "adze-test-");
    target = boards ? sanitized_host(d) : NULL;
    if (!target)
        return EXIT_FAILURE;
    results = pool_run(keep, files.count * MODES, job);
    Suite *suite = suite_create("generated code under sanitizers");
    TCase *tc = tcase_create("sanitized");
    tcase_add_loop_test(tc, no_report_and_right_outputs, 0, (int)files.count * MODES);
    tcase_add_loop_test(tc, the_example, 0, MODES);
    tcase_add_test(tc, an_overflow_is_reported);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
