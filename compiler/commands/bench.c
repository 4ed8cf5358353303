#include "commands/bench.h"
#include "base/io.h"

#include <string.h>

enum { FEW_RUNS = 5, LEAST_RUNS = 20, MOST_RUNS = 1000 };
static const double SECONDS_OF_RUNS = 0.5;

/* Numbers of a fixed sequence (xorshift32): floats in -1..1, bytes of any value, other integers 0 or 1, which are valid
 * indices almost everywhere. */
static void random_values(const Value *v, uint32_t *state, unsigned char *to)
{
    size_t size = dtype_size(v->type), count = value_bytes(v) / size;
    for (size_t i = 0; i < count; i++, to += size) {
        *state ^= *state << 13, *state ^= *state >> 17, *state ^= *state << 5;
        float real = (float)(*state >> 8) / 8388608.0f - 1.0f;
        double wide = real;
        uint16_t half = v->type == DT_BF16 ? float_to_bfloat16(real) : float_to_half(real);
        memset(to, 0, size);
        if (v->type == DT_F32)
            memcpy(to, &real, sizeof real);
        else if (v->type == DT_F64)
            memcpy(to, &wide, sizeof wide);
        else if (v->type == DT_F16 || v->type == DT_BF16)
            memcpy(to, &half, sizeof half);
        else
            *to = size == 1 && v->type != DT_BOOL ? (unsigned char)(*state >> 24) : (unsigned char)(*state >> 31);
    }
}

static void random_inputs(const Build *b, unsigned char *to)
{
    const Graph *g = b->compilation.graph;
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < g->inputs.count; i++) {
        if (graph_state_of_input(g, i) >= 0)
            continue;
        random_values(g->inputs.items[i], &state, to);
        to += value_bytes(g->inputs.items[i]);
    }
}

/* The files of the inputs; none when they are to be random. */
static int find_inputs(Command *c, StringList *paths)
{
    CaseList cases = {0};
    if (c->options.vectors && c->options.input.count) {
        diag_error(c->diag, "-i and --vectors are two sources of inputs; hint: give one of them");
        return EXIT_USAGE;
    }
    *paths = c->options.input;
    if (!c->options.vectors)
        return EXIT_DONE;
    if (!vectors_find(c->keep, c->diag, c->options.vectors, &cases))
        return EXIT_INPUT;
    *paths = cases.items[0].in;
    return EXIT_DONE;
}

/* The second build, with the layer hooks. */
static int build_layered(Command *c, Bench *b)
{
    Compilation *comp = &b->build.compilation;
    const char *work = io_temp_dir(c->keep, c->diag, NULL, "adze-");
    BuildOptions options = {.layers = true, .without_sizes = true};
    if (!work)
        return EXIT_INPUT;
    b->layered = b->build;
    if (!program_build_with(c->keep, c->diag, &comp->target, b->build.folder, comp->name, work, &options,
                            &b->layered.program))
        return b->layered.program.exit_status ? b->layered.program.exit_status : EXIT_TOOL;
    return EXIT_DONE;
}

static int measure(Command *c, Bench *b)
{
    int status = build_run(c, &b->build, b->in, 1, b->out, FEW_RUNS, &b->total);
    if (status == EXIT_DONE && b->total.min_seconds > 0) {
        double runs = SECONDS_OF_RUNS / b->total.median_seconds;
        b->repeats = runs < LEAST_RUNS ? LEAST_RUNS : runs > MOST_RUNS ? MOST_RUNS : (int)runs;
        status = build_run(c, &b->build, b->in, 1, b->out, b->repeats, &b->total);
    }
    return status == EXIT_DONE ? build_run(c, &b->layered, b->in, 1, b->out, b->repeats, &b->layers) : status;
}

static int build_and_measure(Command *c, Bench *b)
{
    StringList paths;
    BuildOptions options = {.call_graph = true};
    int status = find_inputs(c, &paths);
    if (status == EXIT_DONE)
        status = command_build_with(c, &paths, &options, &b->build);
    if (status == EXIT_DONE)
        status = build_layered(c, b);
    if (status != EXIT_DONE)
        return status;
    b->in = arena_alloc(c->keep, b->build.in_bytes);
    b->out = arena_alloc(c->keep, b->build.out_bytes);
    if (!paths.count)
        random_inputs(&b->build, b->in);
    else if (!build_read_inputs(c, &b->build, &paths, b->in))
        return EXIT_INPUT;
    const char *entry = arena_printf(c->keep, "%s_run", b->build.compilation.name);
    if (!stack_bound(c->keep, c->diag, b->build.program.build_dir, entry, &b->stack))
        return EXIT_INPUT;
    return measure(c, b);
}

int command_bench(Command *c)
{
    const Options *o = &c->options;
    Bench b = {0};
    if (o->threshold.given && (!o->compare || o->threshold.value <= 0)) {
        diag_error(c->diag, "--threshold is a ratio above 0 for --compare");
        return EXIT_USAGE;
    }
    int status = build_and_measure(c, &b);
    if (status == EXIT_DONE && o->peer)
        status = bench_peer(c, &b);
    if (status != EXIT_DONE)
        return status;
    json_t *root = bench_json(c, &b);
    if (!root)
        return EXIT_INPUT;
    if (o->compare)
        status = bench_compare(c, root, o->compare, o->threshold.given ? o->threshold.value : 1.02);
    if (o->json) {
        report_print(root);
        return status;
    }
    bench_print(root);
    bench_print_comparison(root);
    json_decref(root);
    return status;
}
