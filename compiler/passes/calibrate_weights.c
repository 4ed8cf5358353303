/* What the mean input still sees of the error of the weights goes into the bias; the graph with the weights that the
 * integers stand for. */
#include "passes/calibrate.h"

/* What the mean input makes of the error of the weights. */
static double mean_error(const Layer *y, int64_t output)
{
    const float *w = y->l.w->data;
    int64_t group = output / (y->outputs / y->groups);
    double sum = 0;
    for (int64_t i = 0; i < y->k; i++) {
        int64_t at = weight_at(y, output, i);
        sum += ((double)w[at] - (double)y->reals[at]) * y->mean[group * y->k + i] / (double)y->rows;
    }
    return sum;
}

static void correct_bias(Calibrator *k, Layer *y)
{
    if (!y->mean || !y->rows || k->cal->no_bias_correction || (node_is(y->node, "MatMul") && !y->add))
        return;
    const Value *old = y->add ? y->add : y->l.bias;
    double alpha = (double)node_float(y->node, "alpha", 1), beta = y->add ? 1 : y->l.beta;
    float *to = NEW_ARRAY(k->g->arena, float, y->outputs);
    for (int64_t o = 0; o < y->outputs; o++) {
        Tensor t = old ? value_tensor(old) : (Tensor){0};
        double b = old ? beta * tensor_float(&t, shape_count(&old->shape) > 1 ? o : 0) : 0;
        to[o] = (float)(b + alpha * mean_error(y, o));
    }
    Shape s = old && shape_count(&old->shape) == y->outputs ? old->shape : (Shape){1, {y->outputs}};
    Value *bias = const_floats(k->g, old ? old->name : NULL, &s, to);
    if (y->add) {
        Node *add = y->shift->producer;
        node_set_input(k->g, add, node_in(add, 0) == y->add ? 0 : 1, bias);
        y->add = bias;
        return;
    }
    node_set_input(k->g, y->node, 2, bias);
    if (y->l.beta != 1)
        node_set_float(k->g, y->node, "beta", 1);
    y->l.bias = bias;
    y->l.beta = 1;
}

void correct_biases(Calibrator *k)
{
    for (size_t i = 0; i < k->layers.count; i++)
        correct_bias(k, &k->layers.items[i]);
}

Graph *graph_of_reals(Calibrator *k, Arena *a)
{
    Graph *g = graph_clone(a, k->g);
    Node **at = NEW_ARRAY(a, Node *, k->layers.count);
    size_t found = 0;
    Node *n = g->first;
    GRAPH_NODES(k->g, old)
    {
        if (found < k->layers.count && k->layers.items[found].node == old)
            at[found++] = n;
        n = node_next(n);
    }
    for (size_t i = 0; i < found; i++) {
        const Layer *y = &k->layers.items[i];
        node_set_input(g, at[i], 1, const_floats(g, y->l.w->name, &y->l.w->shape, y->reals));
    }
    return g;
}
