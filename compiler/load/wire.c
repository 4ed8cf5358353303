#include "load/wire.h"

bool wire_varint(Wire *w, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        unsigned char byte = *w->at++;
        v |= (uint64_t)(byte & 127) << (shift < 63 ? shift : 63);
        if (byte < 128) {
            *out = v;
            return true;
        }
    }
    return false;
}

static const char *read_payload(Wire *w, WireEntry *out)
{
    uint64_t size;
    out->data = w->at;
    switch (out->type) {
    case WIRE_VARINT:
        if (!wire_varint(w, &size))
            return "a number goes past its end";
        out->size = (size_t)(w->at - out->data);
        return NULL;
    case WIRE_64:
        size = 8;
        break;
    case WIRE_32:
        size = 4;
        break;
    case WIRE_BYTES:
        if (!wire_varint(w, &size))
            return "a length goes past its end";
        out->data = w->at;
        break;
    default:
        return "an entry has a wire type that ONNX does not use";
    }
    if (size > (size_t)(w->end - w->at))
        return "an entry is longer than what is left";
    out->size = (size_t)size;
    w->at += size;
    return NULL;
}

const char *wire_entry(Wire *w, WireEntry *out)
{
    const unsigned char *start = w->at;
    uint64_t key;
    const char *wrong = "a key goes past its end";
    if (wire_varint(w, &key)) {
        out->field = (uint32_t)(key >> 3);
        out->type = (int)(key & 7);
        wrong = key >> 3 == 0 || key > UINT32_MAX ? "an entry has an impossible field number" : read_payload(w, out);
    }
    if (wrong)
        w->at = start;
    return wrong;
}
