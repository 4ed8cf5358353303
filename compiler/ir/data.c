/* Constant data in the text form: what stands behind "=" of a constant. */
#include "ir/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool parse_f64(const char *word, double *value)
{
    float special;
    if (parse_f32(word, &special) && !isfinite(special)) {
        *value = (double)special;
        return true;
    }
    const char *digits = word + (*word == '-');
    if (!strchr("0123456789.", *digits) || strlen(word) >= NUMBER_BYTES)
        return false;
    char *end;
    *value = strtod(word, &end);
    return !*end && end > digits && isfinite(*value);
}

/* The bits of a floating-point number of type t written as `word`. */
static bool parse_float_bits(DType t, const char *word, uint64_t *bits)
{
    double d;
    float f;
    uint32_t u;
    if (t == DT_F64) {
        if (!parse_f64(word, &d))
            return false;
        memcpy(bits, &d, sizeof d);
        return true;
    }
    if (!parse_f32(word, &f))
        return false;
    memcpy(&u, &f, sizeof u);
    *bits = t == DT_F16 ? float_to_half(f) : t == DT_BF16 ? float_to_bfloat16(f) : u;
    return t == DT_F32 ||
           isfinite(f) == isfinite(t == DT_F16 ? half_to_float((uint16_t)*bits) : bfloat16_to_float((uint16_t)*bits));
}

static int type_bits(DType t)
{
    return t == DT_BOOL ? 1 : t == DT_U4 || t == DT_I4 ? 4 : 8 * (int)dtype_size(t);
}

static bool is_signed(DType t)
{
    return t == DT_I4 || t == DT_I8 || t == DT_I16 || t == DT_I32 || t == DT_I64;
}

static bool parse_int_bits(DType t, const char *word, uint64_t *bits)
{
    bool negative;
    uint64_t magnitude;
    if (t == DT_BOOL && (strcmp(word, "true") == 0 || strcmp(word, "false") == 0)) {
        *bits = *word == 't';
        return true;
    }
    if (!parse_int(word, &negative, &magnitude) || (negative && magnitude && !is_signed(t)))
        return false;
    uint64_t max = UINT64_MAX >> (64 - type_bits(t) + is_signed(t));
    *bits = negative ? 0 - magnitude : magnitude;
    return magnitude <= max + (negative && is_signed(t));
}

static void store(DType t, void *data, int64_t i, uint64_t bits)
{
    unsigned char *bytes = data;
    if (t == DT_U4 || t == DT_I4) {
        int shift = i & 1 ? 4 : 0;
        bytes[i / 2] = (unsigned char)((bytes[i / 2] & ~(15 << shift)) | (int)(bits & 15) << shift);
        return;
    }
    memcpy(bytes + (size_t)i * dtype_size(t), &bits, dtype_size(t)); /* hosts are little-endian, like the data */
}

static uint64_t load(const Tensor *t, int64_t i)
{
    const unsigned char *bytes = t->data;
    uint64_t bits = 0;
    if (t->type == DT_U4 || t->type == DT_I4)
        return (bytes[i / 2] >> (i & 1 ? 4 : 0)) & 15;
    memcpy(&bits, bytes + (size_t)i * dtype_size(t->type), dtype_size(t->type));
    return bits;
}

/* --- printing --- */

static float f32_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

static double f64_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static double float_value(DType t, uint64_t bits)
{
    return t == DT_F64   ? f64_of(bits)
           : t == DT_F16 ? (double)half_to_float((uint16_t)bits)
           : t == DT_F32 ? (double)f32_of((uint32_t)bits)
                         : (double)bfloat16_to_float((uint16_t)bits);
}

static void print_float(Buf *out, DType t, uint64_t bits)
{
    double value = float_value(t, bits);
    uint64_t back = 0;
    char text[NUMBER_BYTES];
    if (isnan(value)) {
        buf_puts(out, "nan");
        return;
    }
    if (value == trunc(value) && fabs(value) < 1e7) { /* 1000 rather than 1e+03 */
        buf_printf(out, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (parse_float_bits(t, text, &back) && back == bits)
            break;
    }
    buf_puts(out, text);
}

void print_f32(Buf *out, float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    print_float(out, DT_F32, bits);
}

static void print_element(Buf *out, const Tensor *t, int64_t i)
{
    if (t->type == DT_STRING) {
        print_quoted(out, ((const char *const *)t->data)[i]);
        return;
    }
    uint64_t bits = load(t, i);
    if (dtype_is_float(t->type)) {
        print_float(out, t->type, bits);
    } else if (is_signed(t->type)) {
        int unused = 64 - type_bits(t->type);
        buf_printf(out, "%" PRId64, (int64_t)(bits << unused) >> unused);
    } else {
        buf_printf(out, "%" PRIu64, bits);
    }
}

/* Whether a list says every bit: not for NaNs with a payload and booleans other than 0 and 1. */
static bool list_is_exact(const Tensor *t, int64_t count)
{
    uint64_t nan_bits = 0;
    if (dtype_is_float(t->type))
        parse_float_bits(t->type, "nan", &nan_bits);
    for (int64_t i = 0; i < count && t->type != DT_STRING; i++) {
        uint64_t bits = load(t, i);
        if (dtype_is_float(t->type) && isnan(float_value(t->type, bits)) && bits != nan_bits)
            return false;
        if (t->type == DT_BOOL && bits > 1)
            return false;
    }
    return true;
}

static void print_hex(Buf *out, const unsigned char *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    char chunk[512];
    size_t n = 0;
    buf_puts(out, "hex\"");
    for (size_t i = 0; i < count; i++) {
        chunk[n++] = digits[bytes[i] >> 4];
        chunk[n++] = digits[bytes[i] & 15];
        if (n == sizeof chunk || i + 1 == count) {
            buf_write(out, chunk, n);
            n = 0;
        }
    }
    buf_putc(out, '"');
}

void print_data(Buf *out, const Tensor *t)
{
    int64_t count = shape_count(&t->shape);
    size_t bytes = 0;
    if (count < 0 || !tensor_bytes(t, &bytes) || (!t->data && count > 0)) {
        buf_puts(out, "?"); /* not readable: the graph breaks its invariants */
        return;
    }
    if (t->type != DT_STRING && (count > MAX_LISTED || !list_is_exact(t, count))) {
        print_hex(out, t->data, bytes);
        return;
    }
    buf_putc(out, '[');
    for (int64_t i = 0; i < count; i++) {
        buf_puts(out, i ? ", " : "");
        print_element(out, t, i);
    }
    buf_putc(out, ']');
}

/* --- reading --- */

static bool read_element(Input *in, DType t, void *data, int64_t i)
{
    const char *word;
    uint64_t bits = 0;
    if (t == DT_STRING) {
        if (!input_quoted(in, &word))
            return false;
        ((const char **)data)[i] = arena_strdup(in->keep, word);
        return true;
    }
    if (!input_word(in, "an element", &word))
        return false;
    bool good = dtype_is_float(t) ? parse_float_bits(t, word, &bits) : parse_int_bits(t, word, &bits);
    if (!good)
        return input_error(in, "%s is not a value of type %s", diag_quote(in->scratch, word), dtype_name(t));
    store(t, data, i, bits);
    return true;
}

static bool read_list(Input *in, DType t, int64_t count, size_t bytes, const void **out)
{
    /* Each element takes at least two characters: a text cannot make more memory than a multiple of its size. */
    if ((uint64_t)count > (in->size - in->at) / 2 + 1)
        return input_error(in, "the shape has %lld elements, the list has fewer", (long long)count);
    void *data = arena_alloc(in->keep, bytes);
    for (int64_t i = 0; i < count; i++) {
        if (i && !input_expect(in, ','))
            return false;
        if (!read_element(in, t, data, i))
            return false;
    }
    *out = data;
    return input_expect(in, ']');
}

static bool read_hex(Input *in, DType t, size_t bytes, const void **out)
{
    if (t == DT_STRING)
        return input_error(in, "strings cannot be written as hex; use a list");
    if (!input_next_is(in, '"') || bytes > (in->size - in->at - 1) / 2)
        return input_error(in, "expected hex\"...\" with %zu bytes, two digits each", bytes);
    unsigned char *data = arena_alloc(in->keep, bytes);
    const char *digits = in->text + in->at + 1;
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0)
            return input_error(in, "expected hex\"...\" with %zu bytes, two digits each", bytes);
        data[i] = (unsigned char)(high * 16 + low);
    }
    in->at += 1 + 2 * bytes;
    *out = data;
    if (!input_next_is(in, '"'))
        return input_error(in, "expected hex\"...\" with exactly %zu bytes", bytes);
    in->at++;
    return true;
}

/* fill() and random() make data that the text does not pay for: the sum is bounded. */
static bool may_make(Input *in, int64_t count)
{
    if (count > MAX_MADE_ELEMENTS - in->made_elements)
        return input_error(in, "fill() and random() make at most %d elements in a text", MAX_MADE_ELEMENTS);
    in->made_elements += count;
    return true;
}

static bool read_fill(Input *in, DType t, int64_t count, size_t bytes, const void **out)
{
    uint64_t first[1] = {0};
    if (!may_make(in, count) || !input_expect(in, '(') || !read_element(in, t, first, 0) || !input_expect(in, ')'))
        return false;
    void *data = arena_alloc(in->keep, bytes);
    for (int64_t i = 0; i < count; i++)
        store(t, data, i, first[0]);
    *out = data;
    return true;
}

/* SplitMix64 of the element's number: https://prng.di.unimi.it/splitmix64.c states it; any good mixer does. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Floats in [-1, 1), with as many bits as the type holds exactly; integers in [-8, 7] or [0, 15]. */
static uint64_t random_bits(DType t, uint64_t x)
{
    uint64_t bits = 0;
    if (t == DT_F64) {
        double d = (double)(x >> 11) * 0x1p-52 - 1.0;
        memcpy(&bits, &d, sizeof d);
        return bits;
    }
    if (dtype_is_float(t)) {
        int kept = t == DT_F32 ? 24 : t == DT_F16 ? 11 : 8;
        float f = ldexpf((float)(x >> (64 - kept)), 1 - kept) - 1.0f;
        uint32_t u;
        memcpy(&u, &f, sizeof u);
        return t == DT_F32 ? u : t == DT_F16 ? float_to_half(f) : float_to_bfloat16(f);
    }
    return t == DT_BOOL ? x >> 63 : is_signed(t) ? (x >> 60) - 8 : x >> 60;
}

static bool read_random(Input *in, DType t, int64_t count, size_t bytes, const void **out)
{
    int64_t seed;
    if (t == DT_STRING)
        return input_error(in, "there are no random strings");
    if (!may_make(in, count) || !input_expect(in, '(') || !input_int(in, 0, INT64_MAX, &seed) || !input_expect(in, ')'))
        return false;
    void *data = arena_alloc(in->keep, bytes);
    for (int64_t i = 0; i < count; i++)
        store(t, data, i, random_bits(t, mix(mix((uint64_t)seed) + (uint64_t)i)));
    *out = data;
    return true;
}

bool read_data(Input *in, Tensor *t)
{
    int64_t count = shape_count(&t->shape);
    size_t bytes;
    if (t->type == DT_NONE)
        return input_error(in, "a constant needs a type");
    if (count < 0 || !dtype_bytes(t->type, count, &bytes))
        return input_error(in, "a constant needs a known shape of a size that fits into memory");
    if (input_accept(in, '['))
        return read_list(in, t->type, count, bytes, &t->data);
    if (input_accept_word(in, "hex"))
        return read_hex(in, t->type, bytes, &t->data);
    if (input_accept_word(in, "fill"))
        return read_fill(in, t->type, count, bytes, &t->data);
    if (input_accept_word(in, "random"))
        return read_random(in, t->type, count, bytes, &t->data);
    return input_error(in, "expected the constant's data: [...], hex\"...\", fill(VALUE) or random(SEED)");
}
