#include "load/loader.h"

/* AttributeProto.AttributeType */
enum {
    A_NONE,
    A_FLOAT,
    A_INT,
    A_STRING,
    A_TENSOR,
    A_GRAPH,
    A_FLOATS,
    A_INTS,
    A_STRINGS,
    A_TENSORS,
    A_GRAPHS,
    A_SPARSE
};

/* Files of ir_version 1 have no type: it is the field that is there. */
static int type_of(const Onnx__AttributeProto *a)
{
    if (a->type != A_NONE)
        return a->type;
    return a->has_f       ? A_FLOAT
           : a->has_i     ? A_INT
           : a->has_s     ? A_STRING
           : a->t         ? A_TENSOR
           : a->g         ? A_GRAPH
           : a->n_floats  ? A_FLOATS
           : a->n_ints    ? A_INTS
           : a->n_strings ? A_STRINGS
                          : A_NONE;
}

static const char *attr_label(Loader *l, const Onnx__NodeProto *n, const Onnx__AttributeProto *a)
{
    return arena_printf(l->wire, "%s: attribute %s", proto_label(l, n), diag_quote(l->wire, text_or_empty(a->name)));
}

/* A copy, since bytes have no NUL at their end. */
static const char *bytes_text(Loader *l, const ProtobufCBinaryData *b)
{
    return arena_strndup(l->keep, b->len ? (const char *)b->data : "", b->len);
}

static void read_strings(Loader *l, const Onnx__AttributeProto *a, Attr *out)
{
    const char **strings = NEW_ARRAY(l->keep, const char *, a->n_strings);
    for (size_t i = 0; i < a->n_strings; i++)
        strings[i] = bytes_text(l, &a->strings[i]);
    out->strings = strings;
    out->count = a->n_strings;
}

static bool read_tensor_attr(Loader *l, const Onnx__NodeProto *n, const Onnx__AttributeProto *a, Attr *out)
{
    out->kind = ATTR_TENSOR;
    if (type_of(a) == A_SPARSE && a->sparse_tensor)
        return read_sparse(l, a->sparse_tensor, attr_label(l, n, a), &out->tensor);
    if (type_of(a) == A_TENSOR && a->t)
        return read_tensor(l, a->t, attr_label(l, n, a), &out->tensor);
    return diag_error(l->diag, "%s is a tensor, but there is none in it", attr_label(l, n, a));
}

static bool read_graph_attr(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__AttributeProto *a, Attr *out)
{
    out->kind = ATTR_GRAPH;
    if (!a->g)
        return diag_error(l->diag, "%s is a graph, but there is none in it", attr_label(l, n, a));
    out->graph = read_subgraph(l, s, a->g);
    return out->graph != NULL;
}

static bool read_value(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__AttributeProto *a, Attr *out)
{
    switch (type_of(a)) {
    case A_FLOAT:
        out->kind = ATTR_FLOAT;
        out->f = a->f;
        return true;
    case A_INT:
        out->kind = ATTR_INT;
        out->i = a->i;
        return true;
    case A_STRING:
        out->kind = ATTR_STRING;
        out->s = bytes_text(l, &a->s);
        return true;
    case A_FLOATS:
        out->kind = ATTR_FLOATS;
        out->floats = a->floats;
        out->count = a->n_floats;
        return true;
    case A_INTS:
        out->kind = ATTR_INTS;
        out->ints = a->ints;
        out->count = a->n_ints;
        return true;
    case A_STRINGS:
        out->kind = ATTR_STRINGS;
        read_strings(l, a, out);
        return true;
    case A_TENSOR:
    case A_SPARSE:
        return read_tensor_attr(l, n, a, out);
    case A_GRAPH:
        return read_graph_attr(l, s, n, a, out);
    default:
        return diag_error(l->diag, "%s is of type %d; supported: numbers, strings, lists of them, tensors, graphs",
                          attr_label(l, n, a), a->type);
    }
}

static const Onnx__AttributeProto *find_attr(Onnx__AttributeProto *const *attrs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text_or_empty(attrs[i]->name), name) == 0)
            return attrs[i];
    return NULL;
}

bool read_attr(Loader *l, Scope *s, const Onnx__NodeProto *n, const Onnx__AttributeProto *a, Attr *out, bool *absent)
{
    const char *name = text_or_empty(a->name);
    *absent = false;
    while (a->ref_attr_name && *a->ref_attr_name) {
        const Call *call = s->call;
        if (!call)
            return diag_error(l->diag, "%s refers to %s, which only functions may", attr_label(l, n, a),
                              diag_quote(l->wire, a->ref_attr_name));
        const char *want = a->ref_attr_name;
        const Onnx__FunctionProto *f = call->function;
        a = find_attr(call->node->attribute, call->node->n_attribute, want);
        if (!a) { /* the function's own default */
            a = find_attr(f->attribute_proto, f->n_attribute_proto, want);
            *absent = !a;
            if (a && a->ref_attr_name && *a->ref_attr_name)
                return diag_error(l->diag, "%s: the default of a function's attribute refers to another",
                                  attr_label(l, n, a));
            break;
        }
        n = call->node;
        s = call->scope;
    }
    if (*absent)
        return true;
    *out = (Attr){.name = name};
    return read_value(l, s, n, a, out);
}

static Tensor tensor_of_list(Loader *l, DType type, const void *items, size_t count, bool scalar)
{
    Tensor t = {.type = type, .shape = {.rank = scalar ? 0 : 1, .dim = {scalar ? 0 : (int64_t)count}}};
    void *data = arena_array(l->keep, count, dtype_size(type));
    if (count)
        memcpy(data, items, count * dtype_size(type));
    t.data = data;
    return t;
}

static bool constant_of(Loader *l, const Attr *a, Tensor *out)
{
    switch (a->kind) {
    case ATTR_TENSOR:
        *out = a->tensor;
        return true;
    case ATTR_FLOAT:
        *out = tensor_of_list(l, DT_F32, &a->f, 1, true);
        return true;
    case ATTR_INT:
        *out = tensor_of_list(l, DT_I64, &a->i, 1, true);
        return true;
    case ATTR_STRING:
        *out = tensor_of_list(l, DT_STRING, &a->s, 1, true);
        return true;
    case ATTR_FLOATS:
        *out = tensor_of_list(l, DT_F32, a->floats, a->count, false);
        return true;
    case ATTR_INTS:
        *out = tensor_of_list(l, DT_I64, a->ints, a->count, false);
        return true;
    case ATTR_STRINGS:
        *out = tensor_of_list(l, DT_STRING, a->strings, a->count, false);
        return true;
    default:
        return false;
    }
}

bool read_constant(Loader *l, Scope *s, const Onnx__NodeProto *n, Tensor *out)
{
    for (size_t i = 0; i < n->n_attribute; i++) {
        const char *name = text_or_empty(n->attribute[i]->name);
        Attr a;
        bool absent;
        if (strncmp(name, "value", 5) != 0 && strcmp(name, "sparse_value") != 0)
            continue;
        if (!read_attr(l, s, n, n->attribute[i], &a, &absent))
            return false;
        if (!absent && constant_of(l, &a, out))
            return true;
    }
    return diag_error(l->diag, "%s has no value", proto_label(l, n));
}
