#include "target/pipeline.h"
#include "base/io.h"
#include "base/text.h"
#include "target/yaml.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *folder; /* "" for the working folder */
    const PipelineKey *keys;
    PipelineSettings *out;
} Pipeline;

static bool add(Pipeline *p, size_t key, const YamlValue *v, const char *text)
{
    const char *name = diag_quote(p->arena, p->keys[key].key);
    PipelineSetting s = {key, text, arena_printf(p->arena, "%s:%d:%d: %s", v->file, v->line, v->column, name)};
    array_push(p->arena, p->out, s);
    return true;
}

static const char *in_folder(const Pipeline *p, const char *path)
{
    return path[0] == '/' ? path : io_join(p->arena, p->folder, path);
}

/* [1, 3, 224] or 7 as "1,3,224" or "7". */
static bool read_numbers(Pipeline *p, const YamlValue *v, bool list, const char **out)
{
    int64_t n;
    if (!list || v->kind != YAML_LIST) {
        if (list && v->kind == YAML_SCALAR && strchr(v->text, ','))
            return yaml_text(p->diag, v, out);
        bool ok = yaml_int(p->diag, v, 0, INT64_MAX, &n);
        *out = arena_printf(p->arena, "%lld", (long long)n);
        return ok;
    }
    *out = "";
    for (size_t i = 0; i < v->items.count; i++) {
        if (!yaml_int(p->diag, v->items.items[i], 0, INT64_MAX, &n))
            return false;
        *out = arena_printf(p->arena, "%s%s%lld", *out, i ? "," : "", (long long)n);
    }
    return true;
}

static bool read_named(Pipeline *p, size_t key, const YamlValue *v)
{
    bool ok = true;
    for (size_t i = 0; i < v->pairs.count; i++) {
        const YamlPair *pair = &v->pairs.items[i];
        const char *numbers;
        if (read_numbers(p, pair->value, p->keys[key].kind == PIPELINE_SHAPES, &numbers))
            add(p, key, pair->value, arena_printf(p->arena, "%s=%s", pair->key->text, numbers));
        else
            ok = false;
    }
    return ok;
}

static bool read_one(Pipeline *p, size_t key, const YamlValue *v)
{
    const char *text;
    double number;
    bool flag;
    int64_t n;
    switch (p->keys[key].kind) {
    case PIPELINE_FLAG:
        return yaml_bool(p->diag, v, &flag) && add(p, key, v, flag ? "true" : "false");
    case PIPELINE_NUMBER:
        return yaml_number(p->diag, v, &number) && add(p, key, v, v->text);
    case PIPELINE_COUNT:
        return yaml_int(p->diag, v, 0, 1000000000, &n) && add(p, key, v, v->text);
    case PIPELINE_PATH:
        return yaml_text(p->diag, v, &text) && add(p, key, v, in_folder(p, text));
    case PIPELINE_TARGET:
        return yaml_text(p->diag, v, &text) &&
               add(p, key, v, text_ends_with(text, ".yaml") ? in_folder(p, text) : text);
    case PIPELINE_SHAPES:
    case PIPELINE_DIMS:
    case PIPELINE_TEXT:
        return yaml_text(p->diag, v, &text) && add(p, key, v, text);
    }
    return false;
}

static bool read_key(Pipeline *p, size_t key, const YamlValue *v)
{
    const PipelineKey *k = &p->keys[key];
    if (v->kind == YAML_MAP && (k->kind == PIPELINE_SHAPES || k->kind == PIPELINE_DIMS))
        return read_named(p, key, v);
    if (!k->list || v->kind != YAML_LIST)
        return read_one(p, key, v);
    bool ok = true;
    for (size_t i = 0; i < v->items.count; i++)
        ok = read_one(p, key, v->items.items[i]) && ok;
    return ok;
}

bool pipeline_read(Arena *a, Diag *d, const char *path, const PipelineKey *keys, size_t count, PipelineSettings *out)
{
    const char *folder = io_dirname(a, path);
    Pipeline p = {a, d, strchr(path, '/') ? folder : "", keys, out};
    const char **known = NEW_ARRAY(a, const char *, count + 1);
    FileBytes bytes;
    *out = (PipelineSettings){0};
    if (!io_map(d, path, &bytes))
        return false;
    const YamlValue *root = yaml_parse(a, d, path, bytes.data, bytes.size);
    io_unmap(&bytes);
    for (size_t i = 0; i < count; i++)
        known[i] = keys[i].key;
    if (!root || !yaml_map(d, root))
        return false;
    bool ok = yaml_check_keys(d, root, known);
    for (size_t i = 0; i < root->pairs.count; i++)
        for (size_t k = 0; k < count; k++)
            if (strcmp(root->pairs.items[i].key->text, keys[k].key) == 0)
                ok = read_key(&p, k, root->pairs.items[i].value) && ok;
    return ok;
}
