/* Element-wise kernels of two operands and Where: known answers and broadcasting. */
#include "tests/kernels/kernel_call.h"

#include <limits.h>
#include <math.h>

/* Six elements against six, no activation. */
static adze_broadcast_params six(void)
{
    return (adze_broadcast_params){
        .rank = 1, .dim = {6}, .a_stride = {1}, .b_stride = {1}, .c_stride = {1}, .lo = -INFINITY, .hi = INFINITY};
}

static const float fa[6] = {-3, 2, 0.5f, 4, -0.25f, 8}, fb[6] = {2, -2, 0.25f, 4, 0.5f, -3};
static const struct {
    const char *name;
    double want[6];
} float_cases[] = {
    {"add", {-1, 0, 0.75, 8, 0.25, 5}},
    {"sub", {-5, 4, 0.25, 0, -0.75, 11}},
    {"mul", {-6, -4, 0.125, 16, -0.125, -24}},
    {"div", {-1.5, -1, 2, 1, -0.5, -8.0 / 3}},
    {"pow", {9, 0.25, 0.84089641525371454, 256, NAN, 1.0 / 512}},
    {"min", {-3, -2, 0.25, 4, -0.25, -3}},
    {"max", {2, 2, 0.5, 4, 0.5, 8}},
    {"fmod", {-1, 0, 0, 0, -0.25, 2}},
};

START_TEST(floats)
{
    char name[64];
    adze_broadcast_params p = six();
    float y[6];
    double da[6], db[6], dy[6];
    for (int i = 0; i < 6; i++) {
        da[i] = fa[i];
        db[i] = fb[i];
    }
    snprintf(name, sizeof name, "adze_%s_f32_ref", float_cases[_i].name);
    call_2(name, &p, fa, fb, y);
    ck_assert_floats(y, float_cases[_i].want, 6, 1e-7);
    snprintf(name, sizeof name, "adze_%s_f64_ref", float_cases[_i].name);
    call_2(name, &p, da, db, dy);
    ck_assert_floats(dy, float_cases[_i].want, 6, 1e-15);
}
END_TEST

START_TEST(activation)
{
    adze_broadcast_params p = six();
    float y[6];
    p.lo = 0;
    p.hi = 6;
    call_2("adze_add_f32_ref", &p, fa, fb, y);
    ck_assert_floats(y, ((const double[]){0, 0, 0.75, 6, 0.25, 5}), 6, 0);
    const float a[6] = {NAN, INFINITY, -INFINITY, 1, 2, 3}, b[6] = {0};
    call_2("adze_add_f32_ref", &p, a, b, y);
    ck_assert_floats(y, ((const double[]){NAN, 6, 0, 1, 2, 3}), 6, 0);
}
END_TEST

START_TEST(nan_in_min_max)
{
    adze_broadcast_params p = six();
    const float a[6] = {NAN, 1, NAN, -INFINITY, 1, 2}, b[6] = {1, NAN, NAN, 1, INFINITY, 2};
    float y[6];
    call_2("adze_min_f32_ref", &p, a, b, y);
    ck_assert_floats(y, ((const double[]){NAN, NAN, NAN, -INFINITY, 1, 2}), 6, 0);
    call_2("adze_max_f32_ref", &p, a, b, y);
    ck_assert_floats(y, ((const double[]){NAN, NAN, NAN, 1, INFINITY, 2}), 6, 0);
}
END_TEST

START_TEST(prelu)
{
    adze_broadcast_params p = six();
    const float x[6] = {-2, 3, NAN, -INFINITY, -0.5f, 0}, slope[6] = {0.25f, 9, 1, 2, -1, 5};
    float y[6];
    call_2("adze_prelu_f32_ref", &p, x, slope, y);
    ck_assert_floats(y, ((const double[]){-0.5, 3, NAN, -INFINITY, 0.5, 0}), 6, 0);
}
END_TEST

/* [2,3] with a column [2,1], a row [3], a scalar; both ways round; in place. */
START_TEST(broadcast)
{
    const float m[6] = {1, 2, 3, 4, 5, 6}, v[3] = {10, 20, 30};
    float y[6];
    adze_broadcast_params p = six();
    p.rank = 2;
    p.dim[0] = 2;
    p.dim[1] = 3;
    p.a_stride[0] = 3;
    p.a_stride[1] = 1;
    p.b_stride[0] = 1;
    p.b_stride[1] = 0;
    call_2("adze_sub_f32_ref", &p, m, v, y);
    ck_assert_floats(y, ((const double[]){-9, -8, -7, -16, -15, -14}), 6, 0);
    p.b_stride[0] = 0;
    p.b_stride[1] = 1;
    call_2("adze_sub_f32_ref", &p, m, v, y);
    ck_assert_floats(y, ((const double[]){-9, -18, -27, -6, -15, -24}), 6, 0);
    p.b_stride[1] = 0;
    memcpy(y, m, sizeof y);
    call_2("adze_sub_f32_ref", &p, y, v, y);
    ck_assert_floats(y, ((const double[]){-9, -8, -7, -6, -5, -4}), 6, 0);
    adze_broadcast_params q = p;
    memcpy(q.a_stride, p.b_stride, sizeof q.a_stride);
    memcpy(q.b_stride, p.a_stride, sizeof q.b_stride);
    call_2("adze_sub_f32_ref", &q, v, m, y);
    ck_assert_floats(y, ((const double[]){9, 8, 7, 6, 5, 4}), 6, 0);
}
END_TEST

/* A transposed operand over four dimensions against a plain loop. */
START_TEST(broadcast_deep)
{
    enum { A = 2, B = 3, C = 4, D = 5, N = A * B * C * D };
    int32_t a[N], b[B * D], y[N];
    for (int32_t i = 0; i < N; i++)
        a[i] = i * 7;
    for (int32_t i = 0; i < B * D; i++)
        b[i] = i * 1000;
    /* a is stored [D][C][B][A]; b is [B][1][D] */
    adze_broadcast_params p = {
        .rank = 4, .dim = {A, B, C, D}, .a_stride = {1, A, A * B, A * B * C}, .b_stride = {0, D, 0, 1}};
    call_2("adze_add_i32_ref", &p, a, b, y);
    for (int32_t i = 0, n = 0; i < A; i++)
        for (int32_t j = 0; j < B; j++)
            for (int32_t k = 0; k < C; k++)
                for (int32_t l = 0; l < D; l++, n++)
                    ck_assert_int_eq(y[n], a[((l * C + k) * B + j) * A + i] + b[j * D + l]);
}
END_TEST

START_TEST(scalars_and_nothing)
{
    adze_broadcast_params p = {.rank = 0, .lo = -INFINITY, .hi = INFINITY};
    const float a = 2, b = 3;
    float y = 0;
    call_2("adze_add_f32_ref", &p, &a, &b, &y);
    ck_assert_float_eq(y, 5);
    p = (adze_broadcast_params){.rank = 2, .dim = {0, 4}, .a_stride = {4, 1}, .b_stride = {4, 1}};
    call_2("adze_add_f32_ref", &p, NULL, NULL, NULL);
}
END_TEST

typedef __int128 Big;

static Big big_power(Big u, Big v)
{
    if (v < 0)
        return u == 1 ? 1 : u == -1 ? (v % 2 ? -1 : 1) : 0;
    unsigned __int128 r = 1, base = (unsigned __int128)u;
    for (int bit = 63; bit >= 0; bit--) {
        r *= r;
        if (v >> bit & 1)
            r *= base;
    }
    return (Big)r;
}

static Big big_result(const char *name, Big u, Big v)
{
    if (strcmp(name, "add") == 0)
        return u + v;
    if (strcmp(name, "sub") == 0)
        return u - v;
    if (strcmp(name, "mul") == 0)
        return (Big)((unsigned __int128)u * (unsigned __int128)v);
    if (strcmp(name, "pow") == 0)
        return big_power(u, v);
    if (strcmp(name, "min") == 0)
        return u < v ? u : v;
    if (strcmp(name, "max") == 0)
        return u > v ? u : v;
    if (v == 0)
        return 0;
    if (strcmp(name, "div") == 0)
        return u / v;
    if (strcmp(name, "fmod") == 0)
        return u % v;
    return (u % v + v) % v; /* mod */
}

static const char *const int_names[] = {"add", "sub", "mul", "div", "pow", "min", "max", "mod", "fmod"};

/* All pairs of interesting values against 128-bit arithmetic, cut to the type. */
#define INTEGERS(SUFFIX, T, LOWEST, HIGHEST)                                                                           \
    START_TEST(integers_##SUFFIX)                                                                                      \
    {                                                                                                                  \
        const T values[] = {0, 1, 2, 3, 7, 10, (T)-1, (T)-2, (T)-3, (T)-7, LOWEST, (T)(LOWEST + 1), HIGHEST};          \
        enum { COUNT = sizeof values / sizeof values[0] };                                                             \
        adze_broadcast_params p = {.rank = 2, .dim = {COUNT, COUNT}, .a_stride = {1, 0}, .b_stride = {0, 1}};          \
        T y[COUNT * COUNT];                                                                                            \
        char name[64];                                                                                                 \
        snprintf(name, sizeof name, "adze_%s_" #SUFFIX "_ref", int_names[_i]);                                         \
        call_2(name, &p, values, values, y);                                                                           \
        for (int i = 0; i < COUNT * COUNT; i++) {                                                                      \
            T u = values[i / COUNT], v = values[i % COUNT];                                                            \
            T want = (T)big_result(int_names[_i], (Big)u, (Big)v);                                                     \
            ck_assert_msg(y[i] == want, "%s of %lld and %lld: %lld, not %lld", name, (long long)u, (long long)v,       \
                          (long long)y[i], (long long)want);                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST
INTEGERS(i8, int8_t, INT8_MIN, INT8_MAX)
INTEGERS(u8, uint8_t, 0, UINT8_MAX)
INTEGERS(i16, int16_t, INT16_MIN, INT16_MAX)
INTEGERS(u16, uint16_t, 0, UINT16_MAX)
INTEGERS(i32, int32_t, INT32_MIN, INT32_MAX)
INTEGERS(u32, uint32_t, 0, UINT32_MAX)
INTEGERS(i64, int64_t, INT64_MIN, INT64_MAX)
INTEGERS(u64, uint64_t, 0, UINT64_MAX)

/* Shifts by nothing, by the width less one, by the width and by more. */
#define BITS(BYTES, T)                                                                                                 \
    {                                                                                                                  \
        const T all = (T)-1, top = (T)(all - all / 2), a[6] = {1, 3, top, all, 12, 5};                                 \
        const T b[6] = {8 * BYTES - 1, 1, 8 * BYTES - 1, 8 * BYTES, 0, 200};                                           \
        T y[6];                                                                                                        \
        call_2("adze_shift_left_" #BYTES "_ref", &p, a, b, y);                                                         \
        ck_assert_mem_eq(y, ((const T[]){top, 6, 0, 0, 12, 0}), sizeof y);                                             \
        call_2("adze_shift_right_" #BYTES "_ref", &p, a, b, y);                                                        \
        ck_assert_mem_eq(y, ((const T[]){0, 1, 1, 0, 12, 0}), sizeof y);                                               \
        const T c[6] = {3, 6, all, 0, 10, 4};                                                                          \
        call_2("adze_bitwise_and_" #BYTES "_ref", &p, a, c, y);                                                        \
        ck_assert_mem_eq(y, ((const T[]){1, 2, top, 0, 8, 4}), sizeof y);                                              \
        call_2("adze_bitwise_or_" #BYTES "_ref", &p, a, c, y);                                                         \
        ck_assert_mem_eq(y, ((const T[]){3, 7, all, all, 14, 5}), sizeof y);                                           \
        call_2("adze_bitwise_xor_" #BYTES "_ref", &p, a, c, y);                                                        \
        ck_assert_mem_eq(y, ((const T[]){2, 5, (T)(all - top), all, 6, 1}), sizeof y);                                 \
    }

START_TEST(bits)
{
    adze_broadcast_params p = six();
    BITS(1, uint8_t)
    BITS(2, uint16_t)
    BITS(4, uint32_t)
    BITS(8, uint64_t)
}
END_TEST

#define COMPARISONS(SUFFIX, T)                                                                                         \
    {                                                                                                                  \
        const T a[6] = {1, 2, 3, 4, 4, 100}, b[6] = {2, 2, 1, 4, 5, 99};                                               \
        call_2("adze_equal_" #SUFFIX "_ref", &p, a, b, y);                                                             \
        ck_assert_mem_eq(y, ((const uint8_t[]){0, 1, 0, 1, 0, 0}), 6);                                                 \
        call_2("adze_less_" #SUFFIX "_ref", &p, a, b, y);                                                              \
        ck_assert_mem_eq(y, ((const uint8_t[]){1, 0, 0, 0, 1, 0}), 6);                                                 \
        call_2("adze_greater_" #SUFFIX "_ref", &p, a, b, y);                                                           \
        ck_assert_mem_eq(y, ((const uint8_t[]){0, 0, 1, 0, 0, 1}), 6);                                                 \
        call_2("adze_less_or_equal_" #SUFFIX "_ref", &p, a, b, y);                                                     \
        ck_assert_mem_eq(y, ((const uint8_t[]){1, 1, 0, 1, 1, 0}), 6);                                                 \
        call_2("adze_greater_or_equal_" #SUFFIX "_ref", &p, a, b, y);                                                  \
        ck_assert_mem_eq(y, ((const uint8_t[]){0, 1, 1, 1, 0, 1}), 6);                                                 \
    }

START_TEST(comparisons)
{
    adze_broadcast_params p = six();
    uint8_t y[6];
    COMPARISONS(f32, float)
    COMPARISONS(f64, double)
    COMPARISONS(i8, int8_t)
    COMPARISONS(u8, uint8_t)
    COMPARISONS(i32, int32_t)
    COMPARISONS(i64, int64_t)
    const float a[6] = {NAN, NAN, 0, 0, INFINITY, 1}, b[6] = {NAN, 1, NAN, -0.0f, INFINITY, 1};
    call_2("adze_equal_f32_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 0, 0, 1, 1, 1}), 6);
    call_2("adze_less_or_equal_f32_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 0, 0, 1, 1, 1}), 6);
}
END_TEST

START_TEST(logic)
{
    adze_broadcast_params p = six();
    const uint8_t a[6] = {0, 0, 1, 1, 2, 0}, b[6] = {0, 1, 0, 1, 1, 4};
    uint8_t y[6];
    call_2("adze_and_bool_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 0, 0, 1, 1, 0}), 6);
    call_2("adze_or_bool_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 1, 1, 1, 1, 1}), 6);
    call_2("adze_xor_bool_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){0, 1, 1, 0, 0, 1}), 6);
    call_2("adze_equal_bool_ref", &p, a, b, y);
    ck_assert_mem_eq(y, ((const uint8_t[]){1, 0, 0, 1, 1, 0}), 6);
}
END_TEST

/* Condition [2,1], a [2,3], b scalar. */
#define WHERE(BYTES, T)                                                                                                \
    {                                                                                                                  \
        const T a[6] = {1, 2, 3, 4, 5, 6}, b[1] = {99};                                                                \
        T y[6];                                                                                                        \
        call_3("adze_where_" #BYTES "_ref", &p, condition, a, b, y);                                                   \
        ck_assert_mem_eq(y, ((const T[]){99, 99, 99, 4, 5, 6}), sizeof y);                                             \
    }
START_TEST(where)
{
    const uint8_t condition[2] = {0, 1};
    adze_broadcast_params p = {.rank = 2, .dim = {2, 3}, .a_stride = {1, 0}, .b_stride = {3, 1}, .c_stride = {0, 0}};
    WHERE(1, int8_t)
    WHERE(2, uint16_t)
    WHERE(4, float)
    WHERE(8, int64_t)
}
END_TEST

START_TEST(all_rows)
{
    ck_assert_all_called(KIND_BINARY);
    ck_assert_all_called(KIND_WHERE);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: binary");
    TCase *t = tcase_create("binary");
    const int names = (int)(sizeof int_names / sizeof int_names[0]);
    tcase_add_loop_test(t, floats, 0, (int)(sizeof float_cases / sizeof float_cases[0]));
    tcase_add_test(t, activation);
    tcase_add_test(t, nan_in_min_max);
    tcase_add_test(t, prelu);
    tcase_add_test(t, broadcast);
    tcase_add_test(t, broadcast_deep);
    tcase_add_test(t, scalars_and_nothing);
    tcase_add_loop_test(t, integers_i8, 0, names);
    tcase_add_loop_test(t, integers_u8, 0, names);
    tcase_add_loop_test(t, integers_i16, 0, names);
    tcase_add_loop_test(t, integers_u16, 0, names);
    tcase_add_test(t, bits);
    tcase_add_loop_test(t, integers_i32, 0, names);
    tcase_add_loop_test(t, integers_u32, 0, names);
    tcase_add_loop_test(t, integers_i64, 0, names);
    tcase_add_loop_test(t, integers_u64, 0, names);
    tcase_add_test(t, comparisons);
    tcase_add_test(t, logic);
    tcase_add_test(t, where);
    tcase_add_test(t, all_rows); /* last */
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
