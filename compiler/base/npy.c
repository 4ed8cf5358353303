#include "base/npy.h"
#include "base/buf.h"
#include "base/io.h"

#include <inttypes.h>
#include <string.h>

typedef struct {
    const char *at, *end;
} Cursor;

typedef struct {
    char descr[16];
    bool has_descr, has_order, has_shape;
    bool fortran;
    Shape shape;
} Header;

static void skip_space(Cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r'))
        c->at++;
}

static bool take(Cursor *c, const char *text)
{
    skip_space(c);
    size_t n = strlen(text);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, text, n) != 0)
        return false;
    c->at += n;
    return true;
}

/* A Python string literal without escapes, at most size - 1 bytes. */
static bool take_string(Cursor *c, char *out, size_t size)
{
    skip_space(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"'))
        return false;
    char quote = *c->at++;
    size_t n = 0;
    while (c->at < c->end && *c->at != quote && n + 1 < size)
        out[n++] = *c->at++;
    out[n] = 0;
    return c->at < c->end && *c->at++ == quote;
}

static bool take_int(Cursor *c, int64_t *out)
{
    skip_space(c);
    const char *start = c->at;
    int64_t v = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *c->at - '0', &v))
            return false;
    bool any = c->at > start;
    take(c, "L"); /* written by Python 2 */
    *out = v;
    return any;
}

static const char *take_shape(Cursor *c, Shape *s)
{
    *s = (Shape){0};
    if (!take(c, "("))
        return "its shape is not a tuple";
    while (!take(c, ")")) {
        if (s->rank == MAX_RANK)
            return "it has more than 8 dimensions";
        if (!take_int(c, &s->dim[s->rank++]))
            return "its shape is not a tuple of numbers";
        if (!take(c, ",") && !(c->at < c->end && *c->at == ')'))
            return "its shape is not a tuple of numbers";
    }
    return NULL;
}

/* The header's dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. Returns what is wrong. */
static const char *read_header(Cursor *c, Header *h)
{
    if (!take(c, "{"))
        return "its header is not a dictionary";
    while (!take(c, "}")) {
        char key[32];
        if (!take_string(c, key, sizeof key) || !take(c, ":"))
            return "its header is damaged";
        if (strcmp(key, "descr") == 0) {
            if (!take_string(c, h->descr, sizeof h->descr))
                return "its element type is a record or too long; supported: bool, integers and floats";
            h->has_descr = true;
        } else if (strcmp(key, "fortran_order") == 0) {
            h->fortran = take(c, "True");
            if (!h->fortran && !take(c, "False"))
                return "its 'fortran_order' is neither True nor False";
            h->has_order = true;
        } else if (strcmp(key, "shape") == 0) {
            const char *wrong = take_shape(c, &h->shape);
            if (wrong)
                return wrong;
            h->has_shape = true;
        } else {
            return "its header holds an unknown key";
        }
        if (!take(c, ",") && !(c->at < c->end && *c->at == '}'))
            return "its header is damaged";
    }
    return h->has_descr && h->has_order && h->has_shape ? NULL : "its header lacks descr, fortran_order or shape";
}

/* "<f4", ">f4", "=f4" and "|f4" to the type; *big says whether bytes are to be swapped. */
static DType type_of(const char *descr, bool *big)
{
    char little[16], none[16];
    *big = descr[0] == '>';
    if (!descr[0] || !strchr("<>=|", descr[0]))
        return DT_NONE;
    size_t n = strlen(descr);
    memcpy(little, descr, n + 1);
    memcpy(none, descr, n + 1);
    little[0] = '<';
    none[0] = '|';
    if (strcmp(none, "|?") == 0)
        return DT_BOOL;
    DType t = dtype_from_npy(little);
    return t != DT_NONE ? t : dtype_from_npy(none);
}

static void copy_element(unsigned char *to, const unsigned char *from, size_t size, bool swap)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[swap ? size - 1 - i : i];
}

/* Row-major, little-endian copy. */
static void *convert(Arena *a, const unsigned char *from, DType type, const Header *h, bool swap)
{
    size_t size = dtype_size(type);
    size_t count = (size_t)shape_count(&h->shape);
    unsigned char *to = arena_alloc(a, count * size);
    int64_t index[MAX_RANK] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        if (h->fortran) {
            at = 0;
            for (int k = h->shape.rank - 1; k >= 0; k--)
                at = at * (size_t)h->shape.dim[k] + (size_t)index[k];
            for (int k = h->shape.rank - 1; k >= 0 && ++index[k] == h->shape.dim[k]; k--)
                index[k] = 0;
        }
        copy_element(to + i * size, from + at * size, size, swap);
        if (type == DT_BOOL)
            to[i] = to[i] != 0;
    }
    return to;
}

static bool needs_copy(const unsigned char *data, size_t bytes, DType type, const Header *h, bool swap)
{
    if (h->fortran && h->shape.rank > 1)
        return true;
    if ((swap && dtype_size(type) > 1) || (uintptr_t)data % dtype_size(type) != 0)
        return true;
    for (size_t i = 0; type == DT_BOOL && i < bytes; i++)
        if (data[i] > 1)
            return true;
    return false;
}

/* The bytes between magic and data; NULL after an error. */
static const unsigned char *locate(Diag *d, const char *name, const unsigned char *p, size_t size, Cursor *header)
{
    if (size < 10 || memcmp(p, "\x93NUMPY", 6) != 0) {
        diag_error(d, "%s: not a .npy file; hint: write it with numpy.save", name);
        return NULL;
    }
    if (p[6] < 1 || p[6] > 3 || (p[6] > 1 && size < 12)) {
        diag_error(d, "%s: .npy format %d.%d; supported: 1.0 to 3.0", name, p[6], p[7]);
        return NULL;
    }
    size_t start = p[6] == 1 ? 10 : 12;
    size_t length = (size_t)p[8] | (size_t)p[9] << 8;
    if (p[6] > 1)
        length |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
    if (length > size - start) {
        diag_error(d, "%s: its header of %zu bytes goes past the end of the file: it is cut short", name, length);
        return NULL;
    }
    *header = (Cursor){(const char *)p + start, (const char *)p + start + length};
    return p + start + length;
}

bool npy_parse(Arena *a, Diag *d, const char *name, const void *bytes, size_t size, Tensor *out)
{
    *out = (Tensor){0};
    name = diag_quote(d->arena, name);
    Cursor c;
    const unsigned char *data = locate(d, name, bytes, size, &c);
    if (!data)
        return false;
    Header h = {0};
    const char *wrong = read_header(&c, &h);
    if (wrong)
        return diag_error(d, "%s: %s", name, wrong);
    bool swap;
    DType type = type_of(h.descr, &swap);
    if (type == DT_NONE)
        return diag_error(d, "%s: element type %s; supported: bool, integers of 8 to 64 bits, f2, f4, f8", name,
                          diag_quote(d->arena, h.descr));
    char text[SHAPE_TEXT_BYTES];
    size_t need, have = size - (size_t)(data - (const unsigned char *)bytes);
    if (!dtype_bytes(type, shape_count(&h.shape), &need))
        return diag_error(d, "%s: shape %s is too large", name, shape_text(&h.shape, text, sizeof text));
    if (need != have)
        return diag_error(d, "%s: %s of shape %s needs %zu bytes, the file holds %zu: it is damaged", name,
                          dtype_name(type), shape_text(&h.shape, text, sizeof text), need, have);
    *out = (Tensor){type, h.shape, data};
    if (need && needs_copy(data, need, type, &h, swap))
        out->data = convert(a, data, type, &h, swap);
    return true;
}

bool npy_read(Arena *a, Diag *d, const char *path, Tensor *out)
{
    FileBytes f;
    return io_map(d, path, &f) && npy_parse(a, d, path, f.data, f.size, out);
}

bool npy_write(Diag *d, const char *path, const Tensor *t)
{
    size_t bytes;
    const char *descr = dtype_npy(t->type);
    if (!descr[0])
        return diag_error(d, "%s: NumPy has no element type for %s", diag_quote(d->arena, path), dtype_name(t->type));
    if (!tensor_bytes(t, &bytes))
        return diag_error(d, "%s: the tensor's shape is not known", diag_quote(d->arena, path));
    Buf header = {0};
    buf_printf(&header, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < t->shape.rank; i++)
        buf_printf(&header, "%s%" PRId64, i ? ", " : "", t->shape.dim[i]);
    buf_puts(&header, t->shape.rank == 1 ? ",), }" : "), }");
    while ((10 + header.length + 1) % 64 != 0)
        buf_putc(&header, ' ');
    buf_putc(&header, '\n');
    Buf file = {0};
    buf_write(&file, "\x93NUMPY\1\0", 8);
    buf_putc(&file, (char)(header.length & 255));
    buf_putc(&file, (char)(header.length >> 8));
    buf_write(&file, header.data, header.length);
    if (bytes)
        buf_write(&file, t->data, bytes);
    bool done = io_write(d, path, file.data, file.length);
    buf_free(&header);
    buf_free(&file);
    return done;
}
