#include "target/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *file;
    yaml_parser_t parser;
    yaml_event_t event;
    size_t values;
} Reader;

static bool error_at(Diag *d, const char *file, int line, int column, const char *text)
{
    const char *before = d->file;
    d->file = NULL;
    diag_error(d, "%s:%d:%d: %s", file, line, column, text);
    d->file = before;
    return false;
}

bool yaml_error(Diag *d, const YamlValue *v, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(d->arena, format, args);
    va_end(args);
    return error_at(d, v->file, v->line, v->column, text);
}

static bool error_here(Reader *r, const char *text)
{
    yaml_mark_t m = r->event.start_mark;
    return error_at(r->diag, r->file, (int)m.line + 1, (int)m.column + 1, text);
}

static bool next(Reader *r)
{
    yaml_event_delete(&r->event);
    if (yaml_parser_parse(&r->parser, &r->event))
        return true;
    memset(&r->event, 0, sizeof r->event);
    if (r->parser.error == YAML_MEMORY_ERROR)
        out_of_memory();
    yaml_mark_t m = r->parser.problem_mark;
    const char *problem = r->parser.problem ? r->parser.problem : "not YAML";
    return error_at(r->diag, r->file, (int)m.line + 1, (int)m.column + 1, problem);
}

/* Anchors without an alias do no harm, tags would change a meaning. */
static bool has_tag(const yaml_event_t *e)
{
    return (e->type == YAML_SCALAR_EVENT && e->data.scalar.tag) ||
           (e->type == YAML_SEQUENCE_START_EVENT && e->data.sequence_start.tag) ||
           (e->type == YAML_MAPPING_START_EVENT && e->data.mapping_start.tag);
}

static YamlValue *new_value(Reader *r, YamlKind kind, const char *what)
{
    YamlValue *v = NEW(r->arena, YamlValue);
    v->kind = kind;
    v->file = r->file;
    v->what = what;
    v->line = (int)r->event.start_mark.line + 1;
    v->column = (int)r->event.start_mark.column + 1;
    return v;
}

static YamlValue *read_value(Reader *r, const char *what, int depth);

static YamlValue *read_scalar(Reader *r, const char *what)
{
    YamlValue *v = new_value(r, YAML_SCALAR, what);
    const char *text = (const char *)r->event.data.scalar.value;
    size_t length = r->event.data.scalar.length;
    if (memchr(text, 0, length)) {
        error_here(r, "a zero byte in a text");
        return NULL;
    }
    v->text = arena_strndup(r->arena, text, length);
    v->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    return next(r) ? v : NULL;
}

static YamlValue *read_list(Reader *r, const char *what, int depth)
{
    YamlValue *v = new_value(r, YAML_LIST, what);
    if (!next(r))
        return NULL;
    while (r->event.type != YAML_SEQUENCE_END_EVENT) {
        const YamlValue *item = read_value(r, what, depth + 1);
        if (!item)
            return NULL;
        array_push(r->arena, &v->items, item);
    }
    return next(r) ? v : NULL;
}

static YamlValue *read_map(Reader *r, const char *what, int depth)
{
    YamlValue *v = new_value(r, YAML_MAP, what);
    if (!next(r))
        return NULL;
    while (r->event.type != YAML_MAPPING_END_EVENT) {
        YamlPair pair = {0};
        if (!(pair.key = read_value(r, what, depth + 1)))
            return NULL;
        if (pair.key->kind != YAML_SCALAR) {
            yaml_error(r->diag, pair.key, "a key has to be a text");
            return NULL;
        }
        const YamlValue *before = yaml_get(v, pair.key->text);
        if (before) {
            yaml_error(r->diag, pair.key, "key %s stands twice, first in line %d", diag_quote(r->arena, pair.key->text),
                       before->line);
            return NULL;
        }
        if (!(pair.value = read_value(r, pair.key->text, depth + 1)))
            return NULL;
        array_push(r->arena, &v->pairs, pair);
    }
    return next(r) ? v : NULL;
}

/* Leaves the event behind the value in r->event. */
static YamlValue *read_value(Reader *r, const char *what, int depth)
{
    const char *wrong = NULL;
    if (depth > YAML_MAX_DEPTH)
        wrong = "nested too deeply";
    else if (++r->values > YAML_MAX_VALUES)
        wrong = "too many values";
    else if (r->event.type == YAML_ALIAS_EVENT)
        wrong = "aliases (*name) are not supported";
    else if (has_tag(&r->event))
        wrong = "tags (!name) are not supported";
    if (wrong) {
        error_here(r, wrong);
        return NULL;
    }
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(r, what);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r, what, depth);
    case YAML_MAPPING_START_EVENT:
        return read_map(r, what, depth);
    default:
        error_here(r, "a value is missing");
        return NULL;
    }
}

static const YamlValue *read_document(Reader *r)
{
    if (!next(r) || !next(r)) /* stream start, document start */
        return NULL;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return new_value(r, YAML_MAP, "");
    if (!next(r))
        return NULL;
    const YamlValue *v = read_value(r, "", 0);
    if (!v || !next(r)) /* document end */
        return NULL;
    if (r->event.type == YAML_STREAM_END_EVENT)
        return v;
    error_here(r, "a second document; one is expected");
    return NULL;
}

const YamlValue *yaml_parse(Arena *a, Diag *d, const char *file, const void *bytes, size_t size)
{
    Reader r = {.arena = a, .diag = d, .file = arena_strdup(a, file)};
    if (size > YAML_MAX_BYTES) {
        error_at(d, file, 1, 1, "larger than 1 MiB, which no configuration is");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser))
        out_of_memory();
    yaml_parser_set_input_string(&r.parser, bytes, size);
    const YamlValue *v = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    return v;
}

const YamlValue *yaml_get(const YamlValue *map, const char *key)
{
    for (size_t i = 0; map && i < map->pairs.count; i++)
        if (strcmp(map->pairs.items[i].key->text, key) == 0)
            return map->pairs.items[i].value;
    return NULL;
}

static bool wrong_type(Diag *d, const YamlValue *v, const char *expected)
{
    static const char *const kind[] = {"", "a list", "a mapping"};
    const char *found = v->kind == YAML_SCALAR ? diag_quote(d->arena, v->text) : kind[v->kind];
    return v->what[0] ? yaml_error(d, v, "%s is %s; expected %s", diag_quote(d->arena, v->what), found, expected)
                      : yaml_error(d, v, "found %s; expected %s", found, expected);
}

bool yaml_list(Diag *d, const YamlValue *v)
{
    return v->kind == YAML_LIST || wrong_type(d, v, "a list");
}

bool yaml_map(Diag *d, const YamlValue *v)
{
    return v->kind == YAML_MAP || wrong_type(d, v, "a mapping of keys to values");
}

static bool is_known(const char *key, const char *const *known)
{
    for (; *known; known++)
        if (strcmp(*known, key) == 0)
            return true;
    return false;
}

bool yaml_check_keys(Diag *d, const YamlValue *v, const char *const *known)
{
    bool ok = yaml_map(d, v);
    const char *list = "";
    for (const char *const *k = known; *k; k++)
        list = arena_printf(d->arena, "%s%s%s", list, *list ? ", " : "", *k);
    for (size_t i = 0; i < v->pairs.count; i++) {
        const YamlValue *key = v->pairs.items[i].key;
        if (!is_known(key->text, known))
            ok = yaml_error(d, key, "unknown key %s; supported: %s", diag_quote(d->arena, key->text), list);
    }
    return ok;
}

static bool is_null(const YamlValue *v)
{
    return !v->quoted && (v->text[0] == 0 || strcmp(v->text, "~") == 0 || strcmp(v->text, "null") == 0);
}

bool yaml_text(Diag *d, const YamlValue *v, const char **out)
{
    if (v->kind != YAML_SCALAR || is_null(v))
        return wrong_type(d, v, "a text");
    *out = v->text;
    return true;
}

bool yaml_bool(Diag *d, const YamlValue *v, bool *out)
{
    bool yes = v->kind == YAML_SCALAR && !v->quoted && strcmp(v->text, "true") == 0;
    bool no = v->kind == YAML_SCALAR && !v->quoted && strcmp(v->text, "false") == 0;
    *out = yes;
    return yes || no || wrong_type(d, v, "true or false");
}

bool yaml_int(Diag *d, const YamlValue *v, int64_t low, int64_t high, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    if (v->kind == YAML_SCALAR && !v->quoted && strchr("+-0123456789", v->text[0]))
        *out = strtoll(v->text, &end, 10);
    if (!end || end == v->text || *end)
        return wrong_type(d, v, "an integer");
    if (errno || *out < low || *out > high)
        return wrong_type(d, v,
                          arena_printf(d->arena, "an integer from %lld to %lld", (long long)low, (long long)high));
    return true;
}

bool yaml_number(Diag *d, const YamlValue *v, double *out)
{
    char *end = NULL;
    if (v->kind == YAML_SCALAR && !v->quoted && strchr("+-.0123456789", v->text[0]))
        *out = strtod(v->text, &end);
    if (!end || end == v->text || *end || !isfinite(*out))
        return wrong_type(d, v, "a number");
    return true;
}

bool yaml_bytes(Diag *d, const YamlValue *v, size_t *out)
{
    static const char units[] = "KMG";
    char *end = NULL;
    unsigned long long n = 0;
    errno = 0;
    if (v->kind == YAML_SCALAR && !v->quoted && v->text[0] >= '0' && v->text[0] <= '9')
        n = strtoull(v->text, &end, 10);
    const char *unit = end && *end ? strchr(units, *end) : NULL;
    int shift = unit ? (int)(unit - units + 1) * 10 : 0;
    if (!end || (*end && (!unit || end[1])) || errno || n > (SIZE_MAX / 2) >> shift)
        return wrong_type(d, v, "a size such as 4096, 64K or 2M");
    *out = (size_t)n << shift;
    return true;
}
