/* ONNX Runtime on the same input, by targets/onnxruntime.py: rounds in turns with ours, so that what slows the machine
 * for a while slows both. */
#include "base/embed.h"
#include "base/io.h"
#include "base/npy.h"
#include "base/progress.h"
#include "commands/bench.h"
#include "target/spawn.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 5, NOT_INSTALLED = 3, PEER_SECONDS = 600 };

typedef struct {
    Command *command;
    Bench *bench;
    StringList line; /* python3 and its arguments */
    LayerTime ours, theirs;
    const char *version;
} Peer;

static void keep_least(LayerTime *t, double least, double median)
{
    if (t->min_seconds == 0 || least < t->min_seconds)
        t->min_seconds = least;
    if (t->median_seconds == 0 || median < t->median_seconds)
        t->median_seconds = median;
}

/* --io int8: the model itself takes the reals. */
static Tensor as_in_model(Arena *a, const Value *v, Tensor t)
{
    if (!v->quant || !v->quant->real_in_model)
        return t;
    int64_t count = shape_count(&t.shape);
    float *x = arena_array(a, (size_t)count, sizeof *x);
    for (int64_t i = 0; i < count; i++)
        x[i] = (float)port_real(v, t.data, i);
    return (Tensor){DT_F32, t.shape, x};
}

/* python3 onnxruntime.py MODEL RUNS in0.npy in1.npy ...: inputs as the model has them; states begin as zeros. */
static bool prepare(Peer *p, const char *model, const char *dir)
{
    Command *c = p->command;
    const Graph *g = p->bench->build.compilation.graph;
    const unsigned char *from = p->bench->in;
    const struct EmbeddedFile *script = embedded_find("targets/onnxruntime.py");
    const char *path = io_join(c->keep, dir, "onnxruntime_peer.py");
    bool ok = io_write(c->diag, path, script->data, script->size);
    array_push(c->keep, &p->line, "python3");
    array_push(c->keep, &p->line, path);
    array_push(c->keep, &p->line, model);
    array_push(c->keep, &p->line, arena_printf(c->keep, "%d", p->bench->repeats));
    for (size_t i = 0; i < g->inputs.count && ok; i++) {
        const Value *v = g->inputs.items[i];
        bool is_state = graph_state_of_input(g, i) >= 0;
        const void *bytes = is_state ? NEW_ARRAY(c->keep, unsigned char, value_bytes(v)) : from;
        Tensor t = as_in_model(c->keep, v, port_to_file(c->keep, v, g->inputs_last && g->inputs_last[i], bytes));
        const char *file = io_join(c->keep, dir, arena_printf(c->keep, "peer%zu.npy", i));
        ok = npy_write(c->diag, file, &t);
        array_push(c->keep, &p->line, file);
        from += is_state ? 0 : value_bytes(v);
    }
    return ok;
}

static int failed(Peer *p, const SpawnResult *r)
{
    Command *c = p->command;
    if (r->end == SPAWN_MISSING)
        diag_error(c->diag, "--peer onnxruntime: python3 is not installed; hint: apt install python3");
    else if (r->end == SPAWN_EXITED && r->status == NOT_INSTALLED)
        diag_error(c->diag,
                   "--peer onnxruntime: Python has no packages onnxruntime and numpy; hint: python3 -m pip install "
                   "onnxruntime numpy");
    else
        diag_error(c->diag, "--peer onnxruntime: %s:\n%s", spawn_text(c->keep, &p->line, r),
                   diag_quote(c->keep, r->output));
    return EXIT_TOOL;
}

/* "adze-peer VERSION LEAST MEDIAN", in seconds, among what else is printed. */
static int time_theirs(Peer *p)
{
    SpawnResult r = spawn_run(p->command->keep, &p->line, NULL, PEER_SECONDS);
    if (r.end != SPAWN_EXITED || r.status != 0)
        return failed(p, &r);
    char version[64];
    double least, median;
    const char *at = strstr(r.output, "adze-peer ");
    if (!at || sscanf(at, "adze-peer %63s %lf %lf", version, &least, &median) != 3 || !(least > 0))
        return failed(p, &r);
    p->version = arena_strdup(p->command->keep, version);
    keep_least(&p->theirs, least, median);
    return EXIT_DONE;
}

static int time_ours(Peer *p)
{
    RunResult r;
    Bench *b = p->bench;
    int status = build_run(p->command, &b->build, b->in, 1, b->out, b->repeats, &r);
    if (status == EXIT_DONE)
        keep_least(&p->ours, r.min_seconds, r.median_seconds);
    return status;
}

int bench_peer(Command *c, Bench *b)
{
    Peer p = {.command = c, .bench = b};
    const Target *t = &b->build.compilation.target;
    if (!b->repeats) {
        diag_error(c->diag, "--peer times on this machine, which target %s does not run on; hint: -t host", t->name);
        return EXIT_USAGE;
    }
    const char *model = c->options.arguments.items[0];
    if (!prepare(&p, model, b->build.program.run_dir))
        return EXIT_INPUT;
    for (int i = 0; i < ROUNDS; i++) {
        int status = time_theirs(&p);
        status = status == EXIT_DONE ? time_ours(&p) : status;
        if (status != EXIT_DONE)
            return status;
    }
    keep_least(&p.ours, b->total.min_seconds, b->total.median_seconds);
    b->total.min_seconds = p.ours.min_seconds;
    b->total.median_seconds = p.ours.median_seconds;
    b->peer = json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "name", "onnxruntime", "version", p.version, "seconds",
                        p.theirs.min_seconds, "median_seconds", p.theirs.median_seconds, "ratio",
                        p.ours.min_seconds / p.theirs.min_seconds, "median_ratio",
                        p.ours.median_seconds / p.theirs.median_seconds);
    return EXIT_DONE;
}
