/* What adze writes compiles without a warning, on every compiler, in C99 and C11, with shared kernels and with a copy a
 * layer; its header also as C++. The models: the example and all operator texts. */
#include "tests/support/pool.h"
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/io.h"
#include "target/spawn.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char example[] = "examples/fashion/fashion.onnx";

/* C11 differs from C99 in what the parser says only; the warnings of the optimiser need a whole compilation. */
typedef struct {
    const char *target, *compiler; /* NULL: the target's own */
    Mode mode;
    const char *flags[4];
} Build;

static const Build builds[] = {
    {"rv32imc", NULL, MODE_DEFAULT, {"-std=c99"}},
    {"cortex-m4", NULL, MODE_DEFAULT, {"-std=c99"}},
    {"host", "clang", MODE_DEFAULT, {"-std=c99"}},
    {"host", "gcc", MODE_DEFAULT, {"-std=c99"}},
    {"host", "gcc", MODE_SPEED, {"-std=c99", "-O1"}},
    {"x86-64", "gcc", MODE_DEFAULT, {"-std=c99", "-O1"}},
    {"rv32imc", NULL, MODE_DEFAULT, {"-std=c11", "-fsyntax-only"}},
    {"cortex-m4", NULL, MODE_DEFAULT, {"-std=c11", "-fsyntax-only"}},
    {"cortex-m4", NULL, MODE_SPEED, {"-std=c11", "-fsyntax-only"}},
    {"host", "clang", MODE_SPEED, {"-std=c11", "-fsyntax-only"}},
    {"host", "gcc", MODE_DEFAULT, {"-std=c11", "-fsyntax-only"}},
};
enum { BUILDS = sizeof builds / sizeof *builds };

static const char *const strict[] = {"-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Wshadow", "-Werror"};

static Arena *keep;
static StringList models; /* the example, then the operator texts */
static JobResult *results;

static bool emit(Diag *d, const char *path, const Build *b, const char *dir, Compilation *c)
{
    OperatorText t;
    if (strcmp(path, example) == 0)
        return emit_model(keep, d, path, b->target, b->mode, dir, c);
    return operator_text_read(keep, path, &t) && emit_operator(keep, &t, b->target, b->mode, dir, c);
}

/* The headers that stand in for a C library on a board without one. */
static bool write_board(Diag *d, const Target *t, const char *dir)
{
    bool ok = io_make_dir(d, dir);
    for (size_t i = 0; i < t->files.count && ok; i++)
        ok = io_write(d, io_join(keep, dir, t->files.items[i].name), t->files.items[i].data, t->files.items[i].size);
    return ok;
}

static bool compile_file(const Target *t, const Build *b, const char *board, const char *dir, const char *file)
{
    const Placeholder values[] = {{"{board}", board}};
    StringList command = {0};
    target_expand(keep, &t->cc, values, 1, &command);
    if (b->compiler)
        command.items[0] = b->compiler;
    for (size_t i = 0; i < 4 && b->flags[i]; i++)
        array_push(keep, &command, b->flags[i]);
    for (size_t i = 0; i < sizeof strict / sizeof *strict; i++)
        array_push(keep, &command, strict[i]);
    const char *rest[] = {"-c", file, "-o", "/dev/null"};
    for (size_t i = 0; i < 4; i++)
        array_push(keep, &command, rest[i]);
    SpawnResult r = spawn_run(keep, &command, dir, 120);
    if (r.end == SPAWN_EXITED && r.status == 0)
        return true;
    printf("%s: %s\n%.2000s\n", file, spawn_text(keep, &command, &r), r.output);
    return false;
}

/* NAME.h alone: it needs no other header before it, in no C++. */
static bool header_as_cplusplus(const char *dir, const char *name)
{
    static const char *const standards[] = {"c++98", "c++17"};
    if (!tool_here("g++"))
        return true;
    for (size_t i = 0; i < 2; i++) {
        ShellResult r = shell(keep, dir,
                              "g++ -std=%s -Wall -Wextra -Wconversion -Wpedantic -Wshadow -Werror "
                              "-fsyntax-only -x c++ - <<'END'\n#include \"%s.h\"\n#include \"%s.h\"\n"
                              "static %s_arena arena;\nint main() { return arena.bytes_[0]; }\nEND",
                              standards[i], name, name, name);
        if (r.status != 0) {
            printf("%s.h as %s: %.2000s\n", name, standards[i], r.err);
            return false;
        }
    }
    return true;
}

static bool compile_folder(const Target *t, const Build *b, const char *board, const char *dir, const char *name)
{
    NameList names = {0};
    if (!io_list(keep, diag_new(keep), dir, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        size_t n = strlen(names.items[i]);
        if (n > 2 && strcmp(names.items[i] + n - 2, ".c") == 0 && !compile_file(t, b, board, dir, names.items[i]))
            return false;
    }
    return b != &builds[0] || header_as_cplusplus(dir, name);
}

/* Job i: model i / BUILDS by build i % BUILDS. */
static bool job(size_t i, int slot)
{
    (void)slot;
    const Build *b = &builds[i % BUILDS];
    Diag *d = diag_new(keep);
    Target t;
    Compilation c;
    if (!target_load(keep, d, b->target, &t) || !tool_here(b->compiler ? b->compiler : t.cc.items[0]))
        return true;
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-"), *board = io_join(keep, dir, "board");
    bool ok = dir && write_board(d, &t, board) && emit(d, models.items[i / BUILDS], b, dir, &c) &&
              compile_folder(&t, b, board, dir, c.name);
    diag_flush(d, stdout);
    return ok;
}

START_TEST(no_warnings)
{
    size_t i = (size_t)_i;
    const Build *b = &builds[i % BUILDS];
    ck_assert_msg(results[i].ok, "%s for %s, %s %s: %s", models.items[i / BUILDS], b->target,
                  b->compiler ? b->compiler : "", b->flags[0], results[i].said);
}
END_TEST

int main(void)
{
    keep = arena_new();
    array_push(keep, &models, example);
    operator_texts(keep, &models);
    results = pool_run(keep, models.count * BUILDS, job);
    Suite *suite = suite_create("generated code without warnings");
    TCase *tc = tcase_create("warnings");
    tcase_add_loop_test(tc, no_warnings, 0, (int)models.count * BUILDS);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
