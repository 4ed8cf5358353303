/* The graph's inputs: types and shapes as the model has them, and what --shape and --dim fix in them. */
#include "load/loader.h"
#include "base/buf.h"

static bool named_input(const Onnx__GraphProto *g, const Map *initializers, const char *name)
{
    for (size_t i = 0; i < g->n_input; i++)
        if (strcmp(text_or_empty(g->input[i]->name), name) == 0)
            return !map_has(initializers, name);
    return false;
}

static const Onnx__TensorShapeProto *shape_of(const Onnx__ValueInfoProto *info)
{
    return info->type && info->type->tensor_type ? info->type->tensor_type->shape : NULL;
}

/* The names of open dimensions, or of the inputs, for messages. */
static const char *known_names(Loader *l, const Onnx__GraphProto *g, const Map *initializers, bool dims)
{
    Map *names = map_new(l->wire);
    Buf b = {0};
    for (size_t i = 0; i < g->n_input; i++) {
        const char *input = text_or_empty(g->input[i]->name);
        const Onnx__TensorShapeProto *s = shape_of(g->input[i]);
        if (map_has(initializers, input))
            continue;
        if (!dims)
            map_set(names, input, (void *)1);
        for (size_t k = 0; dims && s && k < s->n_dim; k++)
            if (s->dim[k]->dim_param && *s->dim[k]->dim_param)
                map_set(names, s->dim[k]->dim_param, (void *)1);
    }
    for (size_t i = 0; i < names->entries.count && i < 20; i++)
        buf_printf(&b, "%s%s", i ? ", " : "", diag_quote(l->wire, names->entries.items[i].key));
    const char *text = arena_strdup(l->wire, names->entries.count ? buf_text(&b) : "none");
    buf_free(&b);
    return text;
}

static bool named_dim(const Onnx__GraphProto *g, const char *name)
{
    for (size_t i = 0; i < g->n_input; i++) {
        const Onnx__TensorShapeProto *s = shape_of(g->input[i]);
        for (size_t k = 0; s && k < s->n_dim; k++)
            if (strcmp(text_or_empty(s->dim[k]->dim_param), name) == 0)
                return *name != 0;
    }
    return false;
}

bool check_options(Loader *l, const Onnx__GraphProto *g, const Map *initializers)
{
    bool good = true;
    for (size_t i = 0; i < l->options->shape_count; i++) {
        const char *name = l->options->shapes[i].name;
        if (!named_input(g, initializers, name))
            good = diag_error(l->diag, "--shape: the model has no input %s; its inputs: %s", diag_quote(l->wire, name),
                              known_names(l, g, initializers, false));
    }
    for (size_t i = 0; i < l->options->dim_count; i++) {
        const InputDim *o = &l->options->dims[i];
        if (!named_dim(g, o->name))
            good = diag_error(l->diag, "--dim: no input has a dimension %s; named dimensions: %s",
                              diag_quote(l->wire, o->name), known_names(l, g, initializers, true));
        else if (o->value < 0)
            good = diag_error(l->diag, "--dim: %s cannot be %lld", diag_quote(l->wire, o->name), (long long)o->value);
    }
    return good;
}

static bool read_dim(Loader *l, const char *who, const Onnx__TensorShapeProto__Dimension *dim, int64_t *size,
                     const char **name)
{
    *size = -1;
    *name = NULL;
    if (dim->dim_param && *dim->dim_param)
        *name = arena_strdup(l->keep, dim->dim_param);
    else if (dim->has_dim_value && dim->dim_value < -1)
        return diag_error(l->diag, "%s has a dimension of %lld", who, (long long)dim->dim_value);
    else if (dim->has_dim_value)
        *size = dim->dim_value; /* some exporters write -1 for an open one */
    for (size_t i = 0; *name && i < l->options->dim_count; i++)
        if (strcmp(l->options->dims[i].name, *name) == 0)
            *size = l->options->dims[i].value;
    return true;
}

static bool apply_shape(Loader *l, const char *who, Value *v, const Shape *want)
{
    char x[SHAPE_TEXT_BYTES], y[SHAPE_TEXT_BYTES];
    bool fits = v->shape.rank < 0 || v->shape.rank == want->rank;
    if (v->shape.rank < 0) {
        v->shape = *want;
        return true;
    }
    Shape merged = v->shape;
    for (int i = 0; fits && i < want->rank; i++) {
        if (want->dim[i] < 0)
            continue;
        fits = merged.dim[i] < 0 || merged.dim[i] == want->dim[i];
        merged.dim[i] = want->dim[i];
    }
    if (!fits)
        return diag_error(l->diag,
                          "--shape: %s has the shape %s, which %s contradicts; only open dimensions can be set", who,
                          shape_text(&v->shape, x, sizeof x), shape_text(want, y, sizeof y));
    v->shape = merged;
    return true;
}

static bool read_shape(Loader *l, const char *who, const Onnx__TensorShapeProto *s, Value *v)
{
    if (s && s->n_dim > MAX_RANK)
        return diag_error(l->diag, "%s has %zu dimensions; supported: at most %d", who, s->n_dim, MAX_RANK);
    v->shape = (Shape){.rank = s ? (int)s->n_dim : -1};
    for (size_t i = 0; s && i < s->n_dim; i++)
        if (!read_dim(l, who, s->dim[i], &v->shape.dim[i], &v->dim[i]))
            return false;
    return true;
}

static bool check_size(Loader *l, const char *who, const Value *v)
{
    size_t bytes;
    char text[SHAPE_TEXT_BYTES];
    if (!shape_known(&v->shape) || v->type == DT_NONE || dtype_bytes(v->type, shape_count(&v->shape), &bytes))
        return true;
    return diag_error(l->diag, "%s of shape %s is too large", who, shape_text(&v->shape, text, sizeof text));
}

static const char *type_kind(const Onnx__TypeProto *t)
{
    return t->sequence_type        ? "a sequence"
           : t->map_type           ? "a map"
           : t->optional_type      ? "an optional"
           : t->sparse_tensor_type ? "a sparse tensor"
           : t->opaque_type        ? "opaque"
                                   : "without a type";
}

/* A body's inputs (of Loop and Scan) may leave out their types. */
static bool read_type(Loader *l, const char *who, const Onnx__TypeProto *t, Value *v, bool is_main)
{
    if (!is_main && (!t || !t->tensor_type || !t->tensor_type->has_elem_type))
        return true;
    if (!t || !t->tensor_type)
        return diag_error(l->diag, "%s is %s; supported: tensors", who, t ? type_kind(t) : "without a type");
    v->type = dtype_from_onnx(t->tensor_type->elem_type);
    if (v->type != DT_NONE)
        return true;
    return diag_error(l->diag, "%s has the element type %s; supported: bool, integers, floats, strings", who,
                      onnx_type_text(l->wire, t->tensor_type->elem_type));
}

void read_input(Loader *l, Scope *s, const Onnx__ValueInfoProto *info, bool is_main)
{
    const char *name = text_or_empty(info->name);
    const char *who = arena_printf(l->wire, "input %s", diag_quote(l->wire, name));
    Value *v = graph_input(s->graph, name, DT_NONE, NULL);
    declare(l, s, name, v, who);
    if (!*name) {
        diag_error(l->diag, "an input has no name");
        return;
    }
    if (!read_type(l, who, info->type, v, is_main) || !read_shape(l, who, shape_of(info), v))
        return;
    for (size_t i = 0; is_main && i < l->options->shape_count; i++)
        if (strcmp(l->options->shapes[i].name, name) == 0 && !apply_shape(l, who, v, &l->options->shapes[i].shape))
            return;
    if (!is_main)
        check_size(l, who, v);
}

/* A name stands for one size: what --shape fixed for one input holds for the others. */
bool unify_dims(Loader *l, Graph *g)
{
    Map *sizes = map_new(l->wire); /* name -> its dimension, in the first input that knows it */
    bool good = true;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < g->inputs.count; i++) {
            Value *v = g->inputs.items[i];
            for (int k = 0; k < v->shape.rank; k++) {
                if (!v->dim[k])
                    continue;
                const int64_t *known = map_get(sizes, v->dim[k]);
                if (v->shape.dim[k] < 0)
                    v->shape.dim[k] = known ? *known : -1;
                else if (!known)
                    map_set(sizes, v->dim[k], &v->shape.dim[k]);
                else if (*known != v->shape.dim[k] && round == 0)
                    good = diag_error(l->diag, "input %s: its dimension %d is %lld, but %s is %lld elsewhere",
                                      diag_quote(l->wire, v->name), k, (long long)v->shape.dim[k],
                                      diag_quote(l->wire, v->dim[k]), (long long)*known);
            }
        }
    for (size_t i = 0; i < g->inputs.count; i++) {
        Value *v = g->inputs.items[i];
        for (int k = 0; k < v->shape.rank; k++)
            if (v->shape.dim[k] >= 0)
                v->dim[k] = NULL;
        good = check_size(l, arena_printf(l->wire, "input %s", diag_quote(l->wire, v->name)), v) && good;
    }
    return good;
}
