/* Bytes of a message, made safe and small for protobuf-c: nesting is bounded (protobuf-c recurses), every length is
 * checked, fields that onnx.proto does not know are left out, and in each TensorProto the numbers are replaced by
 * `at` and `size`: where in `bytes` the message stands. */
#ifndef ADZE_LOAD_PRESCAN_H
#define ADZE_LOAD_PRESCAN_H

#include "base/buf.h"
#include "base/diag.h"

#include <protobuf-c/protobuf-c.h>

/* False after an error; `out` is to be freed in any case. */
bool prescan(Diag *d, const ProtobufCMessageDescriptor *type, const void *bytes, size_t size, Buf *out);

#endif
