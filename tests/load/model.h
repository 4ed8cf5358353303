/* Small ONNX models, written byte by byte: the messages and fields that the loader's tests need. */
#ifndef TESTS_LOAD_MODEL_H
#define TESTS_LOAD_MODEL_H

#include "base/buf.h"
#include "load/load.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline void put_varint(Buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        buf_putc(b, (char)((v & 127) | 128));
    buf_putc(b, (char)v);
}

static inline void put_int(Buf *b, int field, int64_t v)
{
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, (uint64_t)v);
}

static inline void put_float(Buf *b, int field, float v)
{
    put_varint(b, (uint64_t)field << 3 | 5);
    buf_write(b, &v, 4);
}

static inline void put_bytes(Buf *b, int field, const void *data, size_t n)
{
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, n);
    buf_write(b, data, n);
}

static inline void put_text(Buf *b, int field, const char *s)
{
    put_bytes(b, field, s, strlen(s));
}

/* Takes the inner message and frees it. */
static inline void put_message(Buf *b, int field, Buf inner)
{
    put_bytes(b, field, buf_text(&inner), inner.length);
    buf_free(&inner);
}

/* TensorProto with dims, type, name; its data follows by put_... */
static inline Buf tensor(const char *name, int type, const char *dims)
{
    Buf b = {0};
    for (const char *p = dims; *p; p++) /* "23" is [2,3] */
        put_int(&b, 1, *p - '0');
    put_int(&b, 2, type);
    if (*name)
        put_text(&b, 8, name);
    return b;
}

static inline Buf raw_tensor(const char *name, int type, const char *dims, const void *data, size_t n)
{
    Buf b = tensor(name, type, dims);
    put_bytes(&b, 9, data, n);
    return b;
}

/* ValueInfoProto; dims "2,batch,?,-1" ("": a scalar, NULL: no shape at all). */
static inline Buf value_info(const char *name, int type, const char *dims)
{
    Buf info = {0}, t = {0}, tt = {0}, shape = {0};
    for (const char *p = dims ? dims : ""; *p;) {
        Buf dim = {0};
        size_t n = strcspn(p, ",");
        if ((*p >= '0' && *p <= '9') || *p == '-')
            put_int(&dim, 1, strtoll(p, NULL, 10));
        else if (*p != '?')
            put_bytes(&dim, 2, p, n);
        put_message(&shape, 1, dim);
        p += n + (p[n] == ',');
    }
    put_int(&tt, 1, type);
    if (dims)
        put_message(&tt, 2, shape);
    else
        buf_free(&shape);
    put_message(&t, 1, tt);
    put_text(&info, 1, name);
    put_message(&info, 2, t);
    return info;
}

static inline void put_names(Buf *b, int field, const char *names)
{
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        put_bytes(b, field, *p == '-' ? "" : p, *p == '-' ? 0 : n); /* "x - y": the middle one is left out */
        p += n + (p[n] == ' ');
    }
}

static inline Buf node(const char *op, const char *inputs, const char *outputs)
{
    Buf b = {0};
    put_names(&b, 1, inputs);
    put_names(&b, 2, outputs);
    put_text(&b, 4, op);
    return b;
}

static inline Buf attr(const char *name, int type)
{
    Buf b = {0};
    put_text(&b, 1, name);
    put_int(&b, 20, type);
    return b;
}

static inline Buf opset(const char *domain, int version)
{
    Buf b = {0};
    put_text(&b, 1, domain);
    put_int(&b, 2, version);
    return b;
}

static inline Buf model(Buf graph)
{
    Buf b = {0};
    put_int(&b, 1, 8);
    put_message(&b, 8, opset("", 17));
    put_message(&b, 7, graph);
    return b;
}

/* The file's bytes in memory of exactly their size, so that a sanitizer sees every read past the end. */
typedef struct {
    Arena *arena;
    Diag *diag;
    Graph *graph;
    void *bytes;
} Loaded;

static inline Loaded load_exact(const void *bytes, size_t size, const char *path, const LoadOptions *opt)
{
    Loaded r = {arena_new(), NULL, NULL, xmalloc(size)};
    r.diag = diag_new(r.arena);
    if (size)
        memcpy(r.bytes, bytes, size);
    r.graph = load_onnx_bytes(r.arena, r.diag, path, r.bytes, size, opt);
    return r;
}

static inline void loaded_free(Loaded *r)
{
    arena_free(r->arena);
    free(r->bytes);
}

static inline bool mentions(const Diag *d, const char *text)
{
    for (size_t i = 0; i < d->messages.count; i++)
        if (strstr(d->messages.items[i].text, text))
            return true;
    return false;
}

#endif
