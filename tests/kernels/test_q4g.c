/* Weights of 4 bits with a multiplier a block: pack against unpack, and the kernel bit for bit against that of the same
 * weights in 16 bits. */
#include "ops/run.h"

#include "adze.h"
#include "ops/pack_q4g.h"
#include "ref/q4g.h"
#include "ref/qgemm.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 11
#include "tests/kernels/random.h"

enum { ROUNDS = 300, SIZE = 40000 };

static int16_t w[SIZE], back[SIZE];
static int8_t x[SIZE], residual[SIZE], want[SIZE], got[SIZE];
static int32_t bias[64], multiplier[64];

static adze_qgemm_params random_problem(int32_t block)
{
    adze_qgemm_params p = {.m = random_int(1, 5), .n = random_int(1, 30), .k = random_int(20, 600), .hi = 127};
    p.lo = random_int(-128, 0), p.q_lo = -128, p.q_hi = 127, p.add_shift = 18;
    p.q_multiplier = 1 << 17, p.r_multiplier = 1 << 18, p.y_zero_point = random_int(-9, 9);
    for (int i = 0; i < SIZE; i++) {
        x[i] = (int8_t)random_int(-128, 127);
        residual[i] = (int8_t)random_int(-128, 127);
    }
    for (int32_t n = 0; n < p.n; n++)
        for (int32_t k = 0, factor = 0, zero = 8; k < p.k; k++) {
            if (k % block == 0) {
                factor = random_int(0, 9) ? random_int(1, 600) : 0;
                zero = random_int(0, 1) ? 8 : random_int(0, 15);
            }
            w[k * p.n + n] = (int16_t)(factor * (random_int(0, 15) - zero));
        }
    for (int i = 0; i < 64; i++) {
        bias[i] = random_int(-100000, 100000);
        multiplier[i] = random_int(1 << 12, 1 << 18);
    }
    return p;
}

START_TEST(equal_to_16_bits)
{
    for (int round = 0; round < ROUNDS; round++) {
        const adze_qgemm_params p = random_problem(16 << random_int(0, 4));
        const int64_t weights = (int64_t)p.k * p.n;
        Value v = {.type = DT_I16, .is_const = true, .data = w};
        Step s = {.kind = KIND_QGEMM, .in = {NULL, &v}, .in_count = 2};
        memcpy(s.params, &p, sizeof p);
        if (weights < 64)
            continue;
        ck_assert(qgemm_i4g_ref_accepts(&s));
        const size_t bytes = qgemm_i4g_ref_packed(&s).bytes;
        ck_assert_uint_lt(bytes, (size_t)weights * 5 / 8 + (size_t)p.n * 3 + 3);
        uint8_t *packed = malloc(bytes), *scratch = malloc(qgemm_i4g_ref_scratch(&s));
        qgemm_i4g_ref_pack(&s, w, packed);
        qgemm_i4g_ref_unpack(&s, packed, back);
        ck_assert(memcmp(back, w, (size_t)weights * sizeof *w) == 0);
        const int8_t *r = random_int(0, 1) ? residual : NULL;
        adze_qgemm_i16_ref(&p, x, w, bias, multiplier, r, want);
        adze_qgemm_i4g_ref(&p, x, packed, bias, multiplier, r, got, scratch);
        ck_assert_msg(memcmp(got, want, (size_t)(p.m * p.n)) == 0, "round %d", round);
        free(packed);
        free(scratch);
        w[0] = 4096, w[p.n] = 1; /* no common factor that leaves 4 bits */
        ck_assert(!qgemm_i4g_ref_accepts(&s));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights of 4 bits in blocks");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, equal_to_16_bits);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
