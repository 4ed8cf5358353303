/* Single-precision functions that networks seldom call, by way of double precision (errors below 1e-10), which is
 * short and rounds once. */
#include "math.h"

#include <stdbool.h>
#include <stdint.h>

#define LN2 0.69314718055994530942
#define PI 3.14159265358979323846

static uint64_t bits_of(double x)
{
    uint64_t u;
    __builtin_memcpy(&u, &x, sizeof u);
    return u;
}

static double from_bits(uint64_t u)
{
    double x;
    __builtin_memcpy(&x, &u, sizeof x);
    return x;
}

/* 1, 1/2, .. 1/27: a division costs several multiplications here. */
static const double inverse[] = {0,        1.0,      1.0 / 2,  1.0 / 3,  1.0 / 4,  1.0 / 5,  1.0 / 6,
                                 1.0 / 7,  1.0 / 8,  1.0 / 9,  1.0 / 10, 1.0 / 11, 1.0 / 12, 1.0 / 13,
                                 1.0 / 14, 1.0 / 15, 1.0 / 16, 1.0 / 17, 1.0 / 18, 1.0 / 19, 1.0 / 20,
                                 1.0 / 21, 1.0 / 22, 1.0 / 23, 1.0 / 24, 1.0 / 25, 1.0 / 26, 1.0 / 27};

/* e^x for |x| <= 300 */
static double exp_double(double x)
{
    double scaled = x * (1 / LN2);
    int n = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
    double r = x - n * LN2, sum = 1;
    for (int k = 10; k > 0; k--)
        sum = 1 + sum * r * inverse[k];
    return sum * from_bits((uint64_t)(n + 1023) << 52);
}

/* x > 0 and finite */
static double log_double(double x)
{
    const uint64_t half_root = 0x3fe6a09e667f3bcdu; /* 1/sqrt(2) */
    uint64_t u = bits_of(x) - half_root;
    double n = (double)((int64_t)u >> 52), m = from_bits((u & 0xfffffffffffffu) + half_root);
    double s = (m - 1) / (m + 1), z = s * s, sum = 0;
    for (int k = 15; k >= 1; k -= 2)
        sum = sum * z + 2 * inverse[k];
    return n * LN2 + s * sum;
}

/* log(1 + x), x > -1 */
static double log1p_double(double x)
{
    if (x < 1e-4 && x > -1e-4)
        return x * (1 - x * (0.5 - x * (1.0 / 3 - x * 0.25)));
    return log_double(1 + x);
}

static double sqrt_double(double x)
{
    if (x <= 0)
        return 0;
    double s = from_bits((bits_of(x) >> 1) + 0x1ff8000000000000u); /* halves the exponent: right to some 6 % */
    for (int i = 0; i < 5; i++)
        s = 0.5 * (s + x / s);
    return s;
}

static double atan_double(double x)
{
    if (x < 0)
        return -atan_double(-x);
    if (x > 1)
        return PI / 2 - atan_double(1 / x);
    double base = 0;
    if (x > 0.41421356) {
        base = PI / 4;
        x = (x - 1) / (x + 1);
    }
    double z = x * x, sum = 0;
    for (int k = 27; k >= 1; k -= 2)
        sum = inverse[k] - z * sum;
    return base + x * sum;
}

float exp2f(float x)
{
    if (!(x < 200) || x < -200)
        return x < 0 ? 0 : x > 0 ? INFINITY : x;
    return (float)exp_double((double)x * LN2);
}

static bool log_special(float x, float *y)
{
    *y = x < 0 ? NAN : x == 0 ? -INFINITY : x;
    return !(x > 0) || !(x < INFINITY);
}

float log2f(float x)
{
    float y;
    return log_special(x, &y) ? y : (float)(log_double((double)x) * (1 / LN2));
}

float log10f(float x)
{
    float y;
    return log_special(x, &y) ? y : (float)(log_double((double)x) * 0.43429448190325182765);
}

float log1pf(float x)
{
    if (!(x > -1) || !(x < INFINITY))
        return x == -1 ? -INFINITY : x < -1 ? NAN : x;
    return x == 0 ? x : (float)log1p_double((double)x);
}

/* Is y an odd integer? */
static bool is_odd(float y)
{
    float a = fabsf(y);
    return a < 0x1p24f && truncf(a) == a && ((uint32_t)a & 1);
}

float powf(float x, float y)
{
    if (y == 0 || x == 1)
        return 1;
    if (isnan(x) || isnan(y))
        return x + y;
    float a = fabsf(x), sign = x < 0 || (x == 0 && signbit(x)) ? (is_odd(y) ? -1.0f : 1.0f) : 1.0f;
    if (isinf(y))
        return a == 1 ? 1 : (a > 1) == (y > 0) ? INFINITY : 0;
    if (a == 0 || isinf(a))
        return sign * ((a == 0) == (y > 0) ? 0 : INFINITY);
    if (x < 0 && truncf(y) != y)
        return NAN;
    double power = (double)y * log_double((double)a);
    return sign * (power > 200 ? INFINITY : power < -200 ? 0 : (float)exp_double(power));
}

float sinhf(float x)
{
    float a = fabsf(x);
    if (!(a <= 100))
        return x * INFINITY;
    double d = (double)x, z = d * d;
    if (a < 0.5f)
        return x == 0 ? x : (float)(d * (1 + z / 6 * (1 + z / 20 * (1 + z / 42 * (1 + z / 72)))));
    double e = exp_double(d);
    return (float)(0.5 * (e - 1 / e));
}

float coshf(float x)
{
    if (!(fabsf(x) <= 100))
        return isnan(x) ? x : INFINITY;
    double e = exp_double((double)x);
    return (float)(0.5 * (e + 1 / e));
}

float asinhf(float x)
{
    if (x == 0 || !isfinite(x))
        return x;
    double d = (double)fabsf(x), y;
    y = d > 1e8 ? log_double(d) + LN2 : log1p_double(d + d * d / (1 + sqrt_double(1 + d * d)));
    return copysignf((float)y, x);
}

float acoshf(float x)
{
    if (!(x >= 1) || !(x < INFINITY))
        return x < 1 ? NAN : x;
    double t = (double)x - 1;
    return (float)log1p_double(t + sqrt_double(t) * sqrt_double(t + 2));
}

float atanhf(float x)
{
    if (!(fabsf(x) < 1))
        return fabsf(x) == 1 ? x * INFINITY : isnan(x) ? x : NAN;
    return x == 0 ? x : (float)(0.5 * log1p_double(2 * (double)x / (1 - (double)x)));
}

float atanf(float x)
{
    return x == 0 || isnan(x) ? x : (float)atan_double((double)x);
}

float asinf(float x)
{
    if (!(fabsf(x) < 1))
        return fabsf(x) == 1 ? x * (float)(PI / 2) : isnan(x) ? x : NAN;
    double d = (double)x;
    return x == 0 ? x : (float)atan_double(d / sqrt_double((1 - d) * (1 + d)));
}

float acosf(float x)
{
    if (!(fabsf(x) <= 1))
        return isnan(x) ? x : NAN;
    double d = (double)x;
    return (float)(d == -1 ? PI : 2 * atan_double(sqrt_double((1 - d) / (1 + d))));
}

float atan2f(float y, float x)
{
    if (isnan(x) || isnan(y))
        return x + y;
    if (y == 0)
        return signbit(x) ? copysignf((float)PI, y) : y;
    double angle = isinf(y)   ? (isinf(x) ? PI / 4 : PI / 2)
                   : isinf(x) ? 0
                   : x == 0   ? PI / 2
                              : atan_double((double)fabsf(y) / (double)fabsf(x));
    return copysignf((float)(signbit(x) ? (x == 0 ? PI / 2 : PI - angle) : angle), y);
}

/* |x| = quadrant * pi/2 + result, |result| <= pi/4 and a little; the quadrant modulo 4. */
static double reduce_angle(float x, unsigned *quadrant)
{
    double d = (double)fabsf(x);
    if (d < 1e6) {
        const double high = 0x1.921fb544p0, low = 0x1.0b4611a626331p-34; /* pi/2; 33 bits, rest */
        unsigned n = (unsigned)(d / (PI / 2) + 0.5);
        *quadrant = n & 3;
        return (d - n * high) - n * low;
    }
    /* 2/pi, 32 bits a word, behind the point. x is an integer m * 2^shift: bits of 2/pi * 2^shift above the value 4
     * only make whole turns, so that a window of 96 bits is enough. */
    static const uint32_t two_over_pi[] = {0,           0xa2f9836eu, 0x4e441529u, 0xfc2757d1u,
                                           0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu};
    uint32_t u;
    __builtin_memcpy(&u, &x, sizeof u);
    int shift = (int)(u >> 23 & 255) - 150 + 30; /* the window begins 2 bits before the point, at word `at` */
    uint64_t m = (u & 0x7fffffu) | 0x800000u;
    int at = shift >> 5, by = shift & 31;
    uint32_t w[3];
    for (int i = 0; i < 3; i++) {
        uint64_t pair = (uint64_t)two_over_pi[at + i] << 32 | two_over_pi[at + i + 1];
        w[i] = (uint32_t)(pair << by >> 32);
    }
    uint64_t low = m * w[1] + (m * w[2] >> 32), turns = (m * w[0] << 32) + low; /* 2 bits of quadrant, 62 of fraction */
    *quadrant = (unsigned)((turns + (1ull << 61)) >> 62);
    return (double)(int64_t)(turns << 2) * 0x1p-64 * (PI / 2);
}

static double sin_quadrant(double r, unsigned quadrant)
{
    double z = r * r;
    double y = quadrant & 1 ? 1 - z / 2 * (1 - z / 12 * (1 - z / 30 * (1 - z / 56 * (1 - z / 90 * (1 - z / 132)))))
                            : r * (1 - z / 6 * (1 - z / 20 * (1 - z / 42 * (1 - z / 72 * (1 - z / 110)))));
    return quadrant & 2 ? -y : y;
}

float sinf(float x)
{
    if (x == 0 || !isfinite(x))
        return x == 0 ? x : x - x;
    unsigned quadrant;
    double r = reduce_angle(x, &quadrant), y = sin_quadrant(r, quadrant);
    return (float)(x < 0 ? -y : y);
}

float cosf(float x)
{
    if (!isfinite(x))
        return x - x;
    unsigned quadrant;
    double r = reduce_angle(x, &quadrant);
    return (float)sin_quadrant(r, quadrant + 1);
}

float tanf(float x)
{
    if (x == 0 || !isfinite(x))
        return x == 0 ? x : x - x;
    unsigned quadrant;
    double r = reduce_angle(x, &quadrant), y = sin_quadrant(r, quadrant) / sin_quadrant(r, quadrant + 1);
    return (float)(x < 0 ? -y : y);
}

float fmodf(float x, float y)
{
    if (isnan(y) || !isfinite(x) || y == 0)
        return isnan(x) || isnan(y) ? x + y : NAN;
    float a = fabsf(x), b = fabsf(y);
    if (a < b)
        return x;
    uint32_t ua, ub;
    __builtin_memcpy(&ua, &a, sizeof ua);
    __builtin_memcpy(&ub, &b, sizeof ub);
    int ea = ua >> 23 ? (int)(ua >> 23) : 1, eb = ub >> 23 ? (int)(ub >> 23) : 1;
    uint32_t ma = ua >> 23 ? (ua & 0x7fffffu) | 0x800000u : ua, mb = ub >> 23 ? (ub & 0x7fffffu) | 0x800000u : ub;
    ma %= mb;
    for (; ea > eb && ma; ea--)
        ma = (ma << 1) % mb;
    return copysignf(ma ? ldexpf((float)ma, eb - 150) : 0.0f, x);
}
