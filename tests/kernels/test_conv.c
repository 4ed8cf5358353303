/* Conv, depthwise Conv and Gemm: every kernel row that runs here against ref on random shapes, and pack against
 * unpack. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adze.h"
#include "ops/pack.h"
#include "ops/run.h"
#include "ops/wide.h"

enum { ROUNDS = 400 };

static uint32_t random_state;

static uint32_t random_next(void)
{
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static int32_t random_int(int32_t low, int32_t high)
{
    return low + (int32_t)(random_next() % (uint32_t)(high - low + 1));
}

/* Exactly `count` elements, so that a sanitizer sees a read past the end. */
static float *random_floats(int64_t count)
{
    float *v = malloc((size_t)count * sizeof *v + 1);
    ck_assert_ptr_nonnull(v);
    for (int64_t i = 0; i < count; i++)
        v[i] = (float)random_int(-1000, 1000) * 1e-3f;
    return v;
}

/* One problem: the step and its operands. */
typedef struct {
    Step step;
    int64_t weights, channels, outputs, taps;
    float *x, *w, *bias, *residual;
} Problem;

static void problem_params(Problem *t, Kind kind, const void *params, size_t bytes)
{
    memset(t, 0, sizeof *t);
    t->step.kind = kind;
    memcpy(t->step.params, params, bytes);
    t->step.params_bytes = bytes;
}

static void problem_operands(Problem *t, int64_t inputs)
{
    t->x = random_floats(inputs);
    t->w = random_floats(t->weights);
    t->bias = random_int(0, 3) ? random_floats(t->channels) : NULL;
    t->residual = random_int(0, 2) == 0 ? random_floats(t->outputs) : NULL;
    if (inputs > 0 && random_int(0, 20) == 0)
        t->x[random_int(0, (int32_t)inputs - 1)] = NAN;
}

static void problem_free(Problem *t)
{
    free(t->x);
    free(t->w);
    free(t->bias);
    free(t->residual);
}

static void random_bounds(float *lo, float *hi)
{
    *lo = random_int(0, 1) ? 0.0f : -INFINITY;
    *hi = random_int(0, 3) == 0 ? 0.5f : INFINITY;
}

/* Output size of one axis; paddings may exceed the kernel. */
static int32_t out_size(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pads)
{
    int32_t span = in + pads - ((kernel - 1) * dilation + 1);
    return span < 0 ? 0 : span / stride + 1;
}

static void random_conv(Problem *t, bool depthwise)
{
    adze_conv_params p;
    do {
        const int32_t most = random_int(0, 3) ? 4 : 70;
        const int32_t group = random_int(0, 3) ? 1 : random_int(2, 3);
        const int32_t in = random_int(1, most), out = random_int(1, random_int(0, 1) ? 20 : 90);
        p = (adze_conv_params){.batch = random_int(1, 2), .in_h = random_int(1, 14), .in_w = random_int(1, 14)};
        p.in_c = in * group;
        p.out_c = depthwise ? p.in_c : out * group;
        p.group = depthwise ? p.in_c : group;
        p.kernel_h = random_int(1, 4);
        p.kernel_w = random_int(0, 2) ? p.kernel_h : random_int(1, 5);
        p.stride_h = random_int(1, 3);
        p.stride_w = random_int(1, 2);
        p.dilation_h = random_int(0, 3) ? 1 : random_int(1, 3);
        p.dilation_w = random_int(0, 3) ? 1 : random_int(1, 3);
        p.pad_top = random_int(0, 2);
        p.pad_left = random_int(0, random_int(0, 9) ? 2 : 7);
        p.out_h = out_size(p.in_h, p.kernel_h, p.stride_h, p.dilation_h, p.pad_top + random_int(0, 2));
        p.out_w = out_size(p.in_w, p.kernel_w, p.stride_w, p.dilation_w, p.pad_left + random_int(0, 3));
    } while (p.out_h < 1 || p.out_w < 1);
    random_bounds(&p.lo, &p.hi);
    problem_params(t, depthwise ? KIND_DEPTHWISE : KIND_CONV, &p, sizeof p);
    t->channels = p.out_c;
    t->taps = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group);
    t->weights = t->channels * t->taps;
    t->outputs = (int64_t)p.batch * p.out_h * p.out_w * p.out_c;
    problem_operands(t, (int64_t)p.batch * p.in_h * p.in_w * p.in_c);
}

static void random_gemm(Problem *t)
{
    adze_gemm_params p = {.m = random_int(0, 1) ? 1 : random_int(1, 20), .n = random_int(1, 150)};
    p.k = random_int(1, random_int(0, 9) ? 40 : 5000);
    random_bounds(&p.lo, &p.hi);
    problem_params(t, KIND_GEMM, &p, sizeof p);
    t->channels = p.n;
    t->taps = p.k;
    t->weights = (int64_t)p.n * p.k;
    t->outputs = (int64_t)p.m * p.n;
    problem_operands(t, (int64_t)p.m * p.k);
}

static void random_problem(Problem *t, Kind kind)
{
    if (kind == KIND_GEMM)
        random_gemm(t);
    else
        random_conv(t, kind == KIND_DEPTHWISE);
}

/* The weights as the row wants them, after the proof that unpack gives them back. */
static float *packed_weights(const Kernel *k, const Problem *t)
{
    const size_t bytes = (size_t)t->weights * sizeof(float);
    if (!k->pack) {
        float *copy = malloc(bytes + 1);
        memcpy(copy, t->w, bytes);
        return copy;
    }
    const Packed size = k->packed(&t->step);
    ck_assert_int_eq(size.type, DT_F32);
    float *packed = malloc(size.bytes + 1);
    float *back = malloc(bytes + 1);
    memset(packed, 0xff, size.bytes);
    k->pack(&t->step, t->w, packed);
    for (size_t i = 0; i < size.bytes / sizeof(float); i++)
        ck_assert_msg(!isnan(packed[i]), "%s: pack leaves element %zu undefined", k->function, i);
    k->unpack(&t->step, packed, back);
    ck_assert_mem_eq(back, t->w, bytes);
    free(back);
    return packed;
}

/* y of the row; with a residual, in place over a copy of it. */
static float *kernel_output(const Kernel *k, const Problem *t)
{
    const size_t count = (size_t)t->outputs;
    float *w = packed_weights(k, t);
    float *y = malloc((count + 1) * sizeof(float));
    const size_t scratch_bytes = k->scratch ? k->scratch(&t->step) : 0;
    void *scratch = malloc(scratch_bytes + 1);
    if (t->residual)
        memcpy(y, t->residual, count * sizeof(float));
    y[count] = 123.0f;
    const void *in[4] = {t->x, w, t->bias, t->residual ? y : NULL};
    void *out[1] = {y};
    k->run(t->step.params, in, out, scratch);
    ck_assert_msg(y[count] == 123.0f, "%s writes past its output", k->function);
    free(scratch);
    free(w);
    return y;
}

static void compare(const Kernel *k, const Problem *t, const float *want, const float *got, int round)
{
    const float bound = 1e-5f + 1e-6f * (float)t->taps;
    for (int64_t i = 0; i < t->outputs; i++) {
        if (isnan(want[i]) ? isnan(got[i]) : fabsf(want[i] - got[i]) <= bound)
            continue;
        ck_abort_msg("%s, round %d: element %lld is %g, ref says %g", k->function, round, (long long)i, (double)got[i],
                     (double)want[i]);
    }
}

static const Kernel *row_of(const char *set, Kind kind)
{
    for (size_t i = 0; i < kernel_count; i++)
        if (kernels[i].kind == kind && strcmp(kernels[i].set, set) == 0 && !*kernels[i].feature &&
            strcmp(kernels[i].types, "f32,f32,f32,f32>f32") == 0)
            return &kernels[i];
    return NULL;
}

/* _i: the kind. */
static const Kind tested[] = {KIND_CONV, KIND_GEMM, KIND_DEPTHWISE};

START_TEST(rows_equal_ref)
{
    const Kernel *ref = row_of("ref", tested[_i]);
    ck_assert_ptr_nonnull(ref);
    random_state = 1;
    for (int round = 0; round < ROUNDS; round++) {
        Problem t;
        random_problem(&t, tested[_i]);
        float *want = kernel_output(ref, &t);
        for (size_t i = 0; i < kernel_count; i++) {
            const Kernel *k = &kernels[i];
            if (k == ref || k->kind != ref->kind || strcmp(k->types, ref->types) != 0 || !kernel_runs_here(k) ||
                (k->accepts && !k->accepts(&t.step)))
                continue;
            float *got = kernel_output(k, &t);
            compare(k, &t, want, got, round);
            free(got);
        }
        free(want);
        problem_free(&t);
    }
}
END_TEST

/* The kernels of calibration give the bits of tile/, which rounds each product (ADZE_NO_FMA). */
START_TEST(wide_equals_tile)
{
    const Kernel *tile = row_of("tile", tested[_i]);
    int served = 0;
    random_state = 2;
    for (int round = 0; round < ROUNDS; round++) {
        Problem t;
        random_problem(&t, tested[_i]);
        t.step.params_type = tile->params;
        const Kernel *k = wide_kernel(&t.step);
        if (k) {
            Kernel row = *k; /* its packing is that of avx2/, whose inverse other tests prove */
            row.unpack = tested[_i] == KIND_GEMM ? gemm_f32_avx2_unpack : conv_f32_avx2_unpack;
            float *want = kernel_output(tile, &t), *got = kernel_output(&row, &t);
            for (int64_t i = 0; i < t.outputs; i++)
                ck_assert_msg((isnan(want[i]) && isnan(got[i])) || memcmp(&want[i], &got[i], sizeof *got) == 0,
                              "round %d: element %lld is %.9g, tile says %.9g", round, (long long)i, (double)got[i],
                              (double)want[i]);
            free(want);
            free(got);
            served++;
        }
        problem_free(&t);
    }
    ck_assert_int_gt(served, ROUNDS / 2);
}
END_TEST

/* 2 x 2 image, 2 x 2 kernel, one padding row above: by hand. */
START_TEST(ref_by_hand)
{
    const adze_conv_params p = {.batch = 1,
                                .in_h = 2,
                                .in_w = 2,
                                .in_c = 1,
                                .out_h = 2,
                                .out_w = 1,
                                .out_c = 1,
                                .kernel_h = 2,
                                .kernel_w = 2,
                                .stride_h = 1,
                                .stride_w = 1,
                                .dilation_h = 1,
                                .dilation_w = 1,
                                .pad_top = 1,
                                .group = 1,
                                .lo = 0.0f,
                                .hi = 100.0f};
    const float x[4] = {1, 2, 3, 4}, w[4] = {1, 10, 100, 1000}, bias[1] = {0.5f}, residual[2] = {-1e6f, 0.25f};
    float y[2];
    const void *in[4] = {x, w, bias, NULL};
    void *out[1] = {y};
    const Kernel *ref = row_of("ref", KIND_CONV);
    ref->run(&p, in, out, NULL);
    ck_assert_float_eq(y[0], 100.0f); /* 2100.5, bounded */
    ck_assert_float_eq(y[1], 100.0f);
    adze_conv_params unbounded = p;
    unbounded.hi = INFINITY;
    in[3] = residual;
    ref->run(&unbounded, in, out, NULL);
    ck_assert_float_eq(y[0], 0.0f);
    ck_assert_float_eq(y[1], 1.0f + 20.0f + 300.0f + 4000.0f + 0.75f);
}
END_TEST

/* Depthwise with a channel multiplier (3 groups of 2) is a grouped Conv that only ref serves. */
START_TEST(small_groups_are_left_to_ref)
{
    adze_conv_params p = {.in_c = 3, .out_c = 6, .kernel_h = 3, .kernel_w = 3, .group = 3};
    Problem t;
    problem_params(&t, KIND_CONV, &p, sizeof p);
    ck_assert(!conv_blocked_accepts(&t.step));
    p.out_c = 12;
    problem_params(&t, KIND_CONV, &p, sizeof p);
    ck_assert(conv_blocked_accepts(&t.step));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels_conv");
    TCase *c = tcase_create("conv");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, rows_equal_ref, 0, (int)(sizeof tested / sizeof tested[0]));
    tcase_add_loop_test(c, wide_equals_tile, 0, 2);
    tcase_add_test(c, ref_by_hand);
    tcase_add_test(c, small_groups_are_left_to_ref);
    suite_add_tcase(s, c);
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    const int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? 1 : 0;
}
