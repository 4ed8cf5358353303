/* PRelu and LeakyRelu as gcc vectorises them for x86: gcc 12.2 makes NaN of `x >= 0 ? x : x * s` over inner dimensions
 * of 6 and 12 with AVX-512 at -O3. The kernels multiply without a condition instead; here the emitted code is compiled
 * with the flags that showed the bug, and compared with plain arithmetic. */
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char model[] =
    "graph \"slopes\" opset \"\" 17 {\n"
    "  input %a: f32[1,10,10,6]\n  input %sa: f32[6]\n  input %b: f32[1,10,10,12]\n  input %sb: f32[12]\n"
    "  input %c: f32[1,128,12,12]\n  input %sc: f32[128,1,12]\n  input %d: f32[1,128,6,6]\n  input %sd: f32[128,1,1]\n"
    "  %ya = PRelu(%a, %sa)\n  %yb = PRelu(%b, %sb)\n  %yc = PRelu(%c, %sc)\n  %yd = PRelu(%d, %sd)\n"
    "  %ye = LeakyRelu(%b) {alpha=0.3f}\n"
    "  output %ya\n  output %yb\n  output %yc\n  output %yd\n  output %ye\n}\n";

static const char program[] =
    "#include \"model/slopes.h\"\n#include <stdio.h>\n"
    "static slopes_arena arena;\n"
    "static float a[600], sa[6], ya[600], b[1200], sb[12], yb[1200], ye[1200], c[18432], sc[1536], yc[18432];\n"
    "static float d[4608], sd[128], yd[4608];\n"
    "static void fill(float *x, int n, int seed)\n"
    "{\n    for (int i = 0; i < n; i++)\n        x[i] = (float)((i * 7919 + seed) % 2001 - 1000) / 512.0f;\n}\n"
    "static int wrong(const float *x, const float *s, const float *y, int n, int block, int slopes, int inner)\n"
    "{\n    int bad = 0;\n    for (int i = 0; i < n; i++) {\n"
    "        volatile float v = x[i] < 0 ? x[i] * s[i / block % slopes * inner + i % inner] : x[i];\n        bad += "
    "!(y[i] == v);\n    }\n"
    "    return bad;\n}\n"
    "int main(void)\n{\n    const float leak = 0.3f;\n"
    "    fill(a, 600, 1), fill(sa, 6, 2), fill(b, 1200, 3), fill(sb, 12, 4), fill(c, 18432, 5), fill(sc, 1536, 6);\n"
    "    fill(d, 4608, 7), fill(sd, 128, 8);\n"
    "    if (slopes_run(&arena, a, sa, b, sb, c, sc, d, sd, ya, yb, yc, yd, ye))\n        return 1;\n"
    "    printf(\"%d %d %d %d %d\\n\", wrong(a, sa, ya, 600, 1, 6, 1), wrong(b, sb, yb, 1200, 1, 12, 1),\n"
    "           wrong(c, sc, yc, 18432, 144, 128, 12), wrong(d, sd, yd, 4608, 36, 128, 1), wrong(b, &leak, ye, 1200, "
    "1, 1, 1));\n"
    "    return 0;\n}\n";

static const struct {
    const char *flags, *needs; /* of /proc/cpuinfo */
} builds[] = {
    {"-O3", "sse2"},
    {"-O3 -march=haswell -fno-trapping-math", "avx2"},
    {"-O3 -march=haswell -ffast-math", "avx2"},
    {"-O2 -march=skylake-avx512", "avx512f"},
    {"-O3 -march=skylake-avx512", "avx512f"},
    {"-O3 -march=skylake-avx512 -fno-trapping-math", "avx512f"},
    {"-O3 -march=skylake-avx512 -ffast-math", "avx512f"},
    {"-O3 -march=skylake-avx512 -mprefer-vector-width=512", "avx512f"},
};

static Arena *keep;

static void check_target(const char *target, Mode mode)
{
    Diag *d = diag_new(keep);
    Compilation c;
    if (!tool_here("gcc"))
        return;
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-"), *folder = io_join(keep, dir, "model");
    const char *text = io_join(keep, dir, "slopes.txt");
    bool ok = io_make_dir(d, folder) && io_write(d, text, model, strlen(model)) &&
              emit_model(keep, d, text, target, mode, folder, &c) &&
              io_write(d, io_join(keep, dir, "main.c"), program, strlen(program));
    diag_flush(d, stdout);
    ck_assert(ok);
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++) {
        if (shell(keep, NULL, "grep -qw %s /proc/cpuinfo", builds[i].needs).status) {
            printf("skipped: %s: this machine lacks %s\n", builds[i].flags, builds[i].needs);
            continue;
        }
        ShellResult r = shell(
            keep, dir, "gcc -std=c99 -O2 -c -o main.o main.c && gcc -std=c99 %s -o main main.o model/*.c -lm && ./main",
            builds[i].flags);
        ck_assert_msg(r.status == 0 && !strcmp(r.out, "0 0 0 0 0\n"), "%s, %s: wrong elements: %s%s", target,
                      builds[i].flags, r.out, r.err);
    }
    io_remove_tree(dir);
}

START_TEST(whatever_the_flags)
{
    check_target("x86-64", MODE_DEFAULT);
    check_target("x86-64", MODE_SPEED);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("PRelu on x86");
    TCase *tc = tcase_create("prelu");
    tcase_add_test(tc, whatever_the_flags);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
