/* What a layer's sums of products see: for each group of channels the Gram matrix and the mean of its inputs, from rows
 * taken at fixed positions of each sample, with the activations in front rounded as they will be. */
#include "ops/wide.h"
#include "passes/calibrate.h"

#include <string.h>

enum { MAX_K = 2048, ROWS_A_PRODUCT = 6, LEAST_ROWS = 2000 };

static bool is_view(const Node *n)
{
    return node_is(n, "Reshape") || node_is(n, "Flatten") || node_is(n, "Squeeze") || node_is(n, "Unsqueeze") ||
           node_is(n, "Identity");
}

/* The value whose step computes v's elements. */
static const Value *computed_value(const Value *v)
{
    while (v->producer && is_view(v->producer) && node_in(v->producer, 0))
        v = node_in(v->producer, 0);
    return v;
}

static bool describe_conv(Calibrator *k, Layer *y)
{
    OpContext oc = {k->c->diag, k->c->scratch};
    const Shape *x = &node_in(y->node, 0)->shape, *w = &y->l.w->shape;
    Window window;
    int spatial = x->rank - 2, skip = 2 - spatial;
    if (!window_of(&oc, y->node, x->dim + 2, spatial, w->dim + 2, false, &window))
        return false;
    y->groups = node_int(y->node, "group", 1);
    y->in[0] = x->dim[1];
    for (int d = 0; d < 2; d++) {
        bool real = d >= skip;
        y->kernel[d] = real ? window.kernel[d - skip] : 1;
        y->stride[d] = real ? window.stride[d - skip] : 1;
        y->dilation[d] = real ? window.dilation[d - skip] : 1;
        y->begin[d] = real ? window.begin[d - skip] : 0;
        y->out[d] = real ? window.out[d - skip] : 1;
        y->in[d + 1] = real ? x->dim[2 + d - skip] : 1;
    }
    return true;
}

int64_t weight_at(const Layer *y, int64_t output, int64_t i)
{
    return y->by_rows ? output * y->k + i : i * y->outputs + output;
}

/* Blocks lie within one tap, as ONNX has them, and are alike within it. */
static void choose_block(const Calibrator *k, Layer *y)
{
    const int64_t channels = y->k / y->taps;
    int64_t block = y->bits == 4 && k->cal->group < y->k ? k->cal->group : 0;
    while (y->taps > 1 && block >= LEAST_GROUP && channels % block)
        block--;
    y->block = block >= LEAST_GROUP && channels >= LEAST_GROUP ? block : 0;
    y->blocks = y->block ? (channels + y->block - 1) / y->block * y->taps : 1;
}

/* MatMul has no bias of its own: a constant row that is added behind takes corrections. */
static void find_shift(Layer *y)
{
    Value *out = node_out(y->node, 0);
    Node *user = single_use(out) ? out->users.items[0] : NULL;
    if (!node_is(y->node, "MatMul") || !node_is(user, "Add"))
        return;
    Value *row = node_in(user, node_in(user, 0) == out ? 1 : 0);
    if (!const_f32(row) || shape_count(&row->shape) != y->outputs || row->shape.dim[row->shape.rank - 1] != y->outputs)
        return;
    y->add = row;
    y->shift = node_out(user, 0);
}

static bool add_layer(Calibrator *k, Node *n, const Linear *l)
{
    Layer y = {.node = n, .l = *l, .groups = 1, .outputs = l->channels, .conv = node_is(n, "Conv")};
    const Value *x = node_in(n, 0);
    if (y.conv && !describe_conv(k, &y))
        return false;
    y.k = shape_count(&l->w->shape) / y.outputs;
    const LayerFormat *f = format_of(k, n);
    y.bits = f ? f->weight_bits : k->cal->weight_bits;
    y.taps = y.conv ? y.kernel[0] * y.kernel[1] : 1;
    choose_block(k, &y);
    y.by_rows = y.conv || l->w_axis == 0;
    y.data = computed_value(x)->id;
    find_shift(&y);
    if (y.k <= MAX_K && !node_int(n, "transA", 0)) {
        y.gram = NEW_ARRAY(k->g->arena, double, y.groups *y.k *y.k);
        y.mean = NEW_ARRAY(k->g->arena, double, y.groups *y.k);
        y.waiting = NEW_ARRAY(k->g->arena, double, y.groups *GRAM_ROWS *y.k);
    }
    array_push(k->g->arena, &k->layers, y);
    return true;
}

bool find_layers(Calibrator *k)
{
    bool ok = true;
    GRAPH_NODES(k->g, n)
    {
        Linear l;
        bool ours = node_is(n, "Conv") || node_is(n, "Gemm") || node_is(n, "MatMul");
        if (ours && linear_of(n, &l) && k->track[node_in(n, 0)->id].quantised && !stays_float(k, n))
            ok = add_layer(k, n, &l) && ok;
    }
    return ok;
}

/* The inputs of one sum: group `group`, position (row, column) of the output. */
static void gather_conv(const Layer *y, const float *x, int64_t group, int64_t row, int64_t column, float *to)
{
    int64_t channels = y->in[0] / y->groups, height = y->in[1], width = y->in[2];
    for (int64_t c = 0; c < channels; c++)
        for (int64_t ky = 0; ky < y->kernel[0]; ky++)
            for (int64_t kx = 0; kx < y->kernel[1]; kx++) {
                int64_t iy = row * y->stride[0] - y->begin[0] + ky * y->dilation[0];
                int64_t ix = column * y->stride[1] - y->begin[1] + kx * y->dilation[1];
                bool inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
                *to++ = inside ? x[((group * channels + c) * height + iy) * width + ix] : 0;
            }
}

typedef double Lanes __attribute__((vector_size(32), aligned(sizeof(double)), may_alias));

/* The lower triangle and the mean of a group, by the rows that wait, in their order; zeros change nothing. */
WIDE_CLONES static void accumulate(const Layer *y, int64_t group)
{
    double *gram = y->gram + group * y->k * y->k, *mean = y->mean + group * y->k;
    const double *rows = y->waiting + group * GRAM_ROWS * y->k;
    for (int64_t i = 0; i < y->k; i++) {
        double *to = gram + i * y->k, a[GRAM_ROWS];
        bool any = false;
        for (int r = 0; r < GRAM_ROWS; r++) {
            a[r] = rows[r * y->k + i];
            mean[i] += a[r];
            any = any || a[r] != 0;
        }
        int64_t j = any ? 0 : i + 1;
        for (; j + 8 <= i + 1; j += 8) {
            Lanes s0 = *(const Lanes *)(to + j), s1 = *(const Lanes *)(to + j + 4);
            for (int r = 0; r < GRAM_ROWS; r++) {
                const double *row = rows + r * y->k + j;
                s0 += a[r] * *(const Lanes *)row;
                s1 += a[r] * *(const Lanes *)(row + 4);
            }
            *(Lanes *)(to + j) = s0;
            *(Lanes *)(to + j + 4) = s1;
        }
        for (; j <= i; j++)
            for (int r = 0; r < GRAM_ROWS; r++)
                to[j] += a[r] * rows[r * y->k + j];
    }
}

static void accumulate_all(Layer *y)
{
    for (int64_t g = 0; g < y->groups; g++)
        accumulate(y, g);
    memset(y->waiting, 0, (size_t)(y->groups * GRAM_ROWS * y->k) * sizeof *y->waiting);
}

static void see_layer(Calibrator *k, Layer *y, const float *x, int64_t count, size_t at_case)
{
    float gathered[MAX_K];
    int64_t positions = y->conv ? y->out[0] * y->out[1] : count / y->k;
    int64_t wanted = ROWS_A_PRODUCT * y->k > LEAST_ROWS ? ROWS_A_PRODUCT * y->k : LEAST_ROWS;
    int64_t each = (wanted + (int64_t)k->cal->own.cases - 1) / (int64_t)k->cal->own.cases;
    each = each < positions ? each : positions;
    for (int64_t i = 0; i < each; i++) {
        /* Spread over the sample, elsewhere in the next one. */
        int64_t at = (i * positions / each + (int64_t)(at_case * 7919)) % positions;
        for (int64_t g = 0; g < y->groups; g++) {
            const float *row = y->conv ? gathered : x + at * y->k;
            double *to = y->waiting + (g * GRAM_ROWS + y->rows % GRAM_ROWS) * y->k;
            if (y->conv)
                gather_conv(y, x, g, at / y->out[1], at % y->out[1], gathered);
            for (int64_t j = 0; j < y->k; j++)
                to[j] = (double)row[j];
        }
        if (++y->rows % GRAM_ROWS == 0)
            accumulate_all(y);
    }
}

static void see(void *context, const Value *v, float *data, int64_t count, size_t at_case)
{
    Calibrator *k = context;
    const Track *t = &k->track[v->id];
    if (t->quantised)
        fake_quantise(track_of(k, v), data, count);
    for (size_t i = 0; i < k->layers.count; i++)
        if (k->layers.items[i].data == v->id && k->layers.items[i].gram)
            see_layer(k, &k->layers.items[i], data, count, at_case);
}

bool measure_layers(Calibrator *k)
{
    bool ok = evaluate_all(k, see, k);
    for (size_t i = 0; ok && i < k->layers.count; i++)
        if (k->layers.items[i].gram)
            accumulate_all(&k->layers.items[i]);
    return ok;
}
