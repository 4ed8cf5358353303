/* Weights stored as halves: conversion of every half, packing against unpacking, and the kernels bit for bit against
 * those of float32 on weights of the same values, and near ref. */
#include "ops/run.h"

#include "adze.h"
#include "ref/half.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 3
#include "tests/kernels/random.h"

enum { ROUNDS = 150, FLOATS = 8192 };

START_TEST(every_half)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        if ((h & 0x7C00u) == 0x7C00u)
            continue;
        const float load = adze_half_load((uint16_t)h), want = half_to_float((uint16_t)h);
        ck_assert_msg(memcmp(&load, &want, sizeof load) == 0, "%04x: %a, not %a", h, (double)load, (double)want);
    }
}
END_TEST

static float x[FLOATS], w[FLOATS], bias[256], residual[FLOATS], want[FLOATS], got[FLOATS];

/* Weights are halves, subnormal ones and zeros of both signs among them. */
static void random_data(void)
{
    for (int i = 0; i < FLOATS; i++) {
        x[i] = (float)random_int(-1000, 1000) / 64;
        residual[i] = (float)random_int(-1000, 1000) / 8;
        w[i] = half_to_float((uint16_t)(random_int(0, 9) ? 0x3000 + random_int(0, 0x0BFF) : random_int(0, 0x3FF)));
        w[i] = random_int(0, 1) ? -w[i] : w[i];
    }
    for (int i = 0; i < 256; i++)
        bias[i] = (float)random_int(-99, 99) / 3;
}

static bool random_conv(Step *s, Value *weights, int64_t *outputs)
{
    adze_conv_params p = {.batch = random_int(1, 2), .in_h = random_int(1, 7), .in_w = random_int(1, 7)};
    const bool depthwise = s->kind == KIND_DEPTHWISE;
    p.group = depthwise ? random_int(1, 19) : random_int(1, 2);
    p.in_c = depthwise ? p.group : p.group * random_int(1, 9);
    p.out_c = depthwise ? p.group : p.group * random_int(1, random_int(0, 3) ? 14 : 90);
    p.kernel_h = random_int(1, 3), p.kernel_w = random_int(1, 3);
    p.stride_h = random_int(1, 2), p.stride_w = random_int(1, 2);
    p.dilation_h = p.dilation_w = 1;
    p.pad_top = random_int(0, 1), p.pad_left = random_int(0, 1);
    p.out_h = (p.in_h + 2 * p.pad_top - p.kernel_h) / p.stride_h + 1;
    p.out_w = (p.in_w + 2 * p.pad_left - p.kernel_w) / p.stride_w + 1;
    p.lo = random_int(0, 1) ? 0.0f : -1e30f, p.hi = 1e30f;
    if (p.in_h + 2 * p.pad_top < p.kernel_h || p.in_w + 2 * p.pad_left < p.kernel_w)
        return false;
    weights->shape = (Shape){4, {p.out_c, p.kernel_h, p.kernel_w, p.in_c / p.group}};
    *outputs = (int64_t)p.batch * p.out_h * p.out_w * p.out_c;
    s->params_type = "adze_conv_params";
    memcpy(s->params, &p, sizeof p);
    return true;
}

static bool random_gemm(Step *s, Value *weights, int64_t *outputs)
{
    const adze_gemm_params p = {.m = random_int(1, 9),
                                .n = random_int(1, random_int(0, 3) ? 33 : 90),
                                .k = random_int(1, 90),
                                .lo = -1e30f,
                                .hi = 1e30f};
    weights->shape = (Shape){2, {p.k, p.n}};
    *outputs = (int64_t)p.m * p.n;
    s->params_type = "adze_gemm_params";
    memcpy(s->params, &p, sizeof p);
    return true;
}

static void run_kernel(const Kernel *k, const Step *s, const float *r, float *y)
{
    const void *in[] = {x, w, bias, r};
    void *out[] = {y}, *packed = NULL, *scratch = malloc(k->scratch ? k->scratch(s) : 1);
    if (k->pack) {
        const size_t bytes = (size_t)shape_count(&s->in[1]->shape) * sizeof(float);
        float *back = malloc(bytes);
        packed = malloc(k->packed(s).bytes);
        k->pack(s, w, packed);
        k->unpack(s, packed, back);
        ck_assert_msg(memcmp(back, w, bytes) == 0, "%s: unpack", k->function);
        free(back);
        in[1] = packed;
    }
    k->run(s->params, in, out, scratch);
    free(packed);
    free(scratch);
}

static const Kernel *kernel_named(const char *name)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].function, name) == 0)
            return &kernels[i];
    ck_abort_msg("no kernel %s", name);
}

typedef struct {
    Kind kind;
    const char *half, *wide;
} Pair;
static const Pair pairs[] = {
    {KIND_CONV, "adze_conv_f16_ref", "adze_conv_f32_ref"},
    {KIND_CONV, "adze_conv_f16_tile", "adze_conv_f32_tile"},
    {KIND_DEPTHWISE, "adze_depthwise_f16_ref", "adze_depthwise_f32_ref"},
    {KIND_DEPTHWISE, "adze_depthwise_f16_tile", "adze_depthwise_f32_tile"},
    {KIND_GEMM, "adze_gemm_f16_ref", "adze_gemm_f32_ref"},
    {KIND_GEMM, "adze_gemm_f16_tile", "adze_gemm_f32_tile"},
    {KIND_CONV, "adze_conv_f16_avx2", "adze_conv_f32_avx2"},
    {KIND_DEPTHWISE, "adze_depthwise_f16_avx2", "adze_depthwise_f32_avx2"},
    {KIND_GEMM, "adze_gemm_f16_avx2", "adze_gemm_f32_avx2"},
};

/* The tolerance of test_conv, for inputs and weights that are up to 16 and 2 times as large. */
static void near_ref(const Step *s, const float *r, int64_t outputs, int round)
{
    static const char *const refs[] = {"adze_conv_f16_ref", "adze_gemm_f16_ref", "adze_depthwise_f16_ref"};
    const Kernel *ref = kernel_named(refs[s->kind == KIND_GEMM ? 1 : s->kind == KIND_DEPTHWISE ? 2 : 0]);
    const Shape *w_shape = &s->in[1]->shape;
    const int64_t taps = s->kind == KIND_GEMM ? w_shape->dim[0] : shape_count(w_shape) / w_shape->dim[0];
    const float bound = 32.0f * (1e-5f + 1e-6f * (float)taps);
    run_kernel(ref, s, r, want);
    for (int64_t i = 0; i < outputs; i++)
        ck_assert_msg(fabsf(got[i] - want[i]) <= bound, "round %d: element %d is %g, ref says %g", round, (int)i,
                      (double)got[i], (double)want[i]);
}

START_TEST(equal_to_float)
{
    const Kernel *half = kernel_named(pairs[_i].half), *wide = kernel_named(pairs[_i].wide);
    int runs = 0;
    if (!kernel_runs_here(half)) /* halves of AVX2 elsewhere */
        return;
    for (int round = 0; round < ROUNDS; round++) {
        Value weights = {.type = DT_F32, .is_const = true, .data = w};
        Step s = {.kind = pairs[_i].kind, .in = {NULL, &weights}, .in_count = 2};
        int64_t outputs = 0;
        random_data();
        if (!(s.kind == KIND_GEMM ? random_gemm(&s, &weights, &outputs) : random_conv(&s, &weights, &outputs)) ||
            outputs > FLOATS || !half->accepts(&s))
            continue;
        const float *r = random_int(0, 1) ? residual : NULL;
        run_kernel(wide, &s, r, want);
        run_kernel(half, &s, r, got);
        ck_assert_msg(memcmp(got, want, (size_t)outputs * sizeof *got) == 0, "%s, round %d", half->function, round);
        near_ref(&s, r, outputs, round);
        ck_assert_uint_le(half->packed(&s).bytes * 2, wide->packed ? wide->packed(&s).bytes : FLOATS * 4);
        w[0] = 0.1f; /* no half */
        ck_assert(!half->accepts(&s));
        runs++;
    }
    ck_assert_int_gt(runs, ROUNDS / 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("halves");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, every_half);
    tcase_add_loop_test(tc, equal_to_float, 0, sizeof pairs / sizeof *pairs);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
