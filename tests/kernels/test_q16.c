/* The kernels of 16-bit activations: sums of 32 and of 64 bits agree and are exact; functions and exponentials against
 * doubles. */
#include "adze.h"
#include "ref/q16.h"
#include "ref/q16_rest.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 5
#include "tests/kernels/random.h"

enum { ROUNDS = 200, SIZE = 4096 };

static int16_t x[SIZE], y[SIZE], other[SIZE];
static int8_t w[SIZE];
static int32_t bias[64], multiplier[64];

static void random_data(void)
{
    const int extreme = random_int(0, 3);
    for (int i = 0; i < SIZE; i++) {
        x[i] = (int16_t)(extreme ? random_int(-32768, 32767) : -32768);
        w[i] = (int8_t)(extreme ? random_int(-127, 127) : -127);
    }
    for (int i = 0; i < 64; i++) {
        bias[i] = random_int(-1000000, 1000000);
        multiplier[i] = random_int(1, 1 << 20);
    }
}

/* round half up of acc * m / 2^shift, by division */
static int16_t expected(int64_t acc, int32_t m, int32_t shift, int32_t zero, int32_t lo, int32_t hi)
{
    const double v = floor(((double)acc * m + ldexp(1, shift - 1)) / ldexp(1, shift)) + zero;
    return (int16_t)fmax(lo, fmin(hi, v));
}

START_TEST(gemm)
{
    for (int round = 0; round < ROUNDS; round++) {
        adze_qgemm16_params p = {.m = random_int(1, 4), .n = random_int(1, 9), .k = random_int(1, 400)};
        p.shift = random_int(20, 40), p.y_zero_point = random_int(-99, 99);
        p.lo = random_int(0, 1) ? -32768 : 0, p.hi = random_int(0, 1) ? 32767 : 999;
        random_data();
        for (int32_t wide = 0; wide < 2; wide++) {
            p.wide = wide;
            adze_qgemm_i16x8_ref(&p, x, w, bias, multiplier, wide ? y : other);
        }
        for (int32_t i = 0; i < p.m * p.n; i++) {
            const int32_t n = i % p.n;
            int64_t sum = bias[n], most = 0;
            for (int32_t k = 0; k < p.k; k++) {
                sum += x[i / p.n * p.k + k] * w[k * p.n + n];
                most += 32768 * abs(w[k * p.n + n]);
            }
            ck_assert_int_eq(y[i], expected(sum, multiplier[n], p.shift, p.y_zero_point, p.lo, p.hi));
            if (most <= INT32_MAX)
                ck_assert_int_eq(other[i], y[i]);
        }
    }
}
END_TEST

START_TEST(conv)
{
    for (int round = 0; round < ROUNDS; round++) {
        adze_qconv16_params p = {.batch = 1, .in_h = random_int(2, 6), .in_w = random_int(2, 6), .lo = -32768};
        p.group = random_int(1, 2), p.in_c = p.group * random_int(1, 5), p.out_c = p.group * random_int(1, 5);
        p.kernel_h = p.kernel_w = random_int(1, 2), p.stride_h = p.stride_w = random_int(1, 2);
        p.dilation_h = p.dilation_w = 1, p.pad_top = p.pad_left = random_int(0, 1), p.hi = 32767;
        p.out_h = (p.in_h + 2 * p.pad_top - p.kernel_h) / p.stride_h + 1;
        p.out_w = (p.in_w + 2 * p.pad_left - p.kernel_w) / p.stride_w + 1;
        p.x_zero_point = random_int(-9, 9), p.shift = random_int(20, 36), p.y_zero_point = random_int(-9, 9);
        random_data();
        p.wide = random_int(0, 1);
        adze_qconv_i16x8_ref(&p, x, w, bias, multiplier, y);
        const int32_t in = p.in_c / p.group, out = p.out_c / p.group, taps = p.kernel_h * p.kernel_w * in;
        for (int32_t i = 0; i < p.out_h * p.out_w * p.out_c; i++) {
            const int32_t o = i % p.out_c, oy = i / p.out_c / p.out_w, ox = i / p.out_c % p.out_w;
            int64_t sum = bias[o];
            for (int32_t t = 0; t < taps; t++) {
                const int32_t iy = oy * p.stride_h + t / in / p.kernel_w - p.pad_top;
                const int32_t ix = ox * p.stride_w + t / in % p.kernel_w - p.pad_left;
                const bool inside = iy >= 0 && iy < p.in_h && ix >= 0 && ix < p.in_w;
                const int32_t at = (iy * p.in_w + ix) * p.in_c + o / out * in + t % in;
                sum += (inside ? x[at] : p.x_zero_point) * w[o * taps + t];
            }
            ck_assert_int_eq(y[i], expected(sum, multiplier[o], p.shift, p.y_zero_point, p.lo, p.hi));
        }
    }
}
END_TEST

/* Points of a line give the line, also where it leaves 16 bits. */
START_TEST(interpolate)
{
    static int32_t table[4097];
    static int16_t all[65536], got[65536];
    for (int32_t bits = 4; bits < 8; bits++) {
        for (int32_t i = 0; i <= 65536 >> bits; i++)
            table[i] = ((i << bits) - 32768) * 3 / 2 * 256 + 512;
        for (int32_t i = 0; i < 65536; i++)
            all[i] = (int16_t)(i - 32768);
        const adze_qinterpolate_params p = {65536, bits};
        adze_qinterpolate_i16_ref(&p, all, table, got);
        for (int32_t i = 0; i < 65536; i++) {
            const double want = fmax(-32768, fmin(32767, (i - 32768) * 1.5 + 2));
            ck_assert_double_le(fabs(got[i] - want), 0.5);
        }
    }
}
END_TEST

START_TEST(softmax)
{
    static uint32_t table[512];
    const double scale = 0.0004;
    for (int i = 0; i < 512; i++)
        table[i] = (uint32_t)rint(0x1p31 * exp(i < 256 ? -i * 256 * scale : (256 - i) * scale));
    for (int round = 0; round < ROUNDS; round++) {
        const adze_qsoftmax_params p = {
            .outer = 2, .axis = random_int(1, 20), .inner = random_int(1, 3), .y_inverse_scale = 32768};
        random_data();
        adze_qsoftmax_i16_ref(&p, x, table, y);
        for (int32_t i = 0; i < p.outer * p.axis * p.inner; i++) {
            const int32_t first = i / (p.axis * p.inner) * p.axis * p.inner + i % p.inner;
            double sum = 0;
            for (int32_t k = 0; k < p.axis; k++)
                sum += exp((x[first + k * p.inner] - x[i]) * scale);
            ck_assert_double_le(fabs(y[i] - fmin(32767, 32768 / sum)), 1);
        }
    }
}
END_TEST

/* 64 bits hold what 32 would not. */
START_TEST(sums)
{
    const adze_qbinary_params p = {.rank = 1,
                                   .dim = {SIZE},
                                   .a_stride = {1},
                                   .b_stride = {1},
                                   .a_zero_point = 32767,
                                   .b_zero_point = -32768,
                                   .a_multiplier = 1 << 29,
                                   .b_multiplier = 1 << 28,
                                   .shift = 31,
                                   .lo = -32768,
                                   .hi = 32767};
    random_data();
    memcpy(other, x, sizeof other);
    adze_qadd_i16_ref(&p, x, other, y);
    for (int i = 0; i < SIZE; i++)
        ck_assert_int_eq(y[i], expected((x[i] - 32767) * INT64_C(2) + (x[i] + 32768), 1 << 28, 31, 0, -32768, 32767));
    adze_qmul_i16_ref(&p, x, other, y);
    for (int i = 0; i < SIZE; i++)
        ck_assert_int_eq(y[i], expected((int64_t)(x[i] - 32767) * (x[i] + 32768), 1 << 29, 31, 0, -32768, 32767));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sixteen bits");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, gemm);
    tcase_add_test(tc, conv);
    tcase_add_test(tc, interpolate);
    tcase_add_test(tc, softmax);
    tcase_add_test(tc, sums);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
