/* Random graphs (tests/support/random_graph.h) as programs: the emitted C, built for the host and run, or for a board
 * and run in its emulator, computes what the graph does that no pass has seen. $ADZE_SEEDS=FROM-TO tries others on all.
 */
#include "tests/support/pool.h"
#include "tests/support/programs.h"
#include "tests/support/random_graph.h"
#include "tests/support/tools.h"

#include "base/io.h"
#include "lower/lower.h"
#include "ops/eval.h"
#include "ops/ops.h"
#include "passes/passes.h"
#include "target/program.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const targets[] = {"rv32imc", "cortex-m4", "host"}; /* the slowest first: all cores end together */
static const int usual_seeds[] = {12, 18, 30};
enum { TARGETS = sizeof targets / sizeof *targets };

static int from_seed = 1001, chosen_seeds; /* 0: usual_seeds for each target, one range behind the other */
static const char *boards;
static JobResult *results;

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *text, *target;
    Graph *graph; /* bound, its shapes known, otherwise as written */
    void **in, **want, **got;
} Case;

static bool evaluate(Case *c, int seed)
{
    OpContext oc = {c->diag, arena_new()};
    PassContext pc = {.diag = c->diag, .scratch = arena_new()};
    c->graph = graph_read(c->arena, c->diag, c->text, strlen(c->text), "random");
    bool ok = c->graph != NULL;
    if (ok) {
        ops_bind(c->graph);
        ok = pass_run(&pc, c->graph, pass_find("infer"));
    }
    if (ok) {
        c->in = random_inputs(c->arena, c->graph, seed);
        c->want = random_outputs(c->arena, c->graph);
        c->got = random_outputs(c->arena, c->graph);
        ok = eval_graph(&oc, c->graph, (const void *const *)c->in, c->want);
    }
    arena_free(pc.scratch);
    arena_free(oc.scratch);
    return ok;
}

static size_t all_bytes(Value *const *v, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += value_bytes(v[i]);
    return bytes;
}

/* Inputs go in, and outputs come back, one behind the other. */
static bool run(Case *c, const Program *program)
{
    const Graph *g = c->graph;
    size_t in_bytes = all_bytes(g->inputs.items, g->inputs.count);
    size_t out_bytes = all_bytes(g->outputs.items, g->outputs.count);
    unsigned char *in = arena_alloc(c->arena, in_bytes), *out = arena_alloc(c->arena, out_bytes);
    RunOptions options = {.timeout_seconds = 60};
    RunResult result = {0};
    for (size_t i = 0, at = 0; i < g->inputs.count; at += value_bytes(g->inputs.items[i++]))
        memcpy(in + at, c->in[i], value_bytes(g->inputs.items[i]));
    if (!program_run(c->arena, c->diag, program, in, in_bytes, 1, out, out_bytes, &options, &result))
        return false;
    for (size_t i = 0, at = 0; i < g->outputs.count; at += value_bytes(g->outputs.items[i++]))
        memcpy(c->got[i], out + at, value_bytes(g->outputs.items[i]));
    return true;
}

static bool build(Case *c, const char *work, int slot, Program *program)
{
    const char *folder = io_join(c->arena, work, "model"), *model = io_join(c->arena, work, "random.txt");
    const char *board = arena_printf(c->arena, "%s/%s-%d", boards, c->target, slot);
    BuildOptions options = {.without_sizes = true, .board_dir = board};
    Compilation made;
    return io_write(c->diag, model, c->text, strlen(c->text)) && io_make_dir(c->diag, folder) &&
           io_make_dir(c->diag, board) &&
           emit_model(c->arena, c->diag, model, c->target, MODE_DEFAULT, folder, &made) &&
           program_build_with(c->arena, c->diag, &made.target, folder, made.name, work, &options, program);
}

static bool seed_runs(int seed, const char *target, int slot)
{
    Arena *a = arena_new();
    Case c = {.arena = a, .diag = diag_new(a), .text = random_graph(a, (uint64_t)seed), .target = target};
    Target machine;
    if (!target_load(a, c.diag, target, &machine))
        return false;
    if (!target_tools_here(&machine))
        return true;
    const char *work = io_temp_dir(a, c.diag, NULL, "adze-test-"), *wrong = NULL;
    Program program;
    if (!work || !evaluate(&c, seed))
        wrong = "cannot be evaluated";
    else if (!build(&c, work, slot, &program))
        wrong = "does not build";
    else if (!run(&c, &program))
        wrong = "does not run";
    else
        wrong = random_difference(a, c.graph, c.want, c.got);
    diag_flush(c.diag, stdout);
    if (wrong)
        printf("%s\n%s", wrong, c.text);
    if (work)
        io_remove_tree(work);
    arena_free(a);
    return !wrong;
}

static int job_target(size_t i, int *seed)
{
    int k = (int)i, t = 0;
    *seed = from_seed + k;
    if (chosen_seeds) {
        *seed = from_seed + k % chosen_seeds;
        return k / chosen_seeds;
    }
    while (k >= usual_seeds[t])
        k -= usual_seeds[t++];
    return t;
}

static bool job(size_t i, int slot)
{
    int seed, t = job_target(i, &seed);
    return seed_runs(seed, targets[t], slot);
}

START_TEST(program_computes_the_graph)
{
    int seed, t = job_target((size_t)_i, &seed);
    ck_assert_msg(results[_i].ok, "seed %d on %s: %s", seed, targets[t], results[_i].said);
}
END_TEST

int main(void)
{
    const char *seeds = getenv("ADZE_SEEDS");
    int to_seed = 0, jobs = 0;
    if (seeds) {
        if (sscanf(seeds, "%d-%d", &from_seed, &to_seed) != 2 || to_seed < from_seed) {
            fputs("ADZE_SEEDS=FROM-TO\n", stderr);
            return EXIT_FAILURE;
        }
        chosen_seeds = to_seed - from_seed + 1;
    }
    for (int i = 0; i < TARGETS; i++)
        jobs += chosen_seeds ? chosen_seeds : usual_seeds[i];
    Arena *keep = arena_new();
    boards = io_temp_dir(keep, diag_new(keep), NULL, "adze-test-");
    if (!boards)
        return EXIT_FAILURE;
    results = pool_run(keep, (size_t)jobs, job);
    Suite *suite = suite_create("random graphs as programs");
    TCase *tc = tcase_create("programs");
    tcase_add_loop_test(tc, program_computes_the_graph, 0, jobs);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_free(keep);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
