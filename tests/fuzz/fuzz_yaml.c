/* YAML as a tree, where every value can be asked for as everything; and what it means as a target's file and as a
 * pipeline file: both are read from disk. */
#include "base/io.h"
#include "commands/commands.h"
#include "target/target.h"
#include "target/yaml.h"
#include "tests/fuzz/fuzz.h"

#include <unistd.h>

static void ask(Diag *d, const YamlValue *v)
{
    const char *text;
    bool flag;
    int64_t n;
    double x;
    size_t bytes;
    yaml_text(d, v, &text);
    yaml_bool(d, v, &flag);
    yaml_int(d, v, -5, 1000, &n);
    yaml_number(d, v, &x);
    yaml_bytes(d, v, &bytes);
    yaml_list(d, v);
    yaml_map(d, v);
    for (size_t i = 0; i < v->items.count; i++)
        ask(d, v->items.items[i]);
    for (size_t i = 0; i < v->pairs.count; i++)
        ask(d, v->pairs.items[i].value);
}

static void read_target(const char *path)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Target t;
    bool ok = target_load(a, d, path, &t);
    fuzz_promise(ok == (d->error_count == 0));
    fuzz_promise(!ok || (t.cc.count > 0 && t.name && t.description && t.script && t.machine && !t.abstract));
    for (size_t i = 0; ok && i < t.packages.count; i++)
        fuzz_promise(t.packages.items[i] != NULL);
    if (ok)
        target_package(&t, t.cc.items[0]);
    arena_free(a);
}

static void read_pipeline(const char *path)
{
    static const int commands[] = {CMD_COMPILE, CMD_VERIFY, CMD_DOCTOR};
    Arena *a = arena_new();
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char option[] = "-c", *arguments[] = {option, arena_strdup(a, path)};
        Diag *d = diag_new(a);
        Options o = {0};
        int status;
        bool ok = options_parse(a, d, commands[i], 2, arguments, &o, &status);
        fuzz_promise(ok == (d->error_count == 0));
    }
    arena_free(a);
}

FUZZ_TARGET(yaml)(const uint8_t *data, size_t size)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    const YamlValue *v = yaml_parse(a, d, "fuzz.yaml", data, size);
    fuzz_promise(v ? !d->error_count : d->error_count > 0);
    static const char *const known[] = {"extends", "name", NULL};
    if (v && yaml_map(d, v)) {
        yaml_check_keys(d, v, known);
        yaml_get(v, "name");
    }
    if (v)
        ask(d, v);
    static char path[64];
    if (!*path)
        snprintf(path, sizeof path, "/tmp/adze-fuzz-%ld.yaml", (long)getpid());
    if (v && io_write(d, path, data, size)) {
        read_target(path);
        read_pipeline(path);
        unlink(path);
    }
    arena_free(a);
    return 0;
}
