/* fuse_pad: a Pad in front of a convolution or a pool becomes the operator's own pads, where what it writes is what the
 * operator takes to stand outside of the image: 0 or the zero point; for a maximum, anything that no element is below.
 * Requires: layout. Keeps: the function, exactly. Other readers of the padded value keep their Pad. */
#include "passes/rewrite.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* DEPTH, WIDTH: how far lower_bound looks. */
enum { NHWC = 4, DEPTH = 6, WIDTH = 4 };

/* What a Pad writes; false when it is no constant Pad of known amounts. */
static bool constant_pad(const Node *n, int64_t *pads, double *value)
{
    *value = 0;
    if (!node_is(n, "Pad") || strcmp(node_string(n, "mode", "constant"), "constant"))
        return false;
    if (n->version < 11)
        *value = (double)node_float(n, "value", 0);
    else if (node_in(n, 2) && !const_scalar(node_in(n, 2), value))
        return false;
    return pad_amounts(n, NHWC, pads);
}

static double type_lowest(DType t)
{
    return t == DT_I8 ? INT8_MIN : t == DT_I16 ? INT16_MIN : t == DT_U8 ? 0 : -(double)FLT_MAX;
}

/* A bound below which no element of v lies, from what computes it. */
static double lower_bound(const Value *v, int depth)
{
    static const char *const positive[] = {"Relu", "Sigmoid", "Exp",         "Softmax",
                                           "Abs",  "Sqrt",    "HardSigmoid", "Softplus"};
    static const char *const keep[] = {"Concat", "Slice",  "Reshape", "Transpose",
                                       "Split",  "Gather", "Squeeze", "Unsqueeze"};
    double lowest = type_lowest(v->type), lo, hi;
    const Node *n = v->producer;
    Value *x;
    if (!n || depth == 0)
        return lowest;
    if (clamp_of(n, &x, &lo, &hi))
        return fmax(lo, lowest);
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++)
        if (node_is(n, positive[i]) && v->type == DT_F32)
            return 0;
    if (!strcmp(n->domain, "adze") && node_attr(n, "lo"))
        return v->type == DT_F32 ? (double)node_float(n, "lo", -INFINITY) : (double)node_int(n, "lo", INT8_MIN);
    bool pool = node_is_adze(n, "MaxPool");
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++)
        pool |= node_is(n, keep[i]);
    if (!pool)
        return lowest;
    double least = INFINITY;
    size_t inputs = node_is(n, "Concat") ? n->inputs.count : 1;
    if (inputs > WIDTH)
        return lowest;
    for (size_t i = 0; i < inputs; i++)
        least = fmin(least, node_in(n, i) ? lower_bound(node_in(n, i), depth - 1) : lowest);
    return least;
}

/* The operator's own pads; all 0 when it names none. */
static bool own_pads(const Node *n, int64_t *pads)
{
    memset(pads, 0, 4 * sizeof *pads);
    int count = node_ints(n, "pads", pads, 4);
    return count < 0 || count == 4;
}

/* Does the operator take `value` to stand outside of the image? */
static bool stands_outside(const Node *n, const Value *x, const int64_t *own, double value)
{
    if (node_is_adze(n, "Conv"))
        return value == 0;
    if (node_is_adze(n, "QConv"))
        return value == (double)node_int(n, "x_zero_point", 0);
    if (node_is_adze(n, "MaxPool"))
        return value <= lower_bound(x, DEPTH);
    bool integers = node_is_adze(n, "QAveragePool");
    if (!integers && !node_is_adze(n, "AveragePool"))
        return false;
    /* The Pad's elements are counted; its own are only if it says so. */
    bool none = !own[0] && !own[1] && !own[2] && !own[3];
    return (none || node_int(n, "count_include_pad", 0)) &&
           value == (integers ? (double)node_int(n, "x_zero_point", 0) : 0);
}

/* A pool's window may not lie outside of the image. */
static bool reaches_inside(const Node *n, const int64_t *pads)
{
    int64_t kernel[2], dilation[2] = {1, 1};
    if (node_is_adze(n, "Conv") || node_is_adze(n, "QConv"))
        return true;
    node_ints(n, "dilations", dilation, 2);
    if (node_ints(n, "kernel_shape", kernel, 2) != 2)
        return false;
    for (int i = 0; i < 4; i++)
        if (pads[i] > (kernel[i % 2] - 1) * dilation[i % 2])
            return false;
    return true;
}

static bool fuse_pad(PassContext *c, Graph *g, Node *n)
{
    int64_t pads[2 * NHWC], sum[4];
    double value;
    Value *y = node_in(n, 0);
    if (strcmp(n->domain, "adze") || !y || !y->producer || !known(y) || y->shape.rank != NHWC ||
        !constant_pad(y->producer, pads, &value) || pads[0] || pads[3] || pads[4] || pads[7])
        return false;
    Value *x = node_in(y->producer, 0);
    if (!own_pads(n, sum) || !stands_outside(n, x, sum, value))
        return false;
    const int64_t more[4] = {pads[1], pads[2], pads[5], pads[6]};
    for (int i = 0; i < 4; i++)
        if (more[i] < 0 || __builtin_add_overflow(sum[i], more[i], &sum[i]) || sum[i] > INT32_MAX)
            return false;
    if (!reaches_inside(n, sum))
        return false;
    node_set_ints(g, n, "pads", sum, 4);
    if (node_is_adze(n, "AveragePool") || node_is_adze(n, "QAveragePool"))
        node_set_int(g, n, "count_include_pad", 1);
    graph_note(g, "fuse_pad", n, 0, "Pad %s is done by it", diag_quote(c->scratch, y->producer->name));
    node_set_input(g, n, 0, x);
    return true;
}

bool pass_fuse_pad(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_pad};
    return rewrite_all(c, g, rules, 1, changed);
}
