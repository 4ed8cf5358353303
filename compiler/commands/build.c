#include "commands/build.h"
#include "base/io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "1,3,224,224" to a shape. */
static bool parse_shape(const char *text, Shape *out)
{
    *out = (Shape){0};
    if (!*text)
        return true;
    for (;;) {
        char *end;
        errno = 0;
        long long v = strtoll(text, &end, 10);
        if (end == text || errno || v < 0 || out->rank == MAX_RANK)
            return false;
        out->dim[out->rank++] = v;
        if (!*end)
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
}

/* Splits NAME=VALUE at the last '='. */
static const char *split(Arena *a, const char *text, const char **name)
{
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text)
        return NULL;
    *name = arena_strndup(a, text, (size_t)(equals - text));
    return equals + 1;
}

static bool parse_shapes(Command *c, LoadOptions *load)
{
    const Options *o = &c->options;
    InputShape *shapes = NEW_ARRAY(c->keep, InputShape, o->shape.count);
    for (size_t i = 0; i < o->shape.count; i++) {
        const char *value = split(c->keep, o->shape.items[i], &shapes[i].name);
        if (!value || !parse_shape(value, &shapes[i].shape))
            return diag_error(c->diag, "--shape %s: expected INPUT=1,3,224,224", diag_quote(c->keep, o->shape.items[i]));
    }
    InputDim *dims = NEW_ARRAY(c->keep, InputDim, o->dim.count);
    for (size_t i = 0; i < o->dim.count; i++) {
        Shape one;
        const char *value = split(c->keep, o->dim.items[i], &dims[i].name);
        if (!value || !parse_shape(value, &one) || one.rank != 1)
            return diag_error(c->diag, "--dim %s: expected NAME=N", diag_quote(c->keep, o->dim.items[i]));
        dims[i].value = one.dim[0];
    }
    *load = (LoadOptions){.shapes = shapes, .shape_count = o->shape.count, .dims = dims, .dim_count = o->dim.count};
    return true;
}

static bool parse_mode(Command *c, Mode *out)
{
    const char *text = c->options.optimise;
    *out = !text ? MODE_DEFAULT : strcmp(text, "size") == 0 ? MODE_SIZE : MODE_SPEED;
    if (text && strcmp(text, "size") != 0 && strcmp(text, "speed") != 0)
        return diag_error(c->diag, "-O %s: expected 'size' or 'speed'", diag_quote(c->keep, text));
    return true;
}

static const char *const *null_terminated(Arena *a, const StringList *list)
{
    const char **out = NEW_ARRAY(a, const char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        out[i] = list->items[i];
    return out;
}

/* The options that shape the output, as one would type them. */
static const char *options_text(Command *c)
{
    const Options *o = &c->options;
    Buf b = {0};
    buf_printf(&b, "-t %s", o->target ? o->target : "host");
    if (o->optimise)
        buf_printf(&b, " -O %s", o->optimise);
    for (size_t i = 0; i < o->shape.count; i++)
        buf_printf(&b, " --shape %s", o->shape.items[i]);
    for (size_t i = 0; i < o->dim.count; i++)
        buf_printf(&b, " --dim %s", o->dim.items[i]);
    for (size_t i = 0; i < o->disable.count; i++)
        buf_printf(&b, " --disable %s", o->disable.items[i]);
    const char *text = arena_strdup(c->keep, buf_text(&b));
    buf_free(&b);
    return text;
}

bool command_compile_options(Command *c, CompileOptions *out)
{
    const Options *o = &c->options;
    *out = (CompileOptions){
        .name = o->name,
        .target_name = o->target,
        .options_text = options_text(c),
        .disabled = null_terminated(c->keep, &o->disable),
        .dump_after = o->dump_after,
        .stop_after = o->stop_after,
        .time = o->time,
    };
    return parse_shapes(c, &out->load) && parse_mode(c, &out->mode);
}

bool command_model(Command *c, const char **path)
{
    const StringList *arguments = &c->options.arguments;
    if (arguments->count != 1)
        return diag_error(c->diag, arguments->count ? "more than one model given: %s"
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
    Graph *g = paths->count ? load_onnx(look, quiet, o->model, &o->load) : NULL;
    bool ok = true;
    if (g) { /* otherwise the compilation itself will say what is wrong */
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
                shapes[n++] = (InputShape){arena_strdup(c->keep, g->inputs.items[i]->name), t.shape};
        }
        o->load.shapes = shapes;
        o->load.shape_count = n;
    }
    arena_free(look);
    return ok;
}

int command_build(Command *c, const StringList *paths, Build *out)
{
    CompileOptions options;
    const char *model;
    if (!command_model(c, &model) || !command_compile_options(c, &options))
        return EXIT_USAGE;
    options.model = model;
    Compilation *comp = &out->compilation;
    if (!shapes_from_vectors(c, &options, paths))
        return EXIT_INPUT;
    *comp = (Compilation){.keep = c->keep, .diag = c->diag, .options = options};
    if (!compile_plan(comp))
        return EXIT_INPUT;
    const char *work = io_temp_dir(c->keep, c->diag, NULL, "adze-");
    if (!work)
        return EXIT_INPUT;
    const char *folder = io_join(c->keep, work, "model");
    if (!io_make_dir(c->diag, folder) || !compile_emit_here(comp, folder))
        return EXIT_INPUT;
    out->in_bytes = ports_bytes((const Value *const *)comp->graph->inputs.items, comp->graph->inputs.count);
    out->out_bytes = ports_bytes((const Value *const *)comp->graph->outputs.items, comp->graph->outputs.count);
    if (!program_build(c->keep, c->diag, &comp->target, folder, comp->name, work, &out->program))
        return out->program.exit_status ? out->program.exit_status : EXIT_TOOL;
    return EXIT_DONE;
}

bool build_read_inputs(Command *c, const Build *b, const StringList *paths, unsigned char *to)
{
    const Graph *g = b->compilation.graph;
    if (paths->count != g->inputs.count)
        return diag_error(c->diag, "%zu input files for a model of %zu inputs", paths->count, g->inputs.count);
    Arena *scratch = arena_new();
    bool ok = true;
    for (size_t i = 0; i < g->inputs.count && ok; i++) {
        Tensor t;
        const Value *v = g->inputs.items[i];
        ok = vector_read(scratch, c->diag, paths->items[i], &t) && vector_fits(c->keep, c->diag, paths->items[i], &t, v);
        if (ok) {
            memcpy(to, t.data, value_bytes(v));
            to += value_bytes(v);
        }
    }
    arena_free(scratch);
    return ok;
}
