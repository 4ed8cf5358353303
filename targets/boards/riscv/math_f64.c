/* The double-precision functions that networks in double precision call; errors stay below 2 units in the last place.
 */
#include "math.h"

#include <stdint.h>

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

static double scale(double x, int n)
{
    for (; n > 1000; n -= 1000)
        x *= 0x1p1000;
    for (; n < -1000; n += 900) /* the last factor alone may make x subnormal */
        x *= 0x1p-900;
    return x * from_bits((uint64_t)(n + 1023) << 52);
}

double exp(double x)
{
    if (!(x <= 710))
        return x > 0 ? INFINITY : x;
    if (x < -746)
        return 0;
    double scaled = x * 1.44269504088896340736;
    int n = (int)(scaled + (scaled < 0 ? -0.5 : 0.5));
    /* ln 2 in 32 bits and the rest, so that n times the first is exact */
    double high = x - n * 0x1.62e42feep-1, low = n * 0x1.a39ef35793c76p-33, r = high - low, sum = 1;
    for (int k = 14; k > 2; k--)
        sum = 1 + sum * r / k;
    double tail = (high - r) - low; /* what r has lost */
    return scale(1 + (r + (tail + r * r * 0.5 * sum)), n);
}

/* x > 0 and finite: x = 2^n (1 + f), sqrt(1/2) <= 1 + f < sqrt(2) */
static double split(double x, int *n)
{
    const uint64_t half_root = 0x3fe6a09e667f3bcdu;
    *n = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        *n = -54;
    }
    uint64_t u = bits_of(x) - half_root;
    *n += (int)((int64_t)u >> 52);
    return from_bits((u & 0xfffffffffffffu) + half_root) - 1;
}

double log(double x)
{
    if (!(x > 0) || !(x < INFINITY))
        return x == 0 ? -INFINITY : x < 0 ? NAN : x;
    int n;
    double f = split(x, &n), s = f / (2 + f), z = s * s, sum = 0, half = 0.5 * f * f;
    for (int k = 23; k >= 3; k -= 2)
        sum = z * (2.0 / k + sum);
    return n * 0x1.62e42feep-1 + (f - (half - (s * (half + sum) + n * 0x1.a39ef35793c76p-33)));
}

/* By long double, which is quadruple precision here: y log x needs more than double holds. */
static long double log_long(double x)
{
    int n;
    long double f = split(x, &n), s = f / (2 + f), z = s * s, sum = 0;
    for (int k = 29; k >= 1; k -= 2)
        sum = sum * z + 2.0L / k;
    return n * 0.693147180559945309417232121458176568L + s * sum;
}

static double exp_long(long double x)
{
    int n = (int)(x * 1.44269504088896340736L + (x < 0 ? -0.5L : 0.5L));
    long double r = x - n * 0.693147180559945309417232121458176568L, sum = 1;
    for (int k = 20; k > 0; k--)
        sum = 1 + sum * r / k;
    if (n < -1000)
        return (double)(sum * 0x1p-1000L * from_bits((uint64_t)(n + 1000 + 1023) << 52));
    return scale((double)sum, n);
}

double trunc(double x)
{
    int exponent = (int)(bits_of(x) >> 52 & 2047) - 1023;
    if (exponent >= 52)
        return x;
    uint64_t sign = (uint64_t)1 << 63;
    return from_bits(bits_of(x) & (exponent < 0 ? sign : ~(0xfffffffffffffu >> exponent)));
}

double floor(double x)
{
    double t = trunc(x);
    return t > x ? t - 1 : t;
}

double ceil(double x)
{
    double t = trunc(x);
    return t < x ? __builtin_copysign(t + 1, x) : t;
}

double rint(double x)
{
    if (!(fabs(x) < 0x1p52))
        return x;
    volatile double shifted = x + __builtin_copysign(0x1p52, x);
    return __builtin_copysign(shifted - __builtin_copysign(0x1p52, x), x);
}

double nearbyint(double x)
{
    return rint(x);
}

double round(double x)
{
    double t = trunc(x);
    return fabs(x - t) >= 0.5 ? t + __builtin_copysign(1, x) : t;
}

/* Newton's method in long double from a guess that halves the exponent; the last step is rounded once. */
double(sqrt)(double x) /* in parentheses: where it is a macro, too */
{
    if (!(x > 0) || !(x < INFINITY))
        return x < 0 ? NAN : x;
    double factor = 1;
    if (x < 0x1p-1000) {
        x *= 0x1p108;
        factor = 0x1p-54;
    }
    long double s = from_bits((bits_of(x) >> 1) + 0x1ff8000000000000u);
    for (int i = 0; i < 6; i++)
        s = 0.5L * (s + x / s);
    return (double)s * factor;
}

double fmod(double x, double y)
{
    double a = fabs(x), b = fabs(y);
    if (isnan(x) || isnan(y) || isinf(x) || y == 0)
        return isnan(x) || isnan(y) ? x + y : NAN;
    if (a < b)
        return x;
    int ea = (int)(bits_of(a) >> 52), eb = (int)(bits_of(b) >> 52);
    const uint64_t fraction = 0xfffffffffffffu, one = fraction + 1;
    uint64_t ma = ea ? (bits_of(a) & fraction) | one : bits_of(a), mb = eb ? (bits_of(b) & fraction) | one : bits_of(b);
    ma %= mb;
    for (ea += !ea, eb += !eb; ea > eb && ma; ea--)
        ma = (ma << 1) % mb;
    /* Both factors are exact: the remainder is a multiple of b's last place. */
    return __builtin_copysign(eb > 1023 ? (double)ma * from_bits((uint64_t)(eb - 52) << 52)
                                        : (double)ma * 0x1p-1022 * from_bits((uint64_t)(eb + 1022 - 52) << 52),
                              x);
}

static int is_odd(double y)
{
    double a = fabs(y);
    return a < 0x1p53 && trunc(a) == a && ((uint64_t)a & 1);
}

double pow(double x, double y)
{
    if (y == 0 || x == 1)
        return 1;
    if (isnan(x) || isnan(y))
        return x + y;
    double a = fabs(x), sign = signbit(x) && is_odd(y) ? -1 : 1;
    if (isinf(y))
        return a == 1 ? 1 : (a > 1) == (y > 0) ? INFINITY : 0;
    if (a == 0 || isinf(a))
        return sign * ((a == 0) == (y > 0) ? 0 : INFINITY);
    if (x < 0 && trunc(y) != y)
        return NAN;
    long double power = y * log_long(a);
    return sign * (power > 710 ? INFINITY : power < -746 ? 0 : exp_long(power));
}
