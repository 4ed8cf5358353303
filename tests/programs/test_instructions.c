/* Instructions of one inference and bytes of code, weights and arena on cortex-m4, exactly as
 * tests/golden/instructions-cortex-m4.txt has them: its first line is the compiler, each other one a model, what -O is
 * given, and the numbers. `make golden` measures its rows anew: a commit that raises a number says why.
 *
 * Models of ../shared (or $ADZE_SHARED) are skipped where there is none, but not where CI is "true". */
#include "tests/support/pool.h"
#include "tests/support/tools.h"

#include "base/buf.h"
#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char golden[] = "tests/golden/instructions-cortex-m4.txt", shared[] = "../shared/";
static const char *const keys[] = {"instructions", "code_bytes", "weight_bytes", "arena_bytes"};
enum { ROWS = 64, NUMBERS = sizeof keys / sizeof *keys };
static const double OTHER_COMPILER = 0.1; /* may take so much more or less */

typedef struct {
    const char *model; /* as the file has it */
    const char *path;
    const char *mode; /* size, speed, default */
    double want[NUMBERS];
} Row;

static Row rows[ROWS];
static size_t row_count;
static Arena *keep;
static const char *adze, *compiler_then, *compiler_now;
static JobResult *results;

static bool read_row(const char *line)
{
    char model[200], mode[20];
    Row *r = &rows[row_count];
    int n = sscanf(line, "%199s %19s %lf %lf %lf %lf", model, mode, &r->want[0], &r->want[1], &r->want[2], &r->want[3]);
    if (n != 2 + NUMBERS || row_count == ROWS)
        return false;
    const char *folder = getenv("ADZE_SHARED");
    r->model = r->path = arena_strdup(keep, model);
    r->mode = arena_strdup(keep, mode);
    if (folder && strncmp(model, shared, strlen(shared)) == 0)
        r->path = arena_printf(keep, "%s/%s", folder, model + strlen(shared));
    row_count++;
    return true;
}

static bool read_rows(void)
{
    Diag *d = diag_new(keep);
    FileBytes file;
    if (!io_map(d, golden, &file)) {
        diag_flush(d, stdout);
        return false;
    }
    char *text = arena_strndup(keep, file.data, file.size), *line = strtok(text, "\n");
    io_unmap(&file);
    compiler_then = line ? line : "";
    while ((line = strtok(NULL, "\n")))
        if (!read_row(line)) {
            printf("%s: no row: %s\n", golden, line);
            return false;
        }
    return row_count > 0;
}

/* The vectors of a model lie beside it; bench takes random inputs, and two builds. */
static const char *command_line(const Row *r)
{
    const char *vectors = io_join(keep, io_dirname(keep, r->path), "vectors");
    const char *what = access(vectors, R_OK) == 0 ? arena_printf(keep, "verify --vectors %s", vectors) : "bench";
    bool given = strcmp(r->mode, "default") != 0;
    return arena_printf(keep, "%s %s %s -t cortex-m4 --json%s%s", adze, what, r->path, given ? " -O " : "",
                        given ? r->mode : "");
}

/* Prints the numbers. */
static bool measure(size_t i, int slot)
{
    (void)slot;
    const Row *r = &rows[i];
    if (access(r->path, R_OK) != 0) {
        const char *ci = getenv("CI");
        if (strncmp(r->model, shared, strlen(shared)) != 0 || (ci && strcmp(ci, "true") == 0)) {
            printf("%s is not here; where CI is \"true\", it must be\n", r->path);
            return false;
        }
        printf("skipped: %s is not here\n", r->path);
        return true;
    }
    ShellResult s = shell(keep, NULL, "%s", command_line(r));
    const char *total = strstr(s.out, "\"total\"");
    if (s.status != 0 || !total) {
        printf("%s\nstatus %d: %s%s\n", command_line(r), s.status, s.out, s.err);
        return false;
    }
    for (int k = 0; k < NUMBERS; k++) {
        const char *key = arena_printf(keep, "\"%s\": ", keys[k]), *at = strstr(total, key);
        printf("%s%.0f", k ? " " : "", at ? strtod(at + strlen(key), NULL) : 0);
    }
    return true;
}

static bool skipped(size_t i)
{
    return strncmp(results[i].said, "skipped:", 8) == 0;
}

START_TEST(as_golden)
{
    const Row *r = &rows[_i];
    double got[NUMBERS];
    ck_assert_msg(results[_i].ok, "%s", results[_i].said);
    if (skipped((size_t)_i))
        return;
    int n = sscanf(results[_i].said, "%lf %lf %lf %lf", &got[0], &got[1], &got[2], &got[3]);
    ck_assert_int_eq(n, NUMBERS);
    const double tolerance = strcmp(compiler_now, compiler_then) == 0 ? 0 : OTHER_COMPILER;
    for (int k = 0; k < NUMBERS; k++)
        ck_assert_msg(got[k] <= r->want[k] * (1 + tolerance) && got[k] >= r->want[k] * (1 - tolerance),
                      "%s, -O %s: %s %.0f, but %.0f in %s with %s; now %s; hint: make golden, then git diff", r->model,
                      r->mode, keys[k], got[k], r->want[k], golden, compiler_then, compiler_now);
}
END_TEST

static int rewrite(void)
{
    Diag *d = diag_new(keep);
    Buf text = {0};
    buf_printf(&text, "%s\n", compiler_now);
    for (size_t i = 0; i < row_count; i++) {
        const Row *r = &rows[i];
        const char *numbers = results[i].said;
        if (!results[i].ok) {
            puts(numbers);
            return EXIT_FAILURE;
        }
        if (skipped(i))
            numbers = arena_printf(keep, "%.0f %.0f %.0f %.0f", r->want[0], r->want[1], r->want[2], r->want[3]);
        buf_printf(&text, "%s %s %s\n", r->model, r->mode, numbers);
    }
    bool written = io_write_if_changed(d, golden, buf_text(&text), text.length);
    buf_free(&text);
    diag_flush(d, stdout);
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int compare(void)
{
    Suite *suite = suite_create("instructions");
    TCase *tc = tcase_create("golden");
    tcase_add_loop_test(tc, as_golden, 0, (int)row_count);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(void)
{
    keep = arena_new();
    adze = getenv("ADZE") ? getenv("ADZE") : "build/adze";
    const char *to_write = getenv("ADZE_GOLDEN");
    if (!read_rows())
        return EXIT_FAILURE;
    if (!tool_here("arm-none-eabi-gcc") || !tool_here("qemu-system-arm"))
        row_count = 0;
    const char *version = row_count ? shell(keep, NULL, "arm-none-eabi-gcc --version | head -n 1").out : "";
    compiler_now = arena_strndup(keep, version, strcspn(version, "\n"));
    printf("%s; the numbers are of %s\n", compiler_now, compiler_then);
    results = row_count ? pool_run(keep, row_count, measure) : NULL;
    int status = to_write && strcmp(to_write, "write") == 0 ? rewrite() : compare();
    arena_free(keep);
    return status;
}
