#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static bool io_error(Diag *d, const char *what, const char *path)
{
    int e = errno;
    return diag_error(d, "cannot %s %s: %s", what, diag_quote(d->arena, path), strerror(e));
}

static bool map_open_file(Diag *d, const char *path, int fd, FileBytes *out)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return io_error(d, "read", path);
    if (S_ISDIR(s.st_mode))
        return diag_error(d, "cannot read %s: it is a folder; hint: name a file in it", diag_quote(d->arena, path));
    if (!S_ISREG(s.st_mode))
        return diag_error(d, "cannot read %s: it is not a regular file", diag_quote(d->arena, path));
    if ((uintmax_t)s.st_size > SIZE_MAX / 2)
        return diag_error(d, "cannot read %s: it is too large", diag_quote(d->arena, path));
    if (s.st_size == 0)
        return true;
    void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return io_error(d, "read", path);
    *out = (FileBytes){p, (size_t)s.st_size, true};
    return true;
}

bool io_map(Diag *d, const char *path, FileBytes *out)
{
    *out = (FileBytes){"", 0, false};
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return io_error(d, "open", path);
    bool done = map_open_file(d, path, fd, out);
    close(fd);
    if (done)
        array_push(d->arena, &d->files, arena_strdup(d->arena, path));
    return done;
}

void io_unmap(FileBytes *f)
{
    if (f->mapped)
        munmap((void *)(uintptr_t)f->data, f->size);
    *f = (FileBytes){"", 0, false};
}

void io_give_back(const FileBytes *f, const void *p, size_t bytes)
{
    const uintptr_t first = (uintptr_t)f->data, page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)p, end = start + bytes;
    if (!f->mapped || start < first || end > first + f->size || end < start)
        return;
    start = (start + page - 1) / page * page;
    end = end == first + f->size ? (end + page - 1) / page * page : end / page * page;
    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

static bool write_all(int fd, const char *p, size_t size)
{
    while (size) {
        ssize_t n = write(fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

bool io_write(Diag *d, const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return io_error(d, "write", path);
    struct stat s;
    bool regular = fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
    bool done = write_all(fd, data, size);
    int e = errno;
    if (close(fd) != 0 && done) {
        done = false;
        e = errno;
    }
    if (done)
        return true;
    if (regular) /* half a file would be taken for a whole one */
        unlink(path);
    errno = e;
    return io_error(d, "write", path);
}

static bool holds(const char *path, const void *data, size_t size)
{
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode) || (uintmax_t)s.st_size != size)
        return false;
    Arena *a = arena_new();
    FileBytes f;
    bool same = io_map(diag_new(a), path, &f) && f.size == size && memcmp(f.data, data, size) == 0;
    io_unmap(&f);
    arena_free(a);
    return same;
}

bool io_write_if_changed(Diag *d, const char *path, const void *data, size_t size)
{
    return holds(path, size ? data : "", size) || io_write(d, path, data, size);
}

bool io_exists(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0;
}

bool io_is_dir(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool io_make_dir(Diag *d, const char *path)
{
    char *copy = arena_strdup(d->arena, path);
    for (char *p = copy + 1; copy[0] && *p; p++) {
        if (*p != '/')
            continue;
        *p = 0;
        if (mkdir(copy, 0777) != 0 && errno != EEXIST && !io_is_dir(copy))
            return io_error(d, "make folder", copy);
        *p = '/';
    }
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && io_is_dir(path)))
        return true;
    return io_error(d, "make folder", path);
}

const char *io_join(Arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    if (n == 0)
        return arena_strdup(a, name);
    return arena_printf(a, "%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

const char *io_stem(Arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return arena_strndup(a, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

const char *io_dirname(Arena *a, const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') /* "out/" is the folder out in . */
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return n ? arena_strndup(a, path, n) : arena_strdup(a, ".");
}

static int compare_names(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

bool io_list(Arena *a, Diag *d, const char *path, NameList *out)
{
    *out = (NameList){0};
    DIR *dir = opendir(path);
    if (!dir)
        return io_error(d, "list", path);
    errno = 0;
    for (struct dirent *e; (e = readdir(dir)); errno = 0)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            array_push(a, out, arena_strdup(a, e->d_name));
    int e = errno;
    closedir(dir);
    errno = e;
    if (e)
        return io_error(d, "list", path);
    if (out->count)
        qsort(out->items, out->count, sizeof *out->items, compare_names);
    return true;
}
