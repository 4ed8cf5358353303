/* The quantised products of every set that runs here, bit for bit against ref on random shapes, and pack against
 * unpack. */
#include "ops/run.h"

#include "adze.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_SEED 7
#include "tests/kernels/random.h"

enum { ROUNDS = 300 };

/* Exactly as many, so that a sanitizer sees a read past the end. Ends are frequent. */
static int8_t *random_bytes(int64_t count)
{
    int8_t *v = malloc((size_t)count + 1);
    ck_assert_ptr_nonnull(v);
    for (int64_t i = 0; i < count; i++)
        v[i] = (int8_t)(random_int(0, 3) ? random_int(-128, 127) : random_int(0, 1) ? -128 : 127);
    return realloc(v, (size_t)count);
}

typedef struct {
    Step step;
    int64_t inputs, weights, channels, outputs;
} Problem;

/* A channel's weights lie within 15 of each other: two a byte. */
static int8_t *random_nibbles(Kind kind, const Problem *t)
{
    int8_t *w = malloc((size_t)t->weights);
    ck_assert_ptr_nonnull(w);
    const int64_t taps = t->weights / t->channels;
    for (int64_t c = 0; c < t->channels; c++) {
        const int32_t low = random_int(0, 2) ? -8 : random_int(-15, 0);
        for (int64_t i = 0; i < taps; i++)
            w[kind == KIND_QGEMM || kind == KIND_QGEMM_SUMS ? i * t->channels + c : c * taps + i] =
                (int8_t)random_int(low, low + 15);
    }
    return w;
}

static int32_t *random_words(int64_t count, int32_t low, int32_t high)
{
    int32_t *v = malloc((size_t)count * sizeof *v);
    ck_assert_ptr_nonnull(v);
    for (int64_t i = 0; i < count; i++)
        v[i] = random_int(low, high);
    return v;
}

#define RANDOM_SUM(p)                                                                                                  \
    do {                                                                                                               \
        (p).y_zero_point = random_int(-128, 127);                                                                      \
        (p).shift = random_int(0, 3);                                                                                  \
        (p).q_lo = random_int(-128, 0), (p).q_hi = random_int(0, 127);                                                 \
        (p).r_zero_point = random_int(-128, 127);                                                                      \
        (p).q_multiplier = random_int(1, 1 << 19), (p).r_multiplier = random_int(1, 1 << 19);                          \
        (p).add_shift = random_int(1, 19), (p).add_zero_point = random_int(-128, 127);                                 \
        (p).lo = random_int(-128, 0), (p).hi = random_int(0, 127);                                                     \
    } while (0)

static int32_t out_size(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t pads)
{
    int32_t span = in + pads - ((kernel - 1) * dilation + 1);
    return span < 0 ? 0 : span / stride + 1;
}

static Problem random_conv(bool depthwise)
{
    adze_qconv_params p;
    do {
        const int32_t group = random_int(0, 3) ? 1 : random_int(2, 3), out = random_int(1, 21);
        const int32_t in = random_int(1, random_int(0, 3) ? 6 : 40);
        p = (adze_qconv_params){.batch = random_int(1, 2), .in_h = random_int(1, 12), .in_w = random_int(1, 14)};
        p.in_c = in * group;
        p.out_c = depthwise ? p.in_c : out * group;
        p.group = depthwise ? p.in_c : group;
        p.kernel_h = random_int(1, 4), p.kernel_w = random_int(1, 5);
        p.stride_h = random_int(1, 3), p.stride_w = random_int(1, 2);
        p.dilation_h = random_int(0, 3) ? 1 : random_int(1, 3);
        p.dilation_w = random_int(0, 3) ? 1 : random_int(1, 3);
        p.pad_top = random_int(0, 2), p.pad_left = random_int(0, random_int(0, 9) ? 2 : 7);
        p.out_h = out_size(p.in_h, p.kernel_h, p.stride_h, p.dilation_h, p.pad_top + random_int(0, 2));
        p.out_w = out_size(p.in_w, p.kernel_w, p.stride_w, p.dilation_w, p.pad_left + random_int(0, 3));
    } while (p.out_h < 1 || p.out_w < 1);
    p.x_zero_point = random_int(-128, 127);
    RANDOM_SUM(p);
    Problem t = {.inputs = (int64_t)p.batch * p.in_h * p.in_w * p.in_c,
                 .weights = (int64_t)p.kernel_h * p.kernel_w * (p.in_c / p.group) * p.out_c,
                 .channels = p.out_c,
                 .outputs = (int64_t)p.batch * p.out_h * p.out_w * p.out_c};
    t.step.kind = depthwise ? KIND_QDEPTHWISE : KIND_QCONV;
    t.step.params_type = "adze_qconv_params";
    memcpy(t.step.params, &p, sizeof p);
    return t;
}

static Problem random_gemm(void)
{
    adze_qgemm_params p = {.m = random_int(0, 1) ? 1 : random_int(1, 20), .n = random_int(1, 70)};
    p.k = random_int(1, random_int(0, 9) ? 40 : 2000);
    RANDOM_SUM(p);
    Problem t = {
        .inputs = (int64_t)p.m * p.k, .weights = (int64_t)p.n * p.k, .channels = p.n, .outputs = (int64_t)p.m * p.n};
    t.step.kind = KIND_QGEMM;
    t.step.params_type = "adze_qgemm_params";
    memcpy(t.step.params, &p, sizeof p);
    return t;
}

static void run_kernel(const Kernel *k, const Problem *t, const void *const *in, void *y)
{
    const void *operands[5] = {in[0], in[1], in[2], in[3], in[4]};
    void *packed = NULL, *scratch = NULL, *out[] = {y};
    size_t bytes = k->scratch ? k->scratch(&t->step) : 0;
    if (k->pack) {
        packed = malloc(k->packed(&t->step).bytes);
        int8_t *back = malloc((size_t)t->weights);
        k->pack(&t->step, in[1], packed);
        k->unpack(&t->step, packed, back);
        ck_assert_msg(memcmp(back, in[1], (size_t)t->weights) == 0, "%s: unpack", k->function);
        free(back);
        operands[1] = packed;
    }
    scratch = malloc(bytes + 1);
    scratch = realloc(scratch, bytes ? bytes : 1);
    memset(scratch, 0x55, bytes);
    k->run(t->step.params, operands, out, scratch);
    free(packed);
    free(scratch);
}

/* Plain loops over weights as they are. */
static bool judges(const Kernel *k)
{
    return !strcmp(k->set, "ref") && !k->pack && strstr(k->types, "i8,i8");
}

/* Shapes that a set does not accept are no failure, but each set must have accepted some. */
static void check_kind(Kind kind)
{
    static int runs[4096];
    for (int round = 0; round < ROUNDS; round++) {
        Problem t = kind == KIND_QGEMM ? random_gemm() : random_conv(kind == KIND_QDEPTHWISE);
        int8_t *x = random_bytes(t.inputs), *w = round % 2 ? random_bytes(t.weights) : random_nibbles(kind, &t);
        int8_t *residual = random_int(0, 2) ? NULL : random_bytes(t.outputs);
        int32_t *bias = random_words(t.channels, -100000, 100000), *m = random_words(t.channels, -(1 << 24), 1 << 24);
        const void *in[] = {x, w, bias, m, residual};
        Value weights = {.type = DT_I8, .is_const = true, .data = w};
        t.step.in[1] = &weights;
        t.step.in_count = 2;
        int8_t *want = malloc((size_t)t.outputs), *got = malloc((size_t)t.outputs);
        for (size_t i = 0; i < kernel_count; i++)
            if (kernels[i].kind == kind && judges(&kernels[i]))
                run_kernel(&kernels[i], &t, in, want);
        for (size_t i = 0; i < kernel_count; i++) {
            const Kernel *k = &kernels[i];
            if (k->kind != kind || judges(k) || !strstr(k->types, "i8,i8") || !kernel_runs_here(k) ||
                (k->accepts && !k->accepts(&t.step)))
                continue;
            run_kernel(k, &t, in, got);
            ck_assert_msg(memcmp(got, want, (size_t)t.outputs) == 0, "%s, round %d", k->function, round);
            runs[i]++;
        }
        free(x), free(w), free(residual), free(bias), free(m), free(want), free(got);
    }
    for (size_t i = 0; i < kernel_count; i++)
        if (kernels[i].kind == kind && strcmp(kernels[i].set, "ref") && strstr(kernels[i].types, "i8,i8") &&
            kernel_runs_here(&kernels[i]))
            ck_assert_msg(runs[i] > (strstr(kernels[i].function, "_i4_") ? ROUNDS / 6 : ROUNDS / 3), "%s ran %d times",
                          kernels[i].function, runs[i]);
}

/* Whatever the zero points are, sums are those of ref. */
static void check_sums(Kind kind)
{
    int runs = 0;
    for (int round = 0; round < ROUNDS; round++) {
        Problem t = kind == KIND_QGEMM_SUMS ? random_gemm() : random_conv(round % 5 == 0);
        const int64_t taps = t.weights / t.channels;
        int8_t *x = random_bytes(t.inputs), *w = random_bytes(t.weights);
        int32_t *lift = random_words(t.channels, -255, 255), zero = random_int(-128, 127);
        int32_t *offset = random_words(t.channels, 0, 0);
        lift = round % 2 ? lift : (free(lift), NULL);
        for (int64_t i = 0; i < t.weights; i++) {
            const int64_t o = kind == KIND_QGEMM_SUMS ? i % t.channels : i / taps;
            offset[o] -= w[i] + (lift ? lift[o] : 0);
        }
        const void *in[] = {x, w, offset, &zero, lift};
        const size_t bytes = (size_t)t.outputs * sizeof(int32_t);
        int32_t *want = malloc(bytes), *got = malloc(bytes);
        for (size_t i = 0; i < kernel_count; i++)
            if (kernels[i].kind == kind && judges(&kernels[i]))
                run_kernel(&kernels[i], &t, in, want);
        for (size_t i = 0; i < kernel_count; i++) {
            const Kernel *k = &kernels[i];
            if (k->kind != kind || judges(k) || !kernel_runs_here(k) || (k->accepts && !k->accepts(&t.step)))
                continue;
            run_kernel(k, &t, in, got);
            ck_assert_msg(memcmp(got, want, bytes) == 0, "%s, round %d", k->function, round);
            runs++;
        }
        free(x), free(w), free(lift), free(offset), free(want), free(got);
    }
    ck_assert_int_gt(runs, ROUNDS / 3);
}

START_TEST(sums)
{
    check_sums(KIND_QGEMM_SUMS);
    check_sums(KIND_QCONV_SUMS);
}
END_TEST

START_TEST(qconv)
{
    check_kind(KIND_QCONV);
}
END_TEST

START_TEST(qdepthwise)
{
    check_kind(KIND_QDEPTHWISE);
}
END_TEST

START_TEST(qgemm)
{
    check_kind(KIND_QGEMM);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quantised products");
    TCase *tc = tcase_create("all");
    tcase_add_test(tc, qconv);
    tcase_add_test(tc, qdepthwise);
    tcase_add_test(tc, qgemm);
    tcase_add_test(tc, sums);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
