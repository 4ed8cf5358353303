/* Tensors whose bytes are in a file beside the model: https://onnx.ai/onnx/repo-docs/ExternalData.html
 * A model must not be able to read anything outside its own folder. */
#include "load/loader.h"
#include "base/hash.h"
#include "base/io.h"

#include <errno.h>
#include <stdlib.h>

typedef struct {
    const char *location;
    uint64_t offset, length;
    bool has_length;
} Place;

static bool parse_size(const char *s, uint64_t *out)
{
    *out = 0;
    if (!*s)
        return false;
    for (; *s; s++)
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(*out, 10u, out) ||
            __builtin_add_overflow(*out, (unsigned)(*s - '0'), out))
            return false;
    return true;
}

static bool read_place(Loader *l, const Onnx__TensorProto *t, const char *who, Place *out)
{
    *out = (Place){0};
    for (size_t i = 0; i < t->n_external_data; i++) {
        const char *key = text_or_empty(t->external_data[i]->key), *value = text_or_empty(t->external_data[i]->value);
        bool good = true;
        if (strcmp(key, "location") == 0)
            out->location = value;
        else if (strcmp(key, "offset") == 0)
            good = parse_size(value, &out->offset);
        else if (strcmp(key, "length") == 0)
            good = out->has_length = parse_size(value, &out->length);
        if (!good)
            return diag_error(l->diag, "%s: the %s of its external data, %s, is not a size", who, key,
                              diag_quote(l->wire, value));
    }
    if (!out->location || !*out->location)
        return diag_error(l->diag, "%s: its external data has no location", who);
    return true;
}

static bool leads_outside(const char *location)
{
    if (*location == '/')
        return true;
    for (const char *p = location; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return true;
        p += n + (p[n] == '/');
    }
    return false;
}

/* The file with all links resolved, when it is below the model's folder. */
static const char *resolve(Loader *l, const char *who, const char *location)
{
    const char *shown = diag_quote(l->wire, location);
    const char *hint = "hint: put the file beside the model and name it without folders";
    if (!l->path) {
        diag_error(l->diag, "%s is in another file, %s; supported from memory: models in one piece", who, shown);
        return NULL;
    }
    if (leads_outside(location)) {
        diag_error(l->diag, "%s: its external data %s is outside the model's folder; %s", who, shown, hint);
        return NULL;
    }
    const char *folder = io_dirname(l->wire, l->path);
    char *base = realpath(folder, NULL), *full = realpath(io_join(l->wire, folder, location), NULL);
    int e = errno;
    const char *result = full ? arena_strdup(l->wire, full) : NULL;
    size_t n = base ? strlen(base) : 0;
    if (n == 1) /* the root folder */
        n = 0;
    bool below = base && full && strncmp(full, base, n) == 0 && full[n] == '/';
    free(base);
    free(full);
    if (below)
        return result;
    if (!result)
        diag_error(l->diag, "%s: cannot open its external data %s: %s; %s", who, shown, strerror(e), hint);
    else
        diag_error(l->diag, "%s: its external data %s is a link to outside the model's folder; %s", who, shown, hint);
    return NULL;
}

static const FileBytes *open_external(Loader *l, const char *who, const char *location)
{
    FileBytes *f = map_get(l->external, location);
    if (f)
        return f;
    const char *path = resolve(l, who, location);
    f = NEW(l->wire, FileBytes);
    if (!path || !io_map(l->diag, path, f))
        return NULL;
    map_set(l->external, location, f);
    if (l->graph)
        array_push(l->graph->arena, &l->graph->files, *f);
    return f;
}

bool read_external(Loader *l, const Onnx__TensorProto *t, const char *who, size_t need, const FileBytes **file,
                   const unsigned char **out)
{
    Place p;
    if (!read_place(l, t, who, &p))
        return false;
    const FileBytes *f = open_external(l, who, p.location);
    if (!f)
        return false;
    if (p.has_length && p.length != need)
        return diag_error(l->diag, "%s: its type and shape need %zu bytes, its external data has %llu", who, need,
                          (unsigned long long)p.length);
    if (p.offset > f->size || need > f->size - p.offset)
        return diag_error(l->diag,
                          "%s: bytes %llu to %llu of its external data %s are asked for, which has %zu; hint: "
                          "the file is cut short or of another model",
                          who, (unsigned long long)p.offset, (unsigned long long)p.offset + need,
                          diag_quote(l->wire, p.location), f->size);
    *file = f;
    *out = (const unsigned char *)f->data + p.offset;
    return true;
}

/* A piece at a time, so that the files need no memory. */
static void hash_file(Hash *h, const FileBytes *f)
{
    enum { PIECE = 4 << 20 };
    const unsigned char *at = f->data;
    for (size_t left = f->size, n; left > 0; at += n, left -= n) {
        n = left < PIECE ? left : PIECE;
        hash_add(h, at, n);
        io_give_back(f, at, n);
    }
}

const char *external_sha256(Loader *l)
{
    if (l->external->entries.count == 0)
        return NULL;
    Hash *h = hash_new(l->wire);
    for (size_t i = 0; i < l->external->entries.count; i++)
        hash_file(h, l->external->entries.items[i].value);
    return arena_strdup(l->keep, hash_digest(h).hex);
}
