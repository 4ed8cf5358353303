/* What is known behind operators that treat each channel apart. */
#include "passes/shrink_bounds.h"

#include "ops/eval.h"

static Node *copy_of(Graph *to, const Node *n, Value *x)
{
    Node *copy = graph_node(to, n->domain, n->op_type, NULL);
    copy->version = n->version;
    copy->op = n->op;
    for (size_t i = 0; i < n->attrs.count; i++)
        node_set_attr(to, copy, &n->attrs.items[i]);
    node_add_input(to, copy, x);
    for (size_t i = 1; i < n->inputs.count; i++) {
        const Value *v = node_in(n, i);
        node_add_input(to, copy, v ? graph_const(to, NULL, v->type, &v->shape, v->data) : NULL);
    }
    return copy;
}

/* The function of constants is run; what it gives on the target may differ in the last bits, but f(0) = 0 is exact. */
static void run_constants(const Shrink *s, const Node *n, Fact *y, int32_t count)
{
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && !node_in(n, i)->is_const)
            return;
    float *in = NEW_ARRAY(s->a, float, count);
    for (int32_t i = 0; i < count; i++)
        in[i] = shrink_fact(s, node_in(n, 0), i).value;
    Graph *g = graph_new(s->a, "");
    g->opsets = s->g->opsets;
    Shape shape = {.rank = 1, .dim = {count}};
    Node *copy = copy_of(g, n, graph_const(g, NULL, DT_F32, &shape, in));
    Value *out = node_new_output(g, copy, NULL);
    out->type = DT_F32;
    out->shape = shape;
    OpContext oc = {s->context->diag, s->a};
    Tensor result;
    if (!eval_node(&oc, g, copy, s->a, &result))
        return;
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        double v = tensor_float(&result, i);
        if (!x.constant || !isfinite(v))
            continue;
        y[i].constant = true;
        y[i].value = (float)v;
        if (fact_is_zero(&x) && v == 0)
            y[i] = fact_point(0);
    }
}

static void unary_facts(const Shrink *s, const Node *n, Fact *y, int32_t count)
{
    bool unit = node_is(n, "Sigmoid") || node_is(n, "HardSigmoid"), any = false;
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        y[i] = fact_unknown();
        if (node_is(n, "Identity"))
            y[i] = x;
        else if (node_is(n, "Neg"))
            y[i] = fact_negated(x);
        else if (unit)
            y[i] = (Fact){.lo = 0, .hi = 1};
        any = any || x.constant;
    }
    if (any && is_unary(n) && !node_is(n, "Neg"))
        run_constants(s, n, y, count);
}

static Fact pooled(const Node *n, Fact x)
{
    bool average = node_is_adze(n, "AveragePool");
    double lo = (double)node_float(n, "lo", -INFINITY), hi = (double)node_float(n, "hi", INFINITY);
    int64_t kernel[3];
    if (average && !fact_is_zero(&x)) {
        int count = node_ints(n, "kernel_shape", kernel, 3);
        if (count != 2)
            return fact_unknown();
        if (node_int(n, "count_include_pad", 0))
            x = fact_hull(x, fact_point(0));
        x = fact_widened(x, fact_step * (double)(kernel[0] * kernel[1] + 2) * fact_magnitude(&x));
    }
    return fact_clamped(x, lo, hi);
}

static Fact reduced(const Node *n, Fact x)
{
    const Value *in = node_in(n, 0), *out = node_out(n, 0);
    if (node_is(n, "ReduceMax") || node_is(n, "ReduceMin") || (node_is(n, "ReduceMean") && fact_is_zero(&x)))
        return x;
    double count = (double)shape_count(&in->shape) / (double)shape_count(&out->shape);
    return node_is(n, "ReduceMean") ? fact_widened(x, fact_step * (count + 2) * fact_magnitude(&x)) : fact_unknown();
}

/* Of resampling: copies, or sums of a few elements with weights that together are 1. */
static Fact resized(const Node *n, Fact x)
{
    const char *mode = node_string(n, "mode", "nearest");
    if (!strcmp(mode, "nearest") || fact_is_zero(&x))
        return x;
    if (strcmp(mode, "linear") && strcmp(mode, "bilinear"))
        return fact_unknown();
    double taps = (double)shape_count(&node_in(n, 0)->shape);
    return fact_widened(x, fact_step * (taps + 8) * fact_magnitude(&x));
}

/* What has no spread becomes the bias. */
static Fact normalised(const Node *n, Fact x, int32_t channel)
{
    double bias = (double)((const float *)node_in(n, 2)->data)[channel];
    double scale = (double)((const float *)node_in(n, 1)->data)[channel];
    if (!fact_is_zero(&x) || !isfinite(bias) || !isfinite(scale) || !(node_float(n, "epsilon", 1e-5f) > 1e-12f))
        return fact_clamped(fact_unknown(), (double)node_float(n, "lo", -INFINITY),
                            (double)node_float(n, "hi", INFINITY));
    return fact_clamped(fact_point(bias), (double)node_float(n, "lo", -INFINITY),
                        (double)node_float(n, "hi", INFINITY));
}

void each_facts(const Shrink *s, Node *n, Fact *y, int32_t count)
{
    Value *from;
    double lo, hi;
    if (node_out(n, 0)->type == DT_I8) {
        for (int32_t i = 0; i < count; i++)
            if (!q_each_fact(n, shrink_fact(s, node_in(n, 0), i), &y[i]))
                y[i] = fact_unknown();
        return;
    }
    bool clamp = clamp_of(n, &from, &lo, &hi) && from == node_in(n, 0);
    if (!clamp && (is_unary(n) || node_is(n, "Identity"))) {
        unary_facts(s, n, y, count);
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        Fact x = shrink_fact(s, node_in(n, 0), i);
        if (clamp)
            y[i] = fact_clamped(x, lo, hi);
        else if (!strncmp(n->op_type, "Reduce", 6))
            y[i] = reduced(n, x);
        else if (node_is_adze(n, "GroupNormalization"))
            y[i] = normalised(n, x, i);
        else if (node_is(n, "Resize") || node_is(n, "Upsample"))
            y[i] = resized(n, x);
        else
            y[i] = !strcmp(n->domain, "adze") ? pooled(n, x) : fact_unknown();
    }
}
