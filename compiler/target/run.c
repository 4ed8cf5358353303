/* program_run: the files that a program reads and writes are described in targets/harness.c. */
#include "base/embed.h"
#include "base/io.h"
#include "target/program.h"
#include "target/spawn.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_BYTES = 12, DEFAULT_SECONDS = 300 };

typedef struct {
    Arena *arena;
    Diag *diag;
    const Program *program;
    const RunOptions *options;
    RunResult *result;
    size_t cases;
    bool direct, count;
} Runner;

static void put_u32(unsigned char *to, size_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static bool write_input(Runner *r, const void *in, size_t in_bytes)
{
    if (in_bytes > UINT32_MAX || r->cases > UINT32_MAX || (in_bytes && r->cases > (SIZE_MAX / 2) / in_bytes))
        return diag_error(r->diag, "%zu cases of %zu bytes are too many for one run", r->cases, in_bytes);
    size_t bytes = r->cases * in_bytes;
    unsigned char *all = xmalloc(HEAD_BYTES + bytes);
    put_u32(all, r->cases);
    put_u32(all + 4, r->direct && r->options->repeat > 0 ? (size_t)r->options->repeat : 0);
    put_u32(all + 8, in_bytes);
    if (bytes)
        memcpy(all + HEAD_BYTES, in, bytes);
    bool ok = io_write(r->diag, io_join(r->arena, r->program->run_dir, "in.bin"), all, HEAD_BYTES + bytes);
    free(all);
    return ok;
}

static const char *plugin_path(const Runner *r)
{
    return io_join(r->arena, r->program->build_dir, "icount.so");
}

static void push_expanded(const Runner *r, StringList *to, const StringList *from)
{
    const Placeholder values[] = {
        {"{elf}", r->program->elf},
        {"{machine}", r->program->target->machine},
        {"{plugin}", plugin_path(r)},
        {"{count}", "count.txt"},
    };
    target_expand(r->arena, from, values, sizeof values / sizeof *values, to);
}

/* run[0], the arguments that count, the rest of run. */
static bool build_command(Runner *r, StringList *command)
{
    const Target *t = r->program->target;
    if (r->direct) {
        array_push(r->arena, command, r->program->elf);
        return true;
    }
    if (!t->run.count)
        return diag_error(r->diag, "target %s cannot be run on this machine: its file has no 'run'", t->name);
    StringList first = {.items = t->run.items, .count = 1}, rest = {t->run.items + 1, t->run.count - 1, 0};
    push_expanded(r, command, &first);
    if (r->count)
        push_expanded(r, command, &t->count);
    push_expanded(r, command, &rest);
    const struct EmbeddedFile *plugin = embedded_find("targets/icount.so");
    return !r->count || io_write(r->diag, plugin_path(r), plugin->data, plugin->size);
}

/* What the program or its emulator printed, on one line. */
static const char *one_line(Arena *a, const char *text)
{
    char *s = arena_strndup(a, text, strnlen(text, 1000));
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        s[--n] = 0;
    for (char *c = s; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = *c == '\n' ? '|' : '?';
    return s;
}

static bool execute(Runner *r)
{
    static const char *const files[] = {"out.bin", "time.bin", "layers.bin", "stack.bin", "count.txt"};
    StringList command = {0};
    if (!build_command(r, &command))
        return false;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(io_join(r->arena, r->program->run_dir, files[i]));
    double timeout = r->options->timeout_seconds > 0 ? r->options->timeout_seconds : DEFAULT_SECONDS;
    SpawnResult s = spawn_run(r->arena, &command, r->program->run_dir, timeout);
    if (s.end == SPAWN_EXITED && s.status == 0)
        return true;
    const Target *t = r->program->target;
    const char *package = target_package(t, command.items[0]), *said = one_line(r->arena, s.output);
    if (s.end == SPAWN_MISSING)
        return diag_error(r->diag, "target %s: %s is not installed%s%s", t->name, command.items[0],
                          package ? "; hint: apt install " : "", package ? package : "");
    return diag_error(r->diag, "target %s: %s's program failed: %s%s%s", t->name, r->program->model_name,
                      spawn_text(r->arena, &command, &s), *said ? ": " : "", said);
}

static bool read_output(Runner *r, void *out, size_t out_bytes)
{
    FileBytes file;
    if (!io_map(r->diag, io_join(r->arena, r->program->run_dir, "out.bin"), &file))
        return false;
    size_t bytes = out_bytes * r->cases;
    bool ok = file.size == bytes;
    if (ok && bytes)
        memcpy(out, file.data, bytes);
    size_t found = file.size;
    io_unmap(&file);
    return ok || diag_error(r->diag, "target %s: the program wrote %zu bytes of outputs; expected %zu",
                            r->program->target->name, found, bytes);
}

static uint64_t get_u64(const unsigned char *from)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | from[i];
    return v;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The 64-bit numbers of a file of the run, or none. */
static size_t read_numbers(Runner *r, const char *name, uint64_t **out)
{
    FileBytes file;
    const char *path = io_join(r->arena, r->program->run_dir, name);
    *out = NULL;
    if (!io_exists(path) || !io_map(r->diag, path, &file))
        return 0;
    size_t count = file.size / 8;
    *out = NEW_ARRAY(r->arena, uint64_t, count);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = get_u64((const unsigned char *)file.data + 8 * i);
    io_unmap(&file);
    return count;
}

/* Sorts them. */
static LayerTime summary(uint64_t *nanoseconds, size_t count)
{
    qsort(nanoseconds, count, sizeof *nanoseconds, by_value);
    return (LayerTime){1e-9 * (double)nanoseconds[0],
                       0.5e-9 * (double)(nanoseconds[(count - 1) / 2] + nanoseconds[count / 2])};
}

/* layers.bin: the layers of the first timed run, those of the second ... */
static void read_layers(Runner *r, size_t runs)
{
    uint64_t *numbers, *one = NEW_ARRAY(r->arena, uint64_t, runs);
    size_t layers = read_numbers(r, "layers.bin", &numbers) / runs;
    for (size_t i = 0; i < layers; i++) {
        for (size_t k = 0; k < runs; k++)
            one[k] = numbers[k * layers + i];
        array_push(r->arena, &r->result->layer_times, summary(one, runs));
    }
}

static void read_measures(Runner *r)
{
    uint64_t *numbers;
    if (read_numbers(r, "stack.bin", &numbers) == 1)
        r->result->stack_bytes = (size_t)numbers[0];
    size_t count = read_numbers(r, "time.bin", &numbers);
    if (!count)
        return;
    LayerTime total = summary(numbers, count);
    r->result->min_seconds = total.min_seconds;
    r->result->median_seconds = total.median_seconds;
    read_layers(r, count);
}

/* Lines of icount.c: "lap N", "region N". */
static bool read_count(Runner *r)
{
    FileBytes file;
    if (!io_map(r->diag, io_join(r->arena, r->program->run_dir, "count.txt"), &file))
        return false;
    const char *at = arena_strndup(r->arena, file.data, file.size);
    io_unmap(&file);
    size_t regions = 0;
    for (; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        uint64_t n;
        if (sscanf(at, "region %" SCNu64, &n) == 1) {
            if (n > r->result->instructions)
                r->result->instructions = n;
            if (!regions || n < r->result->instructions_least)
                r->result->instructions_least = n;
            regions++;
        } else if (!regions && sscanf(at, "lap %" SCNu64, &n) == 1) {
            array_push(r->arena, &r->result->laps, n);
        }
    }
    return regions == r->cases || diag_error(r->diag, "target %s: %zu runs were counted; expected %zu",
                                             r->program->target->name, regions, r->cases);
}

bool program_run(Arena *a, Diag *d, const Program *p, const void *in, size_t in_bytes, size_t cases, void *out,
                 size_t out_bytes, const RunOptions *options, RunResult *result)
{
    const Target *t = p->target;
    Runner r = {.arena = a, .diag = d, .program = p, .options = options, .result = result, .cases = cases};
    *result = (RunResult){.exit_status = EXIT_TOOL};
    r.direct = t->runs_here && !options->emulate;
    r.count = options->count && !r.direct && t->count.count > 0;
    if (!write_input(&r, in, in_bytes) || !execute(&r) || !read_output(&r, out, out_bytes))
        return false;
    read_measures(&r);
    if (r.count && !read_count(&r))
        return false;
    result->exit_status = EXIT_DONE;
    return true;
}
