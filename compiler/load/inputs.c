/* The graph's inputs: types and shapes as the model has them. */
#include "load/loader.h"

static const Onnx__TensorShapeProto *shape_of(const Onnx__ValueInfoProto *info)
{
    return info->type && info->type->tensor_type ? info->type->tensor_type->shape : NULL;
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
    if (!is_main)
        check_size(l, who, v);
}
