/* SparseTensorProto to a dense Tensor: values [n] and indices, either [n] into the flat tensor or [n, rank]. */
#include "load/loader.h"

static const size_t max_dense = (size_t)256 << 20;

/* The flat index of entry i, or -1 when it is outside. */
static int64_t flat_index(const Tensor *indices, const Shape *shape, int64_t count, int64_t i)
{
    if (indices->shape.rank == 1) {
        int64_t at = tensor_int(indices, i);
        return at >= 0 && at < count ? at : -1;
    }
    int64_t at = 0;
    for (int k = 0; k < shape->rank; k++) {
        int64_t index = tensor_int(indices, i * shape->rank + k);
        if (index < 0 || index >= shape->dim[k])
            return -1;
        at = at * shape->dim[k] + index;
    }
    return at;
}

static bool indices_fit(const Tensor *values, const Tensor *indices, const Shape *shape)
{
    const Shape *s = &indices->shape;
    return values->shape.rank == 1 && indices->type == DT_I64 && (s->rank == 1 || s->rank == 2) &&
           s->dim[0] == values->shape.dim[0] && (s->rank == 1 || s->dim[1] == shape->rank);
}

bool read_sparse(Loader *l, const Onnx__SparseTensorProto *t, const char *who, Tensor *out)
{
    Tensor values, indices;
    size_t bytes;
    *out = (Tensor){0};
    if (!t->values || !t->indices)
        return diag_error(l->diag, "%s is a sparse tensor without values or indices", who);
    if (!read_tensor(l, t->values, who, &values) || !read_tensor(l, t->indices, who, &indices) ||
        !read_dims(l, t->dims, t->n_dims, who, &out->shape))
        return false;
    out->type = values.type;
    int64_t count = shape_count(&out->shape);
    if (values.type == DT_STRING || values.type == DT_I4 || values.type == DT_U4)
        return diag_error(l->diag, "%s is a sparse tensor of %s; supported: types of whole bytes", who,
                          dtype_name(values.type));
    if (!indices_fit(&values, &indices, &out->shape))
        return diag_error(l->diag, "%s is a sparse tensor whose indices do not fit its values and shape", who);
    if (!dtype_bytes(out->type, count, &bytes) || bytes > max_dense)
        return diag_error(l->diag, "%s is a sparse tensor of more than 256 MiB when written out", who);
    unsigned char *data = arena_alloc(l->keep, bytes);
    size_t size = dtype_size(out->type);
    for (int64_t i = 0; i < values.shape.dim[0]; i++) {
        int64_t at = flat_index(&indices, &out->shape, count, i);
        if (at < 0)
            return diag_error(l->diag, "%s is a sparse tensor with an index outside its shape (entry %lld)", who,
                              (long long)i);
        memcpy(data + (size_t)at * size, (const char *)values.data + (size_t)i * size, size);
    }
    out->data = data;
    return true;
}
