#include "commands/vectors.h"
#include "base/text.h"
#include "base/io.h"
#include "base/npy.h"
#include "load/load.h"
#include "lower/lower.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PORTS = 1000 };

/* "in<I>_<K>.npy" for the given I and K. */
static const char *npy_path(Arena *a, const char *dir, const char *kind, size_t index, long k)
{
    return io_join(a, dir, arena_printf(a, "%s%zu_%ld.npy", kind, index, k));
}

static void gather_npy(Arena *a, const char *dir, const char *kind, long k, StringList *out)
{
    for (size_t i = 0; i < MAX_PORTS; i++) {
        const char *path = npy_path(a, dir, kind, i, k);
        if (!io_exists(path))
            return;
        array_push(a, out, path);
    }
}

static void gather_pb(Arena *a, const char *folder, const char *kind, StringList *out)
{
    for (size_t i = 0; i < MAX_PORTS; i++) {
        const char *path = io_join(a, folder, arena_printf(a, "%s_%zu.pb", kind, i));
        if (!io_exists(path))
            return;
        array_push(a, out, path);
    }
}

/* K of a case's first file: in0_K.npy, out0_K.npy (a model without inputs) or test_data_set_K; -1 when it is none. */
static long case_number(const char *name, bool *is_pb)
{
    static const char *const prefix[] = {"test_data_set_", "in0_", "out0_"};
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(prefix[i]);
        if (strncmp(name, prefix[i], n) != 0 || name[n] < '0' || name[n] > '9')
            continue;
        char *end;
        long k = strtol(name + n, &end, 10);
        *is_pb = i == 0;
        if (k >= 0 && k < 1000000000 && strcmp(end, *is_pb ? "" : ".npy") == 0)
            return k;
    }
    return -1;
}

static int by_number(const void *x, const void *y)
{
    long a = strtol(((const Case *)x)->name, NULL, 10), b = strtol(((const Case *)y)->name, NULL, 10);
    return (a > b) - (a < b);
}

bool vectors_find(Arena *a, Diag *d, const char *dir, CaseList *out)
{
    NameList names = {0};
    if (!io_list(a, d, dir, &names))
        return false;
    Map *seen = map_new(a);
    for (size_t i = 0; i < names.count; i++) {
        bool is_pb = false;
        long k = case_number(names.items[i], &is_pb);
        const char *id = arena_printf(a, "%ld", k);
        if (k < 0 || map_has(seen, id))
            continue;
        map_set(seen, id, seen);
        Case c = {.name = id};
        if (is_pb) {
            const char *folder = io_join(a, dir, names.items[i]);
            gather_pb(a, folder, "input", &c.in);
            gather_pb(a, folder, "output", &c.out);
        } else {
            gather_npy(a, dir, "in", k, &c.in);
            gather_npy(a, dir, "out", k, &c.out);
        }
        array_push(a, out, c);
    }
    if (!out->count)
        return diag_error(
            d, "%s: no golden vectors; hint: files in0_0.npy ... out0_0.npy, or test_data_set_0/input_0.pb ...", dir);
    qsort(out->items, out->count, sizeof *out->items, by_number);
    return true;
}

bool vector_read(Arena *a, Diag *d, const char *path, Tensor *out)
{
    return text_ends_with(path, ".pb") ? load_tensor_pb(a, d, path, out) : npy_read(a, d, path, out);
}

Shape port_shape(const Value *v, bool last)
{
    return last ? shape_channels_first(&v->shape) : v->shape;
}

/* Row-major [outer, a, b] elements to [outer, b, a]. */
static const void *swapped(Arena *arena, const Tensor *t, int64_t outer, int64_t a, int64_t b)
{
    size_t size = dtype_size(t->type);
    unsigned char *to = arena_array(arena, (size_t)(outer * a * b), size);
    const unsigned char *from = t->data;
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < a; i++)
            for (int64_t j = 0; j < b; j++)
                memcpy(to + (size_t)((o * b + j) * a + i) * size, from + (size_t)((o * a + i) * b + j) * size, size);
    return to;
}

/* [N, C, rest...] to [N, rest..., C] */
void port_to_program(Arena *a, Tensor *t, bool last)
{
    if (!last)
        return;
    int64_t channels = t->shape.dim[1], outer = t->shape.dim[0], count = shape_count(&t->shape);
    if (count > 0)
        t->data = swapped(a, t, outer, channels, count / outer / channels);
    for (int i = 1; i < t->shape.rank - 1; i++)
        t->shape.dim[i] = t->shape.dim[i + 1];
    t->shape.dim[t->shape.rank - 1] = channels;
}

Tensor port_to_file(Arena *a, const Value *v, bool last, const void *bytes)
{
    Tensor t = {v->type, v->shape, bytes};
    int64_t count = shape_count(&v->shape);
    if (!last)
        return t;
    if (count > 0)
        t.data = swapped(a, &t, v->shape.dim[0], count / v->shape.dim[0] / v->shape.dim[v->shape.rank - 1],
                         v->shape.dim[v->shape.rank - 1]);
    t.shape = shape_channels_first(&v->shape);
    return t;
}

bool port_takes_floats(const Value *v, DType from)
{
    return v->quant && dtype_is_int(v->type) && dtype_is_float(from);
}

void port_quantise(Arena *a, Tensor *t, const Value *v)
{
    const int64_t count = shape_count(&t->shape), bits = 8 * (int64_t)dtype_size(v->type);
    const bool is_signed = v->type == DT_I8 || v->type == DT_I16;
    const double lo = is_signed ? -ldexp(1, (int)bits - 1) : 0, hi = lo + ldexp(1, (int)bits) - 1;
    unsigned char *to = arena_array(a, (size_t)count, dtype_size(v->type));
    for (int64_t i = 0; i < count; i++) {
        double q = (double)rintf((float)tensor_float(t, i) / v->quant->scale) + v->quant->zero_point;
        uint16_t bytes = (uint16_t)(int32_t)(isnan(q) ? v->quant->zero_point : fmin(fmax(q, lo), hi));
        memcpy(to + (size_t)i * dtype_size(v->type), &bytes, dtype_size(v->type));
    }
    *t = (Tensor){v->type, t->shape, to};
}

double port_real(const Value *v, const void *bytes, int64_t i)
{
    Tensor t = {v->type, v->shape, bytes};
    if (dtype_is_float(v->type))
        return tensor_float(&t, i);
    double q = (double)tensor_int(&t, i);
    return v->quant ? (double)v->quant->scale * (q - v->quant->zero_point) : q;
}

bool vector_fits(Arena *a, Diag *d, const char *path, Tensor *t, const Value *v, bool last)
{
    char got[SHAPE_TEXT_BYTES], want[SHAPE_TEXT_BYTES];
    Shape s = port_shape(v, last);
    if (port_takes_floats(v, t->type) && shape_equal(&t->shape, &s))
        port_quantise(a, t, v);
    if (t->type == v->type && shape_equal(&t->shape, &s)) {
        port_to_program(a, t, last);
        return true;
    }
    return diag_error(d, "%s: holds %s %s, but %s of the model is %s %s", path, dtype_name(t->type),
                      shape_text(&t->shape, got, sizeof got), diag_quote(a, v->name), dtype_name(v->type),
                      shape_text(&s, want, sizeof want));
}

size_t ports_bytes(const Value *const *ports, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += value_bytes(ports[i]);
    return bytes;
}
