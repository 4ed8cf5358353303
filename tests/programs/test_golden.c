/* What `adze compile examples/fashion/fashion.onnx -t cortex-m4` writes, byte for byte, against tests/golden, and what
 * the example computes. `make golden` rewrites tests/golden: look at the difference before you commit it.
 *
 * tests/golden/fashion-cortex-m4/: files.txt lists all files of the folder, the constants with their SHA-256; the other
 * files stand beside it, but for the runtime headers (they are those of runtime/). instructions.txt: of the first
 * image. */
#include "tests/support/programs.h"
#include "tests/support/tools.h"

#include "base/hash.h"
#include "base/io.h"
#include "target/program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char golden[] = "tests/golden/fashion-cortex-m4", model[] = "examples/fashion/fashion.onnx";
enum { IMAGES = 1000, RIGHT = 933, RIGHT_OF_TEN = 10 }; /* by ONNX Runtime 1.32, one image a run */

static Arena *keep;
static Diag *diag;
static bool rewrite; /* ADZE_GOLDEN=write */
static const char *adze;

static const char *file_text(const char *path, size_t *size)
{
    FileBytes file;
    if (!io_map(diag, path, &file)) {
        diag_flush(diag, stdout);
        ck_abort_msg("%s cannot be read; hint: make golden", path);
    }
    const char *text = arena_strndup(keep, file.size ? file.data : "", file.size);
    *size = file.size;
    io_unmap(&file);
    return text;
}

/* Compares with, or writes, a file of the golden folder. */
static void same_as_golden(const char *name, const char *text, size_t size)
{
    const char *path = io_join(keep, golden, name);
    if (rewrite) {
        ck_assert(io_write_if_changed(diag, path, text, size));
        return;
    }
    size_t wanted;
    const char *want = file_text(path, &wanted);
    size_t at = 0, line = 1;
    for (; at < size && at < wanted && text[at] == want[at]; at++)
        line += text[at] == '\n';
    ck_assert_msg(at == size && at == wanted, "%s differs from line %zu on; hint: make golden, then git diff", path,
                  line);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static void remove_what_is_gone(const NameList *names)
{
    NameList old = {0};
    ck_assert(io_list(keep, diag, golden, &old));
    for (size_t i = 0; i < old.count; i++) {
        bool there = strcmp(old.items[i], "files.txt") == 0 || strcmp(old.items[i], "instructions.txt") == 0;
        for (size_t k = 0; k < names->count; k++)
            there |= strcmp(old.items[i], names->items[k]) == 0;
        ck_assert_msg(there || rewrite, "%s/%s is no longer written; hint: make golden", golden, old.items[i]);
        if (!there)
            io_remove_tree(io_join(keep, golden, old.items[i]));
    }
}

START_TEST(the_folder_is_as_it_was)
{
    const char *temp = io_temp_dir(keep, diag, NULL, "adze-test-");
    ShellResult r = shell(keep, NULL, "%s compile %s -t cortex-m4 -o %s/out", adze, model, temp);
    ck_assert_msg(r.status == 0, "status %d: %s", r.status, r.err);
    NameList names = {0};
    ck_assert(io_list(keep, diag, io_join(keep, temp, "out"), &names));
    Buf list = {0};
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        size_t size;
        const char *text = file_text(arena_printf(keep, "%s/out/%s", temp, name), &size);
        buf_printf(&list, "%s", name);
        if (begins(name, "fashion_weights.c"))
            buf_printf(&list, " %zu bytes, SHA-256 %s", size, sha256(text, size).hex);
        else if (!begins(name, "adze"))
            same_as_golden(name, text, size);
        buf_puts(&list, "\n");
    }
    same_as_golden("files.txt", buf_text(&list), list.length);
    remove_what_is_gone(&names);
    buf_free(&list);
    io_remove_tree(temp);
}
END_TEST

static void first_image(float *input, size_t pixels)
{
    size_t size;
    const char *images = file_text("examples/fashion/images.u8", &size);
    ck_assert_uint_ge(size, pixels);
    for (size_t i = 0; i < pixels; i++)
        input[i] = ((float)(unsigned char)images[i] / 255.0f - 0.2860f) / 0.3530f;
}

/* Of one program built by one compiler, so both stand in the file. */
START_TEST(instructions_of_the_first_image)
{
    enum { PIXELS = 784, CLASSES = 10 };
    Compilation c;
    Program program;
    Target t;
    float in[PIXELS], out[CLASSES];
    ck_assert(target_load(keep, diag, "cortex-m4", &t));
    if (!target_tools_here(&t))
        return;
    const char *work = io_temp_dir(keep, diag, NULL, "adze-test-"), *folder = io_join(keep, work, "model");
    bool built = io_make_dir(diag, folder) && emit_model(keep, diag, model, "cortex-m4", MODE_DEFAULT, folder, &c) &&
                 program_build(keep, diag, &c.target, folder, c.name, work, &program);
    first_image(in, PIXELS);
    RunOptions options = {.count = true};
    RunResult result = {0};
    bool ran = built && program_run(keep, diag, &program, in, sizeof in, 1, out, sizeof out, &options, &result);
    diag_flush(diag, stdout);
    ck_assert(ran);
    const char *compiler = shell(keep, NULL, "%s --version | head -n 1", t.cc.items[0]).out;
    const char *text = arena_printf(keep, "%s%llu instructions\n", compiler, (unsigned long long)result.instructions);
    size_t size;
    if (!rewrite && !begins(file_text(io_join(keep, golden, "instructions.txt"), &size), compiler))
        printf("skipped: instructions are of another compiler than %s", compiler);
    else
        same_as_golden("instructions.txt", text, strlen(text));
    io_remove_tree(work);
}
END_TEST

START_TEST(the_example_is_as_right_as_onnx_runtime)
{
    if (!tool_here("gcc") || !tool_here("arm-none-eabi-gcc") || !tool_here("qemu-system-arm"))
        return;
    const char *temp = io_temp_dir(keep, diag, NULL, "adze-test-");
    ShellResult r = shell(keep, NULL, "examples/fashion/demo.sh %s %s 2>&1", adze, temp);
    ck_assert_msg(r.status == 0, "status %d: %s", r.status, r.out);
    const char *host = arena_printf(keep, "%d of %d images classified as labelled", RIGHT, IMAGES);
    const char *board = arena_printf(keep, "%d of 10 images classified as labelled", RIGHT_OF_TEN);
    ck_assert_msg(strstr(r.out, host) && strstr(r.out, board), "expected '%s' and '%s' in:\n%s", host, board, r.out);
    io_remove_tree(temp);
}
END_TEST

int main(void)
{
    keep = arena_new();
    diag = diag_new(keep);
    adze = getenv("ADZE") ? getenv("ADZE") : "build/adze";
    rewrite = getenv("ADZE_GOLDEN") && strcmp(getenv("ADZE_GOLDEN"), "write") == 0;
    if (!io_make_dir(diag, golden))
        return EXIT_FAILURE;
    Suite *suite = suite_create("golden output of the example");
    TCase *tc = tcase_create("golden");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, the_folder_is_as_it_was);
    tcase_add_test(tc, instructions_of_the_first_image);
    tcase_add_test(tc, the_example_is_as_right_as_onnx_runtime);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
