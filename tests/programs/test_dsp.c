/* The kernels of runtime/dsp on emulated cores: tests/programs/dsp/firmware.c, built by gcc and by clang. */
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *compiler, *machine, *script, *core, *optimise;
    int layers; /* of each kernel */
} Build;

#define CLANG "clang --target=arm-none-eabi -isystem /usr/lib/arm-none-eabi/include"
static const Build builds[] = {
    {"arm-none-eabi-gcc", "mps2-an386", "mps2.ld", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard", "-O3", 300},
    {"arm-none-eabi-gcc", "mps2-an386", "mps2.ld", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard",
     "-DADZE_SIZE -O3", 100},
    {CLANG, "mps2-an386", "mps2.ld", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard", "-O3", 100},
    {CLANG, "mps2-an386", "mps2.ld", "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard", "-DADZE_SIZE -O3", 60},
    {"arm-none-eabi-gcc", "mps2-an500", "an500.ld", "-mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard", "-O3", 60},
    {"arm-none-eabi-gcc", "mps2-an505", "an505.ld", "-mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard", "-O3", 60},
    {"arm-none-eabi-gcc", "mps3-an547", "an547.ld", "-mcpu=cortex-m55 -mfloat-abi=hard", "-O3", 60},
};

static Arena *keep;

static void run(const char *command)
{
    const ShellResult r = shell(keep, NULL, "%s", command);
    ck_assert_msg(r.status == 0, "%s\n%s%s", command, r.out, r.err);
}

START_TEST(equal_to_ref)
{
    const Build *b = &builds[_i];
    const bool clang = strncmp(b->compiler, "clang", 5) == 0;
    if (!tool_here("arm-none-eabi-gcc") || !tool_here("qemu-system-arm") || (clang && !tool_here("clang")))
        return;
    char dir[] = "/tmp/adze-dsp-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    static const char *const sources[] = {"tests/programs/dsp/firmware.c", "compiler/ops/pack_dsp.c",
                                          "compiler/ops/pack_q4.c",        "compiler/ops/pack_q4g.c",
                                          "compiler/ops/pack_q16.c",       "compiler/ops/pack_qtile.c",
                                          "compiler/ops/pack_q8.c"};
    for (int i = 0; i < 7; i++)
        run(arena_printf(keep,
                         "%s -std=c99 -mthumb %s %s -Wall -Wextra -Wconversion -Werror -ffunction-sections "
                         "-DLAYERS=%d -Icompiler -Iruntime -Itargets/boards -c %s -o %s/%d.o",
                         b->compiler, b->core, b->optimise, b->layers, sources[i], dir, i));
    run(arena_printf(keep,
                     "arm-none-eabi-gcc -std=c11 -mthumb %s -O2 -Itargets/boards %s/[0-6].o "
                     "targets/boards/arm/start.c targets/boards/semihosting.c -nostartfiles -Ltargets/boards/arm "
                     "-T targets/boards/arm/%s -Wl,--gc-sections -o %s/test.elf",
                     b->core, dir, b->script, dir));
    run(arena_printf(keep,
                     "qemu-system-arm -M %s -nographic -monitor none -serial none -semihosting-config "
                     "enable=on,target=native -kernel %s/test.elf </dev/null",
                     b->machine, dir));
    run(arena_printf(keep, "rm -r %s", dir));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dsp");
    TCase *t = tcase_create("dsp");
    keep = arena_new();
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, equal_to_ref, 0, sizeof builds / sizeof *builds);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
