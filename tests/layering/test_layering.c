/* The right-hand column of docs/architecture.md: which folder may include which. Reads every source file's includes. */
#include "base/buf.h"
#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *folder;
    const char *may[12]; /* besides itself and system headers */
} Rule;

static const Rule rules[] = {
    {"base", {"embed.inc"}},
    {"ir", {"base"}},
    {"ops", {"base", "ir", "adze.h"}},
    {"load", {"base", "ir", "ops"}},
    {"target", {"base", "ir", "ops"}},
    {"passes", {"base", "ir", "ops", "target"}},
    {"lower", {"base", "ir", "ops", "target"}},
    {"emit", {"base", "ir", "ops", "target", "lower"}},
    {"commands", {"base", "ir", "ops", "load", "target", "passes", "lower", "emit", "compile.h"}},
};

typedef struct {
    const char *header; /* of a library */
    const char *folder; /* the only one that may include it */
} Owner;

static const Owner owners[] = {{"yaml.h", "target"}, {"protobuf-c/protobuf-c.h", "load"}, {"nettle/", "base"}};

static Arena *keep;

static bool allowed(const Rule *r, const char *file, const char *included)
{
    size_t n = strcspn(included, "/");
    if (n == strlen(r->folder) && strncmp(included, r->folder, n) == 0)
        return true;
    /* the kernels themselves: one file runs them, and one has faster ones for calibration */
    static const char *const sets[] = {"ref/", "tile/", "avx2/", "dsp/"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (strncmp(included, sets[i], strlen(sets[i])) == 0)
            return strcmp(file, "compiler/ops/run.c") == 0 || strcmp(file, "compiler/ops/wide.c") == 0;
    for (int i = 0; r->may[i]; i++)
        if (strlen(r->may[i]) == n && strncmp(included, r->may[i], n) == 0)
            return true;
    return false;
}

static void check_line(const Rule *r, const char *file, const char *line)
{
    char name[200];
    if (sscanf(line, "#include \"%199[^\"]\"", name) == 1)
        ck_assert_msg(allowed(r, file, name), "%s includes %s: %s/ may not", file, name, r->folder);
    if (sscanf(line, "#include <%199[^>]>", name) == 1)
        for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
            if (strncmp(name, owners[i].header, strlen(owners[i].header)) == 0)
                ck_assert_msg(strcmp(owners[i].folder, r->folder) == 0, "%s includes <%s>, which belongs to %s/", file,
                              name, owners[i].folder);
}

static void check_file(const Rule *r, const char *file)
{
    FileBytes bytes;
    Diag *d = diag_new(keep);
    ck_assert(io_map(d, file, &bytes));
    char *text = arena_strndup(keep, bytes.data, bytes.size), *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        check_line(r, file, line);
    io_unmap(&bytes);
}

START_TEST(folder_includes_only_what_it_may)
{
    const Rule *r = &rules[_i];
    const char *dir = arena_printf(keep, "compiler/%s", r->folder);
    NameList names = {0};
    ck_assert(io_list(keep, diag_new(keep), dir, &names));
    ck_assert_uint_gt(names.count, 0);
    for (size_t i = 0; i < names.count; i++) {
        const char *dot = strrchr(names.items[i], '.');
        if (dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0 || strcmp(dot, ".def") == 0))
            check_file(r, io_join(keep, dir, names.items[i]));
    }
}
END_TEST

START_TEST(every_folder_has_a_rule)
{
    NameList names = {0};
    ck_assert(io_list(keep, diag_new(keep), "compiler", &names));
    for (size_t i = 0; i < names.count; i++) {
        if (!io_is_dir(io_join(keep, "compiler", names.items[i])))
            continue;
        bool found = false;
        for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
            found |= strcmp(rules[k].folder, names.items[i]) == 0;
        ck_assert_msg(found, "compiler/%s has no rule", names.items[i]);
    }
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("layering");
    TCase *tc = tcase_create("includes");
    tcase_add_loop_test(tc, folder_includes_only_what_it_may, 0, sizeof rules / sizeof *rules);
    tcase_add_test(tc, every_folder_has_a_rule);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
