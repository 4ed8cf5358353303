/* The same bytes whatever surrounds adze: working folder, locale, time zone, environment, umask, addresses, contents of
 * fresh memory, and the compiler that built adze. */
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static const char *lab, *adze;

static const char *const surroundings[] = {
    "env -i %s",
    "env LC_ALL=de_DE.UTF-8 LANG=tr_TR.UTF-8 LANGUAGE=de %s",
    "env TZ=Pacific/Kiritimati SOURCE_DATE_EPOCH=1 HOME=/nowhere %s",
    "env MALLOC_PERTURB_=165 MALLOC_ARENA_MAX=1 %s",
    "env MALLOC_PERTURB_=90 A=$(head -c 9000 /dev/zero | tr '\\0' x) %s",
    "sh -c 'umask 077; exec \"$@\"' sh %s",
    "setarch -R %s",
    "sh -c 'exec \"$@\" </dev/null 2>/dev/null 3>&1' sh %s",
    "nice -n 5 %s",
};
enum { COUNT = sizeof surroundings / sizeof *surroundings };
static const char *const targets[] = {"cortex-m4", "x86-64-v3", "rv32imc --weights bin",
                                      "cortex-m0plus -O size --weights incbin"};
enum { TARGETS = sizeof targets / sizeof *targets };

START_TEST(same_bytes)
{
    const char *target = targets[_i];
    ShellResult r = shell(keep, lab, "cp model/fashion.onnx . && %s compile fashion.onnx -t %s -o want", adze, target);
    ck_assert_msg(r.status == 0, "%s", r.err);
    for (int i = 0; i < COUNT; i++) {
        const char *command = arena_printf(keep, "%s compile %s/fashion.onnx -t %s -o out", adze,
                                           i % 2 ? arena_printf(keep, "%s/model", lab) : "../model", target);
        const char *line = arena_printf(keep, surroundings[i], command);
        r = shell(keep, lab, "mkdir -p elsewhere && cd elsewhere && rm -rf out && %s && diff -r out ../want", line);
        ck_assert_msg(r.status == 0, "%s: status %d: %.2000s%s", surroundings[i], r.status, r.out, r.err);
    }
}
END_TEST

/* What gcc makes with sanitizers and what clang makes: floats that are computed at compile time must not differ. */
static const char *const builds[] = {"build/san/adze", "build/clang/adze"};
static const char *const work[] = {
    "fashion.onnx -t x86-64-v3", "int8/fashion-int8.onnx -t cortex-m4 -O speed",
    "fashion.onnx -t cortex-m4 --quantize int8 --calibrate examples/fashion/calibration.npy "
    "--preprocess '(x/255-0.2860)/0.3530'"};
enum { BUILDS = sizeof builds / sizeof *builds, WORK = sizeof work / sizeof *work };

START_TEST(another_build_writes_the_same)
{
    const char *other = builds[_i / WORK], *options = work[_i % WORK];
    if (!io_exists(other) || !io_exists("build/adze")) {
        printf("skipped: %s has not been built; make test builds it\n", other);
        return;
    }
    ShellResult r = shell(keep, NULL,
                          "rm -rf %s/one %s/two && build/adze compile examples/fashion/%s -o %s/one && "
                          "%s compile examples/fashion/%s -o %s/two && diff -r %s/one %s/two",
                          lab, lab, options, lab, other, options, lab, lab, lab);
    ck_assert_msg(r.status == 0, "%s, %s: %.2000s%s", other, options, r.out, r.err);
}
END_TEST

START_TEST(unchanged_files_are_not_touched)
{
    ShellResult r = shell(keep, lab,
                          "%s compile model/fashion.onnx -o times >/dev/null && touch -d @1000000000 times/* times && "
                          "%s compile model/fashion.onnx -o times >/dev/null && find times -newermt @1000000001 && "
                          "%s compile model/fashion.onnx -O speed -o times >/dev/null && "
                          "find times -type f -newermt @1000000001 | sort",
                          adze, adze, adze);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_msg(!strstr(r.out, "weights") && strstr(r.out, "times/fashion.h"), "rewritten: %s", r.out);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    keep = arena_new();
    lab = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!program || !lab) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    shell(keep, NULL, "mkdir %s/model && cp examples/fashion/fashion.onnx %s/model", lab, lab);
    Suite *suite = suite_create("reproducible output");
    TCase *tc = tcase_create("bytes");
    tcase_set_timeout(tc, 180);
    tcase_add_loop_test(tc, same_bytes, 0, TARGETS);
    tcase_add_loop_test(tc, another_build_writes_the_same, 0, BUILDS * WORK);
    tcase_add_test(tc, unchanged_files_are_not_touched);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
