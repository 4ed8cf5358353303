#include "commands/depfile.h"
#include "base/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* GNU make: a backslash counts only in front of a space or #, $ is doubled. */
static bool put_name(Diag *d, const char *name, Buf *out)
{
    if (strpbrk(name, "\r\n"))
        return diag_error(d, "--depfile: make cannot read the name %s", diag_quote(d->arena, name));
    for (const char *c = name; *c; c++) {
        size_t slashes = strspn(c, "\\");
        if (slashes && (c[slashes] == ' ' || c[slashes] == '#'))
            for (size_t i = 0; i < slashes; i++)
                buf_puts(out, "\\\\");
        else
            buf_write(out, c, slashes);
        c += slashes;
        if (*c == ' ' || *c == '#')
            buf_putc(out, '\\');
        if (*c == '$')
            buf_putc(out, '$');
        if (!*c)
            break;
        buf_putc(out, *c);
    }
    return true;
}

bool depfile_text(Arena *a, Diag *d, const char *dir, const NameList *outputs, const NameList *inputs, Buf *out)
{
    Map *seen = map_new(a);
    for (size_t i = 0; i < outputs->count; i++) {
        if (i)
            buf_puts(out, " \\\n  ");
        if (!put_name(d, io_join(a, dir, outputs->items[i]), out))
            return false;
    }
    buf_putc(out, ':');
    for (size_t i = 0; i < inputs->count; i++) {
        if (map_has(seen, inputs->items[i]))
            continue;
        map_set(seen, inputs->items[i], seen);
        buf_puts(out, " \\\n  ");
        if (!put_name(d, inputs->items[i], out))
            return false;
    }
    buf_putc(out, '\n');
    return true;
}

const char *depfile_inside(Arena *a, const char *file, const char *dir)
{
    const char *slash = strrchr(file, '/');
    char *folder = realpath(io_dirname(a, file), NULL), *output = realpath(dir, NULL);
    const char *name = slash ? slash + 1 : file;
    bool inside = folder && output && strcmp(folder, output) == 0;
    if (!output && slash) { /* a folder that does not exist yet: by its spelling */
        size_t n = strlen(dir), m = (size_t)(slash - file);
        while (n > 1 && dir[n - 1] == '/')
            n--;
        inside = n == m && strncmp(file, dir, n) == 0;
    }
    free(folder);
    free(output);
    return inside ? name : NULL;
}

bool depfile_write(Arena *a, Diag *d, const char *file, const Buf *text)
{
    const char *temp = arena_printf(a, "%s.new", file);
    if (!io_make_dir(d, io_dirname(a, file)) || !io_write(d, temp, text->data, text->length))
        return false;
    if (rename(temp, file) == 0)
        return true;
    int e = errno;
    unlink(temp);
    return diag_error(d, "cannot write %s: %s", diag_quote(a, file), strerror(e));
}
