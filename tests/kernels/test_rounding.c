/* What calibration computes with rounds each product before it is added, also on a machine that has one instruction for
 * both: the bits are those of every other machine. */
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdlib.h>

#define OBJDUMP "aarch64-linux-gnu-objdump"
/* Scalar and vector forms. */
#define FUSED "'[[:space:]](fn?m(add|sub)|fml[as])[[:space:]]'"

static Arena *keep;
static const char *lab;

static bool tools_here(void)
{
    return tool_here("aarch64-linux-gnu-gcc") && tool_here(OBJDUMP);
}

/* With the flags of the Makefile: a compiler fuses on its own, unless told not to. */
START_TEST(calibration_fuses_nothing)
{
    if (!tools_here())
        return;
    ShellResult r = shell(
        keep, NULL,
        "ls compiler/ops/run.c compiler/ops/wide.c compiler/ops/expression.c "
        "compiler/passes/calibrate*.c | sed 's|\\(.*\\).c|%s/\\1.o|' >%s/objects && "
        "env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u SAN -u CFLAGS make -s BUILD=%s CC=aarch64-linux-gnu-gcc GENERATED= "
        "$(cat %s/objects)",
        lab, lab, lab, lab);
    ck_assert_msg(r.status == 0, "%s", r.err);
    r = shell(keep, NULL, "cat %s/objects | xargs " OBJDUMP " -d | grep -cE '[[:space:]](fmul|fadd)[[:space:]]'", lab);
    ck_assert_msg(atoi(r.out) >= 100, "products and sums: %s%s", r.out, r.err);
    r = shell(keep, NULL,
              "for o in $(cat %s/objects); do " OBJDUMP " -d $o | grep -qE " FUSED " && echo $o; done; true", lab);
    ck_assert_msg(r.status == 0 && !*r.out, "fused in %s%s", r.out, r.err);
}
END_TEST

/* The pattern finds them where the same kernel is compiled for a program. */
START_TEST(programs_fuse)
{
    if (!tools_here())
        return;
    ShellResult r = shell(keep, NULL,
                          "printf '#include \"tile/depthwise.h\"\\nvoid *of(void);\\nvoid *of(void) { return (void "
                          "*)adze_depthwise_f32_tile; }\\n' > %s/program.c && aarch64-linux-gnu-gcc -std=c99 -O3 "
                          "-Iruntime -c %s/program.c -o %s/program.o && " OBJDUMP " -d %s/program.o | grep -cE " FUSED,
                          lab, lab, lab, lab);
    ck_assert_msg(r.status == 0 && atoi(r.out) >= 16, "%s%s", r.out, r.err);
}
END_TEST

int main(void)
{
    keep = arena_new();
    lab = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!lab)
        return EXIT_FAILURE;
    Suite *suite = suite_create("products are rounded");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 280);
    tcase_add_test(tc, calibration_fuses_nothing);
    tcase_add_test(tc, programs_fuse);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
