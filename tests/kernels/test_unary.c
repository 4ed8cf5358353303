/* Element-wise kernels of one operand, Cast and Fill: known answers. */
#include "tests/kernels/kernel_call.h"

#include <limits.h>
#include <math.h>

typedef struct {
    const char *function;
    float a, b;
    float x[6];
    double want[6];
} UnaryCase;

/* Wanted values are those of Python's math in double. */
static const UnaryCase unary_cases[] = {
    {"adze_relu_f32_ref", 0.0f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {0, 0, 0, 0, 0.75, 2.5}},
    {"adze_leaky_relu_f32_ref", 0.1f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {-0.3, -0.125, -0.05, 0, 0.75, 2.5}},
    {"adze_thresholded_relu_f32_ref", 1.0f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {0, 0, 0, 0, 0, 2.5}},
    {"adze_clip_f32_ref", -1.0f, 1.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {-1, -1, -0.5, 0, 0.75, 1}},
    {"adze_elu_f32_ref",
     0.5f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.475106466, -0.356747602, -0.19673467, 0, 0.75, 2.5}},
    {"adze_selu_f32_ref",
     1.6732632f,
     1.050701f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-1.67056871, -1.25439543, -0.691758179, 0, 0.78802575, 2.6267525}},
    {"adze_celu_f32_ref",
     2.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-1.55373968, -0.929477143, -0.442398434, 0, 0.75, 2.5}},
    {"adze_sigmoid_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {0.0474258732, 0.222700139, 0.377540669, 0.5, 0.679178699, 0.92414182}},
    {"adze_hard_sigmoid_f32_ref", 0.2f, 0.5f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {0, 0.25, 0.4, 0.5, 0.65, 1}},
    {"adze_swish_f32_ref",
     1.5f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.0329608279, -0.1662053, -0.16041065, 0, 0.56618624, 2.44255658}},
    {"adze_hard_swish_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {0, -0.364583333, -0.208333333, 0, 0.46875, 2.29166667}},
    {"adze_softplus_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {0.0485873516, 0.251929081, 0.474076984, 0.693147181, 1.13687101, 2.57888973}},
    {"adze_softsign_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.75, -0.555555556, -0.333333333, 0, 0.428571429, 0.714285714}},
    {"adze_mish_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.145647461, -0.308413961, -0.220743775, 0, 0.610018335, 2.4713923}},
    {"adze_gelu_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.00404969409, -0.132062217, -0.154268769, 0, 0.580029486, 2.48447584}},
    {"adze_gelu_tanh_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.00363739208, -0.132285797, -0.15428599, 0, 0.579960555, 2.48491573}},
    {"adze_neg_f32_ref", 0.0f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {3, 1.25, 0.5, 0, -0.75, -2.5}},
    {"adze_abs_f32_ref", 0.0f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {3, 1.25, 0.5, 0, 0.75, 2.5}},
    {"adze_sign_f32_ref", 0.0f, 0.0f, {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f}, {-1, -1, -1, 0, 1, 1}},
    {"adze_reciprocal_f32_ref", 0.0f, 0.0f, {0.1f, 0.5f, 1, 2, 3.5f, 10}, {10, 2, 1, 0.5, 0.285714286, 0.1}},
    {"adze_sqrt_f32_ref",
     0.0f,
     0.0f,
     {0.1f, 0.5f, 1, 2, 3.5f, 10},
     {0.316227766, 0.707106781, 1, 1.41421356, 1.87082869, 3.16227766}},
    {"adze_floor_f32_ref", 0.0f, 0.0f, {-2.5f, -1.5f, -0.4f, 0.5f, 1.5f, 2.5f}, {-3, -2, -1, 0, 1, 2}},
    {"adze_ceil_f32_ref", 0.0f, 0.0f, {-2.5f, -1.5f, -0.4f, 0.5f, 1.5f, 2.5f}, {-2, -1, 0, 1, 2, 3}},
    {"adze_round_f32_ref", 0.0f, 0.0f, {-2.5f, -1.5f, -0.4f, 0.5f, 1.5f, 2.5f}, {-2, -2, 0, 0, 2, 2}},
    {"adze_exp_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {0.0497870684, 0.286504797, 0.60653066, 1, 2.11700002, 12.182494}},
    {"adze_log_f32_ref",
     0.0f,
     0.0f,
     {0.1f, 0.5f, 1, 2, 3.5f, 10},
     {-2.30258509, -0.693147181, 0, 0.693147181, 1.25276297, 2.30258509}},
    {"adze_erf_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.99997791, -0.922900128, -0.520499878, 0, 0.711155634, 0.999593048}},
    {"adze_sin_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.141120008, -0.948984619, -0.479425539, 0, 0.68163876, 0.598472144}},
    {"adze_cos_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.989992497, 0.315322362, 0.877582562, 1, 0.731688869, -0.801143616}},
    {"adze_tan_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {0.142546543, -3.00956967, -0.54630249, 0, 0.93159646, -0.747022297}},
    {"adze_asin_f32_ref",
     0.0f,
     0.0f,
     {-1, -0.75f, -0.25f, 0, 0.5f, 1},
     {-1.57079633, -0.848062079, -0.252680255, 0, 0.523598776, 1.57079633}},
    {"adze_acos_f32_ref",
     0.0f,
     0.0f,
     {-1, -0.75f, -0.25f, 0, 0.5f, 1},
     {3.14159265, 2.41885841, 1.82347658, 1.57079633, 1.04719755, 0}},
    {"adze_atan_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-1.24904577, -0.896055385, -0.463647609, 0, 0.643501109, 1.19028995}},
    {"adze_sinh_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-10.0178749, -1.60191908, -0.521095305, 0, 0.822316732, 6.05020448}},
    {"adze_cosh_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {10.067662, 1.88842388, 1.12762597, 1, 1.29468328, 6.13228948}},
    {"adze_tanh_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-0.995054754, -0.84828364, -0.462117157, 0, 0.635148952, 0.986614298}},
    {"adze_asinh_f32_ref",
     0.0f,
     0.0f,
     {-3, -1.25f, -0.5f, 0, 0.75f, 2.5f},
     {-1.81844646, -1.04759301, -0.481211825, 0, 0.693147181, 1.64723115}},
    {"adze_acosh_f32_ref",
     0.0f,
     0.0f,
     {1, 1.5f, 2, 3, 5, 10},
     {0, 0.96242365, 1.3169579, 1.76274717, 2.29243167, 2.99322285}},
    {"adze_atanh_f32_ref",
     0.0f,
     0.0f,
     {-0.9f, -0.75f, -0.25f, 0, 0.5f, 0.9f},
     {-1.47221949, -0.972955075, -0.255412812, 0, 0.549306144, 1.47221949}},
};

START_TEST(floats)
{
    const UnaryCase *t = &unary_cases[_i];
    adze_unary_params p = {6, t->a, t->b};
    float y[7] = {0, 0, 0, 0, 0, 0, 77};
    call_1(t->function, &p, t->x, y);
    ck_assert_floats(y, t->want, 6, 1e-6);
    ck_assert_float_eq(y[6], 77);
    memcpy(y, t->x, sizeof t->x);
    call_1(t->function, &p, y, y);
    ck_assert_floats(y, t->want, 6, 1e-6);
}
END_TEST

START_TEST(extremes)
{
    const float x[] = {-INFINITY, INFINITY, NAN, -1000, 1000, -0.0f};
    float y[6];
    adze_unary_params p = {6, -1, 1};
    call_1("adze_relu_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){0, INFINITY, NAN, 0, 1000, 0}), 6, 0);
    call_1("adze_clip_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){-1, 1, NAN, -1, 1, 0}), 6, 0);
    call_1("adze_sigmoid_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){0, 1, NAN, 0, 1, 0.5}), 6, 0);
    call_1("adze_softplus_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){0, INFINITY, NAN, 0, 1000, 0.69314718}), 6, 1e-7);
    call_1("adze_tanh_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){-1, 1, NAN, -1, 1, 0}), 6, 0);
    p = (adze_unary_params){6, 0.25f, 0};
    call_1("adze_leaky_relu_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){-INFINITY, INFINITY, NAN, -250, 1000, 0}), 6, 0);
}
END_TEST

START_TEST(questions)
{
    const float x[] = {-INFINITY, INFINITY, NAN, 3.4028235e38f, -3.4028235e38f, 0};
    uint8_t y[6];
    adze_unary_params p = {6, 0, 0};
    call_1("adze_is_nan_f32_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 0, 1, 0, 0, 0}), 6);
    call_1("adze_is_inf_f32_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){1, 1, 0, 0, 0, 0}), 6);
    p.a = -1;
    call_1("adze_is_inf_f32_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){1, 0, 0, 0, 0, 0}), 6);
    p.a = 1;
    call_1("adze_is_inf_f32_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 1, 0, 0, 0, 0}), 6);
    const uint8_t b[] = {0, 1, 2};
    p.count = 3;
    call_1("adze_not_bool_ref", &p, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){1, 0, 0}), 3);
}
END_TEST

START_TEST(doubles)
{
    const double x[] = {-2.5, 0.5, 4};
    const struct {
        const char *function;
        double want[3];
    } cases[] = {
        {"adze_neg_f64_ref", {2.5, -0.5, -4}},
        {"adze_abs_f64_ref", {2.5, 0.5, 4}},
        {"adze_sign_f64_ref", {-1, 1, 1}},
        {"adze_reciprocal_f64_ref", {-0.4, 2, 0.25}},
        {"adze_sqrt_f64_ref", {NAN, 0.70710678118654757, 2}},
        {"adze_floor_f64_ref", {-3, 0, 4}},
        {"adze_ceil_f64_ref", {-2, 1, 4}},
        {"adze_round_f64_ref", {-2, 0, 4}},
        {"adze_exp_f64_ref", {0.0820849986238988, 1.6487212707001282, 54.598150033144236}},
        {"adze_log_f64_ref", {NAN, -0.69314718055994529, 1.3862943611198906}},
    };
    adze_unary_params p = {3, 0, 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double y[3];
        call_1(cases[i].function, &p, x, y);
        ck_assert_floats(y, cases[i].want, 3, 1e-15);
    }
}
END_TEST

#define INTEGERS(SUFFIX, T, LOWEST, HIGHEST)                                                                           \
    START_TEST(integers_##SUFFIX)                                                                                      \
    {                                                                                                                  \
        const T x[] = {LOWEST, -7, 0, 7, HIGHEST};                                                                     \
        T y[5];                                                                                                        \
        adze_unary_params p = {5, -5, 6};                                                                              \
        call_1("adze_neg_" #SUFFIX "_ref", &p, x, y);                                                                  \
        ck_assert_mem_eq(y, ((const T[]){LOWEST, 7, 0, -7, -HIGHEST}), sizeof y);                                      \
        call_1("adze_abs_" #SUFFIX "_ref", &p, x, y);                                                                  \
        ck_assert_mem_eq(y, ((const T[]){LOWEST, 7, 0, 7, HIGHEST}), sizeof y);                                        \
        call_1("adze_sign_" #SUFFIX "_ref", &p, x, y);                                                                 \
        ck_assert_mem_eq(y, ((const T[]){-1, -1, 0, 1, 1}), sizeof y);                                                 \
        call_1("adze_relu_" #SUFFIX "_ref", &p, x, y);                                                                 \
        ck_assert_mem_eq(y, ((const T[]){0, 0, 0, 7, HIGHEST}), sizeof y);                                             \
        call_1("adze_clip_" #SUFFIX "_ref", &p, x, y);                                                                 \
        ck_assert_mem_eq(y, ((const T[]){-5, -5, 0, 6, 6}), sizeof y);                                                 \
        p = (adze_unary_params){5, -INFINITY, INFINITY};                                                               \
        call_1("adze_clip_" #SUFFIX "_ref", &p, x, y);                                                                 \
        ck_assert_mem_eq(y, x, sizeof y);                                                                              \
    }                                                                                                                  \
    END_TEST
INTEGERS(i8, int8_t, INT8_MIN, INT8_MAX)
INTEGERS(i32, int32_t, INT32_MIN, INT32_MAX)
INTEGERS(i64, int64_t, INT64_MIN, INT64_MAX)

START_TEST(fill)
{
    const uint64_t value = 0x1122334455667788u;
    adze_unary_params p = {3, 0, 0};
    for (size_t size = 1; size <= 8; size *= 2) {
        unsigned char y[32];
        char name[32];
        snprintf(name, sizeof name, "adze_fill_%zu_ref", size);
        memset(y, 0xEE, sizeof y);
        call_1(name, &p, &value, y);
        for (size_t i = 0; i < sizeof y; i++)
            ck_assert_uint_eq(y[i], i < 3 * size ? ((const unsigned char *)&value)[i % size] : 0xEE);
    }
}
END_TEST

/* Numbers that Cast must treat well, as doubles; what each type makes of them is asked of dtype.h's readers. */
static const double numbers[] = {0, 1, -1, 2.75, -2.75, 127, 128, -129, 255, 300, 40000, -40000, 70000, 3e9, -3e9};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

static const DType cast_types[] = {DT_F32, DT_F64, DT_F16, DT_I8,  DT_U8,  DT_I16,
                                   DT_U16, DT_I32, DT_U32, DT_I64, DT_U64, DT_BOOL};

static double element(DType t, const void *data, int i)
{
    Tensor tensor = {t, {1, {NUMBERS}}, data};
    return tensor_float(&tensor, i);
}

/* What an integer type makes of an integer: its low bits. */
static double wrapped(DType t, double v)
{
    int bits = (int)dtype_size(t) * 8;
    __int128 modulus = (__int128)1 << bits, rest = ((__int128)v % modulus + modulus) % modulus;
    bool is_signed = t == DT_I8 || t == DT_I16 || t == DT_I32 || t == DT_I64;
    return (double)(is_signed && rest >= modulus / 2 ? rest - modulus : rest);
}

static double saturated(DType t, double v)
{
    bool is_signed = t == DT_I8 || t == DT_I16 || t == DT_I32 || t == DT_I64;
    int bits = (int)dtype_size(t) * 8 - is_signed;
    double highest = ldexp(1, bits) - 1, lowest = is_signed ? -ldexp(1, bits) : 0;
    return v > highest ? highest : v < lowest ? lowest : trunc(v);
}

static double cast_want(DType from, DType to, double v)
{
    if (to == DT_BOOL)
        return v != 0;
    if (to == DT_F16)
        return half_to_float(float_to_half((float)v));
    if (to == DT_F32)
        return (float)v;
    if (to == DT_F64)
        return v;
    return dtype_is_float(from) ? saturated(to, v) : wrapped(to, v);
}

START_TEST(casts)
{
    DType from = cast_types[_i];
    uint64_t x[NUMBERS], y[NUMBERS];
    adze_unary_params p = {NUMBERS, 0, 0};
    char name[64];
    snprintf(name, sizeof name, "adze_cast_f64_%s_ref", dtype_name(from));
    if (from == DT_F64)
        memcpy(x, numbers, sizeof x);
    else
        call_1(name, &p, numbers, x);
    for (size_t k = 0; k < sizeof cast_types / sizeof cast_types[0]; k++) {
        DType to = cast_types[k];
        if (to == from && (dtype_is_float(to) || to == DT_BOOL))
            continue;
        snprintf(name, sizeof name, "adze_cast_%s_%s_ref", dtype_name(from), dtype_name(to));
        call_1(name, &p, x, y);
        for (int i = 0; i < NUMBERS; i++) {
            double v = element(from, x, i), want = cast_want(from, to, v), got = element(to, y, i);
            ck_assert_msg(got == want, "%s of %g: %g, not %g", name, v, got, want);
        }
    }
}
END_TEST

START_TEST(cast_extremes)
{
    const float x[] = {NAN, INFINITY, -INFINITY, 1e30f, -0.9f, 255.9f};
    adze_unary_params p = {6, 0, 0};
    int32_t i32[6];
    call_1("adze_cast_f32_i32_ref", &p, x, i32);
    ck_assert_mem_eq(i32, ((const int32_t[]){0, INT32_MAX, INT32_MIN, INT32_MAX, 0, 255}), sizeof i32);
    uint64_t u64[6];
    call_1("adze_cast_f32_u64_ref", &p, x, u64);
    ck_assert_mem_eq(u64, ((const uint64_t[]){0, UINT64_MAX, 0, UINT64_MAX, 0, 255}), sizeof u64);
    uint8_t u8[6];
    call_1("adze_cast_f32_u8_ref", &p, x, u8);
    ck_assert_mem_eq(u8, ((const uint8_t[]){0, 255, 0, 255, 0, 255}), sizeof u8);
    call_1("adze_cast_f32_bool_ref", &p, x, u8);
    ck_assert_mem_eq(u8, ((const uint8_t[]){1, 1, 1, 1, 1, 1}), sizeof u8);
}
END_TEST

/* Every half, and the rounding of what lies between two of them. */
START_TEST(halves)
{
    adze_unary_params p = {1, 0, 0};
    for (uint32_t h = 0; h < 0x10000; h++) {
        uint16_t x = (uint16_t)h, back;
        float f, want = half_to_float(x);
        call_1("adze_cast_f16_f32_ref", &p, &x, &f);
        ck_assert(f == want || (f != f && want != want));
        call_1("adze_cast_f32_f16_ref", &p, &f, &back);
        ck_assert_msg(back == x || f != f, "%04x became %04x", x, back);
    }
    uint32_t state = 1;
    for (int i = 0; i < 200000; i++) {
        state = state * 1664525u + 1013904223u;
        float f;
        uint16_t got;
        memcpy(&f, &state, sizeof f);
        call_1("adze_cast_f32_f16_ref", &p, &f, &got);
        ck_assert_msg(got == float_to_half(f) || f != f, "%a became %04x, not %04x", (double)f, got, float_to_half(f));
    }
}
END_TEST

#define BITS_NOT(BYTES, T)                                                                                             \
    {                                                                                                                  \
        const T x[3] = {0, 1, (T)-1};                                                                                  \
        T y[3];                                                                                                        \
        call_1("adze_bitwise_not_" #BYTES "_ref", &p, x, y);                                                           \
        ck_assert_mem_eq(y, ((const T[]){(T)-1, (T)-2, 0}), sizeof y);                                                 \
    }

START_TEST(bits_not)
{
    adze_unary_params p = {.count = 3};
    BITS_NOT(1, uint8_t)
    BITS_NOT(2, uint16_t)
    BITS_NOT(4, uint32_t)
    BITS_NOT(8, uint64_t)
}
END_TEST

START_TEST(all_rows)
{
    ck_assert_all_called(KIND_UNARY);
    ck_assert_all_called(KIND_CAST);
    ck_assert_all_called(KIND_FILL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: unary");
    TCase *t = tcase_create("unary");
    tcase_add_loop_test(t, floats, 0, (int)(sizeof unary_cases / sizeof unary_cases[0]));
    tcase_add_test(t, extremes);
    tcase_add_test(t, questions);
    tcase_add_test(t, doubles);
    tcase_add_test(t, integers_i8);
    tcase_add_test(t, integers_i32);
    tcase_add_test(t, integers_i64);
    tcase_add_test(t, fill);
    tcase_add_test(t, bits_not);
    tcase_add_loop_test(t, casts, 0, (int)(sizeof cast_types / sizeof cast_types[0]));
    tcase_add_test(t, cast_extremes);
    tcase_add_test(t, halves);
    tcase_add_test(t, all_rows); /* last */
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
