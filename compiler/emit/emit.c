#include "emit/emit.h"
#include "base/embed.h"
#include "base/io.h"

#include <string.h>

static bool write_text(const Emitter *e, Diag *d, const char *dir, const char *file,
                       void (*print)(const Emitter *, Buf *))
{
    Buf text = {0};
    print(e, &text);
    bool ok = io_write(d, io_join(e->arena, dir, file), buf_text(&text), text.length);
    buf_free(&text);
    return ok;
}

static bool write_named(const Emitter *e, Diag *d, const char *dir, const char *suffix,
                        void (*print)(const Emitter *, Buf *))
{
    return write_text(e, d, dir, arena_printf(e->arena, "%s%s", e->name, suffix), print);
}

bool emit_folder(Arena *a, Diag *d, const Plan *p, const Target *t, const EmitOptions *o, const char *dir)
{
    Emitter e = {.arena = a, .plan = p, .target = t, .options = o};
    emitter_names(&e);
    emitter_weights(&e);
    bool ok =
        !e.weight_bytes || (emit_weights(&e, d, dir) && write_named(&e, d, dir, "_weights.h", emit_weights_header));
    return ok && write_named(&e, d, dir, ".h", emit_header) && write_named(&e, d, dir, ".c", emit_source) &&
           write_named(&e, d, dir, ".json", emit_report) && write_named(&e, d, dir, ".html", emit_report_page) &&
           write_text(&e, d, dir, "CMakeLists.txt", emit_cmake) && emit_runtime(&e, d, dir);
}
