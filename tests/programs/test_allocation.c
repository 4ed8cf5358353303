/* Memory that runs out: for every allocation that a command makes, it fails once alone and once with all that follow.
 * The command must then end with a message and status 1, leaving nothing behind, also no temporary folder; or do all of
 * its work, where a library can do without. Counts are walked in strides once they are large. Programs are built by
 * allocation/cached_cc.c, which asks the compiler once. */
#include "tests/support/tools.h"

#include "base/io.h"
#include "base/npy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static Diag *diag;
static const char *adze, *lab;

typedef struct {
    const char *command;
    int tries;     /* allocations that fail, about */
    bool measures; /* what it prints is never the same */
} Row;

static const Row rows[] = {
    {"compile model.txt -t cortex-m4 -o out", 75, false},
    {"compile -c adze.yaml --depfile out.d", 75, false},
    {"compile model.txt -t host -O speed -o out", 50, false},
    {"compile model.txt -t cortex-m4 --quantize int8 --calibrate data.npy -o out", 50, false},
    {"inspect model.txt -t cortex-m4", 50, false},
    {"inspect model.txt -t cortex-m4 --json", 50, false},
    {"inspect fashion.onnx", 50, false},
    {"compile fashion.onnx -t cortex-m4 --json -o out", 50, false},
    {"targets cortex-m4 --json", 50, false},
    {"completion bash", 50, false},
    {"doctor model.txt --calibrate data.npy --json", 50, false},
    {"run model.txt -t quick.yaml -i x.npy -o out.npy", 30, true},
    {"golden model.txt -t quick.yaml -i x.npy -o out", 30, false},
    {"golden model.txt -t quick.yaml -i x.npy --selftest -o out", 20, false},
    {"verify model.txt -t quick.yaml --golden expected", 30, false},
    {"verify model.txt -t quick.yaml --golden expected --json", 20, true},
    {"eval model.txt -t quick.yaml --data data.npy --labels labels.npy", 30, false},
    {"bench model.txt -t quick.yaml --json", 20, true},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char model[] = "graph \"m\" opset \"\" 13 {\n"
                            "  input %x: f32[1,2,6,6]\n"
                            "  const %w: f32[4,2,3,3] = random(1)\n  const %b: f32[4] = random(2)\n"
                            "  %y = Conv(%x, %w, %b) {pads=[1,1,1,1]}\n  %z = Relu(%y)\n"
                            "  %g = GlobalAveragePool(%z)\n  %f = Flatten(%g)\n"
                            "  %s = Softmax(%f) {axis=1}\n  output %s\n}\n";
enum { ELEMENTS = 2 * 6 * 6, SAMPLES = 6 };

static bool write_array(const char *name, DType type, int64_t count, const void *data)
{
    Shape s = {.rank = 4, .dim = {count, 2, 6, 6}};
    if (type == DT_I64)
        s = (Shape){.rank = 1, .dim = {count}};
    return npy_write(diag, io_join(keep, lab, name), &(Tensor){type, s, data});
}

static bool write_samples(void)
{
    static const int64_t labels[SAMPLES] = {0, 1, 2, 3, 0, 1};
    float data[SAMPLES * ELEMENTS];
    for (int i = 0; i < SAMPLES * ELEMENTS; i++)
        data[i] = (float)(i * 37 % 101) * 0.02f - 1.0f;
    return write_array("x.npy", DT_F32, 1, data) && write_array("data.npy", DT_F32, SAMPLES, data) &&
           write_array("labels.npy", DT_I64, SAMPLES, labels);
}

/* The host, by a compiler that remembers. */
static bool write_target(void)
{
    const char *text =
        arena_printf(keep, "extends: host\ndescription: this machine\ncc: [%s/cached_cc, gcc, -std=c99, -O1]\n", lab);
    return io_write(diag, io_join(keep, lab, "quick.yaml"), text, strlen(text)) &&
           io_make_dir(diag, io_join(keep, lab, "temporary")) && io_make_dir(diag, io_join(keep, lab, "cache"));
}

static void setup(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    lab = io_temp_dir(keep, diag, NULL, "adze-test-");
    ck_assert(lab != NULL);
    ck_assert(io_write(diag, io_join(keep, lab, "model.txt"), model, sizeof model - 1));
    static const char yaml[] = "model: model.txt\ntarget: cortex-m4\noutput: out\nstate: []\n";
    ck_assert(io_write(diag, io_join(keep, lab, "adze.yaml"), yaml, sizeof yaml - 1));
    ck_assert(write_samples() && write_target());
    ShellResult r = shell(keep, NULL,
                          "cc -O1 -shared -fPIC -o %s/failing.so tests/programs/allocation/failing.c && "
                          "cc -O1 -o %s/cached_cc tests/programs/allocation/cached_cc.c && "
                          "cp examples/fashion/fashion.onnx %s && cd %s && "
                          "%s golden model.txt -t quick.yaml -i x.npy -o expected",
                          lab, lab, lab, lab, adze);
    ck_assert_msg(r.status == 0, "%s", r.err);
}

static void teardown(void)
{
    io_remove_tree(lab);
    arena_free(keep);
}

/* What is on disk besides what setup put there, with its bytes. */
#define CLEAN "rm -rf out out.* temporary/*;"
#define STATE                                                                                                          \
    "find . -path './out*' -o -path './.adze*' -o -path './temporary/*' | sort | xargs -r -I{} sh -c 'test -d {} || "  \
    "sha256sum {}; echo {}'"

static unsigned long allocations(const char *err)
{
    const char *last = NULL;
    for (const char *at = err; (at = strstr(at, "allocations ")) != NULL; at++)
        last = at;
    ck_assert_msg(last != NULL, "nothing was counted: %s", err);
    return strtoul(last + strlen("allocations "), NULL, 10);
}

/* Each row has objects of its own: their names may be equal. */
static ShellResult run(Arena *a, const char *failure, const Row *row)
{
    return shell(a, lab,
                 CLEAN "mkdir -p cache/%d && export CC_CACHE=%s/cache/%d TMPDIR=%s/temporary && "
                       "%s LD_PRELOAD=%s/failing.so %s %s",
                 (int)(row - rows), lab, (int)(row - rows), lab, failure, lab, adze, row->command);
}

static void one_failure(const Row *row, unsigned long n, const char *on, const char *good_out, const char *good_state)
{
    Arena *a = arena_new();
    const char *command = row->command;
    ShellResult r = run(a, arena_printf(a, "ADZE_FAIL_AT=%lu %s", n, on), row);
    ShellResult state = shell(a, lab, STATE);
    if (r.status == 0) {
        ck_assert_msg(row->measures || strcmp(r.out, good_out) == 0, "%s, allocation %lu: other output", command, n);
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
    const Row *row = &rows[_i];
    const unsigned long tries = (unsigned long)row->tries;
    run(keep, "", row); /* fills the cache of objects */
    ShellResult good = run(keep, "", row);
    ck_assert_msg(good.status == 0, "%s: %s", row->command, good.err);
    unsigned long count = allocations(good.err);
    ck_assert_uint_gt(count, 5);
    const char *state = shell(keep, lab, STATE).out;
    for (unsigned long n = 1; n <= count; n += n < tries / 3 ? 1 : 1 + count / tries)
        for (int on = 0; on < 2; on++)
            one_failure(row, n, on ? "ADZE_FAIL_ON=1" : "", good.out, state);
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
