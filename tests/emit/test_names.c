/* Names from a model become C: identifiers, comments, strings. */
#include "emit/emit.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;

static const struct {
    const char *text, *identifier;
} identifiers[] = {
    {"conv1", "conv1"},
    {"/d1/dw/Conv_output_0", "d1_dw_Conv_output_0"},
    {"", "unnamed"},
    {"///", "unnamed"},
    {"3x3", "n3x3"},
    {"int", "int_"},
    {"class", "class_"},
    {"arena", "arena_"},
    {"static_assert", "static_assert_"},
    {"requires", "requires_"},
    {"co_yield", "co_yield_"},
    {"__x__y__", "x_y"},
    {"a*/b", "a_b"},
    {"gr\xc3\xb6\xc3\x9f"
     "e",
     "gr_e"},
    {"serving_default_input:0", "serving_default_input_0"},
};

START_TEST(identifier)
{
    const char *got = c_identifier(keep, identifiers[_i].text);
    ck_assert_str_eq(got, identifiers[_i].identifier);
}
END_TEST

START_TEST(identifier_is_short)
{
    char longer[5000];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    ck_assert(c_is_identifier(c_identifier(keep, longer)));
}
END_TEST

START_TEST(comment_cannot_be_ended)
{
    static const char *const evil[] = {"*/ int x;",
                                       "a*/*/b",
                                       "/*",
                                       "**//",
                                       "x*",
                                       "a\nb",
                                       "\\",
                                       "?"
                                       "?/",
                                       "/"};
    const char *c = c_comment(keep, evil[_i]);
    const char *in_comment = arena_printf(keep, "/*%s*/", c);
    ck_assert_ptr_eq(strstr(in_comment + 2, "*/"), in_comment + strlen(in_comment) - 2);
    ck_assert_ptr_null(strpbrk(c, "\n\\"));
    ck_assert_ptr_null(strstr(in_comment + 1, "/*"));
}
END_TEST

START_TEST(string_is_escaped)
{
    ck_assert_str_eq(c_string(keep, "a\"b\\c\n?"
                                    "?="),
                     "\"a\\042b\\134c\\012\\077\\077=\"");
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("emit: names");
    TCase *tc = tcase_create("names");
    tcase_add_loop_test(tc, identifier, 0, sizeof identifiers / sizeof *identifiers);
    tcase_add_test(tc, identifier_is_short);
    tcase_add_loop_test(tc, comment_cannot_be_ended, 0, 9);
    tcase_add_test(tc, string_is_escaped);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
