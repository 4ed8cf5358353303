/* The pass manager: order and fixed points from passes.def, the graph's invariants after every pass, and the user's
 * view into the pipeline (dump, stop, disable, time). */
#include "passes/fix_inputs.h"
#include "passes/io_layout.h"
#include "passes/shrink.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const Pass passes[] = {
#define PASS(name, to_fixed_point, why_here) {#name, pass_##name, to_fixed_point, why_here},
#include "passes/passes.def"
#undef PASS
};
const size_t pass_count = sizeof passes / sizeof *passes;

/* Every pass moves towards an end (fewer nodes, fewer transposed bytes, Transposes further down), so that this is
 * never met; should two passes ever undo each other, the graph is valid all the same. */
enum { ROUND_LIMIT = 1000 };

const Pass *pass_find(const char *name)
{
    for (size_t i = 0; i < pass_count; i++)
        if (!strcmp(passes[i].name, name))
            return &passes[i];
    return NULL;
}

static bool is_disabled(const PassContext *c, const Pass *p)
{
    for (const char *const *name = c->disabled; name && *name; name++)
        if (!strcmp(*name, p->name))
            return true;
    return false;
}

static bool is_stop(const PassContext *c, const Pass *p)
{
    return c->stop_after && !strcmp(c->stop_after, p->name);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A pass in a fixed point is shown each time that it changed something, and when it first ran. */
static void dump(const PassContext *c, const Graph *g, const Pass *p, int round, bool changed)
{
    if (!c->dump_after || (round > 1 && !changed))
        return;
    if (strcmp(c->dump_after, p->name) && strcmp(c->dump_after, "all"))
        return;
    Buf text = {0};
    buf_printf(&text, "# after %s, round %d%s\n", p->name, round, changed ? "" : ": unchanged");
    graph_print(g, &text);
    fputs(buf_text(&text), stdout);
    fflush(stdout);
    buf_free(&text);
}

/* Nodes that graph_replace and graph_output put between, and passes made without rw_node. */
static void bind_new(Graph *g)
{
    GRAPH_NODES(g, n)
    if (!n->op)
        n->op = operator_find(n->domain, n->op_type, n->version);
}

/* For the report: how often the pass ran and changed something, and what that did to the number of nodes. */
static void record(Graph *g, const Pass *p, size_t nodes_before, bool changed)
{
    PassRecord *r = NULL;
    for (size_t i = 0; i < g->passes.count && !r; i++)
        if (!strcmp(g->passes.items[i].pass, p->name))
            r = &g->passes.items[i];
    if (!r) {
        array_push(g->arena, &g->passes, (PassRecord){.pass = p->name});
        r = &g->passes.items[g->passes.count - 1];
    }
    r->runs++;
    r->changes += changed;
    r->nodes_added += (int64_t)g->node_count - (int64_t)nodes_before;
}

static bool run_once(PassContext *c, Graph *g, const Pass *p, int round, double *seconds, bool *changed)
{
    bool pass_changed = false;
    size_t nodes = g->node_count;
    double start = c->time ? now() : 0;
    bool ok = p->run(c, g, &pass_changed);
    if (c->time)
        *seconds += now() - start;
    record(g, p, nodes, pass_changed);
    arena_reset(c->scratch);
    if (pass_changed)
        bind_new(g);
    graph_free_unread(g);
    ok = ok && graph_check(g, c->diag, p->name);
    arena_reset(c->scratch);
    dump(c, g, p, round, pass_changed);
    *changed = *changed || pass_changed;
    return ok;
}

/* passes[first..end) until none changes the graph. */
static bool run_group(PassContext *c, Graph *g, const Pass *first, const Pass *end, double *seconds)
{
    bool changed = true;
    for (int round = 1; changed; round++) {
        if (round > ROUND_LIMIT) {
            diag_warning(c->diag, "the passes from %s to %s still change the graph after %d rounds; going on",
                         first->name, end[-1].name, ROUND_LIMIT);
            return true;
        }
        changed = false;
        for (const Pass *p = first; p < end; p++)
            if (!is_disabled(c, p) && !run_once(c, g, p, round, &seconds[p - first], &changed))
                return false;
        if (!first->to_fixed_point)
            break;
    }
    return true;
}

bool pass_run(PassContext *c, Graph *g, const Pass *p)
{
    double seconds = 0;
    return run_group(c, g, p, p + 1, &seconds);
}

static bool check_name(const PassContext *c, const char *option, const char *name)
{
    if (!name || pass_find(name) || (!strcmp(option, "--dump-after") && !strcmp(name, "all")))
        return true;
    Buf list = {0};
    for (size_t i = 0; i < pass_count; i++)
        if (pass_find(passes[i].name) == &passes[i])
            buf_printf(&list, " %s", passes[i].name);
    diag_error(c->diag, "%s: there is no pass %s; supported:%s", option, diag_quote(c->scratch, name), buf_text(&list));
    buf_free(&list);
    return false;
}

bool passes_run(PassContext *c, Graph *g)
{
    double seconds[sizeof passes / sizeof *passes] = {0};
    bool ok = check_name(c, "--dump-after", c->dump_after) && check_name(c, "--stop-after", c->stop_after);
    for (const char *const *name = c->disabled; name && *name; name++)
        ok = check_name(c, "--disable", *name) && ok;
    ok = input_values_check(c, g) && input_ranges_check(c, g) && io_layout_check(c, g) && ok;
    const Pass *end = passes + pass_count;
    for (const Pass *p = passes, *next; ok && p < end; p = next) {
        bool stop = is_stop(c, p);
        for (next = p + 1; !stop && p->to_fixed_point && next < end && next->to_fixed_point; next++)
            stop = is_stop(c, next);
        ok = run_group(c, g, p, next, &seconds[p - passes]);
        if (stop)
            break;
    }
    for (size_t i = 0; c->time && i < pass_count; i++)
        fprintf(stderr, "adze: pass %-16s %9.6f s\n", passes[i].name, seconds[i]);
    return ok;
}
