/* Element types and dense tensors: row-major, contiguous, little-endian. */
#ifndef ADZE_BASE_DTYPE_H
#define ADZE_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One row a type: enum, name in text IR and messages, C type in generated code, bytes (0: packed two to a byte),
 * ONNX TensorProto.DataType, .npy descr ("" where NumPy has none). */
#define DTYPES(X)                                                                                                      \
    X(F32, "f32", "float", 4, 1, "<f4")                                                                                \
    X(U8, "u8", "uint8_t", 1, 2, "|u1")                                                                                \
    X(I8, "i8", "int8_t", 1, 3, "|i1")                                                                                 \
    X(U16, "u16", "uint16_t", 2, 4, "<u2")                                                                             \
    X(I16, "i16", "int16_t", 2, 5, "<i2")                                                                              \
    X(I32, "i32", "int32_t", 4, 6, "<i4")                                                                              \
    X(I64, "i64", "int64_t", 8, 7, "<i8")                                                                              \
    X(STRING, "string", "const char *", 8, 8, "")                                                                      \
    X(BOOL, "bool", "uint8_t", 1, 9, "|b1")                                                                            \
    X(F16, "f16", "uint16_t", 2, 10, "<f2")                                                                            \
    X(F64, "f64", "double", 8, 11, "<f8")                                                                              \
    X(U32, "u32", "uint32_t", 4, 12, "<u4")                                                                            \
    X(U64, "u64", "uint64_t", 8, 13, "<u8")                                                                            \
    X(BF16, "bf16", "uint16_t", 2, 16, "")                                                                             \
    X(U4, "u4", "uint8_t", 0, 21, "")                                                                                  \
    X(I4, "i4", "int8_t", 0, 22, "")

typedef enum {
    DT_NONE, /* not known yet */
#define X(e, ...) DT_##e,
    DTYPES(X)
#undef X
        DT_COUNT
} DType;

const char *dtype_name(DType t);   /* "f32"; "?" for DT_NONE */
const char *dtype_c_type(DType t); /* "float" */
const char *dtype_npy(DType t);    /* "<f4" or "" */
DType dtype_from_name(const char *name);
DType dtype_from_onnx(int64_t data_type);
int dtype_to_onnx(DType t);
DType dtype_from_npy(const char *descr);
bool dtype_is_float(DType t);
bool dtype_is_int(DType t); /* integers, not BOOL */
/* Bytes of `count` elements; false when that does not fit size_t / 2 or count < 0. */
bool dtype_bytes(DType t, int64_t count, size_t *bytes);
size_t dtype_size(DType t); /* bytes of one element; 1 for the 4-bit types */

enum { MAX_RANK = 8 };

typedef struct {
    int rank;              /* 0..MAX_RANK, or -1: not even the rank is known */
    int64_t dim[MAX_RANK]; /* >= 0, or -1: not known */
} Shape;

/* Number of elements, or -1 when the shape is not fully known or the product overflows int64_t. */
int64_t shape_count(const Shape *s);
bool shape_known(const Shape *s);
/* [N, rest..., C] to [N, C, rest...]; of 3 axes and more. */
Shape shape_channels_first(const Shape *s);
bool shape_equal(const Shape *a, const Shape *b); /* same rank and dims; unknown equals unknown */
/* "[1,3,224,224]", "[?,3]", "[?...]" for an unknown rank; into buffer, returned. */
const char *shape_text(const Shape *s, char *buffer, size_t size);
enum { SHAPE_TEXT_BYTES = 200 };

typedef struct {
    DType type;
    Shape shape; /* fully known */
    const void *data;
} Tensor;

bool tensor_bytes(const Tensor *t, size_t *bytes);
/* Element i of an integer, bool or float tensor as a number. */
int64_t tensor_int(const Tensor *t, int64_t i);
double tensor_float(const Tensor *t, int64_t i);

float half_to_float(uint16_t h); /* IEEE 754 binary16 */
uint16_t float_to_half(float f); /* round to nearest even */
float bfloat16_to_float(uint16_t h);
uint16_t float_to_bfloat16(float f);

#endif
