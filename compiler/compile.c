#include "compile.h"
#include "base/io.h"
#include "base/progress.h"
#include "base/text.h"
#include "passes/calibration.h"
#include "passes/passes.h"

#include <string.h>

/* The prefix of all symbols: what the user gave must be an identifier; a file's stem is made one. */
static bool choose_name(Compilation *c)
{
    const char *given = c->options.name;
    if (given) {
        c->name = given;
        if (!c_is_identifier(given) || strncmp(given, "adze", 4) == 0)
            return diag_error(c->diag,
                              "--name %s is not usable as a prefix of C symbols; hint: letters, digits and _, "
                              "not a C keyword, not beginning with 'adze'",
                              diag_quote(c->keep, given));
        return true;
    }
    c->name = c_identifier(c->keep, io_stem(c->keep, c->options.model));
    if (strncmp(c->name, "adze", 4) == 0)
        c->name = arena_printf(c->keep, "model_%s", c->name);
    return true;
}

static Graph *read_graph(Arena *a, Diag *d, const char *path, const FileBytes *file, const LoadOptions *o)
{
    if (!text_ends_with(path, ".txt"))
        return load_onnx_file(a, d, path, file, o);
    Graph *g = graph_read(a, d, file->data, file->size, path);
    return g && load_fix_inputs(d, g, o) ? g : NULL;
}

Graph *compile_look(Arena *a, Diag *d, const char *model, const LoadOptions *o)
{
    FileBytes file;
    return io_map(d, model, &file) ? read_graph(a, d, model, &file, o) : NULL;
}

static bool load(Compilation *c)
{
    FileBytes file;
    progress_phase("reading %s", c->options.model);
    if (!io_map(c->diag, c->options.model, &file))
        return false;
    c->model_hash = sha256(file.data, file.size);
    io_give_back(&file, file.data, file.size);
    c->diag->file = c->options.model;
    c->graph = read_graph(c->keep, c->diag, c->options.model, &file, &c->options.load);
    return c->graph != NULL;
}

static bool run_passes(Compilation *c)
{
    PassContext pc = {
        .diag = c->diag,
        .scratch = arena_new(),
        .disabled = c->options.disabled,
        .input_values = c->options.input_values,
        .input_ranges = c->options.input_ranges,
        .io_layout = c->options.io_layout,
        .io_integers = c->options.io_integers,
        .states = c->options.states,
        .calibration = c->options.calibration,
        .dump_after = c->options.dump_after,
        .stop_after = c->options.stop_after,
        .half = c->options.half,
        .time = c->options.time,
    };
    if (pc.calibration) {
        c->calibration_hash = pc.calibration->hash;
        c->calibration_cases = pc.calibration->own.cases;
    }
    progress_phase("optimising for %s", c->target.name);
    bool ok = passes_run(&pc, c->graph);
    arena_free(pc.scratch);
    return ok;
}

static bool lower(Compilation *c)
{
    Arena *scratch = arena_new();
    progress_phase("planning memory for %s", c->target.name);
    c->plan = lower_graph(c->graph, &c->target, c->diag, scratch);
    arena_free(scratch);
    return c->plan != NULL;
}

bool compile_load(Compilation *c)
{
    const char *target = c->options.target_name ? c->options.target_name : "host";
    if (!target_load(c->keep, c->diag, target, &c->target))
        return false;
    /* for kernels that spend flash, and those that save it */
    array_push(c->keep, &c->target.features, c->options.mode == MODE_SPEED ? "speed" : "size");
    if (c->options.mode == MODE_DEFAULT)
        array_push(c->keep, &c->target.features, "default");
    if (c->options.mode != MODE_SIZE)
        array_push(c->keep, &c->target.features, "fast");
    if (c->options.half)
        array_push(c->keep, &c->target.features, "half");
    return choose_name(c) && load(c);
}

bool compile_loaded(Compilation *c)
{
    ops_bind(c->graph);
    if (!ops_check(c->graph, c->diag) || !run_passes(c))
        return false;
    return c->options.stop_after || (state_bind(c->graph, c->diag, c->options.states) && lower(c));
}

bool compile_plan(Compilation *c)
{
    return compile_load(c) && compile_loaded(c);
}

/* The target by its own name: `-t host` and `-t ./boards/x.yaml` mean what they were resolved to. */
static const char *options_text(Compilation *c)
{
    const char *rest = c->options.options_text;
    return arena_printf(c->keep, "-t %s%s%s", c->target.name, rest && *rest ? " " : "", rest ? rest : "");
}

EmitOptions compile_emit_options(Compilation *c)
{
    const char *slash = strrchr(c->options.model, '/');
    return (EmitOptions){
        .name = c->name,
        .file = slash ? slash + 1 : c->options.model,
        .model_hash = c->model_hash,
        .calibration_hash = c->calibration_hash,
        .calibration_cases = c->calibration_cases,
        .options = options_text(c),
        .mode = c->options.mode,
        .weights = c->options.weights,
    };
}

bool compile_emit_here(Compilation *c, const char *dir)
{
    progress_phase("writing %s", c->name);
    EmitOptions o = compile_emit_options(c);
    c->diag->file = NULL;
    return emit_folder(c->keep, c->diag, c->plan, &c->target, &o, dir);
}

bool compile_emit(Compilation *c, const char *dir)
{
    c->diag->file = NULL;
    const char *temp = io_stage_dir(c->keep, c->diag, dir);
    return temp && compile_emit_here(c, temp) && io_replace_dir(c->diag, temp, dir);
}
