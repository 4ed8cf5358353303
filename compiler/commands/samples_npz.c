/* .npz: a ZIP archive of .npy files, stored or deflated, read by its central directory:
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
#include "base/io.h"
#include "base/npy.h"
#include "commands/samples.h"

#include <string.h>
#include <zlib.h>

enum { END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MAX_ENTRIES = 1000, STORED = 0, DEFLATED = 8 };
#define MAX_UNPACKED ((uint64_t)2 << 30)
#define MAX_RATIO 1032u /* of deflate */

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *path;
    const unsigned char *bytes;
    size_t size;
} Zip;

typedef struct {
    const char *name;
    unsigned method;
    uint64_t packed, unpacked, local;
} Entry;

static uint64_t little(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    while (bytes-- > 0)
        v = v << 8 | p[bytes];
    return v;
}

static bool damaged(const Zip *z, const char *what)
{
    return diag_error(z->diag, "%s: not a .npz file that can be read: %s", diag_quote(z->arena, z->path), what);
}

static const unsigned char *find_end(const Zip *z)
{
    for (size_t back = END_BYTES; back <= z->size && back < END_BYTES + 65536; back++)
        if (little(z->bytes + z->size - back, 4) == 0x06054b50)
            return z->bytes + z->size - back;
    return NULL;
}

/* Sizes of 0xFFFFFFFF stand in the extra field 1: numpy writes them so. */
static void read_zip64(const unsigned char *extra, size_t length, Entry *e)
{
    while (length >= 4) {
        uint64_t id = little(extra, 2), bytes = little(extra + 2, 2);
        if (bytes > length - 4)
            return;
        const unsigned char *at = extra + 4, *end = at + bytes;
        uint64_t *fields[] = {&e->unpacked, &e->packed, &e->local};
        for (int i = 0; id == 1 && i < 3; i++)
            if (*fields[i] == 0xffffffff && end - at >= 8) {
                *fields[i] = little(at, 8);
                at += 8;
            }
        extra += 4 + bytes;
        length -= 4 + bytes;
    }
}

/* The data of an entry: inside the archive or inflated into the arena. */
static const void *unpack(const Zip *z, const Entry *e)
{
    if (e->local > z->size || z->size - e->local < LOCAL_BYTES || little(z->bytes + e->local, 4) != 0x04034b50)
        return NULL;
    const unsigned char *local = z->bytes + e->local;
    uint64_t start = e->local + LOCAL_BYTES + little(local + 26, 2) + little(local + 28, 2);
    if (start > z->size || e->packed > z->size - start)
        return NULL;
    if (e->method == STORED)
        return e->packed == e->unpacked ? z->bytes + start : NULL;
    if (e->method != DEFLATED || e->unpacked > MAX_UNPACKED || e->unpacked / MAX_RATIO > e->packed)
        return NULL;
    unsigned char *out = arena_alloc(z->arena, (size_t)e->unpacked);
    z_stream s = {.next_in = (Bytef *)(z->bytes + start),
                  .avail_in = (uInt)e->packed,
                  .next_out = out,
                  .avail_out = (uInt)e->unpacked};
    if (e->packed > UINT32_MAX || inflateInit2(&s, -MAX_WBITS) != Z_OK)
        return NULL;
    bool ok = inflate(&s, Z_FINISH) == Z_STREAM_END && s.total_out == e->unpacked;
    inflateEnd(&s);
    return ok ? out : NULL;
}

static bool read_entry(const Zip *z, const unsigned char *at, size_t name_bytes, Entry *e, RawList *out)
{
    const char *name = arena_strndup(z->arena, (const char *)at + ENTRY_BYTES, name_bytes);
    size_t n = strlen(name);
    if (n < 4 || strcmp(name + n - 4, ".npy") != 0)
        return true;
    RawArray r = {.name = arena_strndup(z->arena, name, n - 4),
                  .source = arena_printf(z->arena, "%s:%s", z->path, name)};
    const void *data = unpack(z, e);
    if (!data)
        return damaged(
            z, arena_printf(z->arena, "entry %s is damaged, encrypted or too large", diag_quote(z->arena, name)));
    if (!npy_parse(z->arena, z->diag, r.source, data, (size_t)e->unpacked, &r.tensor))
        return false;
    array_push(z->arena, out, r);
    return true;
}

static bool read_directory(const Zip *z, RawList *out)
{
    const unsigned char *end = find_end(z);
    if (!end)
        return damaged(z, "no end of a ZIP archive: it is cut short");
    uint64_t count = little(end + 10, 2), offset = little(end + 16, 4);
    if (count > MAX_ENTRIES || offset > z->size)
        return damaged(z, "its directory is damaged");
    for (uint64_t i = 0; i < count; i++) {
        const unsigned char *at = z->bytes + offset;
        if (z->size - offset < ENTRY_BYTES || little(at, 4) != 0x02014b50)
            return damaged(z, "its directory is damaged");
        size_t name = little(at + 28, 2), extra = little(at + 30, 2), comment = little(at + 32, 2);
        if (z->size - offset - ENTRY_BYTES < name + extra + comment)
            return damaged(z, "its directory is damaged");
        Entry e = {NULL, (unsigned)little(at + 10, 2), little(at + 20, 4), little(at + 24, 4), little(at + 42, 4)};
        read_zip64(at + ENTRY_BYTES + name, extra, &e);
        if (!read_entry(z, at, name, &e, out))
            return false;
        offset += ENTRY_BYTES + name + extra + comment;
    }
    return true;
}

bool npz_read(Arena *a, Diag *d, const char *path, RawList *out)
{
    FileBytes f;
    if (!io_map(d, path, &f))
        return false;
    Zip z = {a, d, path, f.data, f.size};
    size_t before = out->count;
    return read_directory(&z, out) && (out->count > before || damaged(&z, "it holds no .npy"));
}
