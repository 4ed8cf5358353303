/* Properties of every graph, tried on random ones (tests/support/random_graph.h): what all passes leave computes the
 * same as the graph before them; its plan agrees with its judge on every target; run in its arena it gives the bytes of
 * a run with every value apart. $ADZE_SEEDS=FROM-TO tries others; a failure prints the graph. */
#include "lower/check.h"
#include "ops/eval.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "target/target.h"
#include "tests/support/random_graph.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 400 };
static int from_seed = 1, to_seed = SEEDS;

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *text;
    int seed;
} Case;

#define MUST(c, condition, ...)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            diag_flush((c)->diag, stdout);                                                                             \
            printf("seed %d:\n%s", (c)->seed, (c)->text);                                                              \
            fflush(stdout);                                                                                            \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
        }                                                                                                              \
    } while (0)

static Graph *read_case(const Case *c)
{
    Graph *g = graph_read(c->arena, c->diag, c->text, strlen(c->text), "random");
    MUST(c, g != NULL, "seed %d: the text is no graph", c->seed);
    ops_bind(g);
    return g;
}

static void same_floats(const Case *c, const char *what, const Graph *g, void **want, void **got)
{
    const char *wrong = random_difference(c->arena, g, want, got);
    MUST(c, !wrong, "seed %d: %s: %s", c->seed, what, wrong);
}

static void try_target(const Case *c, Graph *g, const char *name, void **in, void **want)
{
    Target t;
    Graph *copy = graph_clone(c->arena, g);
    Arena *scratch = arena_new();
    ops_bind(copy);
    MUST(c, target_load(c->arena, c->diag, name, &t), "no target");
    Plan *p = lower_graph(copy, &t, c->diag, scratch);
    MUST(c, p != NULL, "seed %d: no plan for %s", c->seed, name);
    void **apart = random_outputs(c->arena, copy);
    void **joint = random_outputs(c->arena, copy);
    void *arena = arena_alloc(c->arena, p->arena_bytes + 64);
    MUST(c, plan_run(p, c->diag, (const void *const *)in, apart, false), "seed %d: the plan does not run", c->seed);
    MUST(c, plan_run_arena(p, c->diag, arena, (const void *const *)in, joint), "seed %d: nor in its arena", c->seed);
    for (size_t i = 0; i < copy->outputs.count; i++)
        MUST(c, memcmp(apart[i], joint[i], value_bytes(copy->outputs.items[i])) == 0,
             "seed %d: %s: output %zu is another in the arena", c->seed, name, i);
    same_floats(c, name, copy, want, apart);
    arena_free(scratch);
}

static void try_seed(int seed)
{
    Case c = {arena_new(), NULL, NULL, seed};
    c.diag = diag_new(c.arena);
    c.text = random_graph(c.arena, (uint64_t)seed);
    OpContext oc = {c.diag, arena_new()};
    PassContext pc = {.diag = c.diag, .scratch = arena_new()};
    Graph *before = read_case(&c), *after = read_case(&c);
    MUST(&c, pass_run(&pc, before, pass_find("infer")), "seed %d: infer", seed);
    void **in = random_inputs(c.arena, before, seed), **want = random_outputs(c.arena, before);
    MUST(&c, eval_graph(&oc, before, (const void *const *)in, want), "seed %d: cannot be evaluated", seed);
    MUST(&c, passes_run(&pc, after), "seed %d: passes", seed);
    void **got = random_outputs(c.arena, after);
    MUST(&c, eval_graph(&oc, after, (const void *const *)in, got), "seed %d: cannot be evaluated behind the passes",
         seed);
    same_floats(&c, "all passes", before, want, got);
    static const char *const targets[] = {"x86-64", "x86-64-v3", "cortex-m4"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        try_target(&c, after, targets[i], in, want);
    arena_free(pc.scratch);
    arena_free(oc.scratch);
    arena_free(c.arena);
}

START_TEST(passes_and_plans_keep_the_function)
{
    for (int seed = from_seed + _i; seed <= to_seed; seed += 20)
        try_seed(seed);
}
END_TEST

int main(void)
{
    const char *seeds = getenv("ADZE_SEEDS");
    if (seeds && sscanf(seeds, "%d-%d", &from_seed, &to_seed) != 2) {
        fputs("ADZE_SEEDS=FROM-TO\n", stderr);
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("random graphs");
    TCase *tc = tcase_create("properties");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, passes_and_plans_keep_the_function, 0, 20);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
