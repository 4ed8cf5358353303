/* Chains of element-wise operators become one step: which do and which do not, that every bit of the results stays, and
 * how the C reads; and copies that need not be made. */
#include "base/io.h"
#include "compile.h"
#include "lower/check.h"
#include "ops/eval.h"
#include "ops/expression.h"
#include "ops/run.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static Arena *keep;

static Compilation *compiled(const char *body)
{
    Diag *d = diag_new(keep);
    const char *dir = io_temp_dir(keep, d, NULL, "adze-test-"), *file = io_join(keep, dir, "net.txt");
    const char *text = arena_printf(keep, "graph \"g\" opset \"\" 13 {\n%s}\n", body);
    ck_assert(io_write(d, file, text, strlen(text)));
    Compilation *c = NEW(keep, Compilation);
    *c = (Compilation){.keep = keep, .diag = d, .options = {.model = file, .name = "net", .target_name = "cortex-m4"}};
    bool ok = compile_plan(c);
    diag_flush(d, stderr);
    ck_assert(ok);
    ck_assert_ptr_null(plan_check(keep, c->plan));
    return c;
}

/* "Conv, Mul+Sigmoid": kernels, and the members of expressions. */
static const char *steps_of(const Plan *p)
{
    const char *text = "";
    for (size_t i = 0; i < p->steps.count; i++) {
        const Step *s = p->steps.items[i];
        text = arena_printf(keep, "%s%s%s", text, i ? ", " : "", s->expression ? "" : kind_name(s->kind));
        for (int k = 0; s->expression && k < s->expression->count; k++)
            text = arena_printf(keep, "%s%s%s", text, k ? "+" : "", s->expression->members[k].step->function);
    }
    return text;
}

static void **buffers(const Graph *g, bool inputs)
{
    size_t count = inputs ? g->inputs.count : g->outputs.count;
    void **list = NEW_ARRAY(keep, void *, count);
    unsigned seed = 12345;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = value_bytes(inputs ? g->inputs.items[i] : g->outputs.items[i]);
        float *v = list[i] = arena_alloc(keep, bytes);
        for (size_t k = 0; k < bytes / sizeof *v; k++) {
            seed = seed * 1664525u + 1013904223u;
            v[k] = (float)(seed >> 16) / 16384.0f - 2.0f;
        }
    }
    return list;
}

/* Step by step, as one expression, and as one expression in the arena: the same bytes. */
static void same_bits(Compilation *c)
{
    Graph *g = c->plan->graph;
    OpContext oc = {c->diag, arena_new()};
    void **in = buffers(g, true), **apart = buffers(g, false), **joined = buffers(g, false),
         **arena = buffers(g, false);
    bool ok =
        eval_graph(&oc, g, (const void *const *)in, apart) &&
        plan_run(c->plan, c->diag, (const void *const *)in, joined, true) &&
        plan_run_arena(c->plan, c->diag, arena_alloc(keep, c->plan->arena_bytes + 1), (const void *const *)in, arena);
    diag_flush(c->diag, stderr);
    ck_assert(ok);
    for (size_t i = 0; i < g->outputs.count; i++) {
        size_t bytes = value_bytes(g->outputs.items[i]);
        ck_assert_msg(!memcmp(apart[i], joined[i], bytes), "output %zu is another as an expression", i);
        ck_assert_msg(!memcmp(apart[i], arena[i], bytes), "output %zu is another in the arena", i);
    }
    arena_free(oc.scratch);
}

static const char *source_of(Compilation *c)
{
    const char *dir = io_temp_dir(keep, c->diag, NULL, "adze-test-");
    FileBytes f;
    ck_assert(compile_emit_here(c, dir));
    ck_assert(io_map(c->diag, io_join(keep, dir, "net.c"), &f));
    const char *text = arena_strndup(keep, f.data, f.size);
    io_unmap(&f);
    return text;
}

typedef struct {
    const char *body, *steps;
    const char *c; /* stands in the source; NULL: nothing asked */
} Case;

static const Case cases[] = {
    {"input %x: f32[1,6,10]\nconst %k: f32[10] = random(1)\nconst %h: f32[] = [0.5]\n%m = Mul(%x, %k)\n"
     "%a = Add(%m, %h)\n%s = Sigmoid(%a)\n%y = Mul(%s, %x)\noutput %y\n",
     "Mul+Add+Sigmoid+Mul", "y[10 * i + j] = adze_sigmoid_f32(a[10 * i + j] * b[j] + 0.5f) * a[10 * i + j];"},
    /* All of one size: one loop. Parentheses where C needs them, and a sum keeps its order. */
    {"input %x: f32[3,4]\ninput %z: f32[3,4]\n%a = Sub(%x, %z)\n%b = Sub(%z, %a)\n%c = Div(%b, %a)\noutput %c\n",
     "Sub+Sub+Div", "        const float t0 = a[i] - b[i];\n        y[i] = (b[i] - t0) / t0;"},
    /* Attributes of the operators. */
    {"input %x: f32[7]\n%a = LeakyRelu(%x) {alpha=0.25}\n%b = HardSigmoid(%a) {alpha=0.5, beta=0.125}\n%c = Exp(%b)\n"
     "output %c\n",
     "LeakyRelu+HardSigmoid+Exp",
     "adze_exp_f32(adze_hard_sigmoid_f32(adze_leaky_relu_f32(x[i], 0.25f), 0.5f, 0.125f))"},
    /* What the inner loop does not change is read before it. */
    {"input %x: f32[1,3,20]\ninput %s: f32[1,3,1]\n%m = Mul(%x, %s)\n%y = Tanh(%m)\noutput %y\n", "Mul+Tanh",
     "        const float b_ = b[i];\n        for (int32_t j = 0; j < 20; j++) {\n            y[20 * i + j] = "
     "adze_tanh_f32(a[20 * i + j] * b_);"},
    /* A view in between is no step. */
    {"input %x: f32[4,6]\nconst %r: i64[2] = [6,4]\nconst %k: f32[4] = random(1)\n%e = Exp(%x)\n%v = Reshape(%e, %r)\n"
     "%y = Add(%v, %k)\noutput %y\n",
     "Exp+Add", NULL},
    /* Broadcast along axes that do not fit into one nest: apart. */
    {"input %x: f32[4,6]\nconst %r: i64[2] = [3,8]\nconst %k: f32[6] = random(1)\nconst %l: f32[8] = random(2)\n"
     "%e = Mul(%x, %k)\n%v = Reshape(%e, %r)\n%y = Mul(%v, %l)\noutput %y\n",
     "BINARY, BINARY", NULL},
    /* Read by two, or an output itself: it is computed once, and stays a value. */
    {"input %x: f32[8]\n%e = Exp(%x)\n%p = Sin(%e)\n%y = Cos(%p)\noutput %e\noutput %y\n", "UNARY, Sin+Cos", NULL},
    {"input %x: f32[1,4]\n%e = Exp(%x)\n%y = Add(%e, %x)\n%z = Softmax(%e)\noutput %y\noutput %z\n",
     "UNARY, BINARY, SOFTMAX", NULL},
    /* Repeated for more elements than it has: it is computed once an element. */
    {"input %s: f32[1,4]\ninput %x: f32[5,4]\n%e = Exp(%s)\n%y = Mul(%x, %e)\noutput %y\n", "UNARY, BINARY", NULL},
    /* Integers have kernels only. */
    {"input %x: f32[8]\ninput %i: f32[8]\n%a = Cast(%x) {to=6}\n%b = Neg(%a)\n%c = Add(%b, %a)\n%d = Cast(%c) {to=1}\n"
     "%y = Mul(%d, %i)\noutput %y\n",
     "CAST, UNARY, BINARY, CAST, BINARY", NULL},
};

START_TEST(chain)
{
    const Case *t = &cases[_i];
    Compilation *c = compiled(t->body);
    ck_assert_str_eq(steps_of(c->plan), t->steps);
    same_bits(c);
    if (t->c) {
        const char *text = source_of(c);
        ck_assert_msg(strstr(text, t->c) != NULL, "not in the source: %s\n%s", t->c, text);
    }
}
END_TEST

/* p*q could be computed where it is added, but that would hold p and q, in place of their product, while the steps in
 * between need most: it stays apart. Without them it does not. */
START_TEST(memory_decides)
{
    static const char products[] = "input %x: f32[1,64]\ninput %u: f32[1,64]\n%p = Softmax(%x)\n%q = Softmax(%u)\n"
                                   "%m = Mul(%p, %q)\n%y = Add(%m, %n)\noutput %y\n";
    static const char between[] = "const %w: f32[128,256] = random(1)\nconst %v: f32[256,64] = random(2)\n"
                                  "%z = Concat(%p, %q) {axis=1}\n%wide = MatMul(%z, %w)\n%s = Softmax(%wide)\n"
                                  "%n = MatMul(%s, %v)\n";
    const char *middle = strstr(products, "%m = ");
    Compilation *c = compiled(arena_printf(keep, "%.*s%s%s", (int)(middle - products), products, between, middle));
    ck_assert_ptr_null(strstr(steps_of(c->plan), "+"));
    ck_assert_uint_eq(c->plan->arena_lower_bound, (64 + 128 + 256) * sizeof(float));
    same_bits(c);
    c = compiled(arena_printf(keep, "input %%n: f32[1,64]\n%s", products));
    ck_assert_str_eq(steps_of(c->plan), "SOFTMAX, SOFTMAX, Mul+Add");
    same_bits(c);
}
END_TEST

/* An assignment to a slice of a value that nothing else reads later writes into the value itself. */
START_TEST(copies)
{
    static const char body[] =
        "input %%x: f32[4,3]\ninput %%u: f32[2,3]\nconst %%i: i64[2,1] = [1, 2]\n%%e = Softmax(%%x)\n"
        "%%s = ScatterND(%%e, %%i, %%u)\n%%y = ReduceMax(%%s) {axes=[0]}\noutput %%y\n%s";
    Compilation *c = compiled(arena_printf(keep, body, ""));
    ck_assert_str_eq(steps_of(c->plan), "SOFTMAX, COPY, REDUCE");
    same_bits(c);
    c = compiled(arena_printf(keep, body, "%z = ReduceMin(%e) {axes=[0]}\noutput %z\n"));
    same_bits(c);
    size_t made = 0;
    for (size_t i = 0; i < c->plan->steps.count; i++)
        made += step_copies_all(c->plan->steps.items[i]);
    ck_assert_uint_eq(made, 1);
}
END_TEST

int main(void)
{
    keep = arena_new();
    Suite *suite = suite_create("lower: chains");
    TCase *tc = tcase_create("chains");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, chain, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tc, memory_decides);
    tcase_add_test(tc, copies);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
