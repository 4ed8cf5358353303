/* Shell completion as a shell does it: the words proposed behind what has been typed. */
#include "tests/support/tools.h"

#include "base/io.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;
static const char *folder; /* of the program */

typedef struct {
    const char *typed, *proposed; /* a proposal among others; "!x": x is none */
} Row;

static const Row rows[] = {
    {"com", "compile"},
    {"", "verify"},
    {"compile --we", "--weights"},
    {"compile --weights ", "incbin"},
    {"compile -t cortex-", "cortex-m0plus"},
    {"targets cortex-", "cortex-m4"},
    {"compile -O ", "speed"},
    {"run --ve", "!--vectors"},
    {"verify --ve", "--vectors"},
    {"completion ", "zsh"},
    {"compile READ", "README.md"},
    {"compile --", "--shape"},
};
enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(bash_proposes)
{
    const Row *row = &rows[_i];
    bool none = row->proposed[0] == '!';
    const char *word = row->proposed + none;
    if (!tool_here("bash"))
        return;
    ShellResult r = shell(keep, NULL,
                          "PATH=%s:$PATH bash -c 'source <(adze completion bash) && line=\"adze %s\"; "
                          "read -ra COMP_WORDS <<<\"$line\"; case $line in *\" \") COMP_WORDS+=(\"\");; esac; "
                          "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _adze; printf \"<%%s>\\n\" \"${COMPREPLY[@]}\"'",
                          folder, row->typed);
    ck_assert_msg(r.status == 0 && !*r.err, "status %d: %s", r.status, r.err);
    bool found = strstr(r.out, arena_printf(keep, "<%s>", word)) != NULL;
    ck_assert_msg(found == !none, "behind '%s' bash proposes %s", row->typed, r.out);
}
END_TEST

START_TEST(zsh_reads_it)
{
    if (!tool_here("zsh"))
        return;
    ShellResult r = shell(keep, NULL, "PATH=%s:$PATH; adze completion zsh | zsh -n", folder);
    ck_assert_msg(r.status == 0 && !*r.err, "status %d: %s", r.status, r.err);
}
END_TEST

START_TEST(other_shells_are_refused)
{
    ShellResult r = shell(keep, NULL, "PATH=%s:$PATH adze completion fish", folder);
    ck_assert_msg(r.status == 2 && strstr(r.err, "bash, zsh"), "status %d: %s", r.status, r.err);
    r = shell(keep, NULL, "PATH=%s:$PATH adze completion", folder);
    ck_assert_int_eq(r.status, 2);
}
END_TEST

int main(void)
{
    char *program = realpath(getenv("ADZE") ? getenv("ADZE") : "build/adze", NULL);
    if (!program) {
        fputs("no program build/adze; run: make\n", stderr);
        return EXIT_FAILURE;
    }
    keep = arena_new();
    folder = io_dirname(keep, program);
    Suite *suite = suite_create("completion");
    TCase *tc = tcase_create("shells");
    tcase_add_loop_test(tc, bash_proposes, 0, ROWS);
    tcase_add_test(tc, zsh_reads_it);
    tcase_add_test(tc, other_shells_are_refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    free(program);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
