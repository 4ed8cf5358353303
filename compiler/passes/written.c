/* Nodes that a pass writes in the place of one. */
#include "passes/written.h"

#include <stdarg.h>

Value *written(Graph *g, Node *before, const char *op_type, Value *a, Value *b)
{
    Node *n = rw_node(g, before, "", op_type, node_name(before));
    node_add_input(g, n, a);
    if (b)
        node_add_input(g, n, b);
    return node_new_output(g, n, NULL);
}

Value *written_at(Graph *g, Node *before, const char *op_type, int version, Value *a, Value *b)
{
    Value *y = written(g, before, op_type, a, b);
    y->producer->version = version;
    y->producer->op = operator_find("", op_type, version);
    return y;
}

Value *written_where(Graph *g, Node *before, Value *condition, Value *a, Value *b)
{
    Value *y = written(g, before, "Where", condition, a);
    node_add_input(g, y->producer, b);
    return y;
}

Value *written_reshape(Graph *g, Node *before, Value *v, const int64_t *dims, int rank)
{
    return written(g, before, "Reshape", v, graph_const_ints(g, NULL, dims, rank));
}

Value *written_transpose(Graph *g, Node *before, Value *v, const int64_t *perm, int rank)
{
    Value *y = written(g, before, "Transpose", v, NULL);
    node_set_ints(g, y->producer, "perm", perm, (size_t)rank);
    return y;
}

Value *written_reduce(Graph *g, Node *before, const char *op_type, Value *v, const int64_t *axes, size_t count)
{
    Value *y = written(g, before, op_type, v, NULL);
    /* The axes became an input with opset 13 or 18. */
    if (y->producer->op && y->producer->op->max_inputs > 1)
        node_add_input(g, y->producer, graph_const_ints(g, NULL, axes, (int)count));
    else
        node_set_ints(g, y->producer, "axes", axes, count);
    return y;
}

Value *written_cast(Graph *g, Node *before, Value *v, DType to)
{
    Value *y = written(g, before, "Cast", v, NULL);
    node_set_int(g, y->producer, "to", dtype_to_onnx(to));
    return y;
}

Value *written_number(Graph *g, float v)
{
    Shape s = {.rank = 0};
    float *data = NEW(g->arena, float);
    *data = v;
    return const_floats(g, NULL, &s, data);
}

Value *written_zero(Graph *g, DType type)
{
    Shape s = {.rank = 0};
    return graph_const(g, NULL, type, &s, arena_alloc(g->arena, dtype_size(type)));
}

Value *written_floats(Graph *g, const float *v, size_t count)
{
    Shape s = {.rank = 1, .dim = {(int64_t)count}};
    return const_floats(g, NULL, &s, v);
}

bool written_error(PassContext *c, const Node *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *text = arena_vprintf(c->scratch, format, args);
    va_end(args);
    return diag_error(c->diag, "%s: %s", node_label(c->scratch, n), text);
}

bool written_in_place(Graph *g, Node *n, Value *y)
{
    if (y)
        rw_replace(g, n, y);
    return y != NULL;
}

bool written_normalised(Graph *g, Node *n, Value *x, const char *reduce, int64_t axis)
{
    Value *norm = written_reduce(g, n, reduce, x, &axis, 1);
    Value *none = written(g, n, "Equal", norm, written_number(g, 0));
    return written_in_place(g, n, written(g, n, "Div", x, written_where(g, n, none, written_number(g, 1), norm)));
}
