/* Quantised kernels beside the products (test_qtile.c): every set that runs here, bit for bit against ref on random
 * shapes and values. */
#include "ops/run.h"

#include "adze.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 11
#include "tests/kernels/random.h"

enum { ROUNDS = 300 };

static void *exactly(size_t bytes)
{
    void *v = malloc(bytes ? bytes : 1);
    ck_assert_ptr_nonnull(v);
    return v;
}

static int8_t *random_bytes(int64_t count)
{
    int8_t *v = exactly((size_t)count);
    for (int64_t i = 0; i < count; i++)
        v[i] = (int8_t)(random_int(0, 3) ? random_int(-128, 127) : random_int(0, 1) ? -128 : 127);
    return v;
}

/* Each row of a kind and of the types of `ref` that runs here and accepts the step, against ref; returns how many. */
static int compare(const char *ref, const Step *s, const void *const *in, size_t out_bytes)
{
    const Kernel *judge = NULL;
    void *want = exactly(out_bytes), *got = exactly(out_bytes);
    int count = 0;
    for (size_t i = 0; i < kernel_count; i++)
        if (!strcmp(kernels[i].function, ref))
            judge = &kernels[i];
    ck_assert_ptr_nonnull(judge);
    judge->run(s->params, in, (void *[]){want}, NULL);
    for (size_t i = 0; i < kernel_count; i++) {
        const Kernel *k = &kernels[i];
        if (k == judge || k->kind != judge->kind || strcmp(k->types, judge->types) || !kernel_runs_here(k) ||
            (k->accepts && !k->accepts(s)))
            continue;
        memset(got, 0x55, out_bytes);
        k->run(s->params, in, (void *[]){got}, NULL);
        ck_assert_msg(!memcmp(got, want, out_bytes), "%s differs", k->function);
        count++;
    }
    free(want);
    free(got);
    return count;
}

static bool has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

START_TEST(average_pools)
{
    int compared = 0;
    for (int round = 0; round < ROUNDS; round++) {
        adze_qpool_params p = {0};
        p.batch = random_int(1, 2);
        p.channels = random_int(1, 30);
        p.kernel_h = random_int(1, 4), p.kernel_w = random_int(1, 4);
        p.in_h = random_int(4, 8), p.in_w = random_int(4, 8);
        p.stride_h = random_int(1, 3), p.stride_w = random_int(1, 3);
        p.dilation_h = p.dilation_w = 1;
        p.pad_top = random_int(0, p.kernel_h - 1), p.pad_left = random_int(0, p.kernel_w - 1);
        p.pad_bottom = random_int(0, p.kernel_h - 1), p.pad_right = random_int(0, p.kernel_w - 1);
        p.out_h = (p.in_h + p.pad_top + p.pad_bottom - p.kernel_h) / p.stride_h + 1;
        p.out_w = (p.in_w + p.pad_left + p.pad_right - p.kernel_w) / p.stride_w + 1;
        p.count_include_pad = random_int(0, 1);
        p.x_zero_point = random_int(-128, 127), p.y_zero_point = random_int(-128, 127);
        p.shift = random_int(0, 3);
        p.lo = random_int(-128, 0), p.hi = random_int(0, 127);
        Step s = {0};
        memcpy(s.params, &p, sizeof p);
        int8_t *x = random_bytes((int64_t)p.batch * p.in_h * p.in_w * p.channels);
        int32_t multiplier[17];
        for (int i = 0; i < 17; i++) /* halves are frequent */
            multiplier[i] = random_int(0, 1) ? 1 << random_int(20, 30) : random_int(1, 1 << 30);
        const void *in[] = {x, multiplier};
        compared += compare("adze_qavgpool_i8_ref", &s, in, (size_t)p.batch * p.out_h * p.out_w * p.channels);
        free(x);
    }
    ck_assert(!has_avx2() || compared > ROUNDS / 2);
}
END_TEST

START_TEST(to_and_from_floats)
{
    int compared = 0;
    for (int round = 0; round < ROUNDS; round++) {
        adze_quantize_params p = {random_int(1, 3), 1, random_int(1, 70)};
        const int64_t count = (int64_t)p.outer * p.inner;
        Step s = {0};
        memcpy(s.params, &p, sizeof p);
        float *x = exactly((size_t)count * sizeof *x);
        const float scale = (float)random_int(1, 1000) / 512;
        const int32_t zero = random_int(-128, 127);
        static const float rare[] = {NAN, -NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0.0f, -0.0f};
        for (int64_t i = 0; i < count; i++)
            x[i] = random_int(0, 4) ? scale * (float)random_int(-300, 300) / 2 : rare[random_int(0, 7)];
        const void *in[] = {x, &scale, &zero};
        compared += compare("adze_quantize_f32_i8_ref", &s, in, (size_t)count);
        free(x);
        int8_t *q = random_bytes(count);
        in[0] = q;
        compared += compare("adze_dequantize_i8_f32_ref", &s, in, (size_t)count * sizeof(float));
        free(q);
    }
    ck_assert(!has_avx2() || compared == 2 * ROUNDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quantised kernels of this machine");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, average_pools);
    tcase_add_test(tc, to_and_from_floats);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
