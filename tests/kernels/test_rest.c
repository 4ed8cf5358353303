/* Copy, Gather, reductions, pooling, softmax, LayerNorm and MatMul: known answers. */
#include "ops/wide.h"
#include "tests/kernels/kernel_call.h"

#include <math.h>

/* x[2,3] to its transpose, inside a larger y. */
#define TRANSPOSE(BYTES, T)                                                                                            \
    {                                                                                                                  \
        const T x[6] = {1, 2, 3, 4, 5, 6};                                                                             \
        T y[10] = {0};                                                                                                 \
        call_1("adze_copy_" #BYTES "_ref", &transpose, x, y);                                                          \
        ck_assert_mem_eq(y, ((const T[]){0, 0, 1, 4, 2, 5, 3, 6, 0, 0}), sizeof y);                                    \
    }
START_TEST(copy_transpose)
{
    const adze_copy_params transpose = {
        .rank = 2, .dim = {3, 2}, .x_stride = {1, 3}, .y_stride = {2, 1}, .x_offset = 0, .y_offset = 2};
    TRANSPOSE(1, uint8_t)
    TRANSPOSE(2, int16_t)
    TRANSPOSE(4, float)
    TRANSPOSE(8, double)
}
END_TEST

/* Backwards, repeated, rows of several elements, a scalar, nothing. */
START_TEST(copy_forms)
{
    const int32_t x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    int32_t y[12] = {0};
    adze_copy_params p = {.rank = 1, .dim = {4}, .x_stride = {-3}, .y_stride = {1}, .x_offset = 11};
    call_1("adze_copy_4_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const int32_t[]){11, 8, 5, 2, 0}), 5 * sizeof *y);
    p = (adze_copy_params){.rank = 2, .dim = {3, 2}, .x_stride = {0, 1}, .y_stride = {2, 1}, .x_offset = 4};
    call_1("adze_copy_4_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const int32_t[]){4, 5, 4, 5, 4, 5}), 6 * sizeof *y);
    /* [2,2,3] of x [2,2,3], last axis cut to 2, into y [2,2,2] */
    p = (adze_copy_params){.rank = 3, .dim = {2, 2, 2}, .x_stride = {6, 3, 1}, .y_stride = {4, 2, 1}, .x_offset = 1};
    call_1("adze_copy_4_ref", &p, x, y);
    ck_assert_mem_eq(y, ((const int32_t[]){1, 2, 4, 5, 7, 8, 10, 11}), 8 * sizeof *y);
    p = (adze_copy_params){.rank = 0, .x_offset = 9, .y_offset = 1};
    call_1("adze_copy_4_ref", &p, x, y);
    ck_assert_int_eq(y[1], 9);
    p = (adze_copy_params){.rank = 2, .dim = {0, 2}, .x_stride = {2, 1}, .y_stride = {2, 1}};
    call_1("adze_copy_4_ref", &p, NULL, NULL);
}
END_TEST

/* Calibration's transposed copies, of matrices in either direction and with rests of its blocks of four. */
START_TEST(copy_wide)
{
    static const adze_copy_params cases[] = {
        {.rank = 2, .dim = {9, 7}, .x_stride = {1, 9}, .y_stride = {7, 1}},
        {.rank = 3, .dim = {2, 9, 6}, .x_stride = {54, 1, 9}, .y_stride = {54, 6, 1}},
        {.rank = 4, .dim = {2, 3, 5, 6}, .x_stride = {90, 30, 6, 1}, .y_stride = {90, 5, 1, 15}, .y_offset = 1},
    };
    int32_t x[180];
    for (int i = 0; i < 180; i++)
        x[i] = i * 7919;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t want[192] = {0}, got[192] = {0};
        Value v = {.type = DT_I32};
        Step s = {.kind = KIND_COPY, .params_type = "adze_copy_params", .in = {&v}, .out = {&v}, .in_count = 1};
        s.out_count = 1;
        memcpy(s.params, &cases[i], sizeof cases[i]);
        const Kernel *k = wide_kernel(&s);
        ck_assert_ptr_nonnull(k);
        call_1("adze_copy_4_ref", &cases[i], x, want);
        const void *in[] = {x};
        void *out[] = {got};
        k->run(&cases[i], in, out, NULL);
        ck_assert_mem_eq(got, want, sizeof got);
    }
}
END_TEST

/* x[2,3,2] along the middle axis. */
#define GATHER(BYTES, T)                                                                                               \
    {                                                                                                                  \
        const T x[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};                                                        \
        const T want[16] = {4, 5, 0, 1, 4, 5, 0, 1, 10, 11, 6, 7, 10, 11, 6, 7};                                       \
        T y[16];                                                                                                       \
        call_2("adze_gather_" #BYTES "_i32_ref", &p, x, index32, y);                                                   \
        ck_assert_mem_eq(y, want, sizeof y);                                                                           \
        memset(y, 0, sizeof y);                                                                                        \
        call_2("adze_gather_" #BYTES "_i64_ref", &p, x, index64, y);                                                   \
        ck_assert_mem_eq(y, want, sizeof y);                                                                           \
    }
START_TEST(gather)
{
    const int32_t index32[] = {2, 0, -1, -3};
    const int64_t index64[] = {2, 0, -1, -3};
    adze_gather_params p = {.outer = 2, .axis = 3, .inner = 2, .indices = 4};
    GATHER(1, uint8_t)
    GATHER(2, int16_t)
    GATHER(4, float)
    GATHER(8, int64_t)
}
END_TEST

START_TEST(gather_outside)
{
    const float x[3] = {1, 2, 3};
    const int64_t index[] = {3, -4, INT64_MAX, INT64_MIN, 1};
    float y[5];
    adze_gather_params p = {.outer = 1, .axis = 3, .inner = 1, .indices = 5};
    call_2("adze_gather_4_i64_ref", &p, x, index, y);
    ck_assert_floats(y, ((const double[]){3, 1, 3, 1, 2}), 5, 0);
    p.axis = 0;
    call_2("adze_gather_4_i64_ref", &p, NULL, index, y);
}
END_TEST

/* x [3, 2], indices [5, 2] along the first axis: those outside lead to its ends. */
START_TEST(elements_outside)
{
    const float x[6] = {1, 2, 3, 4, 5, 6}, updates[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const int64_t index[] = {3, -4, INT64_MAX, INT64_MIN, -1, 0, 2, 1, -3, INT64_MAX};
    float y[10];
    adze_elements_params p = {
        .rank = 2, .count = 10, .whole = 6, .axis = 3, .axis_stride = 2, .dim = {5, 2}, .stride = {0, 1}};
    call_2("adze_gather_elements_4_i64_ref", &p, x, index, y);
    ck_assert_floats(y, ((const double[]){5, 2, 5, 2, 5, 2, 5, 4, 1, 6}), 10, 0);
    call_3("adze_scatter_elements_add_f32_i64_ref", &p, x, index, updates, y);
    ck_assert_floats(y, ((const double[]){2, 5, 3, 5, 9, 7}), 6, 0);
}
END_TEST

/* x [3, 2]: rows of one index and of two. */
START_TEST(rows_outside)
{
    const float x[6] = {1, 2, 3, 4, 5, 6}, updates[6] = {1, 2, 3, 4, 5, 6};
    const int64_t index[] = {3, -4, INT64_MAX, INT64_MIN, -2, 2};
    float y[6];
    adze_rows_params one = {.batch = 1, .rows = 3, .depth = 1, .inner = 2, .whole = 6, .dim = {3}, .stride = {2}};
    adze_rows_params two = {.batch = 1, .rows = 3, .depth = 2, .inner = 1, .whole = 6, .dim = {3, 2}, .stride = {2, 1}};
    call_2("adze_gather_rows_4_ref", &one, x, index, y);
    ck_assert_floats(y, ((const double[]){5, 6, 1, 2, 5, 6}), 6, 0);
    call_2("adze_gather_rows_4_ref", &two, x, index, y);
    ck_assert_floats(y, ((const double[]){5, 5, 4}), 3, 0);
    call_3("adze_scatter_rows_add_f32_ref", &one, x, index, updates, y);
    ck_assert_floats(y, ((const double[]){4, 6, 3, 4, 11, 14}), 6, 0);
    call_3("adze_scatter_rows_none_4_ref", &two, x, index, updates, y);
    ck_assert_floats(y, ((const double[]){1, 2, 3, 3, 2, 6}), 6, 0);
}
END_TEST

/* y takes the place of x. */
START_TEST(scatter_in_place)
{
    const float updates[2] = {7, 8};
    const int32_t index[] = {1, -1};
    const int64_t rows[] = {0, -1};
    float y[4] = {1, 2, 3, 4};
    adze_elements_params elements = {
        .rank = 1, .count = 2, .whole = 4, .axis = 4, .axis_stride = 1, .dim = {2}, .stride = {0}};
    adze_rows_params p = {.batch = 1, .rows = 2, .depth = 1, .inner = 1, .whole = 4, .dim = {4}, .stride = {1}};
    call_3("adze_scatter_elements_none_4_i32_ref", &elements, y, index, updates, y);
    call_3("adze_scatter_rows_max_f32_ref", &p, y, rows, updates, y);
    ck_assert_floats(y, ((const double[]){7, 7, 3, 8}), 4, 0);
}
END_TEST

static const struct {
    const char *name;
    bool ints, small_ints;
    double want[4];
} reduce_cases[] = {
    {"reduce_sum", true, false, {9, 3, 0, 6}},
    {"reduce_mean", true, false, {3, 1, 0, 2}},
    {"reduce_max", true, true, {5, 4, 3, 3}},
    {"reduce_min", true, true, {1, -3, -4, 1}},
    {"reduce_prod", true, false, {15, -24, -12, 6}},
    {"reduce_l1", true, false, {9, 9, 8, 6}},
    {"reduce_sum_square", true, false, {35, 29, 26, 14}},
    {"reduce_l2", false, false, {5.9160797831, 5.3851648071, 5.0990195136, 3.7416573868}},
    {"reduce_log_sum", false, false, {2.1972245773, 1.0986122887, -INFINITY, 1.7917594692}},
    {"reduce_log_sum_exp", false, false, {5.1429316285, 4.1277308716, 3.1277308716, 3.4076059644}},
};

/* The same numbers in an integer type; name, want, p and x are the test's. */
#define REDUCE_INT(SUFFIX, T)                                                                                          \
    {                                                                                                                  \
        T xi[12], yi[4];                                                                                               \
        for (int i = 0; i < 12; i++)                                                                                   \
            xi[i] = (T)(int)x[i];                                                                                      \
        snprintf(name, sizeof name, "adze_%s_" #SUFFIX "_ref", reduce_cases[_i].name);                                 \
        call_1(name, &p, xi, yi);                                                                                      \
        ck_assert_floats(yi, want, 4, 0);                                                                              \
    }

/* [2,3,2]: over (1,3,5), (2,4,-3), (3,-4,1), (1,2,3). */
START_TEST(reduce)
{
    const float x[12] = {1, 2, 3, 4, 5, -3, 3, 1, -4, 2, 1, 3};
    double want[4];
    float y[4];
    char name[64];
    const adze_reduce_params p = {.outer = 2, .axis = 3, .inner = 2};
    memcpy(want, reduce_cases[_i].want, sizeof want);
    snprintf(name, sizeof name, "adze_%s_f32_ref", reduce_cases[_i].name);
    call_1(name, &p, x, y);
    ck_assert_floats(y, want, 4, 1e-6);
    if (!reduce_cases[_i].ints)
        return;
    REDUCE_INT(i32, int32_t)
    REDUCE_INT(i64, int64_t)
    if (!reduce_cases[_i].small_ints)
        return;
    REDUCE_INT(i8, int8_t)
    REDUCE_INT(i16, int16_t)
    /* -3 and -4 are 253 and 252 */
    if (strcmp(reduce_cases[_i].name, "reduce_max") == 0)
        memcpy(want, ((const double[]){5, 253, 252, 3}), sizeof want);
    else
        memcpy(want, ((const double[]){1, 2, 1, 1}), sizeof want);
    REDUCE_INT(u8, uint8_t)
}
END_TEST

START_TEST(reduce_extremes)
{
    float y[2];
    adze_reduce_params p = {.outer = 1, .axis = 2, .inner = 1};
    call_1("adze_reduce_max_f32_ref", &p, (const float[]){NAN, 1}, y);
    ck_assert(y[0] != y[0]);
    call_1("adze_reduce_log_sum_exp_f32_ref", &p, (const float[]){1000, 1000}, y);
    ck_assert_float_eq_tol(y[0], 1000.6931f, 1e-3);
    call_1("adze_reduce_log_sum_exp_f32_ref", &p, (const float[]){-INFINITY, -INFINITY}, y);
    ck_assert(y[0] == -INFINITY);
    int32_t i[1];
    call_1("adze_reduce_sum_i32_ref", &p, (const int32_t[]){INT32_MAX, 1}, i);
    ck_assert_int_eq(i[0], INT32_MIN);
    p = (adze_reduce_params){.outer = 1, .axis = 0, .inner = 2};
    call_1("adze_reduce_sum_f32_ref", &p, NULL, y);
    ck_assert_floats(y, ((const double[]){0, 0}), 2, 0);
    p.inner = 1;
    call_1("adze_reduce_mean_i32_ref", &p, NULL, i);
    ck_assert_int_eq(i[0], 0);
}
END_TEST

#define ARG(SUFFIX, T)                                                                                                 \
    {                                                                                                                  \
        const T x[] = {3, 7, 1, 7, 1, 2};                                                                              \
        adze_reduce_params p = {.outer = 1, .axis = 6, .inner = 1};                                                    \
        int64_t y[2];                                                                                                  \
        call_1("adze_arg_max_" #SUFFIX "_ref", &p, x, y);                                                              \
        ck_assert_int_eq(y[0], 1);                                                                                     \
        call_1("adze_arg_min_" #SUFFIX "_ref", &p, x, y);                                                              \
        ck_assert_int_eq(y[0], 2);                                                                                     \
        p.keep = 1;                                                                                                    \
        call_1("adze_arg_max_" #SUFFIX "_ref", &p, x, y);                                                              \
        ck_assert_int_eq(y[0], 3);                                                                                     \
        call_1("adze_arg_min_" #SUFFIX "_ref", &p, x, y);                                                              \
        ck_assert_int_eq(y[0], 4);                                                                                     \
        p = (adze_reduce_params){.outer = 1, .axis = 3, .inner = 2};                                                   \
        call_1("adze_arg_max_" #SUFFIX "_ref", &p, x, y);                                                              \
        ck_assert_int_eq(y[0], 0);                                                                                     \
        ck_assert_int_eq(y[1], 0);                                                                                     \
    }
START_TEST(arg){ARG(f32, float) ARG(i32, int32_t) ARG(i64, int64_t) ARG(i8, int8_t) ARG(u8, uint8_t)} END_TEST

    static adze_pool_params pool_params(int32_t size, int32_t kernel, int32_t stride, int32_t pad, int32_t out)
{
    return (adze_pool_params){.batch = 1,
                              .in_h = size,
                              .in_w = size,
                              .channels = 1,
                              .out_h = out,
                              .out_w = out,
                              .kernel_h = kernel,
                              .kernel_w = kernel,
                              .stride_h = stride,
                              .stride_w = stride,
                              .dilation_h = 1,
                              .dilation_w = 1,
                              .pad_top = pad,
                              .pad_left = pad,
                              .pad_bottom = pad,
                              .pad_right = pad,
                              .lo = -INFINITY,
                              .hi = INFINITY};
}

START_TEST(max_pool)
{
    const float x[9] = {1, -2, 3, -4, 5, -6, 7, -8, 9};
    const int8_t xi[9] = {1, -2, 3, -4, 5, -6, 7, -8, 9};
    const uint8_t xu[9] = {1, 254, 3, 252, 5, 250, 7, 248, 9};
    float y[4];
    int8_t yi[4];
    uint8_t yu[4];
    adze_pool_params p = pool_params(3, 2, 1, 0, 2);
    call_1("adze_maxpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){5, 5, 7, 9}), 4, 0);
    p.lo = 0;
    p.hi = 6;
    call_1("adze_maxpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){5, 5, 6, 6}), 4, 0);
    call_1("adze_maxpool_i8_ref", &p, xi, yi);
    ck_assert_mem_eq(yi, ((const int8_t[]){5, 5, 7, 9}), 4);
    int16_t yw[4];
    call_1("adze_maxpool_i16_ref", &p, ((const int16_t[]){1, -2, 3, -4, 500, -6, 7, -8, -32768}), yw);
    ck_assert_mem_eq(yw, ((const int16_t[]){500, 500, 500, 500}), sizeof yw);
    call_1("adze_maxpool_u8_ref", &p, xu, yu);
    ck_assert_mem_eq(yu, ((const uint8_t[]){254, 254, 252, 250}), 4);
    /* padding never wins; dilation 2 */
    p = pool_params(3, 2, 1, 1, 2);
    p.dilation_h = p.dilation_w = 2;
    p.out_h = p.out_w = 3;
    float z[9];
    call_1("adze_maxpool_f32_ref", &p, x, z);
    ck_assert_floats(z, ((const double[]){5, -4, 5, -2, 9, -2, 5, -4, 5}), 9, 0);
}
END_TEST

START_TEST(average_pool)
{
    const float x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    float y[4];
    adze_pool_params p = pool_params(3, 2, 2, 1, 2);
    call_1("adze_avgpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){1, 2.5, 5.5, 7}), 4, 1e-7);
    p.count_include_pad = 1;
    call_1("adze_avgpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){0.25, 1.25, 2.75, 7}), 4, 1e-7);
    /* ceil_mode: the last window passes the padding, too, and is divided by what lies inside it */
    p = pool_params(3, 2, 2, 0, 2);
    p.count_include_pad = 1;
    call_1("adze_avgpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){3, 4.5, 7.5, 9}), 4, 1e-7);
}
END_TEST

/* Two images of two channels; windows 1x2. */
START_TEST(pool_layout)
{
    const float x[] = {1, 10, 2, 20, 3, 30, 4, 40};
    float y[4];
    adze_pool_params p = pool_params(1, 1, 1, 0, 1);
    p.batch = 2;
    p.in_w = p.kernel_w = 2;
    p.channels = 2;
    call_1("adze_avgpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){1.5, 15, 3.5, 35}), 4, 0);
    call_1("adze_maxpool_f32_ref", &p, x, y);
    ck_assert_floats(y, ((const double[]){2, 20, 4, 40}), 4, 0);
}
END_TEST

START_TEST(softmax)
{
    const float x[6] = {1, 2, 3, 1000, 1001, 1002};
    float y[6];
    adze_softmax_params p = {.outer = 2, .axis = 3, .inner = 1};
    call_1("adze_softmax_f32_ref", &p, x, y);
    const double want[6] = {0.0900305732, 0.2447284711, 0.6652409558, 0.0900305732, 0.2447284711, 0.6652409558};
    ck_assert_floats(y, want, 6, 1e-7);
    call_1("adze_logsoftmax_f32_ref", &p, x, y);
    const double logs[6] = {-2.4076059644, -1.4076059644, -0.4076059644, -2.4076059644, -1.4076059644, -0.4076059644};
    ck_assert_floats(y, logs, 6, 1e-6);
    /* the middle axis of [1,2,3], in place */
    p = (adze_softmax_params){.outer = 1, .axis = 2, .inner = 3};
    float z[6] = {0, 1, 2, 0, 0, 2};
    call_1("adze_softmax_f32_ref", &p, z, z);
    ck_assert_floats(z, ((const double[]){0.5, 0.7310585786, 0.5, 0.5, 0.2689414214, 0.5}), 6, 1e-7);
    /* masked attention: -inf has no weight */
    p = (adze_softmax_params){.outer = 1, .axis = 3, .inner = 1};
    call_1("adze_softmax_f32_ref", &p, (const float[]){-INFINITY, 0, 0}, y);
    ck_assert_floats(y, ((const double[]){0, 0.5, 0.5}), 3, 0);
}
END_TEST

START_TEST(layernorm)
{
    const float x[6] = {1, 2, 3, -4, -4, 8}, scale[3] = {1, 2, 3}, bias[3] = {0.5f, 0, -1};
    float y[6];
    adze_layernorm_params p = {.outer = 2, .axis = 3, .epsilon = 1e-5f};
    call_3("adze_layernorm_f32_ref", &p, x, scale, bias, y);
    const double want[6] = {-0.7247356892, 0, 2.6742070676, -0.2071066697, -1.4142133395, 3.2426400185};
    ck_assert_floats(y, want, 6, 2e-6);
    p.epsilon = 0;
    p.outer = 1;
    call_3("adze_layernorm_f32_ref", &p, x, scale, NULL, y);
    ck_assert_floats(y, ((const double[]){-1.2247448714, 0, 3.6742346142}), 3, 1e-6);
}
END_TEST

/* Two images of 3 groups of 2 channels and 70 pixels, channels first and last, against sums in double. */
START_TEST(groupnorm)
{
    enum { N = 2, G = 3, C = 2, P = 70, ALL = N * G * C * P };
    static float first[ALL], last[ALL], y[ALL];
    static double want_first[ALL], want_last[ALL];
    float scale[G * C], bias[G * C];
    for (int i = 0; i < ALL; i++)
        first[i] = (float)((i * 37 + i * i % 11) % 101) * 0.1f - 3;
    for (int k = 0; k < G * C; k++)
        scale[k] = 0.5f + (float)k, bias[k] = 0.25f * (float)k - 1;
    for (int g = 0; g < N * G; g++) {
        double sum = 0, squares = 0;
        for (int i = 0; i < C * P; i++)
            sum += (double)first[g * C * P + i];
        for (int i = 0; i < C * P; i++)
            squares += pow((double)first[g * C * P + i] - sum / (C * P), 2);
        for (int i = 0; i < C * P; i++) {
            int c = g % G * C + i / P, at = (g / G * P + i % P) * G * C + c;
            double v = ((double)first[g * C * P + i] - sum / (C * P)) / sqrt(squares / (C * P) + 0.5);
            want_first[g * C * P + i] = want_last[at] = fmin(v * (double)scale[c] + (double)bias[c], 2);
            last[at] = first[g * C * P + i];
        }
    }
    adze_groupnorm_params p = {N, G, C, P, C * P, P, 1, 1, 0.5f, -INFINITY, 2};
    call_3("adze_groupnorm_f32_ref", &p, first, scale, bias, y);
    ck_assert_floats(y, want_first, ALL, 2e-6);
    p.group_stride = C, p.channel_stride = 1, p.pixel_stride = G * C;
    call_3("adze_groupnorm_f32_ref", &p, last, scale, bias, last); /* in place */
    ck_assert_floats(last, want_last, ALL, 2e-6);
}
END_TEST

START_TEST(matmul)
{
    const float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, -1, 2, 0, 3, 2};
    float y[4];
    adze_matmul_params p = {
        .batch = {1, 1, 1, 1}, .m = 2, .n = 2, .k = 3, .a_row = 3, .a_col = 1, .y_row = 2, .alpha = 1};
    p.b_row = 2;
    p.b_col = 1;
    call_2("adze_matmul_f32_ref", &p, a, b, y); /* b is [3,2] */
    ck_assert_floats(y, ((const double[]){14, 5, 32, 8}), 4, 0);
    p.b_row = 1;
    p.b_col = 3;
    p.alpha = 0.5f;
    call_2("adze_matmul_f32_ref", &p, a, b, y); /* b is [2,3], transposed */
    ck_assert_floats(y, ((const double[]){2.5, 6, 5.5, 13.5}), 4, 0);
}
END_TEST

/* Batches [2,1] and [1,3]: both operands are repeated. */
START_TEST(matmul_batch)
{
    const float a[4] = {1, 2, 3, 4}, b[6] = {1, 1, 2, 0, 0, 3};
    float y[6];
    const adze_matmul_params p = {.batch = {1, 1, 2, 3},
                                  .a_stride = {0, 0, 2, 0},
                                  .b_stride = {0, 0, 0, 2},
                                  .y_stride = {0, 0, 3, 1},
                                  .m = 1,
                                  .n = 1,
                                  .k = 2,
                                  .a_row = 2,
                                  .a_col = 1,
                                  .b_row = 1,
                                  .b_col = 1,
                                  .y_row = 1,
                                  .alpha = 1};
    call_2("adze_matmul_f32_ref", &p, a, b, y);
    ck_assert_floats(y, ((const double[]){3, 2, 6, 7, 6, 12}), 6, 0);
}
END_TEST

/* Two heads of two channels side by side in [2, 2*2] behind one more element; b has five columns, transposed. */
START_TEST(matmul_inside_its_operands)
{
    const float a[9] = {9, 1, 2, 3, 4, 5, 6, 7, 8};
    float b[20], y[20];
    double want[20];
    for (int i = 0; i < 20; i++)
        b[i] = (float)(i * i % 7);
    const adze_matmul_params p = {.batch = {1, 1, 1, 2},
                                  .a_stride = {0, 0, 0, 2},
                                  .b_stride = {0, 0, 0, 10},
                                  .y_stride = {0, 0, 0, 5},
                                  .m = 2,
                                  .n = 5,
                                  .k = 2,
                                  .a_row = 4,
                                  .a_col = 1,
                                  .b_row = 1,
                                  .b_col = 2,
                                  .y_row = 10,
                                  .a_offset = 1,
                                  .alpha = 2};
    for (int h = 0; h < 2; h++)
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 5; j++)
                want[i * 10 + h * 5 + j] = 2 * ((double)a[1 + i * 4 + h * 2] * (double)b[h * 10 + j * 2] +
                                                (double)a[2 + i * 4 + h * 2] * (double)b[h * 10 + j * 2 + 1]);
    call_2("adze_matmul_f32_ref", &p, a, b, y);
    ck_assert_floats(y, want, 20, 0);
}
END_TEST

START_TEST(all_rows)
{
    const Kind kinds[] = {KIND_COPY,    KIND_GATHER,     KIND_REDUCE,    KIND_MAXPOOL,   KIND_AVGPOOL,
                          KIND_SOFTMAX, KIND_LOGSOFTMAX, KIND_LAYERNORM, KIND_GROUPNORM, KIND_MATMUL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        ck_assert_all_called(kinds[i]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: rest");
    TCase *t = tcase_create("rest");
    tcase_add_test(t, copy_transpose);
    tcase_add_test(t, copy_forms);
    tcase_add_test(t, copy_wide);
    tcase_add_test(t, gather);
    tcase_add_test(t, gather_outside);
    tcase_add_test(t, elements_outside);
    tcase_add_test(t, rows_outside);
    tcase_add_test(t, scatter_in_place);
    tcase_add_loop_test(t, reduce, 0, (int)(sizeof reduce_cases / sizeof reduce_cases[0]));
    tcase_add_test(t, reduce_extremes);
    tcase_add_test(t, arg);
    tcase_add_test(t, max_pool);
    tcase_add_test(t, average_pool);
    tcase_add_test(t, pool_layout);
    tcase_add_test(t, softmax);
    tcase_add_test(t, layernorm);
    tcase_add_test(t, groupnorm);
    tcase_add_test(t, matmul);
    tcase_add_test(t, matmul_batch);
    tcase_add_test(t, matmul_inside_its_operands);
    tcase_add_test(t, all_rows); /* last */
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
