/* YAML as a tree: every value can be asked for as everything. */
#include "target/yaml.h"
#include "tests/fuzz/fuzz.h"

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
    arena_free(a);
    return 0;
}
