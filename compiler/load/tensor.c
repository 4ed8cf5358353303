/* TensorProto to Tensor. The numbers are read from the file itself: see prescan.h. */
#include "load/loader.h"
#include "load/wire.h"

#include <stdint.h>

/* Fields of TensorProto that hold elements. */
enum { FLOAT_DATA = 4, INT32_DATA = 5, INT64_DATA = 7, RAW_DATA = 9, DOUBLE_DATA = 10, UINT64_DATA = 11 };
enum { EXTERNAL = 1 };

typedef struct {
    uint32_t field; /* the one that holds elements; 0: none */
    bool several;   /* more than one does */
    size_t count;   /* elements; bytes of raw_data */
    size_t pieces;  /* entries that they are spread over */
    WireEntry last;
} Stored;

const char *onnx_type_text(Arena *a, int64_t data_type)
{
    static const char *const names[] = {
        "UNDEFINED", "FLOAT",      "UINT8",      "INT8",         "UINT16",         "INT16",      "INT32",
        "INT64",     "STRING",     "BOOL",       "FLOAT16",      "DOUBLE",         "UINT32",     "UINT64",
        "COMPLEX64", "COMPLEX128", "BFLOAT16",   "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ",
        "UINT4",     "INT4",       "FLOAT4E2M1", "FLOAT8E8M0",   "UINT2",          "INT2"};
    bool known = data_type >= 0 && (size_t)data_type < sizeof names / sizeof *names;
    return arena_printf(a, "%s (%lld)", known ? names[data_type] : "unknown", (long long)data_type);
}

bool read_dims(Loader *l, const int64_t *dims, size_t count, const char *who, Shape *out)
{
    *out = (Shape){0};
    if (count > MAX_RANK)
        return diag_error(l->diag, "%s has %zu dimensions; supported: at most %d", who, count, MAX_RANK);
    for (size_t i = 0; i < count; i++)
        if (dims[i] < 0)
            return diag_error(l->diag, "%s has a dimension of %lld", who, (long long)dims[i]);
    out->rank = (int)count;
    if (count)
        memcpy(out->dim, dims, count * sizeof *dims);
    if (count == 0 || shape_count(out) >= 0)
        return true;
    char text[SHAPE_TEXT_BYTES];
    return diag_error(l->diag, "%s of shape %s is too large", who, shape_text(out, text, sizeof text));
}

static size_t elements_in(const WireEntry *e)
{
    size_t n = 0;
    switch (e->field) {
    case RAW_DATA:
        return e->size;
    case FLOAT_DATA:
        return e->size / 4;
    case DOUBLE_DATA:
        return e->size / 8;
    default:
        for (size_t i = 0; i < e->size; i++)
            n += e->data[i] < 128;
        return n;
    }
}

static const char *check_piece(const WireEntry *e)
{
    int single = e->field == FLOAT_DATA ? WIRE_32 : e->field == DOUBLE_DATA ? WIRE_64 : WIRE_VARINT;
    size_t size = e->field == FLOAT_DATA ? 4 : e->field == DOUBLE_DATA ? 8 : 1;
    if (e->type != WIRE_BYTES && (e->field == RAW_DATA || e->type != single))
        return "its data has a wire type that does not fit";
    return e->size % size ? "its packed data ends within an element" : NULL;
}

static bool is_data_field(uint32_t field)
{
    return field == FLOAT_DATA || field == INT32_DATA || field == INT64_DATA || field == RAW_DATA ||
           field == DOUBLE_DATA || field == UINT64_DATA;
}

/* The message's bytes; empty where hostile offsets would lead elsewhere. */
static Wire message_of(const Loader *l, const Onnx__TensorProto *t)
{
    const unsigned char *bytes = l->file.data;
    if (!t->has_at || !t->has_size || t->at > l->file.size || t->size > l->file.size - t->at)
        return (Wire){bytes, bytes};
    return (Wire){bytes + t->at, bytes + t->at + t->size};
}

static const char *find_stored(Wire w, Stored *out)
{
    *out = (Stored){0};
    while (w.at < w.end) {
        WireEntry e;
        const char *wrong = wire_entry(&w, &e);
        if (wrong)
            return wrong;
        if (!is_data_field(e.field))
            continue;
        if ((wrong = check_piece(&e)))
            return wrong;
        size_t n = elements_in(&e);
        if (n == 0)
            continue;
        out->several |= out->field != 0 && out->field != e.field;
        out->field = e.field;
        out->last = e;
        out->count = e.field == RAW_DATA ? n : out->count + n; /* the last one counts of a field that is not repeated */
        out->pieces = e.field == RAW_DATA ? 1 : out->pieces + 1;
    }
    return NULL;
}

static uint32_t field_for(DType t)
{
    switch (t) {
    case DT_F32:
        return FLOAT_DATA;
    case DT_F64:
        return DOUBLE_DATA;
    case DT_I64:
        return INT64_DATA;
    case DT_U32:
    case DT_U64:
        return UINT64_DATA;
    default:
        return INT32_DATA;
    }
}

/* The range of an entry of int32_data or uint64_data; small types may be written signed or unsigned. */
static bool fits(DType t, uint64_t v)
{
    int64_t i = (int64_t)v;
    switch (t) {
    case DT_BOOL:
    case DT_U8:
    case DT_I8:
    case DT_U4:
    case DT_I4:
        return i >= -128 && i <= 255;
    case DT_U32:
        return v <= UINT32_MAX;
    case DT_I32:
        return i >= INT32_MIN && i <= INT32_MAX;
    case DT_U64:
    case DT_I64:
        return true;
    default:
        return i >= -32768 && i <= 65535;
    }
}

/* One piece of a typed field, appended to `to` (little-endian). Returns the end, or NULL for a value out of range. */
static unsigned char *decode_piece(const WireEntry *e, DType type, unsigned char *to)
{
    size_t size = dtype_size(type);
    if (e->field == FLOAT_DATA || e->field == DOUBLE_DATA) {
        memcpy(to, e->data, e->size);
        return to + e->size;
    }
    Wire w = {e->data, e->data + e->size};
    uint64_t v;
    while (wire_varint(&w, &v)) {
        /* A negative int32 may be written in five bytes. */
        if (e->field == INT32_DATA && v <= UINT32_MAX)
            v = (uint64_t)(int64_t)(int32_t)(uint32_t)v;
        if (!fits(type, v))
            return NULL;
        for (size_t i = 0; i < size; i++)
            to[i] = (unsigned char)(v >> 8 * i);
        to += size;
    }
    return w.at == w.end ? to : NULL;
}

static bool decode(Loader *l, Wire w, const Stored *s, const char *who, Tensor *out, size_t bytes)
{
    unsigned char *data = arena_alloc(l->keep, bytes), *to = data;
    out->data = data;
    for (WireEntry e; to && w.at < w.end && !wire_entry(&w, &e);)
        if (e.field == s->field)
            to = decode_piece(&e, out->type, to);
    if (!to)
        return diag_error(l->diag, "%s holds a number that %s cannot hold", who, dtype_name(out->type));
    return true;
}

static bool needs_copy(const unsigned char *p, size_t bytes, DType type)
{
    if ((uintptr_t)p % dtype_size(type) != 0)
        return true;
    for (size_t i = 0; type == DT_BOOL && i < bytes; i++)
        if (p[i] > 1)
            return true;
    return false;
}

/* Where the bytes of the file stand, or a copy when they are not aligned or booleans are not 0 and 1. */
static const void *settle(Loader *l, const FileBytes *f, const unsigned char *p, size_t bytes, DType type)
{
    if (!needs_copy(p, bytes, type))
        return p;
    unsigned char *copy = arena_alloc(l->keep, bytes);
    memcpy(copy, p, bytes);
    for (size_t i = 0; type == DT_BOOL && i < bytes; i++)
        copy[i] = copy[i] != 0;
    io_give_back(f, p, bytes);
    return copy;
}

static bool read_strings(Loader *l, const Onnx__TensorProto *t, const char *who, int64_t count, Tensor *out)
{
    if ((uint64_t)count != t->n_string_data)
        return diag_error(l->diag, "%s holds %zu strings, its shape needs %lld", who, t->n_string_data,
                          (long long)count);
    const char **strings = NEW_ARRAY(l->keep, const char *, t->n_string_data);
    for (size_t i = 0; i < t->n_string_data; i++)
        strings[i] = arena_strndup(l->keep, (const char *)t->string_data[i].data, t->string_data[i].len);
    out->data = strings;
    return true;
}

static bool size_error(Loader *l, const char *who, const Tensor *t, const char *what, size_t have, size_t need)
{
    char text[SHAPE_TEXT_BYTES];
    return diag_error(l->diag, "%s: %s of shape %s needs %zu %s, it holds %zu; hint: the file is damaged", who,
                      dtype_name(t->type), shape_text(&t->shape, text, sizeof text), need, what, have);
}

static bool read_numbers(Loader *l, const Onnx__TensorProto *t, const char *who, size_t bytes, Tensor *out)
{
    Wire w = message_of(l, t);
    Stored s;
    const char *wrong = find_stored(w, &s);
    if (wrong)
        return diag_error(l->diag, "%s is damaged: %s", who, wrong);
    if (s.several)
        return diag_error(l->diag, "%s has its elements in several fields", who);
    if (s.field == RAW_DATA || bytes == 0 || s.field == 0) {
        if (s.count != bytes)
            return size_error(l, who, out, "bytes", s.count, bytes);
        out->data = bytes ? settle(l, &l->file, s.last.data, bytes, out->type) : NULL;
        return true;
    }
    if (s.field != field_for(out->type))
        return diag_error(l->diag, "%s: %s stands in a field (%u) for other types", who, dtype_name(out->type),
                          s.field);
    if (s.count != bytes / dtype_size(out->type))
        return size_error(l, who, out, "numbers", s.count, bytes / dtype_size(out->type));
    if (s.pieces == 1 && s.last.size == bytes && dtype_is_float(out->type) && s.field != INT32_DATA) {
        out->data = settle(l, &l->file, s.last.data, bytes, out->type);
        return true;
    }
    if (!decode(l, w, &s, who, out, bytes))
        return false;
    io_give_back(&l->file, w.at, (size_t)(w.end - w.at));
    out->data = settle(l, &l->file, out->data, bytes, out->type);
    return true;
}

bool read_tensor(Loader *l, const Onnx__TensorProto *t, const char *who, Tensor *out)
{
    *out = (Tensor){.type = dtype_from_onnx(t->data_type)};
    if (out->type == DT_NONE)
        return diag_error(l->diag, "%s has the element type %s; supported: bool, integers, floats, strings", who,
                          onnx_type_text(l->wire, t->data_type));
    size_t bytes;
    if (!read_dims(l, t->dims, t->n_dims, who, &out->shape))
        return false;
    if (t->segment)
        return diag_error(l->diag, "%s is split into segments; supported: whole tensors", who);
    int64_t count = shape_count(&out->shape);
    if (!dtype_bytes(out->type, count, &bytes))
        return diag_error(l->diag, "%s is too large", who);
    if (t->data_location != EXTERNAL && t->data_location != 0)
        return diag_error(l->diag, "%s has the data location %d; supported: 0 (here), 1 (external)", who,
                          t->data_location);
    if (out->type == DT_STRING)
        return read_strings(l, t, who, count, out);
    if (t->data_location != EXTERNAL)
        return read_numbers(l, t, who, bytes, out);
    const FileBytes *f;
    const unsigned char *data;
    if (!read_external(l, t, who, bytes, &f, &data))
        return false;
    out->data = bytes ? settle(l, f, data, bytes, out->type) : NULL;
    return true;
}
