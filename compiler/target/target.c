#include "target/target.h"
#include "base/buf.h"
#include "base/cpu.h"
#include "base/embed.h"
#include "base/io.h"
#include "target/yaml.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

enum { MAX_EXTENDS = 8 };

/* One file on its way into a Target. Files that it names are looked up beside it, then below targets/. */
typedef struct Loading {
    Arena *arena;
    Diag *diag;
    Target *out;
    const char *file; /* of the YAML, on disk or built in */
    bool built_in;
    const struct Loading *from; /* the one that extends this */
} Loading;

static bool load_file(Loading *l);

static bool read_strings(Loading *l, const YamlValue *v, StringList *out)
{
    *out = (StringList){0};
    if (!yaml_list(l->diag, v))
        return false;
    bool ok = true;
    for (size_t i = 0; i < v->items.count; i++) {
        const char *text = NULL;
        ok = yaml_text(l->diag, v->items.items[i], &text) && ok;
        array_push(l->arena, out, text);
    }
    return ok;
}

static bool find_board_file(Loading *l, const YamlValue *v, BoardFile *out)
{
    const char *name;
    if (!yaml_text(l->diag, v, &name))
        return false;
    const char *slash = strrchr(name, '/');
    *out = (BoardFile){.name = slash ? slash + 1 : name};
    if (!l->built_in) {
        const char *beside = name[0] == '/' ? name : io_join(l->arena, io_dirname(l->arena, l->file), name);
        if (io_exists(beside)) {
            out->path = beside;
            return true;
        }
    }
    const struct EmbeddedFile *e = embedded_find(arena_printf(l->arena, "targets/%s", name));
    if (!e)
        return yaml_error(l->diag, v, "no file %s, neither beside this one nor built into adze",
                          diag_quote(l->arena, name));
    out->data = e->data;
    out->size = e->size;
    return true;
}

static bool read_sources(Loading *l, const YamlValue *v)
{
    l->out->sources.count = 0;
    bool ok = yaml_list(l->diag, v);
    for (size_t i = 0; ok && i < v->items.count; i++) {
        BoardFile f;
        ok = find_board_file(l, v->items.items[i], &f);
        array_push(l->arena, &l->out->sources, f);
    }
    return ok;
}

static bool read_files(Loading *l, const YamlValue *v)
{
    bool ok = yaml_list(l->diag, v);
    for (size_t i = 0; ok && i < v->items.count; i++) {
        BoardFile f;
        ok = find_board_file(l, v->items.items[i], &f);
        array_push(l->arena, &l->out->files, f);
    }
    return ok;
}

static bool read_script(Loading *l, const YamlValue *v)
{
    BoardFile f;
    if (!find_board_file(l, v, &f))
        return false;
    array_push(l->arena, &l->out->files, f);
    l->out->script = f.name;
    return true;
}

static bool read_memories(Loading *l, const YamlValue *v)
{
    static const char *const known[] = {"name", "bytes", "speed", "ram", NULL};
    l->out->memories.count = 0;
    bool ok = yaml_list(l->diag, v);
    for (size_t i = 0; ok && i < v->items.count; i++) {
        const YamlValue *item = v->items.items[i];
        const YamlValue *name, *bytes, *speed, *ram;
        Memory m = {.speed = 1};
        int64_t cost = 1;
        if (!yaml_check_keys(l->diag, item, known))
            return false;
        name = yaml_get(item, "name");
        bytes = yaml_get(item, "bytes");
        speed = yaml_get(item, "speed");
        ram = yaml_get(item, "ram");
        if (!name || !bytes)
            return yaml_error(l->diag, item, "a memory needs a name and bytes");
        ok = yaml_text(l->diag, name, &m.name) && yaml_bytes(l->diag, bytes, &m.bytes) &&
             (!speed || yaml_int(l->diag, speed, 1, 1000, &cost));
        m.speed = (int)cost;
        m.ram = ok && strstr(m.name, "flash") == NULL && strstr(m.name, "rom") == NULL;
        ok = ok && (!ram || yaml_bool(l->diag, ram, &m.ram));
        array_push(l->arena, &l->out->memories, m);
    }
    return ok;
}

/* Tools of the child join those of its parent. */
static bool read_packages(Loading *l, const YamlValue *v)
{
    bool ok = yaml_map(l->diag, v);
    for (size_t i = 0; ok && i < v->pairs.count; i++) {
        ToolPackage t = {.tool = v->pairs.items[i].key->text};
        ok = yaml_text(l->diag, v->pairs.items[i].value, &t.package);
        array_push(l->arena, &l->out->tools, t);
        array_push(l->arena, &l->out->packages, t.package);
    }
    return ok;
}

static bool read_word_bits(Loading *l, const YamlValue *v)
{
    int64_t bits = 0;
    bool ok = yaml_int(l->diag, v, 8, 64, &bits);
    l->out->word_bits = (int)bits;
    return ok;
}

static bool read_endian(Loading *l, const YamlValue *v)
{
    const char *text;
    if (!yaml_text(l->diag, v, &text))
        return false;
    l->out->big_endian = strcmp(text, "big") == 0;
    return l->out->big_endian || strcmp(text, "little") == 0 ||
           yaml_error(l->diag, v, "'endian' is %s; expected little or big", diag_quote(l->arena, text));
}

static bool read_float_unit(Loading *l, const YamlValue *v)
{
    const char *text;
    if (!yaml_text(l->diag, v, &text))
        return false;
    l->out->float_unit = text;
    return strcmp(text, "none") == 0 || strcmp(text, "single") == 0 || strcmp(text, "double") == 0 ||
           yaml_error(l->diag, v, "'float_unit' is %s; expected none, single or double", diag_quote(l->arena, text));
}

/* Flags stand apart from cc, so that a target can inherit the command and bring its own processor. */
static bool read_flags(Loading *l, const YamlValue *v)
{
    return read_strings(l, v, &l->out->flags);
}

/* The keys of a target file: a text, a list of texts, or a function that reads it. */
typedef struct {
    const char *key;
    enum { TEXT, LIST, FUNCTION } kind;
    size_t offset;
    bool (*read)(Loading *l, const YamlValue *v);
} Key;

#define TEXT_KEY(k)                                                                                                    \
    {                                                                                                                  \
#k, TEXT, offsetof(Target, k), NULL                                                                            \
    }
#define LIST_KEY(k)                                                                                                    \
    {                                                                                                                  \
#k, LIST, offsetof(Target, k), NULL                                                                            \
    }
#define FUNCTION_KEY(k)                                                                                                \
    {                                                                                                                  \
#k, FUNCTION, 0, read_##k                                                                                      \
    }
static const Key keys[] = {
    TEXT_KEY(description), FUNCTION_KEY(word_bits), FUNCTION_KEY(endian),   FUNCTION_KEY(float_unit),
    LIST_KEY(features),    LIST_KEY(sets),          FUNCTION_KEY(memories), TEXT_KEY(arch_macro),
    LIST_KEY(cc),          FUNCTION_KEY(flags),     LIST_KEY(link),         FUNCTION_KEY(sources),
    FUNCTION_KEY(files),   FUNCTION_KEY(script),    TEXT_KEY(machine),      LIST_KEY(run),
    LIST_KEY(count),       FUNCTION_KEY(packages),  TEXT_KEY(native),
};
enum { KEYS = sizeof keys / sizeof *keys };

static bool read_key(Loading *l, const Key *k, const YamlValue *v)
{
    char *field = (char *)l->out + k->offset;
    switch (k->kind) {
    case TEXT:
        return yaml_text(l->diag, v, (const char **)(void *)field);
    case LIST:
        return read_strings(l, v, (StringList *)(void *)field);
    case FUNCTION:
        return k->read(l, v);
    }
    return false;
}

static bool check_keys(Loading *l, const YamlValue *v)
{
    const char *known[KEYS + 3] = {"extends", "abstract"};
    for (size_t i = 0; i < KEYS; i++)
        known[2 + i] = keys[i].key;
    return yaml_check_keys(l->diag, v, known);
}

static const char *host_name(void)
{
#if defined(__x86_64__)
    return cpu_has("avx2") && cpu_has("f16c") ? "x86-64-v3" : "x86-64";
#elif defined(__aarch64__)
    return "aarch64";
#else
    return "host";
#endif
}

/* A built-in name, host, or a path ending in .yaml: relative to the file that names it. */
static bool resolve(Loading *l, const char *name)
{
    if (strcmp(name, "host") == 0)
        name = host_name();
    size_t n = strlen(name);
    if (n > 5 && strcmp(name + n - 5, ".yaml") == 0) {
        bool beside = l->from && !l->from->built_in && name[0] != '/';
        l->file = beside ? io_join(l->arena, io_dirname(l->arena, l->from->file), name) : name;
        l->built_in = false;
        return true;
    }
    l->file = arena_printf(l->arena, "targets/%s.yaml", name);
    l->built_in = true;
    return embedded_find(l->file) != NULL;
}

static bool load_parent(Loading *l, const YamlValue *extends)
{
    Loading parent = {.arena = l->arena, .diag = l->diag, .out = l->out, .from = l};
    const char *name;
    if (!yaml_text(l->diag, extends, &name))
        return false;
    if (!resolve(&parent, name))
        return yaml_error(l->diag, extends, "no target %s to extend", diag_quote(l->arena, name));
    int depth = 0;
    for (const Loading *child = l; child; child = child->from, depth++)
        if (depth >= MAX_EXTENDS || strcmp(child->file, parent.file) == 0)
            return yaml_error(l->diag, extends,
                              depth >= MAX_EXTENDS ? "more than %d targets extend each other"
                                                   : "the target extends itself",
                              (int)MAX_EXTENDS);
    return load_file(&parent);
}

static bool load_file(Loading *l)
{
    FileBytes bytes = {0};
    if (l->built_in) {
        const struct EmbeddedFile *e = embedded_find(l->file);
        bytes.data = e->data;
        bytes.size = e->size;
    } else if (!io_map(l->diag, l->file, &bytes)) {
        return false;
    }
    const YamlValue *root = yaml_parse(l->arena, l->diag, l->file, bytes.data, bytes.size);
    if (!l->built_in)
        io_unmap(&bytes);
    if (!root || !check_keys(l, root))
        return false;
    const YamlValue *extends = yaml_get(root, "extends"), *abstract = yaml_get(root, "abstract");
    if (extends && !load_parent(l, extends))
        return false;
    l->out->abstract = false;
    bool ok = !abstract || yaml_bool(l->diag, abstract, &l->out->abstract);
    for (size_t i = 0; i < KEYS; i++) {
        const YamlValue *v = yaml_get(root, keys[i].key);
        if (v)
            ok = read_key(l, &keys[i], v) && ok;
    }
    return ok;
}

static bool runs_here(const Target *t)
{
    struct utsname machine;
    if (!t->native[0] || uname(&machine) != 0 || strcmp(machine.machine, t->native) != 0)
        return false;
    for (size_t i = 0; i < t->features.count; i++)
        if (!cpu_has(t->features.items[i]))
            return false;
    return true;
}

static bool finish(Loading *l)
{
    Target *t = l->out;
    if (t->abstract)
        return diag_error(l->diag, "target %s is only for others to extend; hint: adze targets lists the others",
                          diag_quote(l->arena, t->name));
    if (!t->cc.count)
        return diag_error(l->diag, "%s: 'cc' is missing: the command that compiles C for the target", l->file);
    StringList cc = {0};
    for (size_t i = 0; i < t->cc.count; i++)
        array_push(l->arena, &cc, t->cc.items[i]);
    for (size_t i = 0; i < t->flags.count; i++)
        array_push(l->arena, &cc, t->flags.items[i]);
    t->cc = cc;
    t->runs_here = runs_here(t);
    return true;
}

bool target_load(Arena *a, Diag *d, const char *name, Target *out)
{
    Loading l = {.arena = a, .diag = d, .out = out};
    *out = (Target){.description = "",
                    .word_bits = 32,
                    .float_unit = "none",
                    .arch_macro = "",
                    .machine = "",
                    .script = "",
                    .native = ""};
    if (!resolve(&l, name))
        return diag_error(d, "no target %s; hint: 'adze targets' lists them, and a path ending in .yaml names a file",
                          diag_quote(a, name));
    out->name = io_stem(a, l.file);
    return load_file(&l) && finish(&l);
}

void target_names(Arena *a, StringList *out)
{
    *out = (StringList){0};
    for (size_t i = 0; i < embedded_count; i++) {
        const char *name = embedded_files[i].name, *dot = strrchr(name, '.');
        if (strncmp(name, "targets/", 8) != 0 || !dot || strcmp(dot, ".yaml") != 0 || strchr(name + 8, '/'))
            continue;
        Arena *look = arena_new();
        Target t;
        const char *stem = arena_strndup(a, name + 8, (size_t)(dot - name) - 8);
        if (target_load(look, diag_new(look), stem, &t))
            array_push(a, out, stem);
        arena_free(look);
    }
}

bool target_has(const Target *t, const char *feature)
{
    for (size_t i = 0; i < t->features.count; i++)
        if (strcmp(t->features.items[i], feature) == 0)
            return true;
    return false;
}

const char *target_package(const Target *t, const char *tool)
{
    for (size_t i = t->tools.count; i > 0; i--)
        if (strcmp(t->tools.items[i - 1].tool, tool) == 0)
            return t->tools.items[i - 1].package;
    return NULL;
}

static const char *expand(Arena *a, const char *text, const Placeholder *values, size_t count)
{
    Buf b = {0};
    while (*text) {
        size_t i = 0;
        while (i < count && strncmp(text, values[i].name, strlen(values[i].name)) != 0)
            i++;
        if (i < count) {
            buf_puts(&b, values[i].value);
            text += strlen(values[i].name);
        } else {
            buf_putc(&b, *text++);
        }
    }
    const char *copy = arena_strdup(a, buf_text(&b));
    buf_free(&b);
    return copy;
}

void target_expand(Arena *a, const StringList *list, const Placeholder *values, size_t count, StringList *to)
{
    for (size_t i = 0; i < list->count; i++)
        array_push(a, to, expand(a, list->items[i], values, count));
}
