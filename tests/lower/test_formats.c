/* Which form weights take: what they are and what the target is optimised for decide, and the bytes follow. */
#include "lower/lower.h"
#include "base/dtype.h"
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* A QGemm or QConv of 1x1 of 16 inputs and 8 channels, whose weights run through low .. low + span; an image has `side`
 * by `side` pixels. */
static Step *step_for(Arena *a, const char *target_name, const char *feature, const char *op, int low, int span,
                      int side)
{
    Diag *d = diag_new(a);
    Buf b = {0};
    const bool conv = strcmp(op, "QConv") == 0;
    buf_printf(&b, "graph \"g\" opset \"\" 21 { input %%x: i8[");
    if (conv)
        buf_printf(&b, "1,%d,%d,16] const %%w: i8[8,1,1,16] = [", side, side);
    else
        buf_printf(&b, "3,16] const %%w: i8[16,8] = [");
    for (int i = 0; i < 128; i++)
        buf_printf(&b, "%s%d", i ? ", " : "", low + i % (span + 1));
    buf_printf(
        &b,
        "] const %%b: i32[8] = fill(5) const %%m: i32[8] = fill(1000000) %%y = adze.%s(%%x, %%w, %%b, %%m) output "
        "%%y }",
        op);
    Graph *g = graph_read(a, d, buf_text(&b), b.length, "test");
    buf_free(&b);
    ck_assert_ptr_nonnull(g);
    ops_bind(g);
    PassContext c = {.diag = d, .scratch = arena_new()};
    ck_assert(pass_run(&c, g, pass_find("infer")));
    Target t;
    ck_assert(target_load(a, d, target_name, &t));
    array_push(a, &t.features, feature);
    Plan *p = lower_graph(g, &t, d, c.scratch);
    ck_assert_ptr_nonnull(p);
    ck_assert_int_eq((int)p->steps.count, 1);
    arena_free(c.scratch);
    return p->steps.items[0];
}

typedef struct {
    const char *target, *feature, *op;
    int low, span;
    const char *kernel;
    size_t bytes;
    int side;
} Case;

static const Case cases[] = {
    {"rv32imc", "size", "QGemm", -8, 15, "adze_qgemm_i4_tile", 2 * 17 * 2, 2},
    {"rv32imc", "size", "QConv", -8, 15, "adze_qconv_i4_tile", 2 * 17 * 2, 2},
    {"rv32imc", "size", "QGemm", -15, 15, "adze_qgemm_i4_tile", 2 * 17 * 2, 2},
    {"rv32imc", "size", "QGemm", 0, 15, "adze_qgemm_i4_tile", 2 * 17 * 2, 2},
    {"rv32imc", "size", "QGemm", -8, 16, "adze_qgemm_i8_tile", 128, 2},
    {"rv32imc", "size", "QGemm", 1, 15, "adze_qgemm_i8_tile", 128, 2},
    {"rv32imc", "speed", "QGemm", -8, 15, "adze_qgemm_i8_tile", 128, 2},
    {"cortex-m4", "size", "QGemm", -8, 15, "adze_qgemm_i4_dsp", 4 * 5 * 4, 2},
    {"cortex-m4", "size", "QConv", -8, 15, "adze_qconv_i4_dsp", 4 * 5 * 4, 2},
    {"cortex-m4", "size", "QConv", -9, 16, "adze_qconv_i8_dsp", 128, 2},
    {"cortex-m4", "speed", "QConv", -8, 15, "adze_qconv_i8_speed_dsp", 256, 2},
    {"cortex-m4", "fast", "QConv", -9, 16, "adze_qconv_i8_short_dsp", 128, 6},
    {"cortex-m4", "fast", "QConv", -9, 16, "adze_qconv_i8_dsp", 128, 5}, /* fewer than 12 tiles of three pixels */
    {"cortex-m4", "fast", "QConv", -8, 15, "adze_qconv_i4_dsp", 4 * 5 * 4, 6},
    {"cortex-m4", "size", "QConv", -9, 16, "adze_qconv_i8_dsp", 128, 6},
};

START_TEST(integers)
{
    const Case *c = &cases[_i];
    Arena *a = arena_new();
    const Step *s = step_for(a, c->target, c->feature, c->op, c->low, c->span, c->side);
    ck_assert_str_eq(s->kernel->function, c->kernel);
    ck_assert_uint_eq(s->kernel->packed(s).bytes, c->bytes);
    arena_free(a);
}
END_TEST

/* A layer whose weights stay in 8 bits although 4 would do is named. */
START_TEST(depthwise_is_named)
{
    static const char *const text =
        "graph \"g\" opset \"\" 21 { input %x: i8[1,4,4,8] const %w: i8[8,3,3,1] = fill(7) const %b: i32[8] = fill(5)"
        " const %m: i32[8] = fill(1000000) %y = adze.QConv(%x, %w, %b, %m) {group=8} name \"dw\" output %y }";
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Graph *g = graph_read(a, d, text, strlen(text), "test");
    ck_assert_ptr_nonnull(g);
    ops_bind(g);
    PassContext c = {.diag = d, .scratch = arena_new()};
    ck_assert(pass_run(&c, g, pass_find("infer")));
    Target t;
    ck_assert(target_load(a, d, "rv32imc", &t));
    array_push(a, &t.features, "size");
    ck_assert_ptr_nonnull(lower_graph(g, &t, d, c.scratch));
    ck_assert_int_eq((int)g->notes.count, 1);
    ck_assert_str_eq(g->notes.items[0].node, "dw");
    ck_assert_ptr_nonnull(strstr(g->notes.items[0].text, "stored in 8"));
    arena_free(c.scratch);
    arena_free(a);
}
END_TEST

/* The kernels of the first two steps for a target, without one of its features (or NULL), when halves are asked for. */
static void check_kernels(Arena *a, Graph *g, const char *target, const char *without, const char *first,
                          const char *second)
{
    Diag *d = diag_new(a);
    Target t;
    ck_assert(target_load(a, d, target, &t));
    for (size_t i = 0; without && i < t.features.count; i++)
        if (strcmp(t.features.items[i], without) == 0)
            t.features.items[i] = "none";
    array_push(a, &t.features, "half");
    Plan *p = lower_graph(g, &t, d, a);
    ck_assert_ptr_nonnull(p);
    ck_assert_str_eq(p->steps.items[0]->kernel->function, first);
    ck_assert_str_eq(p->steps.items[1]->kernel->function, second);
}

/* Weights are rounded where kernels read halves; what is beyond them or of another operator is named. */
START_TEST(halves)
{
    static const char *const text =
        "graph \"g\" opset \"\" 21 { input %x: f32[3,16] const %w: f32[16,8] = random(1) const %v: f32[8,8] = "
        "fill(70000)"
        " const %t: f32[3,8,8] = random(2) %a = adze.Gemm(%x, %w) name \"a\" %b = adze.Gemm(%a, %v) name \"b\""
        " const %s: i64[3] = [3, 1, 8] %r = Reshape(%b, %s) %y = Add(%r, %t) name \"c\" output %y }";
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Graph *g = graph_read(a, d, text, strlen(text), "test");
    ck_assert_ptr_nonnull(g);
    ops_bind(g);
    PassContext c = {.diag = d, .scratch = arena_new(), .half = true};
    ck_assert(pass_run(&c, g, pass_find("infer")) && pass_run(&c, g, pass_find("half")));
    GRAPH_NODES(g, n)
    {
        const Value *w = node_in(n, 1);
        if (!node_is_adze(n, "Gemm"))
            continue;
        const float v = ((const float *)w->data)[5], near = half_to_float(float_to_half(v));
        ck_assert(strcmp(n->name, "a") == 0 ? v == near : v == 70000.0f);
    }
    ck_assert_int_eq((int)g->notes.count, 2);
    ck_assert_ptr_nonnull(strstr(g->notes.items[0].text, "beyond the largest half"));
    ck_assert_ptr_nonnull(strstr(g->notes.items[1].text, "192 constants stay float32"));
    check_kernels(a, g, "cortex-m4", NULL, "adze_gemm_f16_tile", "adze_gemm_f32_tile");
    check_kernels(a, g, "x86-64-v3", NULL, "adze_gemm_f16_avx2", "adze_gemm_f32_avx2");
    check_kernels(a, g, "x86-64-v3", "f16c", "adze_gemm_f16_tile", "adze_gemm_f32_avx2");
    check_kernels(a, g, "x86-64", NULL, "adze_gemm_f16_tile", "adze_gemm_f32_tile");
    arena_free(c.scratch);
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("forms of weights");
    TCase *tc = tcase_create("all");
    tcase_add_loop_test(tc, integers, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tc, depthwise_is_named);
    tcase_add_test(tc, halves);
    suite_add_tcase(suite, tc);
    SRunner *r = srunner_create(suite);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
