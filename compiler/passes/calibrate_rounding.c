/* Weights to integers. Each sum's weights are rounded one after the other; what a rounding costs, the weights that are
 * still open make up for as well as they can: least squares over the inputs that the layer sees (the Gram matrix), by
 * Cholesky factors from LAPACK. */
#include "passes/calibrate.h"

#include <math.h>
#include <string.h>

/* LAPACK, column-major: a 'U' triangle here is the lower one of C's rows. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info);

#define DAMPING 0.01

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

/* Of one sum. */
typedef struct {
    double *w, *open, *near, *best, *error, *u;
    double *scale; /* of each weight */
    double most;   /* of the integers */
} Work;

static double error_of(const Layer *y, const double *gram, const Work *k, const double *q)
{
    for (int64_t i = 0; i < y->k; i++)
        k->error[i] = q[i] * k->scale[i] - k->w[i];
    return output_error(gram, y->k, k->error);
}

static void round_with_feedback(const Layer *y, const Work *k, double *q)
{
    memcpy(k->open, k->w, (size_t)y->k * sizeof *k->open);
    for (int64_t i = 0; i < y->k; i++) {
        q[i] = rounded(k->open[i], k->scale[i], k->most);
        double step = (k->open[i] - q[i] * k->scale[i]) / k->u[i * y->k + i];
        for (int64_t j = i + 1; j < y->k; j++)
            k->open[j] -= step * k->u[i * y->k + j];
    }
}

static double largest(const double *w, int64_t count)
{
    double most = 0;
    for (int64_t i = 0; i < count; i++)
        most = fmax(most, fabs(w[i]));
    return most;
}

/* Nearest integers for the scale with the least squared error of the weights: 4 bits gain by a smaller one. */
static double nearest(const double *w, int64_t count, double most)
{
    double full = largest(w, count) / most, best = INFINITY, chosen = full;
    if (!(full > 1e-30))
        return 1;
    for (int step = 0; step < (most < 127 ? 40 : 1); step++) {
        double scale = (double)(float)(full * (1 - 0.015 * step)), error = 0;
        for (int64_t i = 0; i < count; i++) {
            double e = rounded(w[i], scale, most) * scale - w[i];
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

/* Scale `at` of a sum is that of up to `block` input channels, `taps` weights apart. */
static void scale_block(const Layer *y, const Work *work, int64_t at, float *scale)
{
    int64_t channel = at / y->taps * y->block, left = y->k / y->taps - channel;
    int64_t count = left < y->block ? left : y->block, first = channel * y->taps + at % y->taps;
    for (int64_t i = 0; i < count; i++)
        work->open[i] = work->w[first + i * y->taps];
    *scale = (float)nearest(work->open, count, work->most);
    for (int64_t i = 0; i < count; i++)
        work->scale[first + i * y->taps] = (double)*scale;
}

static void choose_scales(Calibrator *k, const Layer *y, int64_t output, const Work *work)
{
    float *scale = y->scale + output * y->blocks;
    for (int64_t at = 0; y->block && at < y->blocks; at++)
        scale_block(y, work, at, scale + at);
    if (y->block)
        return;
    *scale = (float)scale_for_bias(k, y, output, nearest(work->w, y->k, work->most));
    for (int64_t i = 0; i < y->k; i++)
        work->scale[i] = (double)*scale;
}

static void quantise_output(Calibrator *k, Layer *y, int64_t output, const Work *work, bool feedback)
{
    int64_t group = output / (y->outputs / y->groups);
    const float *w = y->l.w->data;
    const double *gram = y->gram ? y->gram + group * y->k * y->k : NULL;
    for (int64_t i = 0; i < y->k; i++)
        work->w[i] = (double)w[weight_at(y, output, i)];
    choose_scales(k, y, output, work);
    for (int64_t i = 0; i < y->k; i++)
        work->near[i] = rounded(work->w[i], work->scale[i], work->most);
    const double *chosen = work->near;
    if (feedback) {
        round_with_feedback(y, work, work->best);
        if (error_of(y, gram, work, work->best) < error_of(y, gram, work, work->near))
            chosen = work->best;
    }
    for (int64_t i = 0; i < y->k; i++) {
        int64_t at = weight_at(y, output, i);
        y->integers[at] = (int8_t)chosen[i];
        y->reals[at] = (float)(chosen[i] * work->scale[i]);
    }
}

static void quantise_layer(Calibrator *k, Layer *y)
{
    int64_t count = shape_count(&y->l.w->shape), per_group = y->outputs / y->groups;
    Arena *a = arena_new();
    Work work = {NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k),
                 NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k), NEW_ARRAY(a, double, y->k * y->k),
                 NEW_ARRAY(a, double, y->k), y->bits == 4 ? 7 : 127};
    y->scale = NEW_ARRAY(k->g->arena, float, y->outputs * y->blocks);
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

bool quantise_weights(Calibrator *k)
{
    if (!(k->cal->no_rounding && k->cal->no_bias_correction) && !measure_layers(k))
        return false;
    for (size_t i = 0; i < k->layers.count; i++)
        quantise_layer(k, &k->layers.items[i]);
    return true;
}
