/* LayerNormalization between integers against the real numbers, rounded half to even: never more than a step off, and
 * mostly equal; random rows, rows of equal elements, rows with one element apart, rows of both ends. */
#include "ops/eval.h"
#include "passes/passes.h"

#include "base/buf.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, LONGEST = 2000, GRAPHS = 300 };

static Arena *keep;
static uint32_t state = 9;

static uint32_t random_bits(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static double random_real(double low, double high)
{
    return low + (high - low) * (double)random_bits() / 16777215.0;
}

typedef struct {
    const char *type;
    long least, most;
    int count;
    float x_scale, y_scale, epsilon, gamma[LONGEST], beta[LONGEST];
    long x_zero, y_zero;
    int32_t x[ROWS][LONGEST];
} Case;

static void choose(Case *c, int at)
{
    static const int counts[] = {1, 2, 3, 10, 64, 300, LONGEST};
    static const float epsilons[] = {1e-12f, 1e-5f, 1e-3f, 2};
    static const char *const types[] = {"i8", "u8", "i16"};
    c->type = types[at % 3];
    c->least = at % 3 == 0 ? -128 : at % 3 == 1 ? 0 : -32768;
    c->most = c->least + (at % 3 == 2 ? 65535 : 255);
    c->count = counts[random_bits() % (sizeof counts / sizeof *counts)];
    c->epsilon = epsilons[random_bits() % 4];
    c->x_scale = (float)pow(10, random_real(-4, 1)) * (at % 3 == 2 ? 1.0f / 256 : 1);
    c->y_scale = (float)(random_real(2, 6) / (double)(c->most - c->least));
    c->x_zero = c->least + (long)(random_bits() % 200);
    c->y_zero = c->least + (c->most - c->least) / 2 + (long)(random_bits() % 20);
    for (int k = 0; k < c->count; k++) {
        c->gamma[k] = k % 9 == 4 ? 0 : (float)random_real(-1, 2);
        c->beta[k] = k % 5 == 2 ? c->y_scale * ((float)(k % 7) + 0.5f) : (float)random_real(-0.5, 0.5);
    }
    for (int row = 0; row < ROWS; row++) {
        long low = c->least + (long)(random_bits() % 100), span = row == 0 ? c->most - c->least : row == 1 ? 3 : 40;
        for (int k = 0; k < c->count; k++)
            c->x[row][k] =
                (int32_t)(row == 3   ? low
                          : row == 4 ? (k == c->count / 2 ? c->most : low)
                          : row == 5 ? (k % 2 ? c->least : c->most)
                                     : (row ? low : c->least) + (long)(random_bits() % (uint32_t)(span + 1)));
    }
}

static const char *text_of(const Case *c)
{
    Buf b = {0};
    buf_printf(&b, "graph \"g\" opset \"\" 21 {\ninput %%x: %s[%d,%d]\n", c->type, ROWS, c->count);
    buf_printf(&b, "const %%xs: f32[] = [%a]\nconst %%xz: %s[] = [%ld]\n", (double)c->x_scale, c->type, c->x_zero);
    buf_printf(&b, "const %%ys: f32[] = [%a]\nconst %%yz: %s[] = [%ld]\n", (double)c->y_scale, c->type, c->y_zero);
    for (int list = 0; list < 2; list++) {
        buf_printf(&b, "const %%%s: f32[%d] = [", list ? "beta" : "gamma", c->count);
        for (int k = 0; k < c->count; k++)
            buf_printf(&b, "%s%a", k ? ", " : "", (double)(list ? c->beta : c->gamma)[k]);
        buf_printf(&b, "]\n");
    }
    buf_printf(&b,
               "%%r = DequantizeLinear(%%x, %%xs, %%xz)\n%%n = LayerNormalization(%%r, %%gamma, %%beta) {epsilon=%af} "
               "name \"norm\"\n%%y = QuantizeLinear(%%n, %%ys, %%yz)\noutput %%y\n}\n",
               (double)c->epsilon);
    const char *text = arena_printf(keep, "%s", b.data);
    buf_free(&b);
    return text;
}

static long expected(const Case *c, int row, int k)
{
    int64_t sum = 0, squares = 0;
    for (int i = 0; i < c->count; i++) {
        sum += c->x[row][i];
        squares += (int64_t)c->x[row][i] * c->x[row][i];
    }
    const long double n = c->count, s = c->x_scale;
    const long double spread = (long double)(c->count * squares - sum * sum);
    const long double d = (long double)((int64_t)c->count * c->x[row][k] - sum);
    const long double real = d / sqrtl(spread + (long double)c->epsilon * n * n / (s * s)) * c->gamma[k] + c->beta[k];
    const long double q = rintl(real / c->y_scale) + c->y_zero;
    return q < c->least ? c->least : q > c->most ? c->most : (long)q;
}

static long element(const Case *c, const void *data, int at)
{
    return c->type[0] == 'u'   ? ((const uint8_t *)data)[at]
           : c->type[1] == '8' ? ((const int8_t *)data)[at]
                               : ((const int16_t *)data)[at];
}

static void *evaluated(const Case *c)
{
    const char *text = text_of(c);
    Diag *d = diag_new(keep);
    PassContext pc = {.diag = d, .scratch = arena_new()};
    OpContext oc = {d, pc.scratch};
    Graph *g = graph_read(keep, d, text, strlen(text), "text");
    ck_assert_ptr_nonnull(g);
    ops_bind(g);
    bool ok = ops_check(g, d) && passes_run(&pc, g);
    for (size_t i = 0; ok && i < g->notes.count; i++)
        ck_assert_msg(strcmp(g->notes.items[i].node, "norm") != 0, "%s", g->notes.items[i].text);
    const size_t bytes = (size_t)(ROWS * c->count) * (c->least == -32768 ? 2 : 1);
    void *x = arena_alloc(keep, bytes), *y = arena_alloc(keep, bytes);
    for (int i = 0; i < ROWS * c->count; i++) {
        const int32_t v = c->x[i / c->count][i % c->count];
        if (bytes == (size_t)(ROWS * c->count))
            ((uint8_t *)x)[i] = (uint8_t)v;
        else
            ((int16_t *)x)[i] = (int16_t)v;
    }
    const void *in[] = {x};
    void *out[] = {y};
    ok = ok && eval_graph(&oc, g, in, out);
    diag_flush(d, stderr);
    ck_assert(ok);
    arena_free(pc.scratch);
    return y;
}

START_TEST(as_the_real_numbers)
{
    static Case c;
    long different[2] = {0}, all[2] = {0}; /* of 8 and 16 bits */
    for (int at = 0; at < GRAPHS; at++) {
        keep = arena_new();
        choose(&c, at);
        const void *y = evaluated(&c);
        const int sixteen = c.least == -32768;
        for (int row = 0; row < ROWS; row++)
            for (int k = 0; k < c.count; k++, all[sixteen]++) {
                const long got = element(&c, y, row * c.count + k), want = expected(&c, row, k);
                ck_assert_msg(labs(got - want) <= 1, "graph %d, row %d, element %d of %d: %ld, not %ld", at, row, k,
                              c.count, got, want);
                different[sixteen] += got != want;
                ck_assert_msg(got == want || row != 3 || c.count < 2, "graph %d: a row of equal elements", at);
            }
        arena_free(keep);
    }
    for (int sixteen = 0; sixteen < 2; sixteen++)
        printf("%d bits: %ld of %ld elements one step off\n", 8 << sixteen, different[sixteen], all[sixteen]);
    ck_assert_int_le(different[0] * 10000, all[0]);
    ck_assert_int_le(different[1] * 100, all[1]); /* fewer bits are left below a step */
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layernorm");
    TCase *t = tcase_create("layernorm");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, as_the_real_numbers);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
