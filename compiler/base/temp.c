/* Temporary folders, and how a finished one takes the place of another. */
#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_TEMP = 32, MAX_DEPTH = 32, LIST_BYTES = 2048, MAX_PATH = 4096 };

/* What getdents64 fills in: https://man7.org/linux/man-pages/man2/getdents.2.html */
typedef struct {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
} Entry;

static void remove_at(int parent, const char *name, int depth);

/* One reading of the folder; answers whether anything was there. */
static bool empty_once(int fd, int depth)
{
    _Alignas(Entry) char list[LIST_BYTES];
    bool any = false;
    for (long n; (n = syscall(SYS_getdents64, fd, list, sizeof list)) > 0;) {
        for (long at = 0; at < n;) {
            const Entry *e = (const Entry *)(const void *)(list + at);
            at += e->length;
            if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
                continue;
            any = true;
            remove_at(fd, e->name, depth);
        }
    }
    return any;
}

/* System calls and the stack only, since a signal handler comes here too. */
static void remove_at(int parent, const char *name, int depth)
{
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT || depth == MAX_DEPTH)
        return;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    /* Again, because removing while reading may skip entries; a bound, because some may be impossible to remove. */
    for (int round = 0; round < 8 && empty_once(fd, depth + 1); round++)
        lseek(fd, 0, SEEK_SET);
    close(fd);
    unlinkat(parent, name, AT_REMOVEDIR);
}

void io_remove_tree(const char *path)
{
    int e = errno;
    remove_at(AT_FDCWD, path, 0);
    errno = e;
}

static struct {
    char path[MAX_PATH]; /* absolute; "" when free */
    pid_t owner;         /* a forked child must not remove its parent's folder */
} temps[MAX_TEMP];

static void remove_temps(void)
{
    pid_t self = getpid();
    for (int i = 0; i < MAX_TEMP; i++)
        if (temps[i].path[0] && temps[i].owner == self)
            io_remove_tree(temps[i].path);
}

static void on_signal(int number)
{
    remove_temps();
    signal(number, SIG_DFL);
    raise(number); /* delivered when this handler returns: the parent sees the true cause */
}

static void install_removal(void)
{
    static bool installed;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    if (installed)
        return;
    installed = true;
    atexit(remove_temps);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, new = {.sa_handler = on_signal};
        sigemptyset(&new.sa_mask);
        for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
            sigaddset(&new.sa_mask, signals[k]);
        /* Ignored signals (nohup) stay ignored, and a caller's own handler stays. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(signals[i], &new, NULL);
    }
}

static void block_signals(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, old);
}

/* Makes the folder and registers it in one step as signals see it. */
static bool make_temp(char *path, int slot)
{
    sigset_t old;
    block_signals(&old);
    bool made = mkdtemp(path) != NULL;
    int e = errno;
    if (made) {
        temps[slot].owner = getpid();
        if (!realpath(path, temps[slot].path))
            temps[slot].path[0] = 0;
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    errno = e;
    return made;
}

const char *io_temp_dir(Arena *a, Diag *d, const char *parent, const char *prefix)
{
    int slot = 0;
    while (slot < MAX_TEMP && temps[slot].path[0] && access(temps[slot].path, F_OK) == 0)
        slot++;
    if (slot == MAX_TEMP) {
        diag_error(d, "more than %d temporary folders", MAX_TEMP);
        return NULL;
    }
    if (!parent)
        parent = getenv("TMPDIR");
    if (!parent || !parent[0])
        parent = "/tmp";
    char *path = arena_printf(a, "%s/%sXXXXXX", parent, prefix ? prefix : "");
    if (strlen(path) >= MAX_PATH / 2) {
        diag_error(d, "cannot make a temporary folder: its path is too long");
        return NULL;
    }
    install_removal();
    if (make_temp(path, slot))
        return path;
    diag_error(d, "cannot make a temporary folder in %s: %s", diag_quote(d->arena, parent), strerror(errno));
    return NULL;
}

const char *io_stage_dir(Arena *a, Diag *d, const char *dir)
{
    const char *parent = io_dirname(a, dir);
    return io_make_dir(d, parent) ? io_temp_dir(a, d, parent, ".adze-") : NULL;
}

void io_keep_temp(const char *path)
{
    char full[MAX_PATH];
    if (!realpath(path, full))
        return;
    for (int i = 0; i < MAX_TEMP; i++)
        if (strcmp(temps[i].path, full) == 0)
            temps[i].path[0] = 0;
}
