/* adze golden: the model runs here, on inputs of the user's; what it gives is what every later version, machine and
 * board has to give. */
#include "commands/golden.h"
#include "base/io.h"
#include "base/progress.h"
#include "commands/report.h"
#include "emit/selftest.h"

#include <string.h>

/* The target's own C where this machine runs it, else the host's: no emulator is needed. */
static const char *computing_target(Command *c)
{
    Arena *look = arena_new();
    Target t;
    const char *wanted = c->options.target;
    bool here = wanted && target_load(look, diag_new(look), wanted, &t) && t.runs_here;
    arena_free(look);
    return here ? wanted : NULL;
}

static bool usable(Command *c)
{
    const Options *o = &c->options;
    if (!o->output)
        return diag_error(c->diag, "no output folder given; hint: -o golden/");
    if (o->vectors && o->input.count)
        return diag_error(c->diag, "both -i and --vectors given; hint: one of them names the inputs");
    if (o->selftest && o->weights && strcmp(o->weights, "bin") == 0)
        return diag_error(c->diag,
                          "--selftest with --weights bin: the test would have to find the file; hint: --weights c");
    return true;
}

/* -i FILE...: as many cases as the files make, the inputs of a case one after another. */
static bool split_inputs(Command *c, size_t inputs, CaseList *cases)
{
    const StringList *files = &c->options.input;
    if (inputs ? files->count == 0 || files->count % inputs : files->count)
        return diag_error(c->diag, "%zu input files for a model of %zu inputs; hint: -i once for each, in order",
                          files->count, inputs);
    for (size_t i = 0; i == 0 || (inputs && i * inputs < files->count); i++) {
        Case one = {.name = arena_printf(c->keep, "%zu", i),
                    .in = {.items = files->items + i * inputs, .count = inputs}};
        array_push(c->keep, cases, one);
    }
    return true;
}

static int compute(Command *c, CaseList *cases, Build *b, GoldenCases *g)
{
    const StringList *first = cases->count ? &cases->items[0].in : &c->options.input;
    const char *wanted = c->options.target;
    c->options.target = computing_target(c);
    int status = command_build(c, first, b);
    c->options.target = wanted;
    if (status != EXIT_DONE)
        return status;
    const Graph *graph = b->compilation.graph;
    if (!cases->count && !split_inputs(c, graph->inputs.count - graph->states.count, cases))
        return EXIT_INPUT;
    unsigned char *in = arena_array(c->keep, cases->count, b->in_bytes);
    unsigned char *out = arena_array(c->keep, cases->count, b->out_bytes);
    for (size_t i = 0; i < cases->count; i++)
        if (!build_read_inputs(c, b, &cases->items[i].in, in + i * b->in_bytes))
            return EXIT_INPUT;
    *g = (GoldenCases){cases->count, in, out};
    RunResult result;
    return build_run(c, b, in, cases->count, out, 0, &result);
}

/* The C for the wanted target, with the cases as constants. */
static int write_selftest(Command *c, const StringList *first, const GoldenCases *g, const char *dir)
{
    Compilation comp;
    int status = command_plan(c, first, &comp);
    if (status != EXIT_DONE)
        return status;
    const Options *o = &c->options;
    EmitOptions emit = {.name = comp.name};
    SelftestData data = {
        .cases = g->cases,
        .in = g->in,
        .out = g->out,
        .rtol = o->rtol.given ? o->rtol.value : 1e-3,
        .atol = o->atol.given ? o->atol.value : 1e-4,
        .int_atol = o->atol.given ? o->atol.value : 0,
    };
    bool ok =
        compile_emit_here(&comp, dir) && emit_selftest(c->keep, c->diag, comp.plan, &comp.target, &emit, &data, dir);
    return ok ? EXIT_DONE : EXIT_INPUT;
}

static int write_folder(Command *c, const Build *b, const GoldenCases *g, const StringList *first, json_t *root)
{
    const char *dir = c->options.output;
    c->diag->file = NULL;
    if (!command_output_folder(c, dir))
        return EXIT_INPUT;
    const char *temp = io_stage_dir(c->keep, c->diag, dir);
    if (!temp)
        return EXIT_INPUT;
    int status = EXIT_DONE;
    if (c->options.selftest)
        status = write_selftest(c, first, g, temp);
    else if (!golden_write(c, b, g, root, temp))
        status = EXIT_INPUT;
    if (status != EXIT_DONE)
        return status;
    return io_replace_dir(c->diag, temp, dir) ? EXIT_DONE : EXIT_INPUT;
}

static const char *target_name(Command *c, const Build *b)
{
    Target t;
    const char *wanted = c->options.target;
    return wanted && target_load(c->keep, c->diag, wanted, &t) ? t.name : b->compilation.target.name;
}

int command_golden(Command *c)
{
    Build b = {0};
    CaseList cases = {0};
    GoldenCases g;
    const char *model;
    if (!usable(c) || !command_model(c, &model))
        return EXIT_USAGE;
    if (c->options.vectors && !vectors_find(c->keep, c->diag, c->options.vectors, &cases))
        return EXIT_INPUT;
    int status = compute(c, &cases, &b, &g);
    if (status != EXIT_DONE)
        return status;
    json_t *root = golden_json(c, &b, &g, target_name(c, &b));
    status = write_folder(c, &b, &g, &cases.items[0].in, root);
    progress_end();
    if (status == EXIT_DONE && c->options.json) {
        json_t *report = report_read(c, b.folder, b.compilation.name);
        json_object_set(root, "total", json_object_get(report, "total"));
        json_decref(report);
        report_print(json_incref(root));
    } else if (status == EXIT_DONE) {
        printf("%s: %zu case%s of %s, computed on %s\n", c->options.output, g.cases, g.cases == 1 ? "" : "s",
               b.compilation.name, b.compilation.target.name);
    }
    json_decref(root);
    return status;
}
