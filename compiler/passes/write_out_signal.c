/* Signal processing: windows and mel filters are constants; a discrete Fourier transform of fixed length is a product
 * with a constant matrix, one of frames (STFT) a convolution with it. */
#include "passes/write_out.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { MAX_ELEMENTS = 1 << 26 }; /* of a matrix */

static bool const_count(const Value *v, int64_t *out)
{
    double d;
    if (!v || !const_scalar(v, &d) || !(d >= 0 && d < MAX_ELEMENTS) || d != floor(d))
        return false;
    *out = (int64_t)d;
    return true;
}

/* ---- Windows ---- */

/* w(i) = a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n), n the size, or one less where it is symmetric. */
bool write_out_window(PassContext *c, Graph *g, Node *n)
{
    static const struct {
        const char *op_type;
        double a0, a1, a2;
    } rows[] = {
        {"HannWindow", 0.5, 0.5, 0}, {"HammingWindow", 25.0 / 46, 21.0 / 46, 0}, {"BlackmanWindow", 0.42, 0.5, 0.08}};
    int64_t size;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (!node_is(n, rows[r].op_type) || !node_in(n, 0) || !node_in(n, 0)->is_const)
            continue;
        DType type = dtype_from_onnx(node_int(n, "output_datatype", 1));
        if (!const_count(node_in(n, 0), &size) || !size || type == DT_NONE || type == DT_STRING)
            return written_error(c, n, "its size or attribute 'output_datatype' is not supported");
        float *w = NEW_ARRAY(g->arena, float, size);
        double step = 2 * pi / (double)(node_int(n, "periodic", 1) || size == 1 ? size : size - 1);
        for (int64_t i = 0; i < size; i++)
            w[i] = (float)(rows[r].a0 - rows[r].a1 * cos(step * (double)i) + rows[r].a2 * cos(2 * step * (double)i));
        Value *v = written_floats(g, w, (size_t)size);
        return written_in_place(g, n, written_cast(g, n, v, type));
    }
    return false;
}

/* ---- Mel filters ---- */

typedef struct {
    int64_t mels, length, rate;
    double low, high;
} Mel;

static bool read_mel(const Node *n, Mel *m)
{
    return n->inputs.count == 5 && const_count(node_in(n, 0), &m->mels) && const_count(node_in(n, 1), &m->length) &&
           const_count(node_in(n, 2), &m->rate) && const_scalar(node_in(n, 3), &m->low) &&
           const_scalar(node_in(n, 4), &m->high) && m->mels > 0 && m->length > 0 && m->rate > 0 && m->low >= 0 &&
           m->high > m->low && m->mels < MAX_ELEMENTS / (m->length / 2 + 1);
}

/* The bin of the spectrum where filter i begins, has its top (i + 1), ends (i + 2). */
static int64_t mel_bin(const Mel *m, int64_t i)
{
    double low = 2595 * log10(1 + m->low / 700), high = 2595 * log10(1 + m->high / 700);
    double mel = low + (double)i * (high - low) / (double)(m->mels + 2);
    double hertz = 700 * (pow(10, mel / 2595) - 1);
    double bin = floor((double)(m->length + 1) * hertz / (double)m->rate);
    return bin < (double)(m->length / 2 + 1) ? (int64_t)bin : m->length / 2 + 1;
}

static void fill_filter(const Mel *m, int64_t i, float *column)
{
    int64_t first = mel_bin(m, i), top = mel_bin(m, i + 1), end = mel_bin(m, i + 2), bins = m->length / 2 + 1;
    if (first == top && top < bins)
        column[top * m->mels] = 1;
    for (int64_t j = first; first < top && j <= top && j < bins; j++)
        column[j * m->mels] = (float)((double)(j - first) / (double)(top - first));
    for (int64_t j = top; top < end && j < end && j < bins; j++)
        column[j * m->mels] = (float)((double)(end - j) / (double)(end - top));
}

bool write_out_mel(PassContext *c, Graph *g, Node *n)
{
    Mel m;
    if (!node_is(n, "MelWeightMatrix") || !write_out_constant(n, 0))
        return false;
    DType type = dtype_from_onnx(node_int(n, "output_datatype", 1));
    if (!read_mel(n, &m) || type == DT_NONE || type == DT_STRING)
        return written_error(c, n, "its numbers of bins, its rates or attribute 'output_datatype' are not supported");
    Shape s = {.rank = 2, .dim = {m.length / 2 + 1, m.mels}};
    float *w = NEW_ARRAY(g->arena, float, shape_count(&s));
    for (int64_t i = 0; i < m.mels; i++)
        fill_filter(&m, i, w + i);
    return written_in_place(g, n, written_cast(g, n, const_floats(g, NULL, &s, w), type));
}

/* ---- Fourier transforms ---- */

typedef struct {
    int64_t length, bins, samples; /* of the transform, of its output, of its input */
    int axis;
    bool inverse;
} Dft;

/* e^(-2 pi i k t / length), conjugate and divided by the length when inverse. The angle is reduced in integers. */
static void twiddle(const Dft *d, int64_t k, int64_t t, double *re, double *im)
{
    double angle = 2 * pi * (double)(k * t % d->length) / (double)d->length,
           scale = d->inverse ? 1.0 / (double)d->length : 1;
    *re = cos(angle) * scale;
    *im = (d->inverse ? sin(angle) : -sin(angle)) * scale;
}

/* [samples * parts, bins * 2], parts 2 where the input is complex. */
static Value *dft_matrix(Graph *g, const Dft *d, int64_t parts)
{
    Shape s = {.rank = 2, .dim = {d->samples * parts, d->bins * 2}};
    float *w = NEW_ARRAY(g->arena, float, shape_count(&s)), *to = w;
    double re, im;
    for (int64_t t = 0; t < d->samples; t++)
        for (int64_t part = 0; part < parts; part++)
            for (int64_t k = 0; k < d->bins; k++) {
                twiddle(d, k, t, &re, &im);
                *to++ = (float)(part ? -im : re);
                *to++ = (float)(part ? re : im);
            }
    return const_floats(g, NULL, &s, w);
}

/* Axis and length, from attributes or constant inputs. */
static bool read_dft(PassContext *c, const Node *n, const Shape *x, Dft *d)
{
    double at = n->version < 20 ? (double)node_int(n, "axis", 1) : -2;
    if (node_in(n, 2) && !const_scalar(node_in(n, 2), &at))
        return written_error(c, n, "its axis is no scalar");
    const int axis = d->axis = write_out_axis(c, n, (int64_t)at, x->rank);
    if (axis < 0)
        return false;
    d->inverse = node_int(n, "inverse", 0);
    d->length = x->dim[axis];
    if (node_in(n, 1) && !const_count(node_in(n, 1), &d->length))
        return written_error(c, n, "its dft_length is not supported");
    const bool onesided = node_int(n, "onesided", 0);
    const int64_t parts = x->dim[x->rank - 1];
    d->samples = x->dim[axis] < d->length ? x->dim[axis] : d->length;
    d->bins = onesided ? d->length / 2 + 1 : d->length;
    if (axis == x->rank - 1 || parts < 1 || parts > 2 || (onesided && (parts == 2 || d->inverse)) || d->length < 1 ||
        d->samples < 1 || d->bins * 2 > MAX_ELEMENTS / (d->samples * parts))
        return written_error(c, n,
                             "its length is %" PRId64 " and its last axis has %" PRId64
                             " elements, inverse %d, onesided %d; "
                             "supported: 1 or 2 elements, onesided of 1 and not inverse",
                             d->length, parts, d->inverse, onesided);
    return true;
}

static Value *first_samples(Graph *g, Node *n, Value *v, int axis, int64_t samples)
{
    if (v->shape.dim[axis] == samples)
        return v;
    Value *y = written(g, n, "Slice", v, graph_const_ints(g, NULL, (int64_t[]){0}, 1));
    node_add_input(g, y->producer, graph_const_ints(g, NULL, &samples, 1));
    node_add_input(g, y->producer, graph_const_ints(g, NULL, (int64_t[]){axis}, 1));
    return y;
}

bool write_out_dft(PassContext *c, Graph *g, Node *n)
{
    Dft d = {0};
    if (!node_is(n, "DFT") || !known_f32(node_in(n, 0)) || node_in(n, 0)->shape.rank < 2 || !write_out_constant(n, 1))
        return false;
    const Shape x = node_in(n, 0)->shape;
    if (!read_dft(c, n, &x, &d))
        return false;
    const int last = x.rank - 1, axis = d.axis;
    int64_t to[MAX_RANK], back[MAX_RANK], dims[MAX_RANK];
    for (int i = 0, at = 0; i < last; i++) /* the axis goes in front of the parts */
        if (i != axis)
            to[at++] = i;
    to[last - 1] = axis;
    to[last] = last;
    for (int i = 0; i <= last; i++) {
        back[to[i]] = i;
        dims[i] = x.dim[to[i]];
    }
    Value *v = first_samples(g, n, node_in(n, 0), axis, d.samples);
    v = axis == last - 1 ? v : written_transpose(g, n, v, to, x.rank);
    v = written_reshape(g, n, v, (int64_t[]){-1, d.samples * x.dim[last]}, 2);
    v = written(g, n, "MatMul", v, dft_matrix(g, &d, x.dim[last]));
    dims[last - 1] = d.bins;
    dims[last] = 2;
    v = written_reshape(g, n, v, dims, x.rank);
    return written_in_place(g, n, axis == last - 1 ? v : written_transpose(g, n, v, back, x.rank));
}

/* [bins * 2, 1, length]: the window times the rows of the transform. */
static Value *stft_kernel(Graph *g, const Dft *d, const float *window)
{
    Shape s = {.rank = 3, .dim = {d->bins * 2, 1, d->length}};
    float *w = NEW_ARRAY(g->arena, float, shape_count(&s));
    double re, im;
    for (int64_t k = 0; k < d->bins; k++)
        for (int64_t t = 0; t < d->length; t++) {
            double scale = window ? (double)window[t] : 1;
            twiddle(d, k, t, &re, &im);
            w[2 * k * d->length + t] = (float)(re * scale);
            w[(2 * k + 1) * d->length + t] = (float)(im * scale);
        }
    return const_floats(g, NULL, &s, w);
}

bool write_out_stft(PassContext *c, Graph *g, Node *n)
{
    const Value *x = node_in(n, 0), *window = node_in(n, 2);
    int64_t step;
    Dft d = {0};
    if (!node_is(n, "STFT") || !known_f32(x) || !write_out_constant(n, 1))
        return false;
    const int64_t samples = x->shape.rank > 1 ? x->shape.dim[1] : 0;
    d.length = window ? shape_count(&window->shape) : 0;
    bool good = (window || node_in(n, 3)) && (!node_in(n, 3) || const_count(node_in(n, 3), &d.length)) &&
                const_count(node_in(n, 1), &step) && step > 0 && d.length > 0 && d.length <= samples &&
                (x->shape.rank == 2 || (x->shape.rank == 3 && x->shape.dim[2] == 1)) &&
                (!window || (const_f32(window) && shape_count(&window->shape) == d.length));
    d.bins = node_int(n, "onesided", 1) ? d.length / 2 + 1 : d.length;
    if (!good || d.bins * 2 > MAX_ELEMENTS / d.length)
        return written_error(c, n,
                             "its frames are not supported; supported: a real signal [batch, samples, 1], and constant "
                             "step, window and length that fit each other and the signal");
    const int64_t batch = x->shape.dim[0], frames = (samples - d.length) / step + 1;
    Value *v = written_reshape(g, n, node_in(n, 0), (int64_t[]){batch, 1, samples}, 3);
    v = written(g, n, "Conv", v, stft_kernel(g, &d, window ? window->data : NULL));
    node_set_ints(g, v->producer, "strides", &step, 1);
    v = written_reshape(g, n, v, (int64_t[]){batch, d.bins, 2, frames}, 4);
    return written_in_place(g, n, written_transpose(g, n, v, (int64_t[]){0, 3, 1, 2}, 4));
}
