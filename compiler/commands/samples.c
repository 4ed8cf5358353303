#include "commands/samples.h"
#include "base/text.h"
#include "base/io.h"
#include "base/npy.h"
#include "commands/vectors.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Input `index` of all cases behind each other: [cases, shape of one]. */
static bool stack_cases(Arena *a, Diag *d, const char *dir, const CaseList *cases, size_t index, RawArray *out)
{
    Tensor first, t;
    size_t bytes;
    if (!vector_read(a, d, cases->items[0].in.items[index], &first) || !tensor_bytes(&first, &bytes))
        return false;
    if (first.shape.rank == MAX_RANK)
        return diag_error(d, "%s: more than %d dimensions", cases->items[0].in.items[index], MAX_RANK - 1);
    unsigned char *data = arena_array(a, cases->count, bytes);
    for (size_t i = 0; i < cases->count; i++) {
        const char *path = cases->items[i].in.items[index];
        if (!vector_read(a, d, path, &t))
            return false;
        if (t.type != first.type || !shape_equal(&t.shape, &first.shape))
            return diag_error(d, "%s: its type or shape is not that of %s", path, cases->items[0].in.items[index]);
        if (bytes)
            memcpy(data + i * bytes, t.data, bytes);
    }
    Shape s = {.rank = first.shape.rank + 1, .dim = {(int64_t)cases->count}};
    memcpy(s.dim + 1, first.shape.dim, (size_t)first.shape.rank * sizeof *s.dim);
    *out = (RawArray){"", dir, {first.type, s, data}};
    return true;
}

static bool read_vectors(Arena *a, Diag *d, const char *dir, RawList *out)
{
    CaseList cases = {0};
    if (!vectors_find(a, d, dir, &cases))
        return false;
    for (size_t i = 1; i < cases.count; i++)
        if (cases.items[i].in.count != cases.items[0].in.count)
            return diag_error(d, "%s: case %s has %zu inputs, case %s has %zu", dir, cases.items[i].name,
                              cases.items[i].in.count, cases.items[0].name, cases.items[0].in.count);
    for (size_t i = 0; i < cases.items[0].in.count; i++) {
        RawArray one;
        if (!stack_cases(a, d, dir, &cases, i, &one))
            return false;
        array_push(a, out, one);
    }
    return true;
}

static bool has_images(Arena *a, Diag *d, const char *dir, bool *out)
{
    NameList names = {0};
    if (!io_list(a, d, dir, &names))
        return false;
    *out = false;
    for (size_t i = 0; i < names.count; i++)
        *out = *out || is_image(names.items[i]);
    return true;
}

bool samples_raw(Arena *a, Diag *d, const StringList *paths, const Preprocess *p, const Value *like, RawList *out)
{
    for (size_t i = 0; i < paths->count; i++) {
        const char *path = paths->items[i];
        bool images = false, ok;
        RawArray one = {.name = "", .source = path};
        if (io_is_dir(path)) {
            ok = has_images(a, d, path, &images);
            if (ok && !images)
                ok = read_vectors(a, d, path, out);
            else if (ok && (ok = images_read(a, d, path, p, like, &one)))
                array_push(a, out, one);
        } else if (text_ends_with(path, ".npz")) {
            ok = npz_read(a, d, path, out);
        } else if ((ok = npy_read(a, d, path, &one.tensor))) {
            array_push(a, out, one);
        }
        if (!ok)
            return false;
    }
    return true;
}

/* The array for input i: by its name, else by its place. */
static const RawArray *array_of(const Graph *g, const RawList *raw, size_t i)
{
    for (size_t k = 0; k < raw->count; k++)
        if (*raw->items[k].name && strcmp(raw->items[k].name, g->inputs.items[i]->name) == 0)
            return &raw->items[k];
    size_t place = 0;
    for (size_t k = 0; k < i; k++)
        place += graph_state_of_input(g, k) < 0;
    return place < raw->count ? &raw->items[place] : NULL;
}

bool samples_shapes(Arena *a, Diag *d, const Graph *g, const RawList *raw, StringList *shapes)
{
    (void)d;
    for (size_t i = 0; i < g->inputs.count; i++) {
        const Value *v = g->inputs.items[i];
        const RawArray *r = array_of(g, raw, i);
        if (shape_known(&v->shape) || !r || v->shape.rank < 1)
            continue;
        const Shape *s = &r->tensor.shape;
        const int64_t *from = s->rank == v->shape.rank ? s->dim : s->rank == v->shape.rank + 1 ? s->dim + 1 : NULL;
        const char *text = arena_printf(a, "%s=", v->name);
        for (int k = 0; k < v->shape.rank; k++) {
            int64_t open = k == 0 && from != s->dim + 1 ? 1 : from ? from[k] : -1;
            int64_t dim = v->shape.dim[k] >= 0 ? v->shape.dim[k] : open;
            if (dim < 0)
                text = NULL;
            if (!text)
                break;
            text = arena_printf(a, "%s%s%" PRId64, text, k ? "," : "", dim);
        }
        if (text)
            array_push(a, shapes, text);
    }
    return true;
}

static int without_ones(const int64_t *dim, int rank, int64_t *out)
{
    int n = 0;
    for (int i = 0; i < rank; i++)
        if (dim[i] != 1)
            out[n++] = dim[i];
    return n;
}

static bool same_but_ones(const int64_t *a, int a_rank, const int64_t *b, int b_rank)
{
    int64_t x[MAX_RANK], y[MAX_RANK];
    int n = without_ones(a, a_rank, x), m = without_ones(b, b_rank, y);
    return n == m && (n == 0 || memcmp(x, y, (size_t)n * sizeof *x) == 0);
}

typedef struct {
    Diag *diag;
    const RawArray *raw;
    const Value *value;
    const Preprocess *p;
    int64_t count, elements; /* samples, and elements of one */
    int64_t channels, inner; /* of the model's input: element e is of channel e / inner % channels */
    bool to_nchw;            /* the array is [N,H,W,C], the model's input has C in front */
} Fit;

static bool is_channel_count(int64_t n)
{
    return n == 1 || n == 3 || n == 4;
}

static void find_channels(Fit *f)
{
    const Shape *s = &f->value->shape;
    const Shape *r = &f->raw->tensor.shape;
    f->channels = f->inner = 1;
    if (s->rank != 4)
        return;
    bool nhwc = f->p->layout == LAYOUT_NHWC ||
                (f->p->layout == LAYOUT_AS_MODEL && !is_channel_count(s->dim[1]) && is_channel_count(s->dim[3]));
    f->channels = nhwc ? s->dim[3] : s->dim[1];
    f->inner = nhwc ? 1 : s->dim[2] * s->dim[3];
    f->to_nchw = !nhwc && r->rank == 4 && r->dim[3] == s->dim[1] && r->dim[1] == s->dim[2] && r->dim[2] == s->dim[3] &&
                 s->dim[1] > 1 && !same_but_ones(r->dim + 1, 3, s->dim + 1, 3);
}

static bool shape_error(const Fit *f)
{
    char got[SHAPE_TEXT_BYTES], want[SHAPE_TEXT_BYTES];
    Arena *a = f->diag->arena;
    return diag_error(f->diag,
                      "%s: shape %s does not hold samples for input %s of shape %s; hint: the first axis counts the "
                      "samples, the others are the input's",
                      diag_quote(a, f->raw->source), shape_text(&f->raw->tensor.shape, got, sizeof got),
                      diag_quote(a, f->value->name), shape_text(&f->value->shape, want, sizeof want));
}

/* How the array and the input belong together. */
static bool fit_shape(Fit *f)
{
    const Shape *r = &f->raw->tensor.shape, *s = &f->value->shape;
    if (r->rank < 1 || !shape_known(s))
        return shape_error(f);
    f->count = r->dim[0];
    if (f->count == 0)
        return diag_error(f->diag, "%s: holds no samples", diag_quote(f->diag->arena, f->raw->source));
    find_channels(f);
    bool whole = same_but_ones(r->dim + 1, r->rank - 1, s->dim, s->rank);
    bool one = s->rank > 0 && (f->to_nchw || same_but_ones(r->dim + 1, r->rank - 1, s->dim + 1, s->rank - 1));
    f->elements = whole || !one ? shape_count(s) : shape_count(s) / s->dim[0];
    if (f->p->mean_count > 1 && f->p->mean_count != f->channels)
        return diag_error(f->diag, "--preprocess: mean has %d numbers, input %s %" PRId64 " channels", f->p->mean_count,
                          diag_quote(f->diag->arena, f->value->name), f->channels);
    if (f->p->std_count > 1 && f->p->std_count != f->channels)
        return diag_error(f->diag, "--preprocess: std has %d numbers, input %s %" PRId64 " channels", f->p->std_count,
                          diag_quote(f->diag->arena, f->value->name), f->channels);
    return whole || one || shape_error(f);
}

/* Floats, or what --preprocess makes of the array, are quantised for an input of integers. */
static bool takes_floats(const Fit *f)
{
    return port_takes_floats(f->value, f->p->given ? DT_F32 : f->raw->tensor.type);
}

static bool fit_type(const Fit *f)
{
    DType from = f->raw->tensor.type, to = f->value->type;
    Arena *a = f->diag->arena;
    if (f->p->given && takes_floats(f))
        return true;
    if (f->p->given && to != DT_F32)
        return diag_error(f->diag, "--preprocess: input %s is %s; supported: f32", diag_quote(a, f->value->name),
                          dtype_name(to));
    if (from == to || takes_floats(f) || (to == DT_F32 && (f->p->given || from == DT_F64 || from == DT_F16)))
        return true;
    return diag_error(f->diag, "%s: holds %s, but input %s is %s; hint: --preprocess says how raw data become inputs",
                      diag_quote(a, f->raw->source), dtype_name(from), diag_quote(a, f->value->name), dtype_name(to));
}

static double raw_element(const Tensor *t, int64_t i)
{
    return dtype_is_float(t->type) ? tensor_float(t, i) : (double)tensor_int(t, i);
}

static void convert(const Fit *f, float *to)
{
    int64_t pixels = f->inner, channels = f->channels;
    for (int64_t n = 0; n < f->count; n++)
        for (int64_t e = 0; e < f->elements; e++) {
            int64_t channel = e / f->inner % f->channels;
            int64_t from = f->to_nchw ? e % pixels * channels + channel : e;
            to[n * f->elements + e] =
                (float)preprocess_apply(f->p, raw_element(&f->raw->tensor, n * f->elements + from), channel);
        }
}

static bool check_floats(const Fit *f, const float *x)
{
    const char *source = diag_quote(f->diag->arena, f->raw->source);
    float lo = x[0], hi = x[0];
    for (int64_t i = 0; i < f->count * f->elements; i++) {
        if (!isfinite(x[i]))
            return diag_error(f->diag, "%s: sample %" PRId64 " holds %s", source, i / f->elements,
                              isnan(x[i]) ? "NaN" : "an infinity");
        lo = fminf(lo, x[i]);
        hi = fmaxf(hi, x[i]);
    }
    if (lo == hi)
        diag_warning(f->diag, "%s: all %" PRId64 " elements are %g: nothing can be learnt from constant data", source,
                     f->count * f->elements, (double)lo);
    return true;
}

static bool fit_one(Arena *a, Fit *f, unsigned char **data, size_t *bytes)
{
    if (!fit_shape(f) || !fit_type(f))
        return false;
    *bytes = (size_t)f->elements * dtype_size(f->value->type);
    if (f->elements < 1)
        return diag_error(f->diag, "input %s has no elements", diag_quote(f->diag->arena, f->value->name));
    if (takes_floats(f)) {
        float *x = arena_array(a, (size_t)(f->count * f->elements), sizeof *x);
        Tensor t = {DT_F32, {.rank = 2, .dim = {f->count, f->elements}}, x};
        convert(f, x);
        if (!check_floats(f, x))
            return false;
        port_quantise(a, &t, f->value);
        *data = (unsigned char *)t.data;
        return true;
    }
    if (f->value->type != DT_F32 || (f->raw->tensor.type == DT_F32 && !f->p->given)) {
        *data = (unsigned char *)f->raw->tensor.data;
        if (f->to_nchw)
            return shape_error(f);
    } else {
        *data = arena_array(a, (size_t)(f->count * f->elements), sizeof(float));
        convert(f, (float *)*data);
    }
    return f->value->type != DT_F32 || check_floats(f, (const float *)*data);
}

bool samples_fit(Arena *a, Diag *d, const Graph *g, const RawList *raw, const Preprocess *p, Samples *out)
{
    size_t n = g->inputs.count, wanted = n - g->states.count;
    *out = (Samples){0, n, NEW_ARRAY(a, size_t, n), NEW_ARRAY(a, unsigned char *, n)};
    if (raw->count != wanted && (raw->count < wanted || !*raw->items[0].name))
        return diag_error(d, "data for %zu inputs, but the model has %zu", raw->count, wanted);
    for (size_t i = 0; i < n; i++) {
        if (graph_state_of_input(g, i) >= 0)
            continue;
        Fit f = {.diag = d, .raw = array_of(g, raw, i), .value = g->inputs.items[i], .p = p};
        if (!f.raw || !fit_one(a, &f, &out->data[i], &out->bytes[i]))
            return !f.raw && diag_error(d, "no data for input %s", diag_quote(d->arena, f.value->name));
        if (out->count && out->count != (size_t)f.count)
            return diag_error(d, "%s: %" PRId64 " samples, the input before has %zu", diag_quote(a, f.raw->source),
                              f.count, out->count);
        out->count = (size_t)f.count;
    }
    return true;
}
