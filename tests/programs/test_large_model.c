/* The memory that a model costs: its constants stay in the mapped file, or are copied where they are not aligned, but
 * never both; where passes rewrite them, the old ones go layer by layer. Peak memory of the whole program against the
 * bytes of the model, which design.md bounds by 1.5. */
#include "tests/load/model.h"
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SIDE = 1024, LAYERS = 10, FLOATS = SIDE * SIDE };

static Arena *keep;
static const char *adze, *lab;

typedef struct {
    const char *name, *op;
    bool external;
    size_t pad; /* bytes that move the data; 0 and 1 cannot both leave it aligned */
    bool equal; /* all columns, so that shrink leaves one of each layer's outputs */
} Row;

static const Row rows[] = {
    {"inner", "MatMul", false, 0, false},      {"inner_moved", "MatMul", false, 1, false},
    {"beside", "MatMul", true, 0, false},      {"beside_moved", "MatMul", true, 2, false},
    {"gemm", "Gemm", false, 0, false},         {"gemm_moved", "Gemm", false, 1, false},
    {"gemm_beside", "Gemm", true, 2, false},   {"conv", "Conv", false, 0, false},
    {"conv_beside", "Conv", true, 0, false},   {"equal_columns", "MatMul", false, 0, true},
    {"equal_beside", "MatMul", true, 0, true},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* Different in each layer: equal constants would be merged. */
static const float *numbers(const Row *row, int layer)
{
    static float data[FLOATS];
    for (int i = 0; i < FLOATS; i++)
        data[i] = (float)((row->equal ? i / SIDE : i) % 8191 + layer) * 0.125f;
    return data;
}

static Buf entry(const char *key, const char *value)
{
    Buf b = {0};
    put_text(&b, 1, key);
    put_text(&b, 2, value);
    return b;
}

/* w<layer>, its bytes inside the message or in w.bin at `offset`. */
static Buf weights(const Row *row, int layer, size_t offset)
{
    Buf t = {0};
    put_int(&t, 1, SIDE);
    put_int(&t, 1, SIDE);
    for (int i = 0; i < 2 && !strcmp(row->op, "Conv"); i++)
        put_int(&t, 1, 1);
    put_int(&t, 2, 1);
    put_text(&t, 8, arena_printf(keep, "w%d", layer));
    if (row->external) {
        put_message(&t, 13, entry("location", "w.bin"));
        put_message(&t, 13, entry("offset", arena_printf(keep, "%zu", offset)));
        put_int(&t, 14, 1);
    } else {
        put_bytes(&t, 9, numbers(row, layer), (size_t)FLOATS * 4);
    }
    return t;
}

/* Gemm as PyTorch writes a Linear. */
static Buf layer(const Row *row, int i)
{
    Buf n = node(row->op, arena_printf(keep, "x%d w%d", i, i), arena_printf(keep, "x%d", i + 1));
    Buf transposed = attr("transB", 2);
    put_int(&transposed, 3, 1);
    if (!strcmp(row->op, "Gemm"))
        put_message(&n, 5, transposed);
    else
        buf_free(&transposed);
    return n;
}

/* A chain of layers. */
static bool write_model(const Row *row)
{
    Buf g = {0}, data = {0};
    Diag *d = diag_new(keep);
    const char *folder = io_join(keep, lab, row->name);
    const char *shape = arena_printf(keep, "1,%d%s", SIDE, strcmp(row->op, "Conv") ? "" : ",2,2");
    put_bytes(&g, 10, "    ", row->external ? 0 : row->pad);
    buf_write(&data, "    ", row->pad);
    for (int i = 0; i < LAYERS; i++) {
        put_message(&g, 1, layer(row, i));
        put_message(&g, 5, weights(row, i, data.length));
        if (row->external)
            buf_write(&data, numbers(row, i), (size_t)FLOATS * 4);
    }
    put_message(&g, 11, value_info("x0", 1, shape));
    put_message(&g, 12, value_info(arena_printf(keep, "x%d", LAYERS), 1, shape));
    Buf m = model(g);
    bool done = io_make_dir(d, folder) && io_write(d, io_join(keep, folder, "large.onnx"), m.data, m.length) &&
                (!row->external || io_write(d, io_join(keep, folder, "w.bin"), data.data, data.length));
    buf_free(&m);
    buf_free(&data);
    return done;
}

/* In a process of its own: the peak of a child begins with what its parent holds. */
static bool write_models(void)
{
    int status;
    fflush(NULL);
    pid_t writer = fork();
    if (writer == 0) {
        bool done = true;
        for (int i = 0; i < ROWS; i++)
            done = write_model(&rows[i]) && done;
        _exit(done ? 0 : 1);
    }
    return writer > 0 && waitpid(writer, &status, 0) == writer && status == 0;
}

START_TEST(memory_is_bounded)
{
    struct rusage usage;
    ShellResult r =
        shell(keep, io_join(keep, lab, rows[_i].name), "%s compile large.onnx -t cortex-m4 --weights bin -o out", adze);
    ck_assert_msg(r.status == 0, "%s", r.err);
    ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &usage), 0);
    double ratio = (double)usage.ru_maxrss * 1024 / ((double)LAYERS * FLOATS * 4);
    ck_assert_msg(ratio > 0.2 && ratio < 1.5, "%s: %.2f times the model's size", rows[_i].name, ratio);
    r = shell(keep, io_join(keep, lab, rows[_i].name),
              rows[_i].external ? "grep -q \"_DATA_SHA256 .$(sha256sum <w.bin | cut -c1-64)\" out/large.h"
                                : "! grep DATA_SHA256 out/large.h");
    ck_assert_msg(r.status == 0, "%s: the header's hash of its data", rows[_i].name);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    keep = arena_new();
    lab = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!program || !lab || !write_models()) {
        fputs("no program build/adze (run: make), or no room for 500 MB of models\n", stderr);
        return EXIT_FAILURE;
    }
    adze = program;
    Suite *suite = suite_create("large models");
    TCase *tc = tcase_create("memory");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, memory_is_bounded, 0, ROWS);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
