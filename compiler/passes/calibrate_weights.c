/* Weights to integers. Each sum's weights are rounded one after the other; what a rounding costs, the weights that are
 * still open make up for as well as they can: least squares over the inputs that the layer sees (the Gram matrix), by
 * Cholesky factors from LAPACK. What the mean input still sees of the error goes into the bias. */
#include "passes/calibrate.h"

#include <math.h>
#include <string.h>

/* LAPACK, column-major: a 'U' triangle here is the lower one of C's rows. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);

#define DAMPING 0.01

static int64_t weight_at(const Layer *y, int64_t output, int64_t i)
{
    return y->by_rows ? output * y->k + i : i * y->outputs + output;
}

/* The upper factor U of the inverse, inverse = U'U, row-major; false when the matrix is not positive. */
static bool inverse_factor(const double *gram, int64_t k, int64_t rows, double *u)
{
    int n = (int)k, info = 0;
    double trace = 0;
    for (int64_t i = 0; i < k; i++)
        trace += gram[i * k + i];
    double damping = DAMPING * trace / (double)k + 1e-9 * (double)rows + 1e-30;
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < k; j++)
            u[i * k + j] = (j <= i ? gram[i * k + j] : gram[j * k + i]) + (i == j ? damping : 0);
    dpotrf_("L", &n, u, &n, &info);
    if (info == 0)
        dpotri_("L", &n, u, &n, &info);
    if (info != 0)
        return false;
    /* Column-major "L" of the inverse lies in the upper triangle of C's rows; its factor with "L" is L with
     * inverse = L L', and U = L' has the same bytes when they are read by rows. */
    dpotrf_("L", &n, u, &n, &info);
    return info == 0;
}

static double rounded(double w, double scale, double most)
{
    double q = rint(w / scale);
    return q < -most ? -most : q > most ? most : q;
}

/* e' gram e for the error of one sum. */
static double output_error(const double *gram, int64_t k, const double *e)
{
    double sum = 0;
    for (int64_t i = 0; i < k; i++) {
        double row = 0;
        for (int64_t j = 0; j < i; j++)
            row += gram[i * k + j] * e[j];
        sum += e[i] * (2 * row + gram[i * k + i] * e[i]);
    }
    return sum;
}

typedef struct {
    double *w, *open, *near, *best, *error, *u;
    double most; /* of the integers */
} Work;

static double error_of(const Layer *y, const double *gram, const Work *k, const double *q, double scale)
{
    for (int64_t i = 0; i < y->k; i++)
        k->error[i] = q[i] * scale - k->w[i];
    return output_error(gram, y->k, k->error);
}

static void round_with_feedback(const Layer *y, const Work *k, double scale, double *q)
{
    memcpy(k->open, k->w, (size_t)y->k * sizeof *k->open);
    for (int64_t i = 0; i < y->k; i++) {
        q[i] = rounded(k->open[i], scale, k->most);
        double step = (k->open[i] - q[i] * scale) / k->u[i * y->k + i];
        for (int64_t j = i + 1; j < y->k; j++)
            k->open[j] -= step * k->u[i * y->k + j];
    }
}

static double largest(const double *w, int64_t k)
{
    double most = 0;
    for (int64_t i = 0; i < k; i++)
        most = fmax(most, fabs(w[i]));
    return most;
}

/* Nearest integers for the scale with the least squared error of the weights: 4 bits gain by a smaller one. */
static double nearest(const Layer *y, const Work *k, int bits)
{
    double full = largest(k->w, y->k) / k->most, best = INFINITY, chosen = full;
    if (!(full > 1e-30))
        return 1;
    for (int step = 0; step < (bits < 8 ? 40 : 1); step++) {
        double scale = (double)(float)(full * (1 - 0.015 * step)), error = 0;
        for (int64_t i = 0; i < y->k; i++) {
            double e = rounded(k->w[i], scale, k->most) * scale - k->w[i];
            error += e * e;
        }
        if (error < best) {
            best = error;
            chosen = scale;
        }
    }
    return chosen;
}

/* A bias must fit 32 bits in units of the accumulator: the scale of its channel grows when it does not. */
static double scale_for_bias(Calibrator *k, const Layer *y, int64_t output, double scale)
{
    const Value *bias = y->l.bias;
    double x = (double)track_of(k, node_in(y->node, 0))->scale, limit = 1073741824.0;
    if (!bias)
        return scale;
    Tensor t = value_tensor(bias);
    double b = fabs(tensor_float(&t, shape_count(&bias->shape) > 1 ? output : 0) * y->l.beta);
    return b / (x * scale) > limit ? b / (x * limit) : scale;
}

static void quantise_output(Calibrator *k, Layer *y, int64_t output, const Work *work, bool feedback)
{
    int64_t group = output / (y->outputs / y->groups);
    const float *w = y->l.w->data;
    const double *gram = y->gram ? y->gram + group * y->k * y->k : NULL;
    for (int64_t i = 0; i < y->k; i++)
        work->w[i] = (double)w[weight_at(y, output, i)];
    double scale = (double)(float)scale_for_bias(k, y, output, nearest(y, work, y->bits));
    for (int64_t i = 0; i < y->k; i++)
        work->near[i] = rounded(work->w[i], scale, work->most);
    const double *chosen = work->near;
    if (feedback) {
        round_with_feedback(y, work, scale, work->best);
        if (error_of(y, gram, work, work->best, scale) < error_of(y, gram, work, work->near, scale))
            chosen = work->best;
    }
    y->scale[output] = (float)scale;
    for (int64_t i = 0; i < y->k; i++) {
        int64_t at = weight_at(y, output, i);
        y->integers[at] = (int8_t)chosen[i];
        y->reals[at] = (float)(chosen[i] * scale);
    }
}

static void quantise_layer(Calibrator *k, Layer *y)
{
    int64_t count = shape_count(&y->l.w->shape), per_group = y->outputs / y->groups;
    Arena *a = arena_new();
    Work work = {NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k),
                 NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k * y->k),
                 y->bits == 4 ? 7 : 127};
    y->scale = NEW_ARRAY(k->g->arena, float, y->outputs);
    y->integers = NEW_ARRAY(k->g->arena, int8_t, count);
    y->reals = NEW_ARRAY(k->g->arena, float, count);
    for (int64_t g = 0; g < y->groups; g++) {
        bool feedback = y->gram && y->rows && !k->cal->no_rounding &&
                        inverse_factor(y->gram + g * y->k * y->k, y->k, y->rows, work.u);
        for (int64_t o = g * per_group; o < (g + 1) * per_group; o++)
            quantise_output(k, y, o, &work, feedback);
    }
    arena_free(a);
}

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

bool quantise_weights(Calibrator *k)
{
    if (!(k->cal->no_rounding && k->cal->no_bias_correction) && !measure_layers(k))
        return false;
    for (size_t i = 0; i < k->layers.count; i++)
        quantise_layer(k, &k->layers.items[i]);
    return true;
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
