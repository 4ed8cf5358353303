/* yaml.h: values with their places, and what is refused. */
#include "target/yaml.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static Diag *diag;

static void setup(void)
{
    arena = arena_new();
    diag = diag_new(arena);
    diag->file = "model.onnx"; /* must not be named where a YAML file is at fault */
}

static void teardown(void)
{
    arena_free(arena);
}

static const YamlValue *parse(const char *text)
{
    return yaml_parse(arena, diag, "a.yaml", text, strlen(text));
}

START_TEST(values_know_where_they_stand)
{
    const YamlValue *v = parse("name: kws\nlist: [1, 'two']\nmap:\n  inner: true\n");
    ck_assert_ptr_nonnull(v);
    ck_assert_uint_eq(v->pairs.count, 3);
    const YamlValue *list = yaml_get(v, "list"), *inner = yaml_get(yaml_get(v, "map"), "inner");
    ck_assert_int_eq(list->line, 2);
    ck_assert_int_eq(list->column, 7);
    ck_assert_str_eq(list->items.items[1]->text, "two");
    ck_assert(list->items.items[1]->quoted);
    ck_assert_int_eq(inner->line, 4);
    ck_assert_int_eq(inner->column, 10);
    bool yes = false;
    ck_assert(yaml_bool(diag, inner, &yes) && yes);
    ck_assert_ptr_null(yaml_get(v, "none"));
}
END_TEST

START_TEST(an_empty_file_is_an_empty_mapping)
{
    const YamlValue *v = parse("# nothing\n");
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(v->kind, YAML_MAP);
    ck_assert_uint_eq(v->pairs.count, 0);
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {
    {"a: 1\nb: 2\na: 3\n", "a.yaml:3:1: key 'a' stands twice, first in line 1"},
    {"a: &x 1\nb: *x\n", "a.yaml:2:4: aliases (*name) are not supported"},
    {"a: !!int 1\n", "a.yaml:1:4: tags (!name) are not supported"},
    {"a: !local [1]\n", "a.yaml:1:4: tags (!name) are not supported"},
    {"a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "a.yaml:1:20: nested too deeply"},
    {"[a]: 1\n", "a.yaml:1:1: a key has to be a text"},
    {"a: 1\n---\nb: 2\n", "a.yaml:2:1: a second document; one is expected"},
    {"a: [1\n", "a.yaml:2:1: did not find expected ',' or ']'"},
    {"a: 'x\n", "a.yaml:2:1: found unexpected end of stream"},
    {"a: \"\\0\"\n", "a.yaml:1:4: a zero byte in a text"},
    {"\ta: 1\n", "a.yaml:1:1: found character that cannot start any token"},
    {"a: \xff\n", "a.yaml:1:1: invalid leading UTF-8 octet"},
};

START_TEST(what_is_refused)
{
    ck_assert_ptr_null(parse(refused[_i].text));
    ck_assert_uint_eq(diag->messages.count, 1);
    ck_assert_str_eq(diag->messages.items[0].text, refused[_i].message);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    size_t n = 3 * (YAML_MAX_VALUES + 10);
    char *text = arena_alloc(arena, YAML_MAX_BYTES + 2);
    strcpy(text, "[");
    for (size_t i = 1; i < n; i += 3)
        memcpy(text + i, "1, ", 3);
    strcpy(text + n, "1]");
    ck_assert_ptr_null(parse(text));
    ck_assert_ptr_nonnull(strstr(diag->messages.items[0].text, "too many values"));
    memset(text, ' ', YAML_MAX_BYTES + 1);
    ck_assert_ptr_null(parse(text));
    ck_assert_ptr_nonnull(strstr(diag->messages.items[1].text, "larger than 1 MiB"));
}
END_TEST

START_TEST(unknown_keys_are_all_reported)
{
    static const char *const known[] = {"name", "target", NULL};
    const YamlValue *v = parse("name: a\nnmae: b\ntarget: c\ncolour: d\n");
    ck_assert(!yaml_check_keys(diag, v, known));
    ck_assert_uint_eq(diag->messages.count, 2);
    ck_assert_str_eq(diag->messages.items[0].text, "a.yaml:2:1: unknown key 'nmae'; supported: name, target");
    ck_assert_str_eq(diag->messages.items[1].text, "a.yaml:4:1: unknown key 'colour'; supported: name, target");
}
END_TEST

/* type: t text, b bool, i integer 1..9, n number, s size, l list, m mapping; message NULL: accepted. */
static const struct {
    char type;
    const char *text;
    double value;
    const char *message;
} typed[] = {
    {'i', "5", 5, NULL},
    {'i', "10", 0, "a.yaml:1:4: 'k' is '10'; expected an integer from 1 to 9"},
    {'i', "99999999999999999999", 0, "a.yaml:1:4: 'k' is '99999999999999999999'; expected an integer from 1 to 9"},
    {'i', "'5'", 0, "a.yaml:1:4: 'k' is '5'; expected an integer"},
    {'i', "5x", 0, "a.yaml:1:4: 'k' is '5x'; expected an integer"},
    {'i', "", 0, "a.yaml:1:3: 'k' is ''; expected an integer"},
    {'i', "[5]", 0, "a.yaml:1:4: 'k' is a list; expected an integer"},
    {'n', "-1.5e3", -1500, NULL},
    {'n', "1e999", 0, "a.yaml:1:4: 'k' is '1e999'; expected a number"},
    {'n', "nan", 0, "a.yaml:1:4: 'k' is 'nan'; expected a number"},
    {'b', "true", 1, NULL},
    {'b', "yes", 0, "a.yaml:1:4: 'k' is 'yes'; expected true or false"},
    {'b', "'true'", 0, "a.yaml:1:4: 'k' is 'true'; expected true or false"},
    {'s', "4096", 4096, NULL},
    {'s', "64K", 65536, NULL},
    {'s', "2M", 2097152, NULL},
    {'s', "2MB", 0, "a.yaml:1:4: 'k' is '2MB'; expected a size such as 4096, 64K or 2M"},
    {'s', "-1", 0, "a.yaml:1:4: 'k' is '-1'; expected a size such as 4096, 64K or 2M"},
    {'s', "17179869184G", 0, "a.yaml:1:4: 'k' is '17179869184G'; expected a size such as 4096, 64K or 2M"},
    {'t', "x y", 0, NULL},
    {'t', "null", 0, "a.yaml:1:4: 'k' is 'null'; expected a text"},
    {'t', "{a: b}", 0, "a.yaml:1:4: 'k' is a mapping; expected a text"},
    {'t', "\"\\e[31m\"", 0, NULL},
    {'l', "[]", 0, NULL},
    {'l', "x", 0, "a.yaml:1:4: 'k' is 'x'; expected a list"},
    {'m', "{}", 0, NULL},
    {'m', "[]", 0, "a.yaml:1:4: 'k' is a list; expected a mapping of keys to values"},
};

START_TEST(values_have_types)
{
    const YamlValue *k = yaml_get(parse(arena_printf(arena, "k: %s\n", typed[_i].text)), "k");
    const char *text;
    bool yes = false, ok = false;
    int64_t integer = 0;
    size_t size = 0;
    double number = 0;
    switch (typed[_i].type) {
    case 't':
        ok = yaml_text(diag, k, &text);
        break;
    case 'b':
        ok = yaml_bool(diag, k, &yes);
        number = yes;
        break;
    case 'i':
        ok = yaml_int(diag, k, 1, 9, &integer);
        number = (double)integer;
        break;
    case 'n':
        ok = yaml_number(diag, k, &number);
        break;
    case 's':
        ok = yaml_bytes(diag, k, &size);
        number = (double)size;
        break;
    case 'l':
        ok = yaml_list(diag, k);
        break;
    case 'm':
        ok = yaml_map(diag, k);
        break;
    }
    if (typed[_i].message) {
        ck_assert(!ok);
        ck_assert_str_eq(diag->messages.items[0].text, typed[_i].message);
    } else {
        ck_assert(ok);
        ck_assert_double_eq(number, typed[_i].value);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("target/yaml");
    TCase *c = tcase_create("yaml");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, values_know_where_they_stand);
    tcase_add_test(c, an_empty_file_is_an_empty_mapping);
    tcase_add_loop_test(c, what_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, sizes_are_bounded);
    tcase_add_test(c, unknown_keys_are_all_reported);
    tcase_add_loop_test(c, values_have_types, 0, sizeof typed / sizeof *typed);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
