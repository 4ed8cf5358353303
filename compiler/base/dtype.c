#include "base/dtype.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name, *c_type;
    size_t bytes;
    int onnx;
    const char *npy;
} TypeRow;

static const TypeRow rows[DT_COUNT] = {[DT_NONE] = {"?", "void", 0, 0, ""},
#define X(e, name, c, bytes, onnx, npy) [DT_##e] = {name, c, bytes, onnx, npy},
                                       DTYPES(X)
#undef X
};

static const TypeRow *row(DType t)
{
    return &rows[(unsigned)t < DT_COUNT ? t : DT_NONE];
}

const char *dtype_name(DType t)
{
    return row(t)->name;
}

const char *dtype_c_type(DType t)
{
    return row(t)->c_type;
}

const char *dtype_npy(DType t)
{
    return row(t)->npy;
}

DType dtype_from_name(const char *name)
{
    for (int t = DT_NONE + 1; t < DT_COUNT; t++)
        if (strcmp(rows[t].name, name) == 0)
            return (DType)t;
    return DT_NONE;
}

DType dtype_from_onnx(int64_t data_type)
{
    for (int t = DT_NONE + 1; t < DT_COUNT; t++)
        if (rows[t].onnx == data_type)
            return (DType)t;
    return DT_NONE;
}

int dtype_to_onnx(DType t)
{
    return row(t)->onnx;
}

DType dtype_from_npy(const char *descr)
{
    for (int t = DT_NONE + 1; t < DT_COUNT; t++)
        if (rows[t].npy[0] && strcmp(rows[t].npy, descr) == 0)
            return (DType)t;
    return DT_NONE;
}

bool dtype_is_float(DType t)
{
    return t == DT_F32 || t == DT_F16 || t == DT_F64 || t == DT_BF16;
}

bool dtype_is_int(DType t)
{
    return t != DT_NONE && t != DT_STRING && t != DT_BOOL && (unsigned)t < DT_COUNT && !dtype_is_float(t);
}

bool dtype_bytes(DType t, int64_t count, size_t *bytes)
{
    *bytes = 0;
    if (count < 0 || t == DT_NONE || (unsigned)t >= DT_COUNT)
        return false;
    uint64_t n = (uint64_t)count;
    size_t size = row(t)->bytes;
    if (size == 0) { /* two elements to a byte */
        n = n / 2 + n % 2;
        size = 1;
    }
    if (n > SIZE_MAX / 2 / size)
        return false;
    *bytes = (size_t)n * size;
    return true;
}

size_t dtype_size(DType t)
{
    size_t size = row(t)->bytes;
    return size ? size : 1;
}

int64_t shape_count(const Shape *s)
{
    if (!shape_known(s))
        return -1;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] == 0)
            return 0;
    int64_t n = 1;
    for (int i = 0; i < s->rank; i++)
        if (__builtin_mul_overflow(n, s->dim[i], &n))
            return -1;
    return n;
}

bool shape_known(const Shape *s)
{
    if (s->rank < 0 || s->rank > MAX_RANK)
        return false;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] < 0)
            return false;
    return true;
}

Shape shape_channels_first(const Shape *s)
{
    Shape out = *s;
    for (int i = 2; i < s->rank; i++)
        out.dim[i] = s->dim[i - 1];
    out.dim[1] = s->dim[s->rank - 1];
    return out;
}

bool shape_equal(const Shape *a, const Shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank && i < MAX_RANK; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

const char *shape_text(const Shape *s, char *buffer, size_t size)
{
    if (s->rank < 0) {
        snprintf(buffer, size, "[?...]");
        return buffer;
    }
    size_t at = (size_t)snprintf(buffer, size, "[");
    for (int i = 0; i < s->rank && i < MAX_RANK && at < size; i++) {
        at += (size_t)snprintf(buffer + at, size - at, "%s", i ? "," : "");
        if (at < size && s->dim[i] < 0)
            at += (size_t)snprintf(buffer + at, size - at, "?");
        else if (at < size)
            at += (size_t)snprintf(buffer + at, size - at, "%" PRId64, s->dim[i]);
    }
    if (at < size)
        snprintf(buffer + at, size - at, "]");
    return buffer;
}

bool tensor_bytes(const Tensor *t, size_t *bytes)
{
    return dtype_bytes(t->type, shape_count(&t->shape), bytes);
}

/* Element i as a C type, also where the data is not aligned for it. */
#define LOAD(T, t, i) (*(T *)memcpy(&(T){0}, (const char *)(t)->data + (size_t)(i) * sizeof(T), sizeof(T)))

/* The first element of a pair is in the low half of the byte. */
static int nibble(const Tensor *t, int64_t i)
{
    return ((const uint8_t *)t->data)[i / 2] >> (i % 2 ? 4 : 0) & 15;
}

static int64_t clamp_to_int(double x)
{
    if (isnan(x))
        return 0;
    return x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : (int64_t)x;
}

int64_t tensor_int(const Tensor *t, int64_t i)
{
    switch (t->type) {
    case DT_U8:
    case DT_BOOL:
        return LOAD(uint8_t, t, i);
    case DT_I8:
        return LOAD(int8_t, t, i);
    case DT_U16:
        return LOAD(uint16_t, t, i);
    case DT_I16:
        return LOAD(int16_t, t, i);
    case DT_U32:
        return LOAD(uint32_t, t, i);
    case DT_I32:
        return LOAD(int32_t, t, i);
    case DT_U64:
    case DT_I64:
        return LOAD(int64_t, t, i);
    case DT_U4:
        return nibble(t, i);
    case DT_I4:
        return (nibble(t, i) ^ 8) - 8;
    default:
        return clamp_to_int(tensor_float(t, i));
    }
}

double tensor_float(const Tensor *t, int64_t i)
{
    switch (t->type) {
    case DT_F32:
        return LOAD(float, t, i);
    case DT_F64:
        return LOAD(double, t, i);
    case DT_F16:
        return half_to_float(LOAD(uint16_t, t, i));
    case DT_BF16:
        return bfloat16_to_float(LOAD(uint16_t, t, i));
    case DT_U64:
        return (double)LOAD(uint64_t, t, i);
    case DT_NONE:
    case DT_STRING:
    case DT_COUNT:
        return 0;
    default:
        return (double)tensor_int(t, i);
    }
}

static float float_of_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t bits_of_float(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

float half_to_float(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3ff;
    if (exponent == 31)
        return float_of_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent == 0) { /* fraction * 2^-24 is exact */
        float f = (float)fraction * 0x1p-24f;
        return sign ? -f : f;
    }
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

/* value / 2^shift, rounded to nearest even. */
static uint32_t shift_round(uint32_t value, unsigned shift)
{
    uint32_t half = 1u << (shift - 1), low = value & (2 * half - 1), high = value >> shift;
    return high + (low > half || (low == half && (high & 1)));
}

uint16_t float_to_half(float f)
{
    uint32_t bits = bits_of_float(f), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) /* NaN: quiet, upper bits of the payload kept */
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    if (magnitude >= 0x477ff000) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x33000000) /* less than half the smallest subnormal */
        return (uint16_t)sign;
    if (magnitude < 0x38800000) { /* subnormal: units of 2^-24 */
        unsigned exponent = magnitude >> 23;
        return (uint16_t)(sign | shift_round((magnitude & 0x7fffff) | 0x800000, 126 - exponent));
    }
    return (uint16_t)(sign | (shift_round(magnitude, 13) - (112u << 10)));
}

float bfloat16_to_float(uint16_t h)
{
    return float_of_bits((uint32_t)h << 16);
}

uint16_t float_to_bfloat16(float f)
{
    uint32_t bits = bits_of_float(f), magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits >> 16 & 0x8000) | shift_round(magnitude, 16));
}
