/* State between calls: a plan whose outputs share memory with the inputs that they become gives, step after step, what
 * the same graph gives when its outputs are handed back as inputs; and says what is wrong with a pair that cannot be.
 */
#include "lower/lower.h"
#include "ops/run.h"
#include "passes/passes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 7, MAX_PORTS = 8, MAX_BYTES = 256 };

typedef struct {
    const char *text;
    const char *pairs[4];
    int copies; /* of a state: steps that bring a value home from the arena or from another buffer */
} Model;

static const Model models[] = {
    /* read a last time after its next value is made: through the arena */
    {"input %x: f32[4] input %h: f32[4] %a = Add(%h, %x) %n = Tanh(%a) %y = Sub(%n, %h) output %y output %n",
     {"n:h"},
     1},
    /* made behind the last read: at once */
    {"input %x: f32[4] input %h: f32[4] const %w: f32[4,4] = random(1) const %b: f32[4] = random(2)"
     " const %s: i64[2] = [1, 4] const %f: i64[1] = [4] %r = Reshape(%h, %s) %g = MatMul(%r, %w) %t = Reshape(%g, %f)"
     " %a = Add(%t, %x) %n = Tanh(%a) output %n",
     {"n:h"},
     0},
    /* overwritten by the step that reads it */
    {"input %x: f32[4] input %h: f32[4] %n = Add(%h, %x) output %n", {"n:h"}, 0},
    /* a window that moves on: written in two pieces, the first of which reads it */
    {"input %x: f32[1] input %h: f32[4] const %b: i64[1] = [1] const %e: i64[1] = [4] %t = Slice(%h, %b, %e)"
     " %n = Concat(%t, %x) {axis=0} %y = ReduceSum(%n) {keepdims=0} output %n output %y",
     {"n:h"},
     -1},
    /* two states change places */
    {"input %x: f32[4] input %h: f32[4] input %k: f32[4] %y = Add(%h, %x) %n = Identity(%h) %m = Identity(%k) output %y"
     " output %n output %m",
     {"n:k", "m:h"},
     -1},
    /* a line of delays, in both orders of binding */
    {"input %x: f32[4] input %h: f32[4] input %k: f32[4] %n = Identity(%h) %m = Relu(%x) %y = Mul(%k, %h) output %n"
     " output %m output %y",
     {"n:k", "m:h"},
     -1},
    {"input %x: f32[4] input %h: f32[4] input %k: f32[4] %n = Identity(%h) %m = Relu(%x) %y = Mul(%k, %h) output %n"
     " output %m output %y",
     {"m:h", "n:k"},
     -1},
    /* one that never changes, one that is the same value as an ordinary output and as another state */
    {"input %x: f32[4] input %h: f32[4] %n = Identity(%h) %y = Add(%x, %h) output %n output %y", {"n:h"}, 0},
    {"input %x: f32[4] input %h: f32[4] input %k: f32[4] %t = Add(%x, %h) %y = Identity(%t) %n = Identity(%t)"
     " %m = Identity(%t) %z = Mul(%k, %t) output %y output %n output %m output %z",
     {"n:h", "m:k"},
     -1},
    {"input %x: f32[4] input %h: f32[4] input %k: f32[4] %t = Add(%x, %h) %n = Identity(%t)"
     " %m = Identity(%t) %z = Mul(%k, %h) output %n output %m output %z",
     {"n:h", "m:k"},
     -1},
    /* a state that is the input, or a constant */
    {"input %x: f32[4] input %h: f32[4] const %c: f32[4] = fill(2) %n = Identity(%x) %y = Sub(%x, %h) output %n output "
     "%y",
     {"n:h"},
     1},
    {"input %x: f32[4] input %h: f32[4] const %c: f32[4] = fill(2) %n = Identity(%c) %y = Sub(%x, %h) output %n output "
     "%y",
     {"n:h"},
     1},
    /* integers, and a name with a colon in it */
    {"input %x: i32[4] input %\"h:0\": i32[4] %a = Add(%\"h:0\", %x) %\"n:0\" = Mul(%a, %x) %y = Add(%\"h:0\", "
     "%\"n:0\")"
     " output %y output %\"n:0\"",
     {"n:0:h:0"},
     1},
};
enum { MODELS = sizeof models / sizeof *models };

static Plan *plan_of(Arena *a, Diag *d, const char *statements, const char *const *pairs)
{
    const char *text = arena_printf(a, "graph \"state\" opset \"\" 13 {\n%s\n}\n", statements);
    Graph *g = graph_read(a, d, text, strlen(text), "state.txt");
    PassContext pc = {.diag = d, .scratch = arena_new()};
    Target target;
    Plan *p = NULL;
    if (g)
        ops_bind(g);
    if (g && target_load(a, d, "cortex-m4", &target) && ops_check(g, d) && passes_run(&pc, g) &&
        state_bind(g, d, pairs))
        p = lower_graph(g, &target, d, pc.scratch);
    arena_free(pc.scratch);
    return p;
}

static Plan *checked_plan(Arena *a, const char *statements, const char *const *pairs)
{
    Diag *d = diag_new(a);
    Plan *p = plan_of(a, d, statements, pairs);
    diag_flush(d, stdout);
    ck_assert_msg(p, "%s", statements);
    return p;
}

typedef struct {
    unsigned char in[MAX_PORTS][MAX_BYTES], out[MAX_PORTS][MAX_BYTES];
} Buffers;

static void fill_inputs(const Graph *g, int step, Buffers *b)
{
    for (size_t i = 0; i < g->inputs.count; i++) {
        const Value *v = g->inputs.items[i];
        for (int64_t k = 0; k < shape_count(&v->shape); k++) {
            float f = (float)((step * 31 + (int)i * 7 + (int)k * 3) % 11) * 0.25f - 1;
            int32_t n = step * 5 + (int)k - 3;
            memcpy(b->in[i] + 4 * k, v->type == DT_F32 ? (void *)&f : (void *)&n, 4);
        }
    }
}

/* One step of the bound plan: the buffers of a state are one and the same, and keep what they hold. */
static void run_bound(Diag *d, const Plan *p, Buffers *b, unsigned char state[][MAX_BYTES])
{
    const Graph *g = p->graph;
    const void *in[MAX_PORTS];
    void *out[MAX_PORTS];
    for (size_t i = 0; i < g->inputs.count; i++)
        in[i] = graph_state_of_input(g, i) < 0 ? b->in[i] : state[graph_state_of_input(g, i)];
    for (size_t i = 0; i < g->outputs.count; i++)
        out[i] = graph_state_of_output(g, i) < 0 ? b->out[i] : state[graph_state_of_output(g, i)];
    void *arena = arena_alloc(d->arena, p->arena_bytes);
    memset(arena, 0xFF, p->arena_bytes);
    ck_assert(plan_run_arena(p, d, arena, in, out));
    for (size_t i = 0; i < g->outputs.count; i++)
        memcpy(b->out[i], out[i], MAX_BYTES);
}

static void run_chained(Diag *d, const Plan *p, const Graph *bound, Buffers *b, unsigned char state[][MAX_BYTES])
{
    const void *in[MAX_PORTS];
    void *out[MAX_PORTS];
    for (size_t i = 0; i < bound->inputs.count; i++)
        in[i] = graph_state_of_input(bound, i) < 0 ? b->in[i] : state[graph_state_of_input(bound, i)];
    for (size_t i = 0; i < bound->outputs.count; i++)
        out[i] = b->out[i];
    ck_assert(plan_run(p, d, in, out, false));
    for (size_t i = 0; i < bound->states.count; i++)
        memcpy(state[i], b->out[bound->states.items[i].output], MAX_BYTES);
}

START_TEST(steps_are_those_of_a_chained_graph)
{
    const Model *m = &models[_i];
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    Plan *bound = checked_plan(a, m->text, m->pairs), *plain = checked_plan(a, m->text, NULL);
    unsigned char mine[MAX_PORTS][MAX_BYTES], theirs[MAX_PORTS][MAX_BYTES];
    for (int i = 0; i < MAX_PORTS; i++)
        for (int k = 0; k < MAX_BYTES; k++) /* not zeros: states that change places must differ */
            mine[i][k] = theirs[i][k] = (unsigned char)(k % 4 == 3 ? 63 : k * 11 + i * 5);
    for (int step = 0; step < STEPS; step++) {
        Buffers got = {0}, want = {0};
        fill_inputs(bound->graph, step, &got);
        fill_inputs(bound->graph, step, &want);
        run_bound(d, bound, &got, mine);
        run_chained(d, plain, bound->graph, &want, theirs);
        for (size_t i = 0; i < bound->graph->outputs.count; i++)
            ck_assert_msg(memcmp(got.out[i], want.out[i], value_bytes(bound->graph->outputs.items[i])) == 0,
                          "model %d, step %d: output %zu", _i, step, i);
    }
    diag_flush(d, stdout);
    arena_free(a);
}
END_TEST

/* Memory is spent only where the order of steps asks for it. */
START_TEST(states_are_copied_only_where_they_must_be)
{
    const Model *m = &models[_i];
    Arena *a = arena_new();
    Plan *p = checked_plan(a, m->text, m->pairs);
    int copies = 0;
    for (size_t i = 0; i < p->steps.count; i++)
        copies += p->steps.items[i]->node == NULL;
    if (m->copies >= 0)
        ck_assert_msg(copies == m->copies, "model %d: %d copies", _i, copies);
    arena_free(a);
}
END_TEST

static const struct {
    const char *pairs[3], *message;
} refused[] = {
    {{"n"}, "--state 'n': expected OUTPUT:INPUT"},
    {{"q:h"}, "--state 'q:h': the model has no output of the name before the colon; its outputs: 'y', 'n', 'm'"},
    {{"n:q"}, "--state 'n:q': the model has no input of the name behind the colon; its inputs: 'x', 'h', 'k'"},
    {{"h:n"}, "--state 'h:n': the model has no output"},
    {{"m:h"}, "--state 'm:h': output 'm' is f32 [2], but input 'h' is f32 [4]"},
    {{"n:k"}, "--state 'n:k': output 'n' is f32 [4], but input 'k' is i32 [4]"},
    {{"n:h", "n:x"}, "--state 'n:x': its input or output is bound twice"},
    {{"n:h", "y:h"}, "--state 'y:h': its input or output is bound twice"},
};

START_TEST(what_cannot_be_bound_is_refused)
{
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    static const char text[] =
        "input %x: f32[4] input %h: f32[4] input %k: i32[4] const %b: i64[1] = [0] const %e: i64[1] = [2]"
        " %y = Add(%x, %h) %n = Mul(%x, %h) %m = Slice(%x, %b, %e) output %y output %n output %m";
    ck_assert_ptr_null(plan_of(a, d, text, refused[_i].pairs));
    ck_assert_uint_eq(d->error_count, 1);
    ck_assert_msg(strstr(d->messages.items[0].text, refused[_i].message), "%s", d->messages.items[0].text);
    arena_free(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lower: state");
    TCase *tc = tcase_create("state");
    tcase_add_loop_test(tc, steps_are_those_of_a_chained_graph, 0, MODELS);
    tcase_add_loop_test(tc, states_are_copied_only_where_they_must_be, 0, MODELS);
    tcase_add_loop_test(tc, what_cannot_be_bound_is_refused, 0, sizeof refused / sizeof *refused);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
