/* Files, temporary folders, and io_replace_dir. */
#include "base/io.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static Arena *a;
static Diag *d;
static const char *root; /* removed when the test's process ends */

static void setup(void)
{
    a = arena_new();
    d = diag_new(a);
    /* Check's own handlers, which the test's process inherits, would not be replaced. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    root = io_temp_dir(a, d, NULL, "io-");
    ck_assert_ptr_nonnull(root);
}

static const char *in_root(const char *name)
{
    return io_join(a, root, name);
}

static void write_text(const char *dir, const char *name, const char *text)
{
    ck_assert(io_make_dir(d, dir));
    ck_assert(io_write(d, io_join(a, dir, name), text, strlen(text)));
}

static void expect_text(const char *dir, const char *name, const char *text)
{
    FileBytes f;
    ck_assert(io_map(d, io_join(a, dir, name), &f));
    ck_assert_uint_eq(f.size, strlen(text));
    ck_assert_mem_eq(f.data, text, f.size);
    io_unmap(&f);
}

static size_t count_in(const char *dir)
{
    NameList names;
    ck_assert(io_list(a, d, dir, &names));
    return names.count;
}

START_TEST(what_cannot_be_read_is_an_error)
{
    FileBytes f;
    const char *pipe_path = in_root("pipe");
    ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
    ck_assert(!io_map(d, pipe_path, &f));
    ck_assert(!io_map(d, root, &f));
    ck_assert(!io_map(d, in_root("absent"), &f));
    ck_assert_uint_eq(d->error_count, 3);
    ck_assert_ptr_nonnull(strstr(d->messages.items[2].text, "No such file"));
    write_text(root, "empty", "");
    ck_assert(io_map(d, in_root("empty"), &f) && f.size == 0);
    ck_assert(!io_write(d, in_root("absent/x"), "", 0));
}
END_TEST

START_TEST(paths)
{
    ck_assert_str_eq(io_join(a, "dir", "x"), "dir/x");
    ck_assert_str_eq(io_join(a, "dir/", "x"), "dir/x");
    ck_assert_str_eq(io_join(a, "", "x"), "x");
    ck_assert_str_eq(io_stem(a, "dir.d/kws.onnx"), "kws");
    ck_assert_str_eq(io_stem(a, "dir.d/kws"), "kws");
    ck_assert_str_eq(io_stem(a, ".hidden"), ".hidden");
    ck_assert_str_eq(io_dirname(a, "kws.onnx"), ".");
    ck_assert_str_eq(io_dirname(a, "a/b/kws.onnx"), "a/b");
    ck_assert_str_eq(io_dirname(a, "/kws.onnx"), "/");
    ck_assert_str_eq(io_dirname(a, "a/out/"), "a");
    ck_assert_str_eq(io_dirname(a, "/"), "/");
}
END_TEST

START_TEST(folders_are_made_listed_and_removed)
{
    const char *deep = in_root("a/b/c");
    ck_assert(io_make_dir(d, deep) && io_make_dir(d, deep) && io_is_dir(deep));
    write_text(deep, "2", "two");
    write_text(deep, "10", "ten");
    write_text(root, "outside", "kept");
    ck_assert_int_eq(symlink("../../../outside", io_join(a, deep, "link")), 0);
    NameList names;
    ck_assert(io_list(a, d, deep, &names));
    ck_assert_uint_eq(names.count, 3);
    ck_assert_str_eq(names.items[0], "10");
    ck_assert(!io_make_dir(d, in_root("outside/x")));
    io_remove_tree(in_root("a"));
    io_remove_tree(in_root("a"));
    ck_assert(!io_exists(in_root("a")));
    expect_text(root, "outside", "kept");
}
END_TEST

START_TEST(many_files_are_removed)
{
    const char *dir = in_root("many");
    for (int i = 0; i < 500; i++)
        write_text(dir, arena_printf(a, "a-file-with-a-rather-long-name-%d", i), "");
    io_remove_tree(dir);
    ck_assert(!io_exists(dir));
}
END_TEST

static struct timespec modified(const char *path)
{
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    return s.st_mtim;
}

static void make_old(const char *path)
{
    struct timespec times[2] = {{1000, 0}, {1000, 0}};
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(an_unchanged_file_is_left_alone)
{
    const char *path = in_root("x");
    write_text(root, "x", "same");
    make_old(path);
    ck_assert(io_write_if_changed(d, path, "same", 4));
    ck_assert_int_eq(modified(path).tv_sec, 1000);
    ck_assert(io_write_if_changed(d, path, "else", 4));
    ck_assert_int_ne(modified(path).tv_sec, 1000);
    expect_text(root, "x", "else");
}
END_TEST

static const char *finished(const char *parent)
{
    const char *temp = io_temp_dir(a, d, parent, "t-");
    ck_assert_ptr_nonnull(temp);
    write_text(temp, "kws.c", "new");
    write_text(temp, "same.h", "same");
    return temp;
}

START_TEST(a_new_folder_takes_its_place)
{
    const char *dir = in_root("sub/out/");
    const char *temp = finished(root);
    ck_assert(io_replace_dir(d, temp, dir));
    ck_assert(!io_exists(temp));
    expect_text(dir, "kws.c", "new");
    struct stat s;
    mode_t mask = umask(0);
    umask(mask);
    ck_assert_int_eq(stat(dir, &s), 0);
    ck_assert_int_eq(s.st_mode & 0777, 0777 & ~mask);
}
END_TEST

START_TEST(an_old_folder_is_replaced)
{
    const char *dir = in_root("out");
    write_text(dir, "kws.c", "old");
    write_text(dir, "gone.c", "old");
    write_text(dir, "same.h", "same");
    make_old(io_join(a, dir, "same.h"));
    ck_assert_int_eq(chmod(dir, 0750), 0);
    const char *temp = finished(root);
    ck_assert(io_replace_dir(d, temp, dir));
    ck_assert(!io_exists(temp));
    ck_assert_uint_eq(count_in(dir), 2);
    expect_text(dir, "kws.c", "new");
    ck_assert_int_eq(modified(io_join(a, dir, "same.h")).tv_sec, 1000);
    ck_assert_int_ne(modified(io_join(a, dir, "kws.c")).tv_sec, 1000);
    struct stat s;
    ck_assert_int_eq(stat(dir, &s), 0);
    ck_assert_int_eq(s.st_mode & 0777, 0750);
    ck_assert_uint_eq(count_in(root), 1);
}
END_TEST

START_TEST(a_link_stays_a_link)
{
    write_text(in_root("real"), "old.c", "old");
    ck_assert_int_eq(symlink("real", in_root("out")), 0);
    ck_assert(io_replace_dir(d, finished(root), in_root("out")));
    struct stat s;
    ck_assert_int_eq(lstat(in_root("out"), &s), 0);
    ck_assert(S_ISLNK(s.st_mode));
    expect_text(in_root("real"), "kws.c", "new");
    ck_assert(!io_exists(in_root("real/old.c")));
}
END_TEST

/* The working folder must stay the same folder, or the user's shell stands in one that is gone. */
START_TEST(the_working_folder_is_filled_in_place)
{
    const char *dir = in_root("work");
    write_text(dir, "old.c", "old");
    const char *temp = finished(root);
    struct stat before, after;
    ck_assert_int_eq(stat(dir, &before), 0);
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert(io_replace_dir(d, temp, "."));
    ck_assert_int_eq(stat(dir, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    ck_assert_uint_eq(count_in(dir), 2);
    expect_text(dir, "kws.c", "new");
    ck_assert(!io_exists(temp));
}
END_TEST

START_TEST(on_failure_the_old_files_stay)
{
    write_text(root, "file", "kept");
    const char *temp = finished(root);
    ck_assert(!io_replace_dir(d, temp, in_root("file")));
    expect_text(root, "file", "kept");
    write_text(in_root("out"), "old.c", "old");
    ck_assert(!io_replace_dir(d, in_root("absent"), in_root("out")));
    expect_text(in_root("out"), "old.c", "old");
    ck_assert_uint_eq(count_in(in_root("out")), 1);
}
END_TEST

/* A child makes a temporary folder, tells its name, and ends by `how`: a signal, 0 (exit), or -1 (exit, kept). */
static const char *child_folder(int how)
{
    int ends[2];
    char path[4096];
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const char *temp = io_temp_dir(a, d, root, "child-");
        write_text(io_join(a, temp, "deeper"), "x", "x");
        if (how == -1)
            io_keep_temp(temp);
        if (write(ends[1], temp, strlen(temp) + 1) < 0)
            _exit(9);
        if (how > 0)
            raise(how);
        exit(0);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], path, sizeof path);
    ck_assert_int_gt(n, 0);
    close(ends[0]);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(WIFSIGNALED(status) ? WTERMSIG(status) : 0, how > 0 ? how : 0);
    return arena_strdup(a, path);
}

START_TEST(temporary_folders_end_with_the_process)
{
    ck_assert(!io_exists(child_folder(0)));
    ck_assert(!io_exists(child_folder(SIGINT)));
    ck_assert(!io_exists(child_folder(SIGTERM)));
    ck_assert(!io_exists(child_folder(SIGHUP)));
    ck_assert(io_exists(child_folder(-1)));
    ck_assert(io_is_dir(root)); /* a child does not remove its parent's */
}
END_TEST

START_TEST(temporary_folders_report_failure)
{
    ck_assert_ptr_null(io_temp_dir(a, d, in_root("absent"), "x"));
    ck_assert_uint_eq(d->error_count, 1);
    for (int i = 0; i < 100; i++) { /* places are used again */
        const char *temp = io_temp_dir(a, d, root, "x");
        ck_assert_ptr_nonnull(temp);
        io_remove_tree(temp);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base: io");
    TCase *c = tcase_create("io");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, NULL);
    tcase_add_test(c, what_cannot_be_read_is_an_error);
    tcase_add_test(c, paths);
    tcase_add_test(c, folders_are_made_listed_and_removed);
    tcase_add_test(c, many_files_are_removed);
    tcase_add_test(c, an_unchanged_file_is_left_alone);
    tcase_add_test(c, a_new_folder_takes_its_place);
    tcase_add_test(c, an_old_folder_is_replaced);
    tcase_add_test(c, a_link_stays_a_link);
    tcase_add_test(c, the_working_folder_is_filled_in_place);
    tcase_add_test(c, on_failure_the_old_files_stay);
    tcase_add_test(c, temporary_folders_end_with_the_process);
    tcase_add_test(c, temporary_folders_report_failure);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
