/* The runtime headers that a model uses: copied from those built into adze, flattened into one folder. */
#include "emit/emit.h"
#include "base/embed.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>

const char *runtime_file_name(Arena *a, const char *header)
{
    if (strcmp(header, "adze.h") == 0)
        return "adze.h";
    char *name = arena_printf(a, "adze_%s", header);
    for (char *c = name; *c; c++)
        if (*c == '/')
            *c = '_';
    return name;
}

/* The runtime header named in a line `#include "tile/conv.h"`, or NULL. */
static const char *included(Arena *a, const char *line, size_t length)
{
    static const char directive[] = "#include \"";
    size_t skip = sizeof directive - 1;
    if (length <= skip || strncmp(line, directive, skip) != 0)
        return NULL;
    const char *end = memchr(line + skip, '"', length - skip);
    return end ? arena_strndup(a, line + skip, (size_t)(end - line) - skip) : NULL;
}

static bool copy_header(const Emitter *e, Diag *d, const char *dir, const char *header, Map *done)
{
    if (map_has(done, header))
        return true;
    map_set(done, header, done);
    const struct EmbeddedFile *file = embedded_find(arena_printf(e->arena, "runtime/%s", header));
    if (!file)
        return diag_error(d, "internal: runtime header %s is not built in", header);
    Buf out = {0};
    bool ok = true;
    const char *text = (const char *)file->data, *end = text + file->size;
    for (const char *line = text; line < end && ok;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t length = stop ? (size_t)(stop - line) + 1 : (size_t)(end - line);
        const char *other = included(e->arena, line, length);
        if (other) {
            buf_printf(&out, "#include \"%s\"\n", runtime_file_name(e->arena, other));
            ok = copy_header(e, d, dir, other, done);
        } else {
            buf_write(&out, line, length);
        }
        line += length;
    }
    ok = ok && io_write(d, io_join(e->arena, dir, runtime_file_name(e->arena, header)), buf_text(&out), out.length);
    buf_free(&out);
    return ok;
}

bool emit_runtime(const Emitter *e, Diag *d, const char *dir)
{
    Map *done = map_new(e->arena);
    for (size_t i = 0; i < e->plan->steps.count; i++)
        if (!copy_header(e, d, dir, e->plan->steps.items[i]->kernel->header, done))
            return false;
    return true;
}
