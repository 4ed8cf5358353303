/* What NAME_selftest.c is made of: compares arrays with golden ones and prints through the caller's putchar, without
 * stdio. Numbers in decimal are approximate; the bits in hexadecimal are exact. */
#ifndef ADZE_SELFTEST_H
#define ADZE_SELFTEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum { ADZE_SELFTEST_UINT, ADZE_SELFTEST_INT, ADZE_SELFTEST_FLOAT, ADZE_SELFTEST_BFLOAT } adze_selftest_type;

typedef struct {
    void (*put)(char);
    double rtol, atol; /* of floats: |got - want| <= atol + rtol * |want| */
    double int_atol;   /* of integers */
} adze_selftest;

/* One output of one case. */
typedef struct {
    unsigned case_number, output;
    adze_selftest_type type;
    size_t element_bytes, count;
    const void *got, *want;
} adze_selftest_output;

static inline void adze_selftest_text(const adze_selftest *t, const char *text)
{
    while (*text)
        t->put(*text++);
}

static inline void adze_selftest_number(const adze_selftest *t, uint64_t n)
{
    char digits[20];
    int count = 0;
    do {
        digits[count++] = (char)('0' + (int)(n % 10u));
        n /= 10u;
    } while (n);
    while (count)
        t->put(digits[--count]);
}

static inline void adze_selftest_hex(const adze_selftest *t, uint64_t bits, size_t bytes)
{
    adze_selftest_text(t, "0x");
    for (size_t i = 2 * bytes; i-- > 0;)
        t->put("0123456789abcdef"[bits >> (4 * i) & 15u]);
}

/* Like 1.25000e-03. */
static inline void adze_selftest_decimal(const adze_selftest *t, double v)
{
    int exponent = 0;
    if (v != v) {
        adze_selftest_text(t, "nan");
        return;
    }
    if (v < 0) {
        t->put('-');
        v = -v;
    }
    if (v > 1.7976931348623157e308) {
        adze_selftest_text(t, "inf");
        return;
    }
    for (; v >= 10; exponent++)
        v /= 10;
    for (; v > 0 && v < 1; exponent--)
        v *= 10;
    v += v > 0 ? 0.000005 : 0; /* rounds the sixth digit */
    if (v >= 10) {
        v /= 10;
        exponent++;
    }
    for (int i = 0; i < 6; i++) {
        int digit = (int)v;
        t->put((char)('0' + digit));
        if (i == 0)
            t->put('.');
        v = (v - digit) * 10;
    }
    t->put('e');
    t->put(exponent < 0 ? '-' : '+');
    exponent = exponent < 0 ? -exponent : exponent;
    if (exponent < 10)
        t->put('0');
    adze_selftest_number(t, (uint64_t)exponent);
}

/* The element's bits, as they lie in memory. */
static inline uint64_t adze_selftest_bits(const unsigned char *p, size_t bytes)
{
    uint64_t bits = 0;
    if (bytes == 1) {
        bits = *p;
    } else if (bytes == 2) {
        uint16_t half;
        memcpy(&half, p, 2);
        bits = half;
    } else if (bytes == 4) {
        uint32_t word;
        memcpy(&word, p, 4);
        bits = word;
    } else {
        memcpy(&bits, p, 8);
    }
    return bits;
}

/* IEEE 754 binary16 and bfloat16 are widened to binary32 in integers. */
static inline double adze_selftest_float(uint64_t bits, size_t bytes, adze_selftest_type type)
{
    uint32_t word = (uint32_t)bits;
    float f;
    double d;
    if (bytes == 8) {
        memcpy(&d, &bits, 8);
        return d;
    }
    if (type == ADZE_SELFTEST_BFLOAT) {
        word <<= 16;
    } else if (bytes == 2) {
        uint32_t exponent = word >> 10 & 31u, mantissa = word & 0x3ffu, sign = (word & 0x8000u) << 16;
        if (exponent == 0) { /* zero or subnormal: mantissa times 2 to the -24 */
            f = (float)mantissa * 5.9604644775390625e-8f;
            memcpy(&word, &f, 4);
            word |= sign;
        } else {
            word = sign | (exponent == 31 ? 0x7f800000u : (exponent + 112u) << 23) | mantissa << 13;
        }
    }
    memcpy(&f, &word, 4);
    return (double)f;
}

static inline int64_t adze_selftest_signed(uint64_t bits, size_t bytes)
{
    uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
    uint64_t magnitude = bits & sign ? (bytes == 8 ? ~bits : (sign << 1) - 1u - bits) : bits;
    return bits & sign ? -(int64_t)magnitude - 1 : (int64_t)magnitude;
}

static inline int adze_selftest_equal(const adze_selftest *t, const adze_selftest_output *o, uint64_t got,
                                      uint64_t want)
{
    if (o->type == ADZE_SELFTEST_FLOAT || o->type == ADZE_SELFTEST_BFLOAT) {
        double g = adze_selftest_float(got, o->element_bytes, o->type);
        double w = adze_selftest_float(want, o->element_bytes, o->type);
        double difference = g > w ? g - w : w - g, magnitude = w < 0 ? -w : w;
        if (g == w || (g != g && w != w))
            return 1;
        return magnitude <= 1.7976931348623157e308 && difference <= t->atol + t->rtol * magnitude;
    }
    if (o->type == ADZE_SELFTEST_INT) {
        int64_t g = adze_selftest_signed(got, o->element_bytes), w = adze_selftest_signed(want, o->element_bytes);
        return (double)(g > w ? (uint64_t)g - (uint64_t)w : (uint64_t)w - (uint64_t)g) <= t->int_atol;
    }
    return (double)(got > want ? got - want : want - got) <= t->int_atol;
}

static inline void adze_selftest_value(const adze_selftest *t, const adze_selftest_output *o, uint64_t bits)
{
    if (o->type == ADZE_SELFTEST_UINT) {
        adze_selftest_number(t, bits);
    } else if (o->type == ADZE_SELFTEST_INT) {
        int64_t v = adze_selftest_signed(bits, o->element_bytes);
        if (v < 0)
            t->put('-');
        adze_selftest_number(t, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v);
    } else {
        adze_selftest_hex(t, bits, o->element_bytes);
        adze_selftest_text(t, " (");
        adze_selftest_decimal(t, adze_selftest_float(bits, o->element_bytes, o->type));
        adze_selftest_text(t, ")");
    }
}

/* 0 when the output is as wanted; else 1, after a line about its first element that is not. */
static inline int adze_selftest_check(const adze_selftest *t, const adze_selftest_output *o)
{
    const unsigned char *got = (const unsigned char *)o->got, *want = (const unsigned char *)o->want;
    for (size_t i = 0; i < o->count; i++) {
        uint64_t g = adze_selftest_bits(got + i * o->element_bytes, o->element_bytes);
        uint64_t w = adze_selftest_bits(want + i * o->element_bytes, o->element_bytes);
        if (adze_selftest_equal(t, o, g, w))
            continue;
        adze_selftest_text(t, "case ");
        adze_selftest_number(t, o->case_number);
        adze_selftest_text(t, " output ");
        adze_selftest_number(t, o->output);
        adze_selftest_text(t, " element ");
        adze_selftest_number(t, i);
        adze_selftest_text(t, ": got ");
        adze_selftest_value(t, o, g);
        adze_selftest_text(t, ", want ");
        adze_selftest_value(t, o, w);
        adze_selftest_text(t, "\n");
        return 1;
    }
    return 0;
}

#endif
