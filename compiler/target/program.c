#include "target/program.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/embed.h"
#include "base/io.h"
#include "target/elf.h"
#include "target/harness.h"
#include "target/spawn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { COMPILE_SECONDS = 1800, SHOWN_LINES = 20 };

/* What building needs at hand. */
typedef struct {
    Arena *arena;
    Diag *diag;
    const Target *target;
    const char *folder, *model, *upper;
    const char *build_dir; /* harness, objects, programs */
    const char *board_dir; /* the board's files and objects */
    bool with_stub;        /* the empty model as well, for the sizes */
    bool with_layers;
    StringList model_flags; /* for the generated folder alone */
    StringList shared;      /* objects of harness and board */
    StringList objects;     /* of the generated folder */
    int exit_status;
} Builder;

static void push_expanded(const Builder *b, StringList *to, const StringList *from)
{
    const Placeholder values[] = {
        {"{board}", b->board_dir},
        {"{machine}", b->target->machine},
        {"{script}", io_join(b->arena, b->board_dir, b->target->script)},
    };
    target_expand(b->arena, from, values, sizeof values / sizeof *values, to);
}

static void push(const Builder *b, StringList *to, const char *text)
{
    array_push(b->arena, to, text);
}

/* The first lines of what a tool said, for a message. */
static const char *excerpt(Arena *a, const char *text)
{
    size_t n = 0;
    for (int lines = 0; text[n] && lines < SHOWN_LINES && n < 4000; n++)
        lines += text[n] == '\n';
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    char *shown = arena_strndup(a, text, n);
    for (char *c = shown; *c; c++)
        if ((unsigned char)*c < ' ' && *c != '\n' && *c != '\t')
            *c = '?';
    return shown;
}

/* Reports what became of a command of the target. */
static bool tool_error(Arena *a, Diag *d, const Target *t, const StringList *command, const SpawnResult *r)
{
    const char *text = spawn_text(a, command, r), *packages = target_package(t, command->items[0]);
    if (r->end == SPAWN_MISSING)
        return packages ? diag_error(d, "target %s: %s; hint: apt install %s", t->name, text, packages)
                        : diag_error(d, "target %s: %s", t->name, text);
    const char *said = excerpt(a, r->output);
    const char *hint = strstr(said, "No such file or directory") && packages
                           ? arena_printf(a, "; hint: apt install %s", packages)
                           : "";
    return diag_error(d, "target %s: %s%s%s%s", t->name, text, *said ? ":\n" : "", said, hint);
}

static bool run_tool(Builder *b, const StringList *command, const char *dir)
{
    SpawnResult r = spawn_run(b->arena, command, dir, COMPILE_SECONDS);
    if (r.end == SPAWN_EXITED && r.status == 0)
        return true;
    b->exit_status = EXIT_TOOL;
    return tool_error(b->arena, b->diag, b->target, command, &r);
}

static bool compile_to(Builder *b, const char *source, const char *object, const StringList *flags)
{
    StringList command = {0};
    push_expanded(b, &command, &b->target->cc);
    for (size_t i = 0; flags && i < flags->count; i++)
        push(b, &command, flags->items[i]);
    push(b, &command, "-c");
    push(b, &command, source);
    push(b, &command, "-o");
    push(b, &command, object);
    return run_tool(b, &command, b->folder); /* there, so that .incbin finds its files */
}

static bool compile(Builder *b, const char *source, const char *object, const StringList *flags, StringList *objects)
{
    const char *path = io_join(b->arena, b->build_dir, object);
    push(b, objects, path);
    return compile_to(b, source, path, flags);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static bool compile_folder(Builder *b)
{
    NameList names;
    if (!io_list(b->arena, b->diag, b->folder, &names))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (has_suffix(names.items[i], ".c") || has_suffix(names.items[i], ".S"))
            if (!compile(b, names.items[i], arena_printf(b->arena, "model_%s.o", names.items[i]), &b->model_flags,
                         &b->objects))
                return false;
    return true;
}

static bool write_board_file(Builder *b, const BoardFile *f)
{
    const char *path = io_join(b->arena, b->board_dir, f->name);
    if (!f->path)
        return io_write(b->diag, path, f->data, f->size);
    FileBytes bytes;
    if (!io_map(b->diag, f->path, &bytes))
        return false;
    bool ok = io_write(b->diag, path, bytes.data, bytes.size);
    io_unmap(&bytes);
    return ok;
}

static bool write_board(Builder *b)
{
    const Target *t = b->target;
    for (size_t i = 0; i < t->files.count; i++)
        if (!write_board_file(b, &t->files.items[i]))
            return false;
    for (size_t i = 0; i < t->sources.count; i++)
        if (!write_board_file(b, &t->sources.items[i]))
            return false;
    return true;
}

static bool compile_board(Builder *b)
{
    const Target *t = b->target;
    for (size_t i = 0; i < t->sources.count; i++) {
        const char *source = io_join(b->arena, b->board_dir, t->sources.items[i].name);
        const char *object = arena_printf(b->arena, "%s.o", source);
        push(b, &b->shared, object);
        if (!io_exists(object) &&
            !compile_to(b, source, object, NULL)) /* it exists in a folder that the caller keeps */
            return false;
    }
    return true;
}

static bool write_text(Builder *b, const char *name, Buf *text)
{
    bool ok = io_write(b->diag, io_join(b->arena, b->board_dir, name), text->data, text->length);
    buf_free(text);
    return ok;
}

static bool read_header(Builder *b, HarnessModel *out)
{
    FileBytes header;
    const char *path = io_join(b->arena, b->folder, arena_printf(b->arena, "%s.h", b->model));
    if (!io_map(b->diag, path, &header))
        return false;
    const char *text = arena_strndup(b->arena, header.data, header.size);
    io_unmap(&header);
    *out = (HarnessModel){.folder = b->folder, .model = b->model, .upper = b->upper};
    return harness_model_read(out, b->arena, text) ||
           diag_error(b->diag, "%s: no %s_INPUT_COUNT and %s_OUTPUT_COUNT up to %d", path, b->upper, b->upper,
                      (int)HARNESS_MAX_PORTS);
}

/* A file of weights is linked as if it were part of the model. */
static bool compile_weights(Builder *b, const HarnessModel *m)
{
    Buf text = {0};
    if (m->weight_file_bytes < 0)
        return true;
    harness_weights_text(m, &text);
    return write_text(b, "harness_weights.S", &text) &&
           compile(b, io_join(b->arena, b->board_dir, "harness_weights.S"), "harness_weights.o", NULL, &b->objects);
}

static bool compile_harness(Builder *b, StringList *stub)
{
    HarnessModel *m = NEW(b->arena, HarnessModel);
    if (!read_header(b, m))
        return false;
    const struct EmbeddedFile *harness = embedded_find("targets/harness.c");
    Buf model = {0}, empty = {0};
    harness_model_text(m, b->with_layers && b->target->runs_here, &model);
    harness_stub_text(m, &empty);
    return write_text(b, "harness_model.h", &model) && write_text(b, "stub.c", &empty) && compile_weights(b, m) &&
           io_write(b->diag, io_join(b->arena, b->board_dir, "harness.c"), harness->data, harness->size) &&
           compile(b, io_join(b->arena, b->board_dir, "harness.c"), "harness.o", NULL, &b->shared) &&
           (!b->with_stub || compile(b, io_join(b->arena, b->board_dir, "stub.c"), "stub.o", NULL, stub));
}

static bool link_program(Builder *b, const StringList *objects, const char *elf)
{
    StringList command = {0};
    push_expanded(b, &command, &b->target->cc);
    for (size_t i = 0; i < objects->count; i++)
        push(b, &command, objects->items[i]);
    for (size_t i = 0; i < b->shared.count; i++)
        push(b, &command, b->shared.items[i]);
    push_expanded(b, &command, &b->target->link);
    push(b, &command, "-o");
    push(b, &command, elf);
    return run_tool(b, &command, b->build_dir);
}

static size_t difference(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* b->objects: the first is NAME.c's or not; code is whatever object it is in. */
static bool measure_own(Builder *b, ProgramSizes *out)
{
    const char *source = arena_printf(b->arena, "/model_%s.c.o", b->model);
    for (size_t i = 0; i < b->objects.count; i++) {
        ElfSizes s;
        if (!elf_sizes(b->diag, b->objects.items[i], &s))
            return false;
        out->own_code_bytes += s.code;
        *(has_suffix(b->objects.items[i], source) ? &out->own_code_bytes : &out->own_weight_bytes) += s.rodata + s.data;
    }
    return true;
}

static bool measure(Builder *b, const char *elf, const char *stub_elf, ProgramSizes *out)
{
    ElfSizes with, without;
    if (!elf_sizes(b->diag, elf, &with) || !elf_sizes(b->diag, stub_elf, &without))
        return false;
    *out = (ProgramSizes){.code_bytes = difference(with.code, without.code),
                          .rodata_bytes = difference(with.rodata, without.rodata),
                          .data_bytes = difference(with.data, without.data),
                          .bss_bytes = difference(with.bss, without.bss)};
    return measure_own(b, out);
}

static const char *absolute(Arena *a, Diag *d, const char *path)
{
    char *full = realpath(path, NULL);
    if (!full) {
        diag_error(d, "%s: no such folder", path);
        return NULL;
    }
    const char *copy = arena_strdup(a, full);
    free(full);
    return copy;
}

static bool link_and_measure(Builder *b, const StringList *stub, Program *out)
{
    if (!link_program(b, &b->objects, out->elf))
        return false;
    const char *stub_elf = io_join(b->arena, b->build_dir, "stub.elf");
    return !b->with_stub || (link_program(b, stub, stub_elf) && measure(b, out->elf, stub_elf, &out->sizes));
}

static bool prepare_flags(Builder *b, const BuildOptions *options)
{
    if (options && options->call_graph && b->target->cc.count && strstr(b->target->cc.items[0], "gcc"))
        push(b, &b->model_flags, "-fcallgraph-info=su");
    if (!b->with_layers)
        return true;
    Buf text = {0};
    harness_layers_text(b->upper, b->target->runs_here, &text);
    push(b, &b->model_flags, "-include");
    push(b, &b->model_flags, io_join(b->arena, b->board_dir, "layers.h"));
    return write_text(b, "layers.h", &text);
}

bool program_build_with(Arena *a, Diag *d, const Target *target, const char *folder, const char *model_name,
                        const char *work_dir, const BuildOptions *options, Program *out)
{
    Builder b = {.arena = a, .diag = d, .target = target, .model = model_name, .exit_status = EXIT_INPUT};
    StringList stub = {0};
    *out = (Program){.target = target, .model_name = arena_strdup(a, model_name), .exit_status = EXIT_INPUT};
    b.folder = absolute(a, d, folder);
    const char *work = absolute(a, d, work_dir);
    if (!b.folder || !work)
        return false;
    b.upper = text_upper(a, model_name);
    b.with_layers = options && options->layers;
    b.with_stub = !options || !options->without_sizes;
    b.build_dir = io_join(a, work, "build");
    b.board_dir = options && options->board_dir ? absolute(a, d, options->board_dir) : io_join(a, work, "board");
    out->build_dir = b.build_dir;
    out->run_dir = io_join(a, work, "run");
    out->elf = io_join(a, b.build_dir, "model.elf");
    bool ok = b.board_dir && io_make_dir(d, b.build_dir) && io_make_dir(d, b.board_dir) &&
              io_make_dir(d, out->run_dir) && write_board(&b) && prepare_flags(&b, options) && compile_folder(&b) &&
              compile_board(&b) && compile_harness(&b, &stub) && link_and_measure(&b, &stub, out);
    out->exit_status = ok ? EXIT_DONE : b.exit_status;
    return ok;
}

bool program_build(Arena *a, Diag *d, const Target *target, const char *folder, const char *model_name,
                   const char *work_dir, Program *out)
{
    return program_build_with(a, d, target, folder, model_name, work_dir, NULL, out);
}
