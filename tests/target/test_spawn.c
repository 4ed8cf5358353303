/* spawn.h: commands without a shell. */
#include "target/spawn.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;

static void setup(void)
{
    arena = arena_new();
}

static void teardown(void)
{
    arena_free(arena);
}

static SpawnResult shell(const char *script, double timeout)
{
    const char *words[] = {"/bin/sh", "-c", script};
    StringList command = {.items = words, .count = 3};
    return spawn_run(arena, &command, "/", timeout);
}

START_TEST(output_and_status_come_back)
{
    SpawnResult r = shell("echo out; echo err >&2; pwd; cat; exit 3", 10);
    ck_assert_int_eq(r.end, SPAWN_EXITED);
    ck_assert_int_eq(r.status, 3);
    ck_assert_str_eq(r.output, "out\nerr\n/\n");
}
END_TEST

START_TEST(arguments_are_not_interpreted)
{
    const char *words[] = {"echo", "a b", "$HOME;`x`", "*"};
    StringList command = {.items = words, .count = 4};
    ck_assert_str_eq(spawn_run(arena, &command, NULL, 10).output, "a b $HOME;`x` *\n");
}
END_TEST

START_TEST(a_missing_command_is_recognised)
{
    const char *words[] = {"no-such-command"};
    StringList command = {.items = words, .count = 1};
    SpawnResult r = spawn_run(arena, &command, NULL, 10);
    ck_assert_int_eq(r.end, SPAWN_MISSING);
    ck_assert_str_eq(spawn_text(arena, &command, &r), "no-such-command is not installed");
    ck_assert_int_eq(spawn_run(arena, &command, "/no/such/folder", 10).end, SPAWN_FAILED);
}
END_TEST

START_TEST(signals_and_timeouts_end_it)
{
    SpawnResult r = shell("kill -SEGV $$", 10);
    ck_assert_int_eq(r.end, SPAWN_SIGNAL);
    ck_assert_int_eq(r.signal, 11);
    r = shell("echo before; sleep 60 & sleep 60", 0.3);
    ck_assert_int_eq(r.end, SPAWN_TIMEOUT);
    ck_assert_str_eq(r.output, "before\n");
    ck_assert(r.seconds < 5);
}
END_TEST

START_TEST(endless_output_is_stopped)
{
    SpawnResult r = shell("yes", 60);
    ck_assert_int_eq(r.end, SPAWN_FLOOD);
    ck_assert_uint_eq(strlen(r.output), SPAWN_MAX_OUTPUT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("target/spawn");
    TCase *c = tcase_create("spawn");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, output_and_status_come_back);
    tcase_add_test(c, arguments_are_not_interpreted);
    tcase_add_test(c, a_missing_command_is_recognised);
    tcase_add_test(c, signals_and_timeouts_end_it);
    tcase_add_test(c, endless_output_is_stopped);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
