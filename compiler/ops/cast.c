/* Cast and CastLike, and what hands its input on: Identity, Dropout. */
#include "ops/family.h"

#include <inttypes.h>

bool infer_cast(OpContext *c, Graph *g, Node *n)
{
    (void)g;
    int64_t to = node_int(n, "to", 0);
    DType type = dtype_from_onnx(to);
    if (type == DT_NONE)
        return node_error(c, n, "attribute 'to' is the data type %" PRId64 ", which is not supported", to);
    op_set_output(n, 0, type, in_shape(n, 0));
    return true;
}

bool infer_castlike(OpContext *c, Graph *g, Node *n)
{
    (void)c, (void)g;
    op_set_output(n, 0, in_type(n, 1), in_shape(n, 0));
    return true;
}

bool lower_cast(OpContext *c, Plan *p, Node *n)
{
    DType to = node_out(n, 0)->type;
    if (to == DT_BF16 || to == DT_STRING || to == DT_U4 || to == DT_I4)
        return node_error(c, n, "it casts to %s, which is not supported", dtype_name(to));
    return lower_convert(p, node_in(n, 0), node_out(n, 0));
}

bool lower_identity(OpContext *c, Plan *p, Node *n)
{
    (void)c;
    plan_alias(p, node_out(n, 0), node_in(n, 0));
    return true;
}

bool infer_dropout(OpContext *c, Graph *g, Node *n)
{
    const Value *training = node_in(n, 2);
    if (training && training->is_const && training->data && shape_count(&training->shape) == 1) {
        Tensor t = value_tensor(training);
        if (tensor_int(&t, 0))
            return node_error(c, n,
                              "its input training_mode is true; supported: inference; hint: export the model in "
                              "evaluation mode");
    }
    op_set_output(n, 1, n->version >= 10 ? DT_BOOL : in_type(n, 0), in_shape(n, 0));
    return infer_same(c, g, n);
}

bool lower_dropout(OpContext *c, Plan *p, Node *n)
{
    Value *mask = node_out(n, 1);
    if (node_in(n, 2) && !in_const(n, 2))
        return node_error(c, n, "its input training_mode is not constant; supported: false");
    if (mask && (mask->users.count || mask->is_output))
        lower_fill(p, plan_number(p, mask->type, 1.0), mask);
    return lower_identity(c, p, n);
}
