/* Every committed input of the fuzzers, and each that once failed (tests/fuzz/found), through its target. */
#include "tests/fuzz/fuzz.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    int (*run)(const uint8_t *data, size_t size);
    const char *path;
} Input;

static Arena *keep;
static Diag *diag;
static ARRAY(Input) inputs;

START_TEST(input_is_survived)
{
    const Input *in = &inputs.items[_i];
    FileBytes file;
    ck_assert_msg(io_map(diag, in->path, &file), "%s", in->path);
    uint8_t *exact = malloc(file.size + !file.size); /* so that a read behind the end is seen */
    if (file.size)
        memcpy(exact, file.data, file.size);
    ck_assert_int_eq(in->run(exact, file.size), 0);
    free(exact);
    io_unmap(&file);
}
END_TEST

static void add_folder(int (*run)(const uint8_t *, size_t), const char *folder, const char *prefix, const char *ending)
{
    NameList names = {0};
    if (!io_list(keep, diag, folder, &names))
        return;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        if (strncmp(name, prefix, strlen(prefix)) == 0 && strlen(name) >= strlen(ending) &&
            strcmp(name + strlen(name) - strlen(ending), ending) == 0)
            array_push(keep, &inputs, ((Input){run, io_join(keep, folder, name)}));
    }
}

int main(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    add_folder(fuzz_model, "tests/fuzz/corpus/model", "", "");
    add_folder(fuzz_text, "tests/fuzz/corpus/text", "", "");
    add_folder(fuzz_text, "tests/passes", "", ".txt");
    add_folder(fuzz_text, "tests/operators", "", ".txt");
    add_folder(fuzz_yaml, "tests/fuzz/corpus/yaml", "", "");
    add_folder(fuzz_yaml, "targets", "", ".yaml");
    add_folder(fuzz_npy, "tests/fuzz/corpus/npy", "", "");
    add_folder(fuzz_model, "tests/fuzz/found", "model", "");
    add_folder(fuzz_text, "tests/fuzz/found", "text", "");
    add_folder(fuzz_yaml, "tests/fuzz/found", "yaml", "");
    add_folder(fuzz_npy, "tests/fuzz/found", "npy", "");
    for (size_t i = 0; getenv("LIST") && i < inputs.count; i++) /* which input is iteration i of a failure? */
        printf("%zu %s\n", i, inputs.items[i].path);
    if (inputs.count < 50) {
        fputs("the corpus is not here; run from the root folder\n", stderr);
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("fuzz corpus");
    TCase *tc = tcase_create("replay");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, input_is_survived, 0, (int)inputs.count);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
