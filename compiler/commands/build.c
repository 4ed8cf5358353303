#include "commands/build.h"
#include "base/io.h"
#include "base/progress.h"
#include "commands/examine.h"

#include <jansson.h>
#include <string.h>

/* Their form has been checked (options.h). */
static void read_shapes(Command *c, LoadOptions *load)
{
    const Options *o = &c->options;
    InputShape *shapes = NEW_ARRAY(c->keep, InputShape, o->shape.count);
    InputDim *dims = NEW_ARRAY(c->keep, InputDim, o->dim.count);
    for (size_t i = 0; i < o->shape.count; i++)
        option_shape(c->keep, o->shape.items[i], &shapes[i].name, &shapes[i].shape);
    for (size_t i = 0; i < o->dim.count; i++) {
        Shape one;
        option_shape(c->keep, o->dim.items[i], &dims[i].name, &one);
        dims[i].value = one.dim[0];
    }
    *load = (LoadOptions){.shapes = shapes, .shape_count = o->shape.count, .dims = dims, .dim_count = o->dim.count};
}

static const char *const *null_terminated(Arena *a, const StringList *list)
{
    const char **out = NEW_ARRAY(a, const char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        out[i] = list->items[i];
    return out;
}

/* The options that shape the output besides the target, as one would type them. */
static const char *options_text(Command *c)
{
    const Options *o = &c->options;
    Buf b = {0};
    if (o->optimise)
        buf_printf(&b, " -O %s", o->optimise);
    for (size_t i = 0; i < o->shape.count; i++)
        buf_printf(&b, " --shape %s", o->shape.items[i]);
    for (size_t i = 0; i < o->dim.count; i++)
        buf_printf(&b, " --dim %s", o->dim.items[i]);
    for (size_t i = 0; i < o->state.count; i++)
        buf_printf(&b, " --state %s", o->state.items[i]);
    for (size_t i = 0; i < o->input_value.count; i++)
        buf_printf(&b, " --input-value %s", o->input_value.items[i]);
    for (size_t i = 0; i < o->input_range.count; i++)
        buf_printf(&b, " --input-range %s", o->input_range.items[i]);
    for (size_t i = 0; i < o->io_layout.count; i++)
        buf_printf(&b, " --io-layout %s", o->io_layout.items[i]);
    if (o->io)
        buf_printf(&b, " --io %s", o->io);
    if (o->quantize)
        buf_printf(&b, " --quantize %s%s%s", o->quantize, o->calibration_method ? " --calibration-method " : "",
                   o->calibration_method ? o->calibration_method : "");
    if (o->group.given)
        buf_printf(&b, " --group %ld", o->group.value);
    if (o->min_sqnr.given)
        buf_printf(&b, " --min-sqnr %g", o->min_sqnr.value);
    if (o->max_loss.given)
        buf_printf(&b, " --max-loss %g", o->max_loss.value);
    if (o->max_weights.given)
        buf_printf(&b, " --max-weights %ld", o->max_weights.value);
    if (o->no_rounding)
        buf_puts(&b, " --no-rounding");
    if (o->no_equalisation)
        buf_puts(&b, " --no-equalisation");
    if (o->no_bias_correction)
        buf_puts(&b, " --no-bias-correction");
    for (size_t i = 0; i < o->keep_float.count; i++)
        buf_printf(&b, " --keep-float %s", o->keep_float.items[i]);
    for (size_t i = 0; i < o->widest.count; i++)
        buf_printf(&b, " --widest %s", o->widest.items[i]);
    for (size_t i = 0; i < o->range.count; i++)
        buf_printf(&b, " --range %s", o->range.items[i]);
    if (o->weights)
        buf_printf(&b, " --weights %s", o->weights);
    for (size_t i = 0; i < o->disable.count; i++)
        buf_printf(&b, " --disable %s", o->disable.items[i]);
    const char *text = arena_strdup(c->keep, buf_text(&b) + (b.length > 0)); /* without the first space */
    buf_free(&b);
    return text;
}

void command_compile_options(Command *c, CompileOptions *out)
{
    const Options *o = &c->options;
    Mode mode = !o->optimise ? MODE_DEFAULT : strcmp(o->optimise, "size") == 0 ? MODE_SIZE : MODE_SPEED;
    WeightsForm weights = !o->weights                         ? WEIGHTS_C
                          : strcmp(o->weights, "incbin") == 0 ? WEIGHTS_INCBIN
                          : strcmp(o->weights, "bin") == 0    ? WEIGHTS_BIN
                                                              : WEIGHTS_C;
    *out = (CompileOptions){
        .mode = mode,
        .weights = weights,
        .name = o->name,
        .target_name = o->target,
        .options_text = options_text(c),
        .disabled = null_terminated(c->keep, &o->disable),
        .input_values = null_terminated(c->keep, &o->input_value),
        .input_ranges = null_terminated(c->keep, &o->input_range),
        .io_layout = null_terminated(c->keep, &o->io_layout),
        .io_integers = o->io && strcmp(o->io, "int8") == 0,
        .states = null_terminated(c->keep, &o->state),
        .dump_after = o->dump_after,
        .stop_after = o->stop_after,
        .time = o->time,
    };
    read_shapes(c, &out->load);
}

bool command_model(Command *c, const char **path)
{
    const StringList *arguments = &c->options.arguments;
    if (arguments->count != 1)
        return diag_error(c->diag,
                          arguments->count ? "more than one model given: %s"
                                           : "no model given%s; hint: adze COMMAND MODEL.onnx [options]",
                          arguments->count ? diag_quote(c->keep, arguments->items[1]) : "");
    *path = arguments->items[0];
    return true;
}

/* Shapes of inputs that the model leaves open, from the vectors. */
static bool shapes_from_vectors(Command *c, CompileOptions *o, const StringList *paths)
{
    Arena *look = arena_new();
    Diag *quiet = diag_new(look);
    Graph *g = paths->count ? compile_look(look, quiet, o->model, &o->load) : NULL;
    bool ok = true;
    if (g && o->states[0] && paths->count != g->inputs.count)
        g = NULL; /* the files of states are left out: which file is which is not known yet */
    if (g) {      /* otherwise the compilation itself will say what is wrong */
        size_t n = o->load.shape_count;
        InputShape *shapes = NEW_ARRAY(c->keep, InputShape, n + g->inputs.count);
        for (size_t i = 0; i < n; i++)
            shapes[i] = o->load.shapes[i];
        for (size_t i = 0; i < g->inputs.count && i < paths->count && ok; i++) {
            Tensor t;
            if (shape_known(&g->inputs.items[i]->shape))
                continue;
            ok = vector_read(look, c->diag, paths->items[i], &t);
            if (ok)
                shapes[n++] = (InputShape){arena_strdup(c->keep, g->inputs.items[i]->name), t.shape, paths->items[i]};
        }
        o->load.shapes = shapes;
        o->load.shape_count = n;
    }
    arena_free(look);
    return ok;
}

/* Of one case: the inputs that are no state. */
static size_t argument_bytes(const Graph *g)
{
    size_t bytes = 0;
    for (size_t i = 0; i < g->inputs.count; i++)
        if (graph_state_of_input(g, i) < 0)
            bytes += value_bytes(g->inputs.items[i]);
    return bytes;
}

int command_plan(Command *c, const StringList *paths, Compilation *out)
{
    CompileOptions options;
    const char *model;
    if (!command_model(c, &model))
        return EXIT_USAGE;
    ExamineData data = {0};
    bool calibrates;
    int status = command_quantisation(c, &data, &calibrates);
    if (status != EXIT_DONE)
        return status;
    command_compile_options(c, &options);
    options.model = model;
    options.half = command_has_halves(c);
    if (!shapes_from_vectors(c, &options, paths))
        return EXIT_INPUT;
    *out = (Compilation){.keep = c->keep, .diag = c->diag, .options = options};
    return compile_load(out) && (!calibrates || command_calibrate(c, out, &data)) && compile_loaded(out) ? EXIT_DONE
                                                                                                         : EXIT_INPUT;
}

int command_build(Command *c, const StringList *paths, Build *out)
{
    return command_build_with(c, paths, NULL, out);
}

int command_build_with(Command *c, const StringList *paths, const BuildOptions *options, Build *out)
{
    Compilation *comp = &out->compilation;
    int status = command_plan(c, paths, comp);
    if (status != EXIT_DONE)
        return status;
    const char *work = io_temp_dir(c->keep, c->diag, NULL, "adze-");
    if (!work)
        return EXIT_INPUT;
    const char *folder = out->folder = io_join(c->keep, work, "model");
    if (!io_make_dir(c->diag, folder) || !compile_emit_here(comp, folder))
        return EXIT_INPUT;
    progress_phase("building for %s", comp->target.name);
    out->in_bytes = argument_bytes(comp->graph);
    out->out_bytes = ports_bytes((const Value *const *)comp->graph->outputs.items, comp->graph->outputs.count);
    if (!program_build_with(c->keep, c->diag, &comp->target, folder, comp->name, work, options, &out->program))
        return out->program.exit_status ? out->program.exit_status : EXIT_TOOL;
    return EXIT_DONE;
}

int build_run(Command *c, const Build *b, const void *in, size_t cases, void *out, int repeat, RunResult *result)
{
    RunOptions options = {.count = true, .repeat = repeat, .timeout_seconds = 3600};
    *result = (RunResult){0};
    progress_phase("running %zu case%s on %s", cases, cases == 1 ? "" : "s", b->compilation.target.name);
    bool ok = program_run(c->keep, c->diag, &b->program, in, b->in_bytes, cases, out, b->out_bytes, &options, result);
    progress_end();
    return ok ? EXIT_DONE : result->exit_status ? result->exit_status : EXIT_TOOL;
}

/* A folder that holds something else than an output of adze is not overwritten. */
static bool is_ours(const char *file)
{
    size_t n = strlen(file);
    if (n < 5 || strcmp(file + n - 5, ".json") != 0)
        return false;
    json_t *root = json_load_file(file, 0, NULL);
    bool ours = json_is_string(json_object_get(root, "adze_version"));
    json_decref(root);
    return ours;
}

bool command_output_folder(Command *c, const char *dir)
{
    if (!io_exists(dir))
        return true;
    if (!io_is_dir(dir))
        return diag_error(c->diag, "%s: is a file; -o names a folder", diag_quote(c->keep, dir));
    NameList names = {0};
    if (!io_list(c->keep, c->diag, dir, &names))
        return false;
    bool ours = names.count == 0;
    for (size_t i = 0; i < names.count && !ours; i++)
        ours = is_ours(io_join(c->keep, dir, names.items[i]));
    return ours || diag_error(c->diag, "%s: exists and holds no output of adze; hint: name a new folder",
                              diag_quote(c->keep, dir));
}

/* Files may leave out inputs that are states, and those that --input-value has fixed. */
typedef struct {
    bool states, fixed; /* do they have them? */
} FileSet;

static bool files_hold(const Graph *g, size_t count, FileSet *out)
{
    for (int i = 0; i < 4; i++) {
        *out = (FileSet){.states = i < 2, .fixed = i % 2};
        if (count == g->inputs.count - (out->states ? 0 : g->states.count) + (out->fixed ? g->fixed.count : 0))
            return true;
    }
    return false;
}

/* A file for a fixed input must say the same. */
static bool check_fixed(Arena *scratch, Command *c, const char *path, const Value *v)
{
    Tensor t;
    if (!vector_read(scratch, c->diag, path, &t) || !vector_fits(scratch, c->diag, path, &t, v, false))
        return false;
    return memcmp(t.data, v->data, value_bytes(v)) == 0 ||
           diag_error(c->diag, "%s: holds other values than those that --input-value gives %s",
                      diag_quote(c->keep, path), diag_quote(c->keep, v->name));
}

bool build_read_inputs(Command *c, const Build *b, const StringList *paths, unsigned char *to)
{
    const Graph *g = b->compilation.graph;
    FileSet holds;
    if (!files_hold(g, paths->count, &holds))
        return diag_error(c->diag, "%zu input files for a model of %zu inputs", paths->count, g->inputs.count);
    Arena *scratch = arena_new();
    bool ok = true;
    /* In the order of the model's inputs, which i counts of those left and k of those fixed. */
    for (size_t i = 0, k = 0, file = 0; i + k < g->inputs.count + g->fixed.count && ok;) {
        if (k < g->fixed.count && g->fixed.items[k].index == i + k) {
            ok = !holds.fixed || check_fixed(scratch, c, paths->items[file++], g->fixed.items[k].value);
            k++;
            continue;
        }
        Tensor t;
        const Value *v = g->inputs.items[i];
        bool is_state = graph_state_of_input(g, i) >= 0, last = g->inputs_last && g->inputs_last[i];
        i++;
        if (is_state && !holds.states)
            continue;
        const char *path = paths->items[file++];
        ok = vector_read(scratch, c->diag, path, &t) && vector_fits(scratch, c->diag, path, &t, v, last);
        if (ok && !is_state) {
            memcpy(to, t.data, value_bytes(v));
            to += value_bytes(v);
        }
    }
    arena_free(scratch);
    return ok;
}
