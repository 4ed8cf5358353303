/* Target files: inheritance, errors, the built-in ones. */
#include "base/io.h"
#include "target/target.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static Diag *diag;
static const char *work;

static void setup(void)
{
    arena = arena_new();
    diag = diag_new(arena);
    work = io_temp_dir(arena, diag, NULL, "adze-test-");
}

static void teardown(void)
{
    io_remove_tree(work);
    arena_free(arena);
}

static const char *write_file(const char *name, const char *text)
{
    const char *path = io_join(arena, work, name);
    ck_assert(io_write(diag, path, text, strlen(text)));
    return path;
}

START_TEST(built_in_targets_load)
{
    StringList names;
    target_names(arena, &names);
    for (size_t i = 0; i < names.count; i++) {
        Target t;
        ck_assert(target_load(arena, diag, names.items[i], &t));
        ck_assert_str_eq(t.name, names.items[i]);
        ck_assert(t.description[0] && t.arch_macro[0] && t.cc.count && t.run.count && t.count.count);
        ck_assert_ptr_nonnull(target_package(&t, t.cc.items[0]));
        ck_assert_ptr_nonnull(target_package(&t, t.run.items[0]));
        ck_assert_str_ne(t.name, "cortex-m"); /* abstract */
    }
}
END_TEST

START_TEST(a_cortex_m4_is_what_it_is)
{
    Target t;
    ck_assert(target_load(arena, diag, "cortex-m4", &t));
    ck_assert_int_eq(t.word_bits, 32);
    ck_assert(!t.big_endian);
    ck_assert_str_eq(t.float_unit, "single");
    ck_assert(target_has(&t, "dsp") && target_has(&t, "fpu") && !target_has(&t, "mve"));
    ck_assert_str_eq(t.sets.items[0], "dsp");
    ck_assert_str_eq(t.cc.items[0], "arm-none-eabi-gcc");
    ck_assert_str_eq(t.cc.items[t.cc.count - 1], "-mfloat-abi=hard");
    ck_assert_str_eq(t.machine, "mps2-an386");
    ck_assert_uint_eq(t.memories.items[0].bytes, 1 << 20);
    ck_assert(!t.runs_here);
}
END_TEST

START_TEST(host_is_a_named_level)
{
    Target t;
    ck_assert(target_load(arena, diag, "host", &t));
    ck_assert_str_ne(t.name, "host");
    ck_assert(t.runs_here);
}
END_TEST

START_TEST(a_file_extends_another_file)
{
    Target t;
    write_file("base.yaml", "extends: cortex-m4\nfeatures: [dsp]\ndescription: base\n");
    const char *path = write_file("mine.yaml", "extends: base.yaml\ndescription: my board\n"
                                               "sources: [start.c, boards/semihosting.c]\n");
    write_file("start.c", "int x;\n");
    ck_assert_msg(target_load(arena, diag, path, &t), "%s", diag->messages.count ? diag->messages.items[0].text : "");
    ck_assert_str_eq(t.name, "mine");
    ck_assert_str_eq(t.description, "my board");
    ck_assert_uint_eq(t.features.count, 1);
    ck_assert_str_eq(t.machine, "mps2-an386");
    ck_assert_uint_eq(t.sources.count, 2);
    ck_assert_ptr_nonnull(t.sources.items[0].path);
    ck_assert_ptr_nonnull(t.sources.items[1].data);
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {
    {"extends: no-such\n", ":1:10: no target 'no-such' to extend"},
    {"extends: a.yaml\n", ":1:10: the target extends itself"},
    {"extends: missing.yaml\n", "missing.yaml"},
    {"word_bits: many\n", ":1:12: 'word_bits' is 'many'; expected an integer"},
    {"word_bits: 128\n", ":1:12: 'word_bits' is '128'; expected an integer from 8 to 64"},
    {"endian: middle\n", ":1:9: 'endian' is 'middle'; expected little or big"},
    {"float_unit: half\n", ":1:13: 'float_unit' is 'half'; expected none, single or double"},
    {"cc: gcc\n", ":1:5: 'cc' is 'gcc'; expected a list"},
    {"cc: [gcc, [x]]\n", ":1:11: 'cc' is a list; expected a text"},
    {"compiler: [gcc]\n", ":1:1: unknown key 'compiler'; supported: extends, abstract, description"},
    {"sources: [none.c]\n", ":1:11: no file 'none.c', neither beside this one nor built into adze"},
    {"memories: [{name: flash}]\n", ":1:12: a memory needs a name and bytes"},
    {"memories: [{name: flash, bytes: big}]\n", ":1:33: 'bytes' is 'big'; expected a size"},
    {"memories: [{name: flash, bytes: 1, size: 2}]\n", ":1:36: unknown key 'size'; supported: name, bytes, speed"},
    {"packages: [x]\n", ":1:11: 'packages' is a list; expected a mapping"},
    {"description: x\n", "'cc' is missing"},
    {"extends: linux\nabstract: true\n", "is only for others to extend"},
};

START_TEST(what_is_refused)
{
    Target t;
    const char *path = write_file("a.yaml", refused[_i].text);
    ck_assert(!target_load(arena, diag, path, &t));
    ck_assert_uint_ge(diag->messages.count, 1);
    ck_assert_msg(strstr(diag->messages.items[0].text, refused[_i].message), "%s", diag->messages.items[0].text);
}
END_TEST

START_TEST(a_circle_is_refused)
{
    Target t;
    write_file("b.yaml", "extends: c.yaml\n");
    const char *path = write_file("c.yaml", "extends: b.yaml\n");
    ck_assert(!target_load(arena, diag, path, &t));
    ck_assert_msg(strstr(diag->messages.items[0].text, "extend"), "%s", diag->messages.items[0].text);
}
END_TEST

START_TEST(unknown_names_are_refused)
{
    static const char *const names[] = {"cortex-m99", "", "../cortex-m4", "cortex-m", "/nonexistent/x.yaml"};
    Target t;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert(!target_load(arena, diag, names[i], &t));
    ck_assert_ptr_nonnull(strstr(diag->messages.items[0].text, "no target 'cortex-m99'; hint: 'adze targets' lists"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("target/target");
    TCase *c = tcase_create("target");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, built_in_targets_load);
    tcase_add_test(c, a_cortex_m4_is_what_it_is);
    tcase_add_test(c, host_is_a_named_level);
    tcase_add_test(c, a_file_extends_another_file);
    tcase_add_loop_test(c, what_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, a_circle_is_refused);
    tcase_add_test(c, unknown_names_are_refused);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
