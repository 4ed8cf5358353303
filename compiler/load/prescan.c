#include "load/prescan.h"
#include "load/onnx.pb-c.h"
#include "load/wire.h"

#include <string.h>

/* Three messages (graph, node, attribute) make one level of If or Loop. */
enum { MAX_NESTING = 64, LENGTH_BYTES = 5, AT = 536870901, SIZE = 536870902 };
static const size_t max_structure = (size_t)1 << 30;

typedef struct {
    const ProtobufCMessageDescriptor *type;
    const unsigned char *start, *end;
    size_t length_at; /* where in the output its length is to be filled in */
} Level;

static void put_varint(Buf *out, uint64_t v)
{
    for (; v > 127; v >>= 7)
        buf_putc(out, (char)((v & 127) | 128));
    buf_putc(out, (char)v);
}

static void put_fixed64(Buf *out, uint32_t field, uint64_t v)
{
    put_varint(out, (uint64_t)field << 3 | WIRE_64);
    for (int i = 0; i < 8; i++)
        buf_putc(out, (char)(v >> 8 * i & 255));
}

/* Always five bytes, so that it can be filled in when the length is known. */
static void fill_length(Buf *out, size_t at)
{
    size_t v = out->length - at - LENGTH_BYTES;
    for (int i = 0; i < LENGTH_BYTES; i++, v >>= 7)
        out->data[at + (size_t)i] = (char)((v & 127) | (i + 1 < LENGTH_BYTES ? 128 : 0));
}

static int wire_type_of(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    default:
        return WIRE_VARINT;
    }
}

static const char *check_entry(const ProtobufCFieldDescriptor *f, const WireEntry *e)
{
    int want = wire_type_of(f->type);
    bool packed = e->type == WIRE_BYTES && f->label == PROTOBUF_C_LABEL_REPEATED;
    if (e->type != want && !packed)
        return "its wire type does not fit";
    if (f->type == PROTOBUF_C_TYPE_STRING && memchr(e->data, 0, e->size))
        return "it is text with a NUL byte in it";
    return NULL;
}

static void put_entry(Buf *out, const WireEntry *e)
{
    put_varint(out, (uint64_t)e->field << 3 | (uint64_t)e->type);
    if (e->type == WIRE_BYTES)
        put_varint(out, e->size);
    buf_write(out, e->data, e->size);
}

static Level open_level(Buf *out, const ProtobufCFieldDescriptor *f, const WireEntry *e)
{
    put_varint(out, (uint64_t)e->field << 3 | WIRE_BYTES);
    Level level = {f->descriptor, e->data, e->data + e->size, out->length};
    buf_write(out, "\0\0\0\0\0", LENGTH_BYTES);
    return level;
}

static void close_level(Buf *out, const Level *level, const unsigned char *bytes, bool root)
{
    if (level->type == &onnx__tensor_proto__descriptor) {
        put_fixed64(out, AT, (uint64_t)(level->start - bytes));
        put_fixed64(out, SIZE, (uint64_t)(level->end - level->start));
    }
    if (!root)
        fill_length(out, level->length_at);
}

static const ProtobufCFieldDescriptor *known_field(const ProtobufCMessageDescriptor *type, uint32_t field)
{
    /* The two fields that only this file may write. */
    if (field == AT || field == SIZE)
        return NULL;
    return protobuf_c_message_descriptor_get_field(type, field);
}

bool prescan(Diag *d, const ProtobufCMessageDescriptor *type, const void *bytes, size_t size, Buf *out)
{
    Level levels[MAX_NESTING];
    int depth = 0;
    Wire w = {bytes, (const unsigned char *)bytes + size};
    levels[0] = (Level){type, w.at, w.end, 0};
    for (;;) {
        Level *level = &levels[depth];
        if (w.at == level->end) {
            close_level(out, level, bytes, depth == 0);
            if (depth-- == 0)
                return true;
            continue;
        }
        WireEntry e;
        size_t offset = (size_t)(w.at - (const unsigned char *)bytes);
        w.end = level->end;
        const char *wrong = wire_entry(&w, &e);
        if (wrong)
            return diag_error(d, "damaged %s at byte %zu: %s; hint: the file may be cut short; get it again",
                              level->type->short_name, offset, wrong);
        const ProtobufCFieldDescriptor *f = known_field(level->type, e.field);
        if (!f)
            continue;
        wrong = check_entry(f, &e);
        if (wrong)
            return diag_error(d, "damaged %s at byte %zu: field '%s': %s", level->type->short_name, offset, f->name,
                              wrong);
        if (f->type != PROTOBUF_C_TYPE_MESSAGE) {
            put_entry(out, &e);
        } else if (depth + 1 == MAX_NESTING) {
            return diag_error(d, "graphs or types are nested too deeply at byte %zu; supported: %d levels of messages",
                              offset, MAX_NESTING);
        } else {
            levels[++depth] = open_level(out, f, &e);
            w.at = e.data;
        }
        if (out->length > max_structure)
            return diag_error(d, "the model without its tensors is larger than 1 GiB");
    }
}
