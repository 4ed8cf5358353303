/* The tiny model, built for and run on every built-in target; faults and missing tools are reported as such. */
#include "base/io.h"
#include "target/program.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 3, IN_BYTES = 19, OUT_BYTES = 20 };

static Arena *arena;
static Diag *diag;

static void setup(void)
{
    arena = arena_new();
    diag = diag_new(arena);
}

static void teardown(void)
{
    arena_free(arena);
}

static void fill_inputs(unsigned char *in)
{
    for (int c = 0; c < CASES; c++) {
        float x[4];
        for (int i = 0; i < 4; i++)
            x[i] = (float)(c * 3 + i) * 0.37f - 1.5f;
        memcpy(in + c * IN_BYTES, x, sizeof x);
        for (int i = 0; i < 3; i++)
            in[c * IN_BYTES + 16 + i] = (unsigned char)(c * 50 + i * 91);
    }
}

static void check_outputs(const Target *t, const unsigned char *in, const unsigned char *out)
{
    static const int32_t weights[64] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6};
    for (int c = 0; c < CASES; c++) {
        float x[4], y[4], sum = 0;
        int32_t z, want = 0;
        memcpy(x, in + c * IN_BYTES, sizeof x);
        memcpy(y, out + c * OUT_BYTES, sizeof y);
        memcpy(&z, out + c * OUT_BYTES + 16, sizeof z);
        for (int i = 0; i < 4; i++)
            sum += expf(x[i]);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(fabsf(y[i] - expf(x[i]) / sum) < 1e-6f, "%s: case %d: %g", t->name, c, (double)y[i]);
        for (int i = 0; i < 3; i++) {
            int8_t n = (int8_t)in[c * IN_BYTES + 16 + i];
            want += weights[(n + 128) & 63] * n;
        }
        ck_assert_msg(z == want, "%s: case %d: %d, expected %d", t->name, c, z, want);
    }
}

/* False with a message when the target's tools are not on this machine. */
static bool have_tools(const Target *t)
{
    for (size_t i = 0; i < t->tools.count; i++) {
        const char *tool = t->tools.items[i].tool;
        const char *command = arena_printf(arena, "command -v '%s' >/dev/null 2>&1", tool);
        bool used = strcmp(tool, t->cc.items[0]) == 0 || (t->run.count && strcmp(tool, t->run.items[0]) == 0);
        if (used && system(command) != 0) {
            printf("skipped: target %s: %s is not installed (%s)\n", t->name, tool, t->tools.items[i].package);
            return false;
        }
    }
    return true;
}

static void run_target(const char *name, bool emulate)
{
    Target t;
    Program p;
    RunResult first, second;
    unsigned char in[CASES * IN_BYTES], out[CASES * OUT_BYTES];
    RunOptions options = {.count = true, .emulate = emulate, .repeat = 10, .timeout_seconds = 60};
    ck_assert_msg(target_load(arena, diag, name, &t), "%s", name);
    if (!have_tools(&t))
        return;
    const char *work = io_temp_dir(arena, diag, NULL, "adze-test-");
    bool built = program_build(arena, diag, &t, "tests/target/tiny", "tiny", work, &p);
    diag_flush(diag, stdout);
    ck_assert_msg(built, "%s", name);
    fill_inputs(in);
    bool ran = program_run(arena, diag, &p, in, IN_BYTES, CASES, out, OUT_BYTES, &options, &first);
    diag_flush(diag, stdout);
    ck_assert_msg(ran, "%s", name);
    check_outputs(&t, in, out);
    ck_assert(program_run(arena, diag, &p, in, IN_BYTES, CASES, out, OUT_BYTES, &options, &second));
    printf("%-12s code %5zu rodata %5zu data %4zu bss %4zu stack %4zu instructions %llu..%llu min %.0f ns\n", name,
           p.sizes.code_bytes, p.sizes.rodata_bytes, p.sizes.data_bytes, p.sizes.bss_bytes, first.stack_bytes,
           (unsigned long long)first.instructions_least, (unsigned long long)first.instructions,
           first.min_seconds * 1e9);
    bool direct = t.runs_here && !emulate;
    ck_assert(p.sizes.code_bytes > 100 && p.sizes.code_bytes < 20000);
    ck_assert(p.sizes.rodata_bytes >= 256);
    ck_assert(first.stack_bytes > 0 && first.stack_bytes < 4096);
    ck_assert_uint_eq(first.instructions, second.instructions);
    ck_assert_uint_eq(first.instructions_least, second.instructions_least);
    ck_assert_uint_eq(first.stack_bytes, second.stack_bytes);
    ck_assert(direct ? first.median_seconds > 0 : first.instructions > 50);
    io_remove_tree(work);
}

START_TEST(every_target_runs_the_tiny_model)
{
    StringList names;
    target_names(arena, &names);
    ck_assert_uint_ge(names.count, 5);
    for (size_t i = 0; i < names.count; i++)
        run_target(names.items[i], false);
    run_target("host", false);
}
END_TEST

START_TEST(x86_instructions_are_counted_in_an_emulator)
{
    run_target("x86-64", true);
}
END_TEST

/* Writes a model of one int32 input and output, whose body is `body`, and runs it on the target. */
static bool run_body(const char *target, const char *body, RunResult *result, int32_t *out)
{
    static const char header[] = "#include <stdint.h>\n#include <stddef.h>\n"
                                 "#define BAD_INPUT_COUNT 1\n#define BAD_OUTPUT_COUNT 1\n"
                                 "#define BAD_INPUT_0_TYPE int32_t\n#define BAD_INPUT_0_ELEMENTS 1\n"
                                 "#define BAD_OUTPUT_0_TYPE int32_t\n#define BAD_OUTPUT_0_ELEMENTS 1\n"
                                 "typedef struct { int32_t a[4]; } bad_arena;\n"
                                 "int bad_run(bad_arena *arena, const int32_t *x, int32_t *y);\n";
    Target t;
    Program p;
    int32_t in = 7;
    RunOptions options = {.count = true, .timeout_seconds = 5};
    ck_assert(target_load(arena, diag, target, &t));
    *result = (RunResult){0};
    if (!have_tools(&t))
        return false;
    const char *work = io_temp_dir(arena, diag, NULL, "adze-test-"), *folder = io_join(arena, work, "model");
    const char *text = arena_printf(arena,
                                    "#include \"bad.h\"\n"
                                    "static int deep(volatile int *p) { volatile int a[64]; a[0] = *p + 1; "
                                    "return *p < 0 ? 0 : deep(a) + a[0]; }\n"
                                    "int bad_run(bad_arena *arena, const int32_t *x, int32_t *y)\n"
                                    "{ (void)arena; (void)x; (void)y; (void)deep; %s }\n",
                                    body);
    ck_assert(io_make_dir(diag, folder));
    ck_assert(io_write(diag, io_join(arena, folder, "bad.h"), header, sizeof header - 1));
    ck_assert(io_write(diag, io_join(arena, folder, "bad.c"), text, strlen(text)));
    bool built = program_build(arena, diag, &t, folder, "bad", work, &p);
    result->exit_status = p.exit_status;
    bool ok = built && program_run(arena, diag, &p, &in, 4, 1, out, 4, &options, result);
    io_remove_tree(work);
    return ok;
}

static const struct {
    const char *target, *body, *message;
} failures[] = {
    {"host", "return 3;", "the model returned an error"},
    {"host", "arena->a[4] = 1; return 0;", "outside of its arena"},
    {"host", "y[1] = 1; return 0;", "outside of its output 0"},
    {"host", "*(volatile int *)8 = 1; return 0;", "signal 11"},
    {"host", "volatile int s = 1; return deep(&s);", "signal 11"},
    {"host", "for (volatile int i = 1; i;) {} return 0;", "did not end within 5 s"},
    {"host", "return 0 +;", "ended with status 1"},
    {"cortex-m4", "return 3;", "the model returned an error"},
    {"cortex-m4", "y[1] = 1; return 0;", "outside of its output 0"},
    {"cortex-m4", "*(volatile int *)0x50000000 = 1; return 0;", "fault"},
    {"cortex-m4", "__asm__ volatile(\"udf #0\"); return 0;", "HardFault at pc 0x0"},
    {"cortex-m4", "volatile int s = 1; return deep(&s);", "stack overflow"},
    {"cortex-m0plus", "return *(volatile int *)((char *)y + 1) == 12345;", "HardFault at pc 0x0"},
    {"rv32imc", "*(volatile int *)0x8 = 1; return 0;", "store access at pc 0x8"},
    {"rv32imc", "__asm__ volatile(\".word 0\"); return 0;", "illegal instruction at pc 0x8"},
    {"rv32imc", "volatile int s = 1; return deep(&s);", "store access at pc 0x8"},
};

START_TEST(failures_are_reported)
{
    RunResult result;
    int32_t out = 0;
    bool ok = run_body(failures[_i].target, failures[_i].body, &result, &out);
    ck_assert(!ok);
    if (!diag->messages.count)
        return; /* no tools */
    const char *text = diag->messages.items[0].text;
    ck_assert_msg(strstr(text, failures[_i].message), "%s", text);
    ck_assert_int_eq(result.exit_status, EXIT_TOOL);
}
END_TEST

/* A region counts exactly: an empty one has the call alone, a loop of n has n times its body more. */
START_TEST(instructions_are_exact)
{
    static const struct {
        const char *target, *loop;
    } loops[] = {
        {"cortex-m4", "1: subs %0, #1\\n bne 1b"},
        {"rv32imc", "1: addi %0, %0, -1\\n bnez %0, 1b"},
        {"aarch64", "1: subs %w0, %w0, #1\\n b.ne 1b"},
    };
    uint64_t count[2];
    for (int i = 0; i < 2; i++) {
        RunResult result;
        int32_t out;
        const char *body =
            arena_printf(arena, "int n = %d; __asm__ volatile(\"%s\" : \"+r\"(n) : : \"cc\"); *y = *x; return 0;",
                         i ? 1100 : 100, loops[_i].loop);
        bool ok = run_body(loops[_i].target, body, &result, &out);
        if (!ok && !diag->messages.count)
            return;
        diag_flush(diag, stdout);
        ck_assert(ok);
        ck_assert_int_eq(out, 7);
        count[i] = result.instructions;
    }
    /* A constant above 255 may take an instruction more to load. */
    ck_assert_uint_ge(count[1] - count[0], 2000);
    ck_assert_uint_le(count[1] - count[0], 2001);
}
END_TEST

START_TEST(a_missing_tool_is_named_with_its_package)
{
    static const char yaml[] = "extends: cortex-m4\ncc: [no-such-compiler, -O3]\n"
                               "packages: {no-such-compiler: gcc-none-such}\n";
    Target t;
    Program p;
    const char *work = io_temp_dir(arena, diag, NULL, "adze-test-"), *file = io_join(arena, work, "mine.yaml");
    ck_assert(io_write(diag, file, yaml, sizeof yaml - 1));
    ck_assert(target_load(arena, diag, file, &t));
    ck_assert_str_eq(t.name, "mine");
    ck_assert(!program_build(arena, diag, &t, "tests/target/tiny", "tiny", work, &p));
    ck_assert_int_eq(p.exit_status, EXIT_TOOL);
    ck_assert_str_eq(diag->messages.items[0].text,
                     "target mine: no-such-compiler is not installed; hint: apt install gcc-none-such");
    io_remove_tree(work);
}
END_TEST

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    Suite *s = suite_create("target/program");
    TCase *c = tcase_create("program");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, every_target_runs_the_tiny_model);
    tcase_add_test(c, x86_instructions_are_counted_in_an_emulator);
    tcase_add_loop_test(c, failures_are_reported, 0, sizeof failures / sizeof *failures);
    tcase_add_loop_test(c, instructions_are_exact, 0, 3);
    tcase_add_test(c, a_missing_tool_is_named_with_its_package);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
