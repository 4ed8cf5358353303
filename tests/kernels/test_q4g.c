/* Weights of 4 bits with a multiplier a block: pack against unpack, and each kernel bit for bit against that of the
 * same weights in 16 bits. */
#include "ops/run.h"

#include "adze.h"
#include "ops/pack_q4g.h"
#include "ops/pack_qtile.h"
#include "ref/q4g.h"
#include "ref/qconv.h"
#include "ref/qgemm.h"
#include "tile/q4g.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 11
#include "tests/kernels/random.h"

enum { ROUNDS = 300, SIZE = 40000, CHANNELS = 64 };

static int16_t w[SIZE], back[SIZE];
static int8_t x[SIZE], residual[SIZE], want[SIZE], got[SIZE];
static int32_t bias[CHANNELS], multiplier[CHANNELS];

static void random_data(void)
{
    for (int i = 0; i < SIZE; i++) {
        x[i] = (int8_t)random_int(-128, 127);
        residual[i] = (int8_t)random_int(-128, 127);
    }
    for (int i = 0; i < CHANNELS; i++) {
        bias[i] = random_int(-100000, 100000);
        multiplier[i] = random_int(1 << 12, 1 << 18);
    }
}

/* Blocks begin anew with each channel. */
static void random_weights(int32_t channels, int32_t taps, int32_t channel_step, int32_t tap_step, int32_t block)
{
    for (int32_t n = 0; n < channels; n++)
        for (int32_t k = 0, factor = 0, zero = 8; k < taps; k++) {
            if (k % block == 0) {
                factor = random_int(0, 9) ? random_int(1, 600) : 0;
                zero = random_int(0, 1) ? 8 : random_int(0, 15);
            }
            w[n * channel_step + k * tap_step] = (int16_t)(factor * (random_int(0, 15) - zero));
        }
}

static adze_qgemm_params random_gemm(void)
{
    adze_qgemm_params p = {.m = random_int(1, 9), .n = random_int(1, 30), .k = random_int(20, 600), .hi = 127};
    p.lo = random_int(-128, 0), p.q_lo = -128, p.q_hi = 127, p.add_shift = 18;
    p.q_multiplier = 1 << 17, p.r_multiplier = 1 << 18, p.y_zero_point = random_int(-9, 9);
    return p;
}

static adze_qconv_params random_conv(void)
{
    adze_qconv_params p = {.batch = random_int(1, 2), .group = random_int(1, 2), .hi = 127};
    p.kernel_h = random_int(1, 3), p.kernel_w = random_int(1, 3);
    p.stride_h = random_int(1, 2), p.stride_w = random_int(1, 2), p.dilation_h = p.dilation_w = 1;
    p.in_h = random_int(3, 7), p.in_w = random_int(3, 7);
    p.in_c = p.group * random_int(8, 40), p.out_c = p.group * random_int(4, 9);
    p.pad_top = random_int(0, 1), p.pad_left = random_int(0, 1);
    p.out_h = (p.in_h + p.pad_top - p.kernel_h) / p.stride_h + 1;
    p.out_w = (p.in_w + p.pad_left - p.kernel_w) / p.stride_w + 1;
    p.lo = random_int(-128, 0), p.q_lo = -128, p.q_hi = 127, p.add_shift = 18;
    p.q_multiplier = 1 << 17, p.r_multiplier = 1 << 18;
    p.x_zero_point = random_int(-128, 127), p.y_zero_point = random_int(-9, 9);
    return p;
}

/* What is the same for all forms: they lose nothing and take little. */
static uint8_t *packed_of(const Step *s, int64_t weights, Packed packed,
                          void (*pack)(const Step *s, const void *logical, void *to),
                          void (*unpack)(const Step *s, const void *from, void *logical))
{
    uint8_t *to = malloc(packed.bytes);
    pack(s, w, to);
    memset(back, 1, sizeof back);
    unpack(s, to, back);
    ck_assert(memcmp(back, w, (size_t)weights * sizeof *w) == 0);
    return to;
}

START_TEST(gemm)
{
    for (int round = 0; round < ROUNDS; round++) {
        const adze_qgemm_params p = random_gemm();
        const int64_t weights = (int64_t)p.k * p.n;
        Value v = {.type = DT_I16, .is_const = true, .data = w};
        Step s = {.kind = KIND_QGEMM, .in = {NULL, &v}, .in_count = 2};
        memcpy(s.params, &p, sizeof p);
        random_data();
        random_weights(p.n, p.k, 1, p.n, random_int(4, 64) * 4);
        if (weights < 64)
            continue;
        ck_assert(qgemm_i4g_ref_accepts(&s) && qgemm_i4g_tile_accepts(&s));
        ck_assert_uint_lt(qgemm_i4g_ref_packed(&s).bytes, (size_t)weights * 5 / 8 + (size_t)p.n * 3 + 3);
        uint8_t *rows = packed_of(&s, weights, qgemm_i4g_ref_packed(&s), qgemm_i4g_ref_pack, qgemm_i4g_ref_unpack);
        uint8_t *quads = packed_of(&s, weights, qgemm_i4g_tile_packed(&s), qgemm_i4g_tile_pack, qgemm_i4g_tile_unpack);
        const size_t most = qgemm_i4g_ref_scratch(&s) + qgemm_i8_tile_scratch(&s);
        void *scratch = malloc(most);
        const int8_t *r = random_int(0, 1) ? residual : NULL;
        adze_qgemm_i16_ref(&p, x, w, bias, multiplier, r, want);
        adze_qgemm_i4g_ref(&p, x, rows, bias, multiplier, r, got, scratch);
        ck_assert_msg(memcmp(got, want, (size_t)(p.m * p.n)) == 0, "ref, round %d", round);
        memset(got, 0, sizeof got);
        adze_qgemm_i4g_tile(&p, x, (const int8_t *)quads, bias, multiplier, r, got, scratch);
        ck_assert_msg(memcmp(got, want, (size_t)(p.m * p.n)) == 0, "tile, round %d", round);
        free(rows), free(quads), free(scratch);
        w[0] = 4096, w[p.n] = 1; /* no common factor that leaves 4 bits */
        ck_assert(!qgemm_i4g_ref_accepts(&s) && !qgemm_i4g_tile_accepts(&s));
    }
}
END_TEST

START_TEST(conv)
{
    for (int round = 0; round < ROUNDS; round++) {
        const adze_qconv_params p = random_conv();
        const int32_t taps = p.kernel_h * p.kernel_w * (p.in_c / p.group);
        const int64_t weights = (int64_t)taps * p.out_c, outputs = (int64_t)p.batch * p.out_h * p.out_w * p.out_c;
        Value v = {.type = DT_I16, .is_const = true, .data = w};
        Step s = {.kind = KIND_QCONV, .in = {NULL, &v}, .in_count = 2};
        memcpy(s.params, &p, sizeof p);
        random_data();
        random_weights(p.out_c, taps, taps, 1, random_int(4, 64) * 4);
        ck_assert(weights <= SIZE && outputs <= SIZE && qconv_i4g_ref_accepts(&s) && qconv_i4g_tile_accepts(&s));
        uint8_t *rows = packed_of(&s, weights, qconv_i4g_ref_packed(&s), qconv_i4g_ref_pack, qconv_i4g_ref_unpack);
        uint8_t *quads = packed_of(&s, weights, qconv_i4g_tile_packed(&s), qconv_i4g_tile_pack, qconv_i4g_tile_unpack);
        void *scratch = malloc(qconv_i8_tile_scratch(&s));
        const int8_t *r = random_int(0, 1) ? residual : NULL;
        adze_qconv_i16_ref(&p, x, w, bias, multiplier, r, want);
        adze_qconv_i4g_ref(&p, x, rows, bias, multiplier, r, got);
        ck_assert_msg(memcmp(got, want, (size_t)outputs) == 0, "ref, round %d", round);
        memset(got, 0, sizeof got);
        adze_qconv_i4g_tile(&p, x, (const int8_t *)quads, bias, multiplier, r, got, scratch);
        ck_assert_msg(memcmp(got, want, (size_t)outputs) == 0, "tile, round %d", round);
        free(rows), free(quads), free(scratch);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("weights of 4 bits in blocks");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, gemm);
    tcase_add_test(tc, conv);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
