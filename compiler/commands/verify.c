#include "commands/build.h"
#include "commands/compare.h"
#include "commands/golden.h"
#include "commands/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    Comparison *outputs; /* one a graph output, over all cases */
    const Case **worst_case;
    bool passed;
} Verdict;

static bool gives_halves(const Graph *g)
{
    for (size_t i = 0; i < g->outputs.count; i++)
        if (g->outputs.items[i]->type == DT_F16)
            return true;
    return false;
}

/* Half-precision vectors were rounded behind each operator, to 11 bits. */
static Tolerance tolerance(const Options *o, const Graph *g)
{
    const bool half = gives_halves(g);
    return (Tolerance){
        .rtol = o->rtol.given ? o->rtol.value
                : half        ? 1e-2
                              : 1e-3,
        .atol = o->atol.given ? o->atol.value
                : half        ? 5e-3
                              : 1e-4,
        .atol_given = o->atol.given,
        .quantile = o->quantile.given ? o->quantile.value : 1,
    };
}

/* Adds one case's outputs to the comparisons. */
static bool compare_case(Command *c, const Graph *g, const Case *k, const unsigned char *got, const Tolerance *t,
                         Verdict *v)
{
    if (k->out.count != g->outputs.count)
        return diag_error(c->diag, "case %s has %zu outputs, the model %zu", k->name, k->out.count, g->outputs.count);
    Arena *scratch = arena_new();
    bool ok = true;
    for (size_t i = 0; i < g->outputs.count && ok; i++) {
        const Value *value = g->outputs.items[i];
        Tensor want, mine = {value->type, value->shape, got};
        ok = vector_read(scratch, c->diag, k->out.items[i], &want) &&
             vector_fits(scratch, c->diag, k->out.items[i], &want, value, g->outputs_last && g->outputs_last[i]);
        if (!ok)
            break;
        Comparison before = v->outputs[i];
        compare_tensors(&mine, &want, t, &v->outputs[i]);
        if (v->outputs[i].worst != before.worst || v->outputs[i].excess != before.excess)
            v->worst_case[i] = k;
        got += value_bytes(value);
    }
    arena_free(scratch);
    return ok;
}

static void print_verdict(Command *c, const Build *b, const Verdict *v, const Tolerance *t, size_t cases,
                          const RunResult *r)
{
    const Graph *g = b->compilation.graph;
    for (size_t i = 0; i < g->outputs.count; i++) {
        const Comparison *k = &v->outputs[i];
        printf("output %zu %s: %" PRId64 " elements, %" PRId64 " outside", i,
               diag_quote(c->keep, g->outputs.items[i]->name), k->count, k->outside);
        if (k->worst >= 0)
            printf("; worst: case %s element %" PRId64 ": got %.9g, want %.9g, difference %.3g", v->worst_case[i]->name,
                   k->worst, k->got, k->want, k->difference);
        printf("\n");
    }
    printf("%s: %zu cases on %s, rtol %g, atol %g%s", v->passed ? "ok" : "DIFFERS", cases, b->compilation.target.name,
           t->rtol, t->atol, v->passed ? "" : " exceeded");
    if (r->instructions)
        printf(", %" PRIu64 " instructions a case", r->instructions);
    printf("\n");
}

static void print_json(const Build *b, const Verdict *v, size_t cases, const RunResult *r)
{
    const Graph *g = b->compilation.graph;
    json_t *root = json_object(), *outputs = json_array(), *total = json_object();
    json_object_set_new(root, "passed", json_boolean(v->passed));
    json_object_set_new(root, "cases", json_integer((json_int_t)cases));
    json_object_set_new(root, "target", json_string(b->compilation.target.name));
    for (size_t i = 0; i < g->outputs.count; i++) {
        const Comparison *k = &v->outputs[i];
        json_t *o = json_object();
        json_object_set_new(o, "name", report_text(g->outputs.items[i]->name));
        json_object_set_new(o, "elements", json_integer(k->count));
        json_object_set_new(o, "outside", json_integer(k->outside));
        json_object_set_new(o, "worst_difference", k->difference < 1e300 ? json_real(k->difference) : json_null());
        json_array_append_new(outputs, o);
    }
    json_object_set_new(root, "outputs", outputs);
    json_object_set_new(total, "arena_bytes", json_integer((json_int_t)b->compilation.plan->arena_bytes));
    json_object_set_new(total, "arena_lower_bound", json_integer((json_int_t)b->compilation.plan->arena_lower_bound));
    report_sizes(total, &b->program.sizes);
    if (r->stack_bytes)
        json_object_set_new(total, "stack_bytes", json_integer((json_int_t)r->stack_bytes));
    if (r->instructions)
        json_object_set_new(total, "instructions", json_integer((json_int_t)r->instructions));
    else
        json_object_set_new(total, "seconds", json_real(r->min_seconds));
    json_object_set_new(root, "total", total);
    report_print(root);
}

static int verify_cases(Command *c, Build *b, const CaseList *cases)
{
    const Graph *g = b->compilation.graph;
    unsigned char *in = arena_array(c->keep, cases->count, b->in_bytes);
    unsigned char *out = arena_array(c->keep, cases->count, b->out_bytes);
    for (size_t i = 0; i < cases->count; i++)
        if (!build_read_inputs(c, b, &cases->items[i].in, in + i * b->in_bytes))
            return EXIT_INPUT;
    RunOptions options = {.count = true, .repeat = 1, .timeout_seconds = 3600};
    RunResult result = {0};
    if (!program_run(c->keep, c->diag, &b->program, in, b->in_bytes, cases->count, out, b->out_bytes, &options,
                     &result))
        return result.exit_status ? result.exit_status : EXIT_TOOL;
    Tolerance t = tolerance(&c->options, b->compilation.graph);
    Verdict v = {NEW_ARRAY(c->keep, Comparison, g->outputs.count), NEW_ARRAY(c->keep, const Case *, g->outputs.count),
                 true};
    for (size_t i = 0; i < g->outputs.count; i++) {
        v.outputs[i].worst = -1;
        v.worst_case[i] = &cases->items[0];
    }
    for (size_t i = 0; i < cases->count; i++)
        if (!compare_case(c, g, &cases->items[i], out + i * b->out_bytes, &t, &v))
            return EXIT_INPUT;
    for (size_t i = 0; i < g->outputs.count; i++)
        v.passed = v.passed && comparison_passes(&v.outputs[i], &t);
    if (c->options.json)
        print_json(b, &v, cases->count, &result);
    else
        print_verdict(c, b, &v, &t, cases->count, &result);
    return v.passed ? EXIT_DONE : EXIT_DIFFERS;
}

int command_verify(Command *c)
{
    const char *golden = c->options.golden, *folder = golden ? golden : c->options.vectors, *model;
    if (!folder || (golden && c->options.vectors)) {
        diag_error(c->diag, folder ? "--vectors and --golden are two sources of vectors; hint: give one of them"
                                   : "no vectors given; hint: --vectors DIR");
        return EXIT_USAGE;
    }
    if (!command_model(c, &model))
        return EXIT_USAGE;
    CaseList cases = {0};
    if (golden && !golden_exists(c, golden)) {
        diag_error(c->diag, "%s holds no golden.json; hint: 'adze golden' writes such a folder, --vectors takes others",
                   diag_quote(c->keep, golden));
        return EXIT_INPUT;
    }
    if (!vectors_find(c->keep, c->diag, folder, &cases))
        return EXIT_INPUT;
    Build b = {0};
    int status = command_build(c, &cases.items[0].in, &b);
    if (status == EXIT_DONE && golden && !golden_check(c, &b.compilation, golden, &cases))
        status = EXIT_INPUT;
    return status == EXIT_DONE ? verify_cases(c, &b, &cases) : status;
}
