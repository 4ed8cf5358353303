/* plan_run, plan_run_arena and the Runner on plans made by hand. */
#include "ops/run.h"

#include "adze.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Arena *arena;
static Diag *diag;
static Plan plan;

static void setup(void)
{
    arena = arena_new();
    diag = diag_new(arena);
    plan = (Plan){.arena = arena, .graph = graph_new(arena, "test")};
}

static void teardown(void)
{
    arena_free(arena);
}

static Shape vector(int64_t n)
{
    return (Shape){1, {n}};
}

static Value *input(const char *name, int64_t n)
{
    Shape s = vector(n);
    return graph_input(plan.graph, name, DT_F32, &s);
}

static Value *value(int64_t n)
{
    Shape s = vector(n);
    return plan_temp(&plan, DT_F32, &s);
}

/* Without the Identity that graph_output puts behind inputs and constants: the runner copies them all the same. */
static void output(Value *v)
{
    array_push(arena, &plan.graph->outputs, v);
}

static Step *unary(const char *function, Value *x, Value *y)
{
    adze_unary_params p = {(int32_t)shape_count(&y->shape), 0, 0};
    Step *s = PLAN_STEP(&plan, KIND_UNARY, function, adze_unary_params, &p);
    step_in(s, x);
    step_out(s, y);
    return s;
}

static Step *add(Value *a, Value *b, Value *y)
{
    adze_broadcast_params p = {.rank = 1,
                               .dim = {(int32_t)shape_count(&y->shape)},
                               .a_stride = {1},
                               .b_stride = {1},
                               .lo = -INFINITY,
                               .hi = INFINITY};
    Step *s = PLAN_STEP(&plan, KIND_BINARY, "Add", adze_broadcast_params, &p);
    step_in(s, a);
    step_in(s, b);
    step_out(s, y);
    return s;
}

/* relu(-x) + c, where relu is planned in place and seen through a Reshape; also outputs x, c and the result's alias. */
static const float constant[4] = {10, 20, 30, 40};

static Value *build_small(void)
{
    Shape matrix = {2, {2, 2}}, four = vector(4);
    Value *x = input("x", 4), *negative = value(4), *positive = value(4), *y = value(4);
    Value *c = graph_const(plan.graph, "c", DT_F32, &four, constant);
    Value *reshaped = plan_temp(&plan, DT_F32, &matrix), *flat = value(4), *y2 = plan_temp(&plan, DT_F32, &matrix);
    unary("Neg", x, negative);
    unary("Relu", negative, positive);
    plan_alias(&plan, reshaped, positive);
    plan_alias(&plan, flat, reshaped);
    add(flat, c, y);
    plan_alias(&plan, y2, y);
    output(y);
    output(y2);
    output(c);
    return positive;
}

static void check_small(const float *y, const float *y2, const float *c)
{
    const float want[4] = {10, 22, 30, 44};
    ck_assert_mem_eq(y, want, sizeof want);
    ck_assert_mem_eq(y2, want, sizeof want);
    ck_assert_mem_eq(c, constant, sizeof constant);
}

START_TEST(small)
{
    build_small();
    const float x[4] = {1, -2, 3, -4};
    float y[4], y2[4], c[4];
    const void *in[] = {x};
    void *out[] = {y, y2, c}, *fewer[] = {y, NULL, NULL};
    ck_assert(plan_run(&plan, diag, in, out, false));
    check_small(y, y2, c);
    memset(y, 0, sizeof y);
    ck_assert(plan_run(&plan, diag, in, fewer, true));
    check_small(y, y2, c);
    ck_assert_uint_eq(diag->error_count, 0);
}
END_TEST

static void place(const Value *v, Place p)
{
    ck_assert_uint_lt(v->id, plan.place_count);
    plan.places[v->id] = p;
}

START_TEST(small_in_arena)
{
    Value *positive = build_small();
    plan.arena_bytes = 16;
    for (size_t i = 0; i < plan.graph->values.count; i++)
        if ((size_t)plan.graph->values.items[i]->id < plan.place_count &&
            plan.places[plan.graph->values.items[i]->id].kind == PLACE_NONE)
            place(plan.graph->values.items[i], (Place){.kind = PLACE_ARENA, .bytes = 16});
    place(plan.graph->inputs.items[0], (Place){.kind = PLACE_INPUT, .index = 0});
    place(plan.graph->outputs.items[0], (Place){.kind = PLACE_OUTPUT, .index = 0});
    place(plan.graph->outputs.items[2], (Place){.kind = PLACE_CONST});
    place(positive, (Place){.kind = PLACE_ALIAS, .alias = plan.steps.items[0]->out[0]});
    const float x[4] = {1, -2, 3, -4};
    float y[4], y2[4], c[4], memory[4];
    const void *in[] = {x};
    void *out[] = {y, y2, c};
    ck_assert(plan_run_arena(&plan, diag, memory, in, out));
    check_small(y, y2, c);
    /* and apart: the value that runs in place gets bytes of its own */
    memset(y, 0, sizeof y);
    ck_assert(plan_run(&plan, diag, in, out, false));
    check_small(y, y2, c);
    /* a value outside the arena is found */
    plan.arena_bytes = 8;
    ck_assert(!plan_run_arena(&plan, diag, memory, in, out));
    ck_assert_uint_eq(diag->error_count, 1);
}
END_TEST

START_TEST(output_is_input)
{
    Value *x = input("x", 3);
    output(x);
    const float data[3] = {1, 2, 3};
    float y[3];
    const void *in[] = {data};
    void *out[] = {y};
    ck_assert(plan_run(&plan, diag, in, out, true));
    ck_assert_mem_eq(y, data, sizeof y);
}
END_TEST

/* Steps that write one value together, as Concat's do, and a value of no elements. */
START_TEST(written_in_parts)
{
    Value *a = input("a", 2), *b = input("b", 1), *none = input("none", 0), *y = value(3);
    Value *const parts[] = {a, none, b};
    const int32_t counts[] = {2, 0, 1}, offsets[] = {0, 2, 2};
    for (int i = 0; i < 3; i++) {
        adze_copy_params p = {.rank = 1, .dim = {counts[i]}, .x_stride = {1}, .y_stride = {1}, .y_offset = offsets[i]};
        Step *s = PLAN_STEP(&plan, KIND_COPY, NULL, adze_copy_params, &p);
        step_in(s, parts[i]);
        step_out(s, y);
    }
    output(y);
    const float da[2] = {1, 2}, db[1] = {3};
    float got[3];
    const void *in[] = {da, db, NULL};
    void *out[] = {got};
    ck_assert(plan_run(&plan, diag, in, out, true));
    ck_assert_mem_eq(got, ((const float[]){1, 2, 3}), sizeof got);
}
END_TEST

START_TEST(no_kernel)
{
    Value *x = input("x", 2), *y = value(2);
    unary("Nonsense", x, y);
    output(y);
    const float data[2] = {0};
    const void *in[] = {data};
    void *out[] = {NULL};
    ck_assert(!plan_run(&plan, diag, in, out, true));
    ck_assert_uint_eq(diag->error_count, 1);
    ck_assert_ptr_nonnull(strstr(diag->messages.items[0].text, "UNARY Nonsense, f32>f32"));
}
END_TEST

START_TEST(unknown_size)
{
    Value *x = input("x", -1), *y = value(2);
    unary("Relu", x, y);
    output(y);
    const void *in[] = {NULL};
    void *out[] = {NULL};
    ck_assert(!plan_run(&plan, diag, in, out, true));
    ck_assert_uint_eq(diag->error_count, 1);
}
END_TEST

START_TEST(read_before_written)
{
    Value *x = value(2), *y = value(2);
    unary("Relu", x, y);
    output(y);
    void *out[] = {NULL};
    ck_assert(!plan_run(&plan, diag, NULL, out, true));
    ck_assert_uint_eq(diag->error_count, 1);
}
END_TEST

/* A kernel that writes one element too many is caught. */
START_TEST(wild_kernel)
{
#if defined(__SANITIZE_ADDRESS__)
    return; /* the sanitizer ends the program itself */
#endif
    Value *x = input("x", 3), *y = value(2);
    adze_unary_params p = {3, 0, 0};
    Step *s = PLAN_STEP(&plan, KIND_UNARY, "Neg", adze_unary_params, &p);
    step_in(s, x);
    step_out(s, y);
    output(y);
    const float data[3] = {1, 2, 3};
    float got[2];
    const void *in[] = {data};
    void *out[] = {got};
    ck_assert(!plan_run(&plan, diag, in, out, true));
    ck_assert_ptr_nonnull(strstr(diag->messages.items[0].text, "internal error"));
}
END_TEST

static int hook_calls;
static void count_hook(void *context, const Step *step, const void *const *in, void *const *out)
{
    (void)context;
    hook_calls++;
    if (step->kind == KIND_GEMM)
        ck_assert(in[1] && out[0]);
}

static void gemm(Value *x, Value *w, Value *y, const char *function)
{
    adze_gemm_params p = {.m = 1, .n = 5, .k = 3, .lo = -INFINITY, .hi = INFINITY};
    Step *s = PLAN_STEP(&plan, KIND_GEMM, NULL, adze_gemm_params, &p);
    step_in(s, x);
    step_in(s, w);
    step_in(s, NULL);
    step_in(s, NULL);
    step_out(s, y);
    for (size_t i = 0; i < kernel_count; i++)
        if (strcmp(kernels[i].function, function) == 0)
            s->kernel = &kernels[i];
}

/* Every Gemm kernel, with its weights packed, as often as one likes. */
START_TEST(packed_weights)
{
    static const float weights[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    static const char *const functions[] = {"adze_gemm_f32_ref", "adze_gemm_f32_tile", "adze_gemm_f32_avx2"};
    Shape shape = {2, {3, 5}};
    Value *x = input("x", 3), *y = value(5);
    gemm(x, graph_const(plan.graph, "w", DT_F32, &shape, weights), y, functions[_i]);
    output(y);
    Runner *r = runner_new(&plan, diag, false);
    runner_hook(r, count_hook, NULL);
    hook_calls = 0;
    for (int round = 1; round <= 3; round++) {
        const float data[3] = {(float)round, 0, 1};
        float got[5];
        const void *in[] = {data};
        void *out[] = {got};
        ck_assert(runner_run(r, diag, in, out));
        for (int i = 0; i < 5; i++)
            ck_assert_float_eq(got[i], (float)(round * (i + 1) + 11 + i));
    }
    ck_assert_int_eq(hook_calls, 3);
    runner_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("kernels: run");
    TCase *t = tcase_create("run");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, small);
    tcase_add_test(t, small_in_arena);
    tcase_add_test(t, output_is_input);
    tcase_add_test(t, written_in_parts);
    tcase_add_test(t, no_kernel);
    tcase_add_test(t, unknown_size);
    tcase_add_test(t, read_before_written);
    tcase_add_test(t, wild_kernel);
    tcase_add_loop_test(t, packed_weights, 0, 3);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
