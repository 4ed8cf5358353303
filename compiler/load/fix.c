/* What --shape, --dim and vectors say about the inputs' shapes, in a graph from a model of any form. */
#include "load/load.h"

#include "base/buf.h"

#include <string.h>

typedef struct {
    Arena *scratch;
    Diag *diag;
    Graph *graph;
    const LoadOptions *options;
} Fix;

/* The names of the inputs, or of their open dimensions, for messages. */
static const char *known_names(const Fix *f, bool dims)
{
    Map *names = map_new(f->scratch);
    Buf b = {0};
    for (size_t i = 0; i < f->graph->inputs.count; i++) {
        const Value *v = f->graph->inputs.items[i];
        if (!dims)
            map_set(names, v->name, (void *)1);
        for (int k = 0; dims && k < v->shape.rank; k++)
            if (v->dim[k])
                map_set(names, v->dim[k], (void *)1);
    }
    for (size_t i = 0; i < names->entries.count && i < 20; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", diag_quote(f->scratch, names->entries.items[i].key));
    const char *text = arena_strdup(f->scratch, names->entries.count ? buf_text(&b) : "none");
    buf_free(&b);
    return text;
}

static bool set_dim(const Fix *f, const InputDim *o)
{
    bool found = false;
    const char *name = diag_quote(f->scratch, o->name);
    for (size_t i = 0; i < f->graph->inputs.count; i++) {
        Value *v = f->graph->inputs.items[i];
        for (int k = 0; k < v->shape.rank; k++)
            if (v->dim[k] && strcmp(v->dim[k], o->name) == 0) {
                v->shape.dim[k] = o->value;
                found = true;
            }
    }
    if (!found)
        return diag_error(f->diag, "--dim: no input has a dimension %s; named dimensions: %s", name,
                          known_names(f, true));
    return o->value >= 0 || diag_error(f->diag, "--dim: %s cannot be %lld", name, (long long)o->value);
}

static bool shape_error(const Fix *f, const Value *v, const InputShape *o)
{
    char x[SHAPE_TEXT_BYTES], y[SHAPE_TEXT_BYTES];
    const char *name = diag_quote(f->scratch, v->name);
    shape_text(&v->shape, x, sizeof x);
    shape_text(&o->shape, y, sizeof y);
    if (o->file)
        return diag_error(f->diag,
                          "%s holds the shape %s, which does not fit input %s of shape %s, where ? is open; hint: give "
                          "a file of that shape, or the model that the file was made for",
                          o->file, y, name, x);
    return diag_error(f->diag,
                      "--shape: input %s has the shape %s, which %s contradicts; only open dimensions can be set", name,
                      x, y);
}

static bool set_shape(const Fix *f, const InputShape *o)
{
    const size_t at = graph_input_named(f->graph, o->name, strlen(o->name));
    if (at == f->graph->inputs.count)
        return diag_error(f->diag, "--shape: the model has no input %s; its inputs: %s",
                          diag_quote(f->scratch, o->name), known_names(f, false));
    Value *v = f->graph->inputs.items[at];
    Shape merged = v->shape.rank < 0 ? o->shape : v->shape;
    bool fits = merged.rank == o->shape.rank;
    for (int i = 0; fits && i < merged.rank; i++) {
        if (o->shape.dim[i] < 0)
            continue;
        fits = merged.dim[i] < 0 || merged.dim[i] == o->shape.dim[i];
        merged.dim[i] = o->shape.dim[i];
    }
    if (!fits)
        return shape_error(f, v, o);
    v->shape = merged;
    return true;
}

/* A name stands for one size: what one input says holds for the others. */
static bool unify_dims(const Fix *f)
{
    Map *sizes = map_new(f->scratch); /* name -> its dimension, in the first input that knows it */
    bool good = true;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < f->graph->inputs.count; i++) {
            Value *v = f->graph->inputs.items[i];
            for (int k = 0; k < v->shape.rank; k++) {
                if (!v->dim[k])
                    continue;
                const int64_t *known = map_get(sizes, v->dim[k]);
                if (v->shape.dim[k] < 0)
                    v->shape.dim[k] = known ? *known : -1;
                else if (!known)
                    map_set(sizes, v->dim[k], &v->shape.dim[k]);
                else if (*known != v->shape.dim[k] && round == 0)
                    good = diag_error(f->diag, "input %s: its dimension %d is %lld, but %s is %lld elsewhere",
                                      diag_quote(f->scratch, v->name), k, (long long)v->shape.dim[k],
                                      diag_quote(f->scratch, v->dim[k]), (long long)*known);
            }
        }
    return good;
}

static bool check_sizes(const Fix *f)
{
    bool good = true;
    for (size_t i = 0; i < f->graph->inputs.count; i++) {
        Value *v = f->graph->inputs.items[i];
        char text[SHAPE_TEXT_BYTES];
        size_t bytes;
        for (int k = 0; k < v->shape.rank; k++)
            if (v->shape.dim[k] >= 0)
                v->dim[k] = NULL;
        if (shape_known(&v->shape) && v->type != DT_NONE && !dtype_bytes(v->type, shape_count(&v->shape), &bytes))
            good = diag_error(f->diag, "input %s of shape %s is too large", diag_quote(f->scratch, v->name),
                              shape_text(&v->shape, text, sizeof text));
    }
    return good;
}

bool load_fix_inputs(Diag *d, Graph *g, const LoadOptions *opt)
{
    Fix f = {arena_new(), d, g, opt};
    bool good = true;
    for (size_t i = 0; i < opt->dim_count; i++)
        good = set_dim(&f, &opt->dims[i]) && good;
    for (size_t i = 0; i < opt->shape_count; i++)
        good = set_shape(&f, &opt->shapes[i]) && good;
    good = good && unify_dims(&f) && check_sizes(&f);
    arena_free(f.scratch);
    return good;
}
