#include "target/stack.h"
#include "base/io.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 200 };
static const char INDIRECT[] = "__indirect_call";

typedef struct Function {
    const char *name;
    size_t frame, deepest; /* deepest: of the chain from here, once it is seen */
    bool here, fixed;      /* it is in a graph; its frame has a size that is known */
    bool seen;
    bool called; /* by its name */
    ARRAY(struct Function *) calls;
} Function;

typedef struct {
    Arena *arena;
    Map *functions;
    ARRAY(Function *) all;
    StackBound *out;
} Graphs;

static Function *function(Graphs *g, const char *name)
{
    Function *f = map_get(g->functions, name);
    if (!f) {
        f = NEW(g->arena, Function);
        f->name = arena_strdup(g->arena, name);
        map_set(g->functions, name, f);
        array_push(g->arena, &g->all, f);
    }
    return f;
}

/* What stands behind `key: "`, up to the quote, or NULL. */
static const char *quoted(Arena *a, const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? arena_strndup(a, at + strlen(key), strcspn(at + strlen(key), "\"")) : NULL;
}

/* node: { title: "kws.c:conv" label: "conv\nkws.c:3:1\n24 bytes (static)" }, with \n as two characters;
 * edge: { sourcename: "kws.c:conv" targetname: "memcpy" ... } */
static void read_line(Graphs *g, const char *line)
{
    const char *title = quoted(g->arena, line, "title: \""), *label = quoted(g->arena, line, "label: \"");
    const char *from = quoted(g->arena, line, "sourcename: \""), *to = quoted(g->arena, line, "targetname: \"");
    if (strncmp(line, "edge:", 5) == 0 && from && to) {
        Function *callee = function(g, to);
        array_push(g->arena, &function(g, from)->calls, callee);
        callee->called = true;
        return;
    }
    const char *bytes = label ? strstr(label, " bytes (") : NULL;
    if (strncmp(line, "node:", 5) != 0 || !title || !bytes)
        return;
    Function *f = function(g, title);
    const char *number = bytes;
    while (number > label && number[-1] >= '0' && number[-1] <= '9')
        number--;
    f->here = sscanf(number, "%zu", &f->frame) == 1;
    f->fixed = !strstr(bytes, "dynamic)");
    const char *pushed = strstr(title, ".stack"); /* "kws.c:adze_dsp_dot3.stack76": by an asm statement */
    if (f->here && pushed)
        f->frame += strtoul(pushed + strlen(".stack"), NULL, 10);
}

/* A static function that is not called by its name is there because a pointer to it is ("kws.c:f"; others are "f"). */
static bool behind_a_pointer(const Function *f)
{
    return f->here && !f->called && strchr(f->name, ':');
}

static bool read_graph(Graphs *g, Diag *d, const char *path)
{
    FileBytes file;
    if (!io_map(d, path, &file))
        return false;
    const char *text = arena_strndup(g->arena, file.data, file.size);
    io_unmap(&file);
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
        read_line(g, arena_strndup(g->arena, at, strcspn(at, "\n")));
    return true;
}

static size_t deepest(Graphs *g, Function *f, int depth);

/* Of a call whose target is not known: one to any function that only a pointer reaches. */
static size_t deepest_behind_pointers(Graphs *g, int depth)
{
    size_t most = 0, count = 0;
    for (size_t i = 0; i < g->all.count && g->out->known; i++)
        if (behind_a_pointer(g->all.items[i])) {
            size_t below = deepest(g, g->all.items[i], depth + 1);
            most = below > most ? below : most;
            count++;
        }
    g->out->known &= count > 0;
    return most;
}

static size_t deepest(Graphs *g, Function *f, int depth)
{
    if (depth > MAX_DEPTH || (f->here && !f->fixed)) {
        g->out->known = false; /* recursion gets deeper than any chain of generated functions */
        return 0;
    }
    if (f->seen)
        return f->deepest;
    size_t most = 0;
    if (strcmp(f->name, INDIRECT) == 0)
        most = deepest_behind_pointers(g, depth);
    else if (!f->here)
        array_push(g->arena, &g->out->outside, f->name);
    for (size_t i = 0; i < f->calls.count && g->out->known; i++) {
        size_t below = deepest(g, f->calls.items[i], depth + 1);
        most = below > most ? below : most;
    }
    f->seen = true;
    return f->deepest = f->frame + most;
}

bool stack_bound(Arena *a, Diag *d, const char *dir, const char *entry, StackBound *out)
{
    Graphs g = {.arena = a, .functions = map_new(a), .out = out};
    NameList names = {0};
    *out = (StackBound){0};
    if (!io_list(a, d, dir, &names))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        size_t n = strlen(names.items[i]);
        if (n > 3 && strcmp(names.items[i] + n - 3, ".ci") == 0 && !read_graph(&g, d, io_join(a, dir, names.items[i])))
            return false;
    }
    Function *f = function(&g, entry);
    out->known = f->here;
    if (f->here)
        out->bytes = deepest(&g, f, 0);
    return true;
}
