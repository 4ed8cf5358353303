/* io_replace_dir: afterwards the folder holds the new files, or exactly the old ones. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static bool replace_error(Diag *d, const char *dir)
{
    int e = errno;
    return diag_error(d, "cannot put the finished files into %s: %s", diag_quote(d->arena, dir), strerror(e));
}

static bool same_bytes(const char *x, const char *y)
{
    Arena *a = arena_new();
    Diag *quiet = diag_new(a);
    FileBytes fx = {0}, fy = {0};
    bool same =
        io_map(quiet, x, &fx) && io_map(quiet, y, &fy) && fx.size == fy.size && memcmp(fx.data, fy.data, fx.size) == 0;
    io_unmap(&fx);
    io_unmap(&fy);
    arena_free(a);
    return same;
}

/* The same names with the same bytes? */
static bool same_tree(Arena *a, const char *x, const char *y)
{
    NameList nx, ny;
    Diag *quiet = diag_new(a);
    if (!io_list(a, quiet, x, &nx) || !io_list(a, quiet, y, &ny) || nx.count != ny.count)
        return false;
    for (size_t i = 0; i < nx.count; i++) {
        const char *fx = io_join(a, x, nx.items[i]), *fy = io_join(a, y, ny.items[i]);
        struct stat sx, sy;
        if (strcmp(nx.items[i], ny.items[i]) != 0 || lstat(fx, &sx) != 0 || lstat(fy, &sy) != 0)
            return false;
        bool dirs = S_ISDIR(sx.st_mode) && S_ISDIR(sy.st_mode), files = S_ISREG(sx.st_mode) && S_ISREG(sy.st_mode);
        if (!(dirs && same_tree(a, fx, fy)) && !(files && sx.st_size == sy.st_size && same_bytes(fx, fy)))
            return false;
    }
    return true;
}

/* Files that did not change keep the time of their last change, for make and ninja. */
static void keep_times(Arena *a, Diag *d, const char *temp, const char *dir)
{
    NameList names;
    if (!io_list(a, d, temp, &names))
        return;
    for (size_t i = 0; i < names.count; i++) {
        const char *new = io_join(a, temp, names.items[i]), *old = io_join(a, dir, names.items[i]);
        struct stat sn, so;
        if (lstat(new, &sn) != 0 || lstat(old, &so) != 0)
            continue;
        if (S_ISDIR(sn.st_mode) && S_ISDIR(so.st_mode)) {
            keep_times(a, d, new, old);
        } else if (S_ISREG(sn.st_mode) && S_ISREG(so.st_mode) && sn.st_size == so.st_size && same_bytes(new, old)) {
            struct timespec times[2] = {so.st_atim, so.st_mtim};
            utimensat(AT_FDCWD, new, times, 0);
        }
    }
}

static bool copy_tree(Arena *a, Diag *d, const char *from, const char *to)
{
    NameList names;
    if (!io_list(a, d, from, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *x = io_join(a, from, names.items[i]), *y = io_join(a, to, names.items[i]);
        struct stat s;
        if (lstat(x, &s) != 0)
            return replace_error(d, to);
        if (S_ISDIR(s.st_mode)) {
            if (!io_make_dir(d, y) || !copy_tree(a, d, x, y))
                return false;
            continue;
        }
        FileBytes f;
        if (!io_map(d, x, &f))
            return false;
        bool done = io_write(d, y, f.data, f.size);
        io_unmap(&f);
        if (!done)
            return false;
        struct timespec times[2] = {s.st_atim, s.st_mtim};
        chmod(y, s.st_mode & 07777);
        utimensat(AT_FDCWD, y, times, 0);
    }
    return true;
}

/* Renames all entries of `from` but `skip` into `to`; on failure those already moved go back. */
static bool move_entries(Arena *a, Diag *d, const char *from, const char *to, const char *skip)
{
    NameList names;
    if (!io_list(a, d, from, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.items[i];
        if (skip && strcmp(name, skip) == 0)
            continue;
        if (rename(io_join(a, from, name), io_join(a, to, name)) == 0)
            continue;
        replace_error(d, from);
        while (i-- > 0)
            if (!skip || strcmp(names.items[i], skip) != 0)
                rename(io_join(a, to, names.items[i]), io_join(a, from, names.items[i]));
        return false;
    }
    return true;
}

/* For a folder that cannot be renamed: a mount point, the working folder, another file system. */
static bool replace_entries(Arena *a, Diag *d, const char *temp, const char *dir)
{
    const char *stage = io_temp_dir(a, d, dir, ".adze-");
    if (!stage)
        return false;
    const char *hidden = strrchr(stage, '/') + 1;
    const char *new = io_join(a, stage, "new"), *old = io_join(a, stage, "old");
    if (!io_make_dir(d, new) || !io_make_dir(d, old) || !copy_tree(a, d, temp, new)) {
        io_remove_tree(stage);
        return false;
    }
    io_keep_temp(stage); /* from here on it holds the only copy of the old files */
    bool done = move_entries(a, d, dir, old, hidden);
    if (done && !move_entries(a, d, new, dir, NULL)) {
        move_entries(a, d, old, dir, NULL);
        done = false;
    }
    if (done) {
        io_remove_tree(stage);
        io_remove_tree(temp);
    } else {
        io_remove_tree(new);
        rmdir(old);
        rmdir(stage);
    }
    return done;
}

/* Without RENAME_EXCHANGE in the file system: the old folder steps aside. */
static bool rename_aside(Arena *a, Diag *d, const char *temp, const char *dir)
{
    const char *aside = arena_printf(a, "%s.old", temp);
    if (rename(dir, aside) != 0)
        return errno == EBUSY || errno == EXDEV ? replace_entries(a, d, temp, dir) : replace_error(d, dir);
    if (rename(temp, dir) == 0) {
        io_remove_tree(aside);
        return true;
    }
    replace_error(d, dir);
    if (rename(aside, dir) != 0)
        diag_note(d, "the old files are in %s", diag_quote(d->arena, aside));
    return false;
}

/* The working folder and those above it must stay the ones that the user's shell is in. */
static bool holds_working_folder(const char *dir)
{
    char *cwd = getcwd(NULL, 0);
    size_t n = strlen(dir);
    bool inside = !cwd || (strncmp(cwd, dir, n) == 0 && (cwd[n] == '/' || !cwd[n] || n == 1));
    free(cwd);
    return inside;
}

static bool replace_existing(Arena *a, Diag *d, const char *temp, const char *dir)
{
    struct stat s;
    if (same_tree(a, temp, dir)) {
        io_remove_tree(temp);
        return true;
    }
    if (stat(dir, &s) == 0)
        chmod(temp, s.st_mode & 07777);
    keep_times(a, d, temp, dir);
    if (holds_working_folder(dir))
        return replace_entries(a, d, temp, dir);
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
        io_remove_tree(temp); /* now the old files */
        return true;
    }
    if (errno == EINVAL || errno == ENOSYS)
        return rename_aside(a, d, temp, dir);
    if (errno == EXDEV || errno == EBUSY || errno == EACCES || errno == EPERM)
        return replace_entries(a, d, temp, dir);
    return replace_error(d, dir);
}

static bool place_new(Arena *a, Diag *d, const char *temp, const char *dir)
{
    mode_t mask = umask(0);
    umask(mask);
    chmod(temp, 0777 & ~mask); /* mkdtemp made it private */
    if (!io_make_dir(d, io_dirname(a, dir)))
        return false;
    if (rename(temp, dir) == 0)
        return true;
    if (errno != EXDEV)
        return replace_error(d, dir);
    if (!io_make_dir(d, dir))
        return false;
    if (replace_entries(a, d, temp, dir))
        return true;
    rmdir(dir);
    return false;
}

bool io_replace_dir(Diag *d, const char *temp, const char *dir)
{
    struct stat s;
    Arena *a = arena_new();
    bool done;
    sigset_t all, old; /* an interruption between two renames would leave neither state */
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    if (lstat(dir, &s) != 0) {
        done = errno == ENOENT ? place_new(a, d, temp, dir) : replace_error(d, dir);
    } else if (!io_is_dir(dir)) {
        done = diag_error(d, "cannot put the finished files into %s: it is not a folder", diag_quote(d->arena, dir));
    } else {
        char *real = realpath(dir, NULL); /* a link to a folder stays a link */
        done = real ? replace_existing(a, d, temp, real) : replace_error(d, dir);
        free(real);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    arena_free(a);
    return done;
}
