/* The mathematics of targets/boards/riscv, compiled for this machine, against its libm: in units in the last place. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EACH_FLOAT(X)                                                                                                  \
    X(expf, exp, 1.0)                                                                                                  \
    X(exp2f, exp2, 0.51)                                                                                               \
    X(expm1f, expm1, 1.5)                                                                                              \
    X(logf, log, 1.0)                                                                                                  \
    X(log2f, log2, 0.51)                                                                                               \
    X(log10f, log10, 0.51)                                                                                             \
    X(log1pf, log1p, 0.51)                                                                                             \
    X(sqrtf, sqrt, 0.5)                                                                                                \
    X(erff, erf, 1.5)                                                                                                  \
    X(tanhf, tanh, 1.5)                                                                                                \
    X(sinhf, sinh, 0.51)                                                                                               \
    X(coshf, cosh, 0.51)                                                                                               \
    X(asinhf, asinh, 0.51)                                                                                             \
    X(acoshf, acosh, 0.51)                                                                                             \
    X(atanhf, atanh, 0.51)                                                                                             \
    X(sinf, sin, 0.51)                                                                                                 \
    X(cosf, cos, 0.51)                                                                                                 \
    X(tanf, tan, 0.51)                                                                                                 \
    X(asinf, asin, 0.51)                                                                                               \
    X(acosf, acos, 0.51)                                                                                               \
    X(atanf, atan, 0.51)                                                                                               \
    X(floorf, floor, 0)                                                                                                \
    X(ceilf, ceil, 0)                                                                                                  \
    X(truncf, trunc, 0)                                                                                                \
    X(roundf, round, 0)                                                                                                \
    X(rintf, rint, 0)
#define EACH_DOUBLE(X)                                                                                                 \
    X(exp, expl, 1.0)                                                                                                  \
    X(log, logl, 1.0)                                                                                                  \
    X(sqrt, sqrtl, 0.51)                                                                                               \
    X(floor, floorl, 0)                                                                                                \
    X(ceil, ceill, 0)                                                                                                  \
    X(trunc, truncl, 0)                                                                                                \
    X(round, roundl, 0)                                                                                                \
    X(rint, rintl, 0)

/* What the machine's library says, before the names are taken. */
#define HOST(name, wide, limit)                                                                                        \
    static double host_##name(double x)                                                                                \
    {                                                                                                                  \
        return wide(x);                                                                                                \
    }
EACH_FLOAT(HOST)
#undef HOST
#define HOST(name, wide, limit)                                                                                        \
    static long double host_##name(long double x)                                                                      \
    {                                                                                                                  \
        return wide(x);                                                                                                \
    }
EACH_DOUBLE(HOST)
#undef HOST

static double host_powf(double x, double y)
{
    return pow(x, y);
}

static double host_fmodf(double x, double y)
{
    return fmod(x, y);
}

static double host_atan2f(double y, double x)
{
    return atan2(y, x);
}

static long double host_pow(long double x, long double y)
{
    return powl(x, y);
}

static long double host_fmod(long double x, long double y)
{
    return fmodl(x, y);
}

/* A number as wide as it comes, and the distance in units in the last place of a format with `digits` bits whose
 * smallest exponent is `least`; 1e9 where one is NaN or zero's sign differs. */
static double distance(long double got, long double want, int digits, int least)
{
    int exponent;
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : 1e9;
    if (got == want)
        return got == 0 && signbit(got) != signbit(want) ? 1e9 : 0;
    if (isinf(got) || isinf(want))
        return 1e9;
    frexpl(want, &exponent);
    return (double)(fabsl(got - want) / ldexpl(1, (exponent > least ? exponent : least) - digits));
}

#undef INFINITY
#undef NAN
#undef HUGE_VALF
#undef HUGE_VAL
#undef M_PI
#undef isnan
#undef isinf
#undef isfinite
#undef signbit
#define expf own_expf
#define exp2f own_exp2f
#define expm1f own_expm1f
#define logf own_logf
#define log2f own_log2f
#define log10f own_log10f
#define log1pf own_log1pf
#define powf own_powf
#define sqrtf own_sqrtf
#define erff own_erff
#define tanhf own_tanhf
#define sinhf own_sinhf
#define coshf own_coshf
#define asinhf own_asinhf
#define acoshf own_acoshf
#define atanhf own_atanhf
#define sinf own_sinf
#define cosf own_cosf
#define tanf own_tanf
#define asinf own_asinf
#define acosf own_acosf
#define atanf own_atanf
#define atan2f own_atan2f
#define floorf own_floorf
#define ceilf own_ceilf
#define truncf own_truncf
#define roundf own_roundf
#define rintf own_rintf
#define nearbyintf own_nearbyintf
#define lrintf own_lrintf
#define lroundf own_lroundf
#define fmodf own_fmodf
#define fmaxf own_fmaxf
#define fminf own_fminf
#define ldexpf own_ldexpf
#define exp own_exp
#define log own_log
#define pow own_pow
#define sqrt own_sqrt
#define floor own_floor
#define ceil own_ceil
#define trunc own_trunc
#define round own_round
#define rint own_rint
#define nearbyint own_nearbyint
#define fmod own_fmod
#define bits_of float_bits_of
#define from_bits float_from_bits
#include "targets/boards/riscv/math.c"
#undef bits_of
#undef from_bits
#define bits_of rare_bits_of
#define from_bits rare_from_bits
#include "targets/boards/riscv/math_rare.c"
#undef bits_of
#undef from_bits
#undef is_odd
#define is_odd double_is_odd
#include "targets/boards/riscv/math_f64.c"

/* ck_assert_msg writes a record even when all is well, which takes most of the time here. */
#define EXPECT(condition, ...)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

static float as_float(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static double as_double(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* pow computes in long double, which has fewer bits here than on RISC-V. */
#define POW_LIMIT 1.5

enum { FLOAT_DIGITS = 24, FLOAT_LEAST = -125, DOUBLE_DIGITS = 53, DOUBLE_LEAST = -1021 };

static const float special_floats[] = {0.0f,  -0.0f,  1.0f,        -1.0f,   2.0f,    -2.0f,     0.5f,       -0.5f,
                                       1.5f,  2.5f,   -2.5f,       1e-40f,  -1e-45f, 1e38f,     -1e38f,     3.4e38f,
                                       88.7f, 88.73f, -87.4f,      -103.9f, -104.1f, 0x1p-126f, 8388607.5f, 8388609.0f,
                                       0.1f,  7.0f,   16777215.0f, -3.0f,   20.0f,   1e-10f};

/* The next argument: specials, infinities and NaN first, then a walk over all bit patterns. */
static float next_float(int i, int n)
{
    enum { SPECIAL = sizeof special_floats / sizeof *special_floats };
    if (i < SPECIAL)
        return special_floats[i];
    if (i < SPECIAL + 3)
        return i == SPECIAL ? INFINITY : i == SPECIAL + 1 ? -INFINITY : NAN;
    return as_float((uint32_t)((uint64_t)i * (UINT64_C(1) << 32) / (unsigned)n * 2654435761u));
}

static double next_double(int i)
{
    static const double special[] = {0.0,    -0.0, 1.0,    -1.0,   709.7, 709.79, -745.1,
                                     -745.2, -720, 5e-324, 1e-310, 1e308, 2.5};
    enum { SPECIAL = sizeof special / sizeof *special };
    if (i < SPECIAL)
        return special[i];
    if (i < SPECIAL + 3)
        return i == SPECIAL ? INFINITY : i == SPECIAL + 1 ? -INFINITY : NAN;
    uint64_t u = (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15);
    double x = as_double(u);
    return i & 1 && fabs(x) > 800 ? as_double((u & UINT64_C(0x801fffffffffffff)) | UINT64_C(0x3fe0000000000000)) * 500
                                  : x;
}

START_TEST(single_precision)
{
    enum { ARGUMENTS = 400000 };
    for (int i = 0; i < ARGUMENTS; i++) {
        float x = next_float(i, ARGUMENTS);
#define CHECK(name, wide, limit)                                                                                       \
    {                                                                                                                  \
        float got = own_##name(x);                                                                                     \
        double want = host_##name((double)x), e = distance(got, want, FLOAT_DIGITS, FLOAT_LEAST);                      \
        bool same = got == (float)want || (isnan(got) && isnan(want));                                                 \
        EXPECT((same && (got != 0 || !signbit(got) == !signbit((float)want))) || e <= (limit),                         \
               #name "(%a) = %a, expected %a: %g units", (double)x, (double)got, want, e);                             \
    }
        EACH_FLOAT(CHECK)
#undef CHECK
    }
}
END_TEST

START_TEST(double_precision)
{
    enum { ARGUMENTS = 400000 };
    for (int i = 0; i < ARGUMENTS; i++) {
        double x = next_double(i);
#define CHECK(name, wide, limit)                                                                                       \
    {                                                                                                                  \
        double got = own_##name(x);                                                                                    \
        long double want = host_##name((long double)x);                                                                \
        double e = distance(got, want, DOUBLE_DIGITS, DOUBLE_LEAST);                                                   \
        bool same = got == (double)want || (isnan(got) && isnan(want));                                                \
        EXPECT((same && (got != 0 || !signbit(got) == !signbit((double)want))) || e <= (limit),                        \
               #name "(%a) = %a, expected %La: %g units", x, got, want, e);                                            \
    }
        EACH_DOUBLE(CHECK)
#undef CHECK
    }
}
END_TEST

static bool near_float(float got, double want)
{
    return got == (float)want || distance(got, want, FLOAT_DIGITS, FLOAT_LEAST) <= 0.51;
}

static void check_pair(float x, float y)
{
    EXPECT(near_float(own_powf(x, y), host_powf((double)x, (double)y)), "powf(%a, %a) = %a", (double)x, (double)y,
           (double)own_powf(x, y));
    EXPECT(near_float(own_fmodf(x, y), host_fmodf((double)x, (double)y)), "fmodf(%a, %a) = %a", (double)x, (double)y,
           (double)own_fmodf(x, y));
    EXPECT(near_float(own_atan2f(x, y), host_atan2f((double)x, (double)y)), "atan2f(%a, %a) = %a", (double)x, (double)y,
           (double)own_atan2f(x, y));
    double a = (double)x, b = (double)y;
    double p = own_pow(a, b), m = own_fmod(a, b);
    long double want = host_pow(a, b), want_m = host_fmod(a, b);
    EXPECT(p == (double)want || distance(p, want, DOUBLE_DIGITS, DOUBLE_LEAST) <= POW_LIMIT, "pow(%a, %a) = %a", a, b,
           p);
    EXPECT(m == (double)want_m || distance(m, want_m, DOUBLE_DIGITS, DOUBLE_LEAST) == 0, "fmod(%a, %a) = %a", a, b, m);
}

START_TEST(two_arguments)
{
    enum { SPECIALS = sizeof special_floats / sizeof *special_floats + 3, ARGUMENTS = 200000 };
    for (int i = 0; i < SPECIALS; i++)
        for (int j = 0; j < SPECIALS; j++)
            check_pair(next_float(i, 1), next_float(j, 1));
    uint64_t state = 1;
    for (int i = 0; i < ARGUMENTS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        float x = as_float((uint32_t)(state >> 32));
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        float y = as_float((uint32_t)(state >> 32));
        check_pair(x, y);
        check_pair(fabsf(x), (float)(int32_t)(state >> 32) * 1e-8f);
    }
}
END_TEST

START_TEST(the_rest)
{
    ck_assert(own_fmaxf(NAN, 1) == 1 && own_fmaxf(1, NAN) == 1 && own_fmaxf(-1, 2) == 2 && own_fminf(-1, 2) == -1);
    ck_assert(own_lrintf(2.5f) == 2 && own_lrintf(-3.5f) == -4 && own_lroundf(2.5f) == 3);
    ck_assert(own_ldexpf(1, 127) == 0x1p127f && own_ldexpf(0x1p-126f, 253) == 0x1p127f &&
              own_ldexpf(1, 2000) == INFINITY);
    ck_assert(own_ldexpf(1, -149) == 0x1p-149f && own_ldexpf(1, -151) == 0 &&
              own_ldexpf(0x1.8p127f, -276) == 0x1.8p-149f);
    ck_assert(own_ldexpf(0, 5) == 0 && own_ldexpf(1, -5000) == 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("target/math");
    TCase *c = tcase_create("math");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, single_precision);
    tcase_add_test(c, double_precision);
    tcase_add_test(c, two_arguments);
    tcase_add_test(c, the_rest);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
