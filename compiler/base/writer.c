#include "base/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 16 };

struct Writer {
    Arena *arena;
    Diag *diag;
    const char *path;
    int fd, error; /* errno of the first failure */
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void write_out(Writer *w, const char *p, size_t size)
{
    while (size && !w->error) {
        ssize_t n = write(w->fd, p, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            w->error = errno;
            return;
        }
        p += n;
        size -= (size_t)n;
    }
}

static void flush(Writer *w)
{
    write_out(w, w->buffer, w->used);
    w->used = 0;
}

static bool write_error(Writer *w, int error)
{
    return diag_error(w->diag, "cannot write %s: %s", diag_quote(w->diag->arena, w->path), strerror(error));
}

Writer *writer_open(Arena *a, Diag *d, const char *path)
{
    Writer *w = NEW(a, Writer);
    w->arena = a;
    w->diag = d;
    w->path = path;
    w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd >= 0)
        return w;
    write_error(w, errno);
    return NULL;
}

void writer_write(Writer *w, const void *data, size_t size)
{
    if (size > sizeof w->buffer - w->used)
        flush(w);
    if (size > sizeof w->buffer) {
        write_out(w, data, size);
    } else if (size) {
        memcpy(w->buffer + w->used, data, size);
        w->used += size;
    }
}

void writer_puts(Writer *w, const char *text)
{
    writer_write(w, text, strlen(text));
}

void writer_printf(Writer *w, const char *format, ...)
{
    Arena *scratch = arena_new();
    va_list args;
    va_start(args, format);
    writer_puts(w, arena_vprintf(scratch, format, args));
    va_end(args);
    arena_free(scratch);
}

void writer_head(Writer *w, const void *data, size_t size)
{
    flush(w);
    if (!w->error && lseek(w->fd, 0, SEEK_SET) != 0)
        w->error = errno;
    write_out(w, data, size);
}

bool writer_close(Writer *w)
{
    struct stat s;
    flush(w);
    bool regular = fstat(w->fd, &s) == 0 && S_ISREG(s.st_mode);
    if (close(w->fd) != 0 && !w->error)
        w->error = errno;
    if (!w->error)
        return true;
    if (regular) /* half a file would be taken for a whole one */
        unlink(w->path);
    return write_error(w, w->error);
}
