#include "commands/report.h"
#include "base/io.h"

#include <stdlib.h>

void report_init(void)
{
    json_set_alloc_funcs(xmalloc, free);
}

json_t *report_text(const char *text)
{
    json_t *s = json_string(text);
    return s ? s : json_null();
}

json_t *report_read(Command *c, const char *folder, const char *name)
{
    const char *file = io_join(c->keep, folder, arena_printf(c->keep, "%s.json", name));
    FileBytes bytes;
    json_error_t error;
    if (!io_map(c->diag, file, &bytes))
        return NULL;
    json_t *root = json_loadb(bytes.data, bytes.size, 0, &error);
    io_unmap(&bytes);
    if (!root)
        diag_error(c->diag, "%s:%d:%d: %s", file, error.line, error.column, error.text);
    return root;
}

static void put(json_t *total, const char *key, size_t value)
{
    json_object_set_new(total, key, json_integer((json_int_t)value));
}

size_t report_library_bytes(const ProgramSizes *s)
{
    size_t own = s->own_code_bytes + s->own_weight_bytes, all = s->code_bytes + s->rodata_bytes + s->data_bytes;
    return all > own ? all - own : 0;
}

void report_sizes(json_t *total, const ProgramSizes *s)
{
    put(total, "code_bytes", s->own_code_bytes);
    put(total, "weight_bytes", s->own_weight_bytes);
    put(total, "data_bytes", s->bss_bytes);
    put(total, "library_bytes", report_library_bytes(s));
}

void report_measured(json_t *root, const ProgramSizes *s, const RunResult *r)
{
    json_t *total = json_object_get(root, "total");
    report_sizes(total, s);
    if (r->stack_bytes)
        put(total, "stack_bytes", r->stack_bytes);
    if (r->instructions)
        put(total, "instructions", (size_t)r->instructions);
    if (r->min_seconds > 0) {
        json_object_set_new(total, "seconds", json_real(r->min_seconds));
        json_object_set_new(total, "median_seconds", json_real(r->median_seconds));
    }
}

const char *report_dump(Arena *a, json_t *root)
{
    char *text = json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (!text)
        out_of_memory();
    const char *kept = arena_strdup(a, text);
    free(text);
    return kept;
}

void report_print(json_t *root)
{
    Arena *a = arena_new();
    puts(report_dump(a, root));
    arena_free(a);
}
