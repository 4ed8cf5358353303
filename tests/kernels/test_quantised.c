/* The quantised kernels at the ends of their ranges, against 128-bit arithmetic; tests/operators/Q*.txt has the rest.
 */
#include "tests/kernels/kernel_call.h"

#include "ref/requantize.h"

#include <stdlib.h>

/* acc * 2^shift * m / 2^32, rounded half up. */
static int64_t exact(int64_t acc, int64_t m, int shift)
{
    __int128 v = (__int128)acc * ((__int128)1 << shift) * m + ((__int128)1 << 31);
    return (int64_t)(v >> 32);
}

START_TEST(requantize_at_its_ends)
{
    static const int32_t ends[] = {0,       1,         -1, 2, 127, -128, 65536, -65537, INT32_MAX, INT32_MIN + 1,
                                   1 << 30, -(1 << 30)};
    enum { N = sizeof ends / sizeof *ends };
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++)
            for (int shift = 0; shift < 31; shift++) {
                int64_t shifted = (int64_t)ends[i] * ((int64_t)1 << shift);
                if (llabs(shifted) <= INT32_MAX)
                    ck_assert_int_eq(adze_requantize(ends[i], ends[k], shift), exact(ends[i], ends[k], shift));
            }
}
END_TEST

/* Halves go up, whatever the sign: m is 1/2. */
START_TEST(requantize_rounds_half_up)
{
    const int32_t half = INT32_MAX / 2 + 1; /* 2^30: a quarter; with a shift of 1, a half */
    ck_assert_int_eq(adze_requantize(1, half, 1), 1);
    ck_assert_int_eq(adze_requantize(-1, half, 1), 0);
    ck_assert_int_eq(adze_requantize(3, half, 1), 2);
    ck_assert_int_eq(adze_requantize(-3, half, 1), -1);
    ck_assert_int_eq(adze_requantize(-4, half, 1), -2);
}
END_TEST

static unsigned state = 1;
static int random_in(int low, int high)
{
    state = state * 1664525u + 1013904223u;
    return low + (int)((state >> 8) % (unsigned)(high - low + 1));
}

static int clamp(int64_t v, int lo, int hi)
{
    return v < lo ? lo : v > hi ? hi : (int)v;
}

/* A product of rows whose operands are all at one end: the accumulators are the largest that 512 taps can give. */
START_TEST(qgemm_extremes)
{
    enum { K = 512, N = 4 };
    static const int8_t ends[] = {-128, 127};
    static const int zero_points[] = {-128, 0, 127};
    int8_t x[K], w[K * N], y[N], residual[N] = {-128, 127, 0, 5};
    int16_t wide[K * N];
    for (int round = 0; round < 200; round++) {
        memset(x, ends[round & 1], sizeof x);
        for (int i = 0; i < K * N; i++)
            wide[i] = w[i] = ends[round >> 1 & 1];
        int32_t bias[N] = {0, 1 << 22, -(1 << 22), 77}, m[N];
        for (int n = 0; n < N; n++)
            m[n] = random_in(-(1 << 23), 1 << 23);
        adze_qgemm_params p = {.m = 1,
                               .n = N,
                               .k = K,
                               .y_zero_point = zero_points[round % 3],
                               .shift = round % 7,
                               .q_lo = -128,
                               .q_hi = 127,
                               .r_zero_point = zero_points[round / 3 % 3],
                               .q_multiplier = random_in(1, 1 << 20),
                               .r_multiplier = random_in(1, 1 << 20),
                               .add_shift = 20,
                               .add_zero_point = zero_points[round / 9 % 3],
                               .lo = random_in(-128, 0),
                               .hi = random_in(0, 127)};
        for (int with = 0; with < 2; with++) {
            call_kernel("adze_qgemm_i8_ref", &p, (const void *[]){x, w, bias, m, with ? residual : NULL},
                        (void *[]){y});
            int8_t again[N];
            call_kernel("adze_qgemm_i16_ref", &p, (const void *[]){x, wide, bias, m, with ? residual : NULL},
                        (void *[]){again});
            ck_assert_mem_eq(y, again, sizeof y);
            for (int n = 0; n < N; n++) {
                int64_t q = exact((int64_t)K * x[0] * w[0] + bias[n], m[n], p.shift) + p.y_zero_point;
                if (with) {
                    q = (clamp(q, -128, 127) - p.y_zero_point) * (int64_t)p.q_multiplier +
                        (residual[n] - p.r_zero_point) * (int64_t)p.r_multiplier + (1 << 19);
                    q = (q >> 20) + p.add_zero_point;
                }
                ck_assert_int_eq(y[n], clamp(q, p.lo, p.hi));
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quantised kernels");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, requantize_at_its_ends);
    tcase_add_test(tc, requantize_rounds_half_up);
    tcase_add_test(tc, qgemm_extremes);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
