/* Single-precision functions that networks call often, in single precision. Polynomials are Chebyshev interpolations,
 * with the largest error that each makes. */
#include "math.h"

#include <stdint.h>

static uint32_t bits_of(float x)
{
    uint32_t u;
    __builtin_memcpy(&u, &x, sizeof u);
    return u;
}

static float from_bits(uint32_t u)
{
    float x;
    __builtin_memcpy(&x, &u, sizeof x);
    return x;
}

static const float LN2_HIGH = 0x1.62ep-1f, LN2_LOW = 0x1.0bfbe8p-15f, LOG2E = 0x1.715476p0f;

/* 2^n for -126 <= n <= 127 */
static float power_of_two(int n)
{
    return from_bits((uint32_t)(n + 127) << 23);
}

float ldexpf(float x, int n)
{
    for (; n > 127; n -= 127) {
        x *= power_of_two(127);
        if (n > 1000)
            n = 1000;
    }
    if (n < -126) {
        if (n < -300)
            n = -300;
        /* One rounding only: the last factor alone may make x subnormal. */
        for (; n < -126 - 24; n += 102)
            x *= power_of_two(-102);
        if (n < -126) {
            x *= power_of_two(n + 102);
            n = -102;
        }
    }
    return x * power_of_two(n);
}

/* x - n ln 2 for |x| < 128; LN2_HIGH has 12 bits, so that n * LN2_HIGH is exact. */
static float reduce(float x, int *n)
{
    float scaled = x * LOG2E;
    *n = (int)(scaled + (scaled < 0 ? -0.5f : 0.5f));
    float k = (float)*n;
    return (x - k * LN2_HIGH) - k * LN2_LOW;
}

/* (e^r - 1 - r) / r^2 for |r| <= 0.35; 1.5e-9 */
static float exp_tail(float r)
{
    return 0.5000000014f +
           r * (0.1666666668f +
                r * (0.04166645681f + r * (0.008333310024f + r * (0.001393454193f + r * 0.0001989198131f))));
}

float expf(float x)
{
    if (!(x <= 88.8f))
        return x > 0 ? INFINITY : x;
    if (x < -104.0f)
        return 0;
    int n;
    float r = reduce(x, &n);
    return ldexpf(1 + (r + r * r * exp_tail(r)), n);
}

float expm1f(float x)
{
    if (!(x <= 88.8f))
        return x > 0 ? INFINITY : x;
    if (x < -18)
        return -1;
    if (x == 0)
        return x;
    if (fabsf(x) < 0x1p-13f)
        return x + 0.5f * x * x;
    if (fabsf(x) < 0.34f)
        return x + x * x * exp_tail(x);
    int n;
    float r = reduce(x, &n), e = r + r * r * exp_tail(r);
    if (n > 24)
        return ldexpf(1 + e, n);
    float p = power_of_two(n);
    return e * p + (p - 1);
}

float logf(float x)
{
    int n = 0;
    if (x < 0x1p-126f) {
        if (x <= 0)
            return x < 0 ? NAN : -INFINITY;
        x *= 0x1p24f;
        n = -24;
    }
    if (!(x < INFINITY))
        return x;
    uint32_t u = bits_of(x) - 0x3f3504f3u; /* 1/sqrt(2) */
    n += (int32_t)u >> 23;
    float f = from_bits((u & 0x7fffffu) + 0x3f3504f3u) - 1, k = (float)n;
    /* (log(1 + f) - f + f^2/2) / f^3; 4.7e-9 */
    float p = -0.1064619164f + f * (0.1053086474f + f * -0.06201500119f);
    p = 0.1428652455f + f * (-0.1245074332f + f * (0.1103778336f + f * p));
    p = 0.3333333328f + f * (-0.2499999028f + f * (0.2000001004f + f * (-0.1666800152f + f * p)));
    float tail = f * f * (f * p - 0.5f) + k * LN2_LOW;
    return k * LN2_HIGH + (f + tail);
}

float tanhf(float x)
{
    float a = fabsf(x);
    if (a < 0x1p-13f)
        return x;
    if (a < 0.625f) {
        float z = x * x; /* (tanh(x)/x - 1) / z; 1.7e-9 */
        float p = -0.05395925338f + z * (0.02176886821f + z * (-0.00834378037f + z * 0.002292557699f));
        return x + x * z * (-0.3333333317f + z * (0.1333330353f + z * p));
    }
    if (a > 9.1f)
        return copysignf(1, x);
    return a >= 0 ? copysignf(1 - 2 / (expf(2 * a) + 1), x) : x;
}

float erff(float x)
{
    float a = fabsf(x);
    if (a < 1) {
        float z = x * x; /* erf(x)/x - 1; 3.4e-11 */
        float p = 0.005221031808f + z * (-0.0008484080406f + z * (0.0001126595903f + z * -9.667044571e-6f));
        return x + x * (0.1283791671f + z * (-0.3761263847f + z * (0.112837825f + z * (-0.02686543073f + z * p))));
    }
    if (a > 3.95f)
        return copysignf(1, x);
    if (!(a >= 1))
        return x;
    /* -log(1 - erf(a)) for 1 <= a <= 4; 1.7e-8 */
    float q = -0.0005970529461f + a * (4.608744729e-5f + a * -1.638637325e-6f);
    q = 0.1100856803f + a * (-0.02642437093f + a * (0.004760747711f + a * q));
    q = -0.000320914383f + a * (1.130236723f + a * (0.6318202468f + a * q));
    return copysignf(1 - expf(-q), x);
}

/* Digit by digit, so correctly rounded: 25 bits of root, of which the last rounds (a tie cannot be). */
float(sqrtf)(float x) /* in parentheses: where it is a macro, too */
{
    if (!(x > 0) || !(x < INFINITY))
        return x < 0 ? NAN : x;
    int n = 0;
    if (x < 0x1p-126f) {
        x *= 0x1p24f;
        n = -12;
    }
    uint32_t u = bits_of(x);
    int exponent = (int)(u >> 23) - 127;
    uint32_t rest = (u & 0x7fffffu) | 0x800000u, root = 0, sum = 0;
    if (exponent & 1)
        rest += rest;
    exponent >>= 1;
    rest += rest;
    for (uint32_t bit = 0x1000000u; bit; bit >>= 1) {
        uint32_t trial = sum + bit;
        if (trial <= rest) {
            sum = trial + bit;
            rest -= trial;
            root += bit;
        }
        rest += rest;
    }
    root = (root + (root & 1)) >> 1; /* 24 bits, the top one implicit */
    return from_bits((root - 0x800000u) + ((uint32_t)(exponent + n + 127) << 23));
}

float truncf(float x)
{
    int exponent = (int)(bits_of(x) >> 23 & 255) - 127;
    if (exponent >= 23)
        return x;
    uint32_t keep = exponent < 0 ? 0x80000000u : ~(0x7fffffu >> exponent);
    return from_bits(bits_of(x) & keep);
}

float floorf(float x)
{
    float t = truncf(x);
    return t > x ? t - 1 : t;
}

float ceilf(float x)
{
    float t = truncf(x);
    return t < x ? copysignf(t + 1, x) : t;
}

float roundf(float x)
{
    float t = truncf(x), rest = fabsf(x - t);
    return rest >= 0.5f ? t + copysignf(1, x) : t;
}

float rintf(float x)
{
    if (!(fabsf(x) < 0x1p23f))
        return x;
    volatile float shifted = x + copysignf(0x1p23f, x);
    return copysignf(shifted - copysignf(0x1p23f, x), x);
}

float nearbyintf(float x)
{
    return rintf(x);
}

long lrintf(float x)
{
    return (long)rintf(x);
}

long lroundf(float x)
{
    return (long)roundf(x);
}

float fmaxf(float x, float y)
{
    if (isnan(x))
        return y;
    return isnan(y) || x > y || (x == y && !signbit(x)) ? x : y;
}

float fminf(float x, float y)
{
    if (isnan(x))
        return y;
    return isnan(y) || x < y || (x == y && signbit(x)) ? x : y;
}
