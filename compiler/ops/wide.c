/* Compiled with -O3 (Makefile), which vectorises loops. */
#include "ops/wide.h"
#include "ops/pack.h"

#include "ref/act.h"
#include "ref/functions.h"
#include "tile/area.h"

#include <string.h>

enum { PIXELS = 6, LANES = 8, CHANNELS = 16 };

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* What the pixels of an area have in common: inputs in rows of runs of consecutive elements. */
typedef struct {
    const float *w, *bias, *residual; /* of the first channel; bias and residual may be NULL */
    float *y;
    ptrdiff_t taps, w_at, w_row; /* in steps of a product: of a block, the area's first, from a row to the next */
    ptrdiff_t x_row, x_run;
    int32_t rows, runs, length, channels;
    float lo, hi;
} Area;

/* Places that are not used repeat the last pixel. */
typedef struct {
    const float *x[PIXELS];
    ptrdiff_t y[PIXELS];
    int32_t count;
} Pixels;

/* pixels and vectors are constants. */
ADZE_FORCE_INLINE void sum_products(const int pixels, const int vectors, const Area *t, const Pixels *at,
                                    const float *w, float *sums)
{
    Lanes sum[PIXELS * 2], first[2];
    memcpy(first, sums, sizeof first);
    UNROLL
    for (int i = 0; i < pixels * vectors; i++)
        sum[i] = first[i % vectors];
    for (int32_t r = 0; r < t->rows; r++, w += t->w_row * vectors * LANES)
        for (int32_t j = 0; j < t->runs; j++) {
            const ptrdiff_t run = r * t->x_row + j * t->x_run;
            for (ptrdiff_t k = run; k < run + t->length; k++, w += vectors * LANES) {
                Lanes wk[2];
                UNROLL
                for (int v = 0; v < vectors; v++)
                    wk[v] = *(const Lanes *)(w + v * LANES);
                UNROLL
                for (int i = 0; i < pixels; i++) {
                    const float x = at->x[i][k];
                    UNROLL
                    for (int v = 0; v < vectors; v++)
                        sum[i * vectors + v] += x * wk[v];
                }
            }
        }
    UNROLL
    for (int i = 0; i < pixels; i++)
        UNROLL
    for (int v = 0; v < vectors; v++)
        *(Lanes *)(sums + i * CHANNELS + v * LANES) = sum[i * vectors + v];
}

/* Channels o to o + 15, or as many as there are. */
ADZE_FORCE_INLINE void block(const Area *t, const Pixels *at, int32_t o)
{
    const int32_t left = t->channels - o, count = left < CHANNELS ? left : CHANNELS;
    const float *w = t->w + o * t->taps + t->w_at * (count > LANES ? CHANNELS : LANES);
    float sums[PIXELS * CHANNELS] = {0};
    for (int32_t c = 0; t->bias && c < count; c++)
        sums[c] = t->bias[o + c];
    if (count > LANES)
        at->count > 1 ? sum_products(PIXELS, 2, t, at, w, sums) : sum_products(1, 2, t, at, w, sums);
    else
        at->count > 1 ? sum_products(PIXELS, 1, t, at, w, sums) : sum_products(1, 1, t, at, w, sums);
    for (int32_t i = 0; i < at->count; i++) {
        float *y = t->y + at->y[i] + o;
        const float *sum = sums + i * CHANNELS, *residual = t->residual ? t->residual + at->y[i] + o : NULL;
        for (int32_t c = 0; c < count; c++)
            y[c] = adze_act_f32(residual ? sum[c] + residual[c] : sum[c], t->lo, t->hi);
    }
}

ADZE_FORCE_INLINE void add_pixel(const Area *t, Pixels *at, const float *x, ptrdiff_t y, bool last)
{
    at->x[at->count] = x;
    at->y[at->count++] = y;
    if (at->count < PIXELS && !last)
        return;
    for (int32_t i = at->count; i < PIXELS; i++)
        at->x[i] = x;
    for (int32_t o = 0; o < t->channels; o += CHANNELS)
        block(t, at, o);
    at->count = 0;
}

/* One group of one image. */
ADZE_FORCE_INLINE void conv_group(const adze_conv_params *p, Area *t, const float *x)
{
    const int32_t channels = p->in_c / p->group;
    const ptrdiff_t w_row = (ptrdiff_t)p->kernel_w * channels;
    adze_area a;
    for (a.y1 = 0; adze_area_rows(p, &a);)
        for (a.x1 = 0; adze_area_columns(p, &a);) {
            const int32_t columns = a.kx1 - a.kx0;
            t->w_at = a.ky0 * w_row + (ptrdiff_t)a.kx0 * channels;
            t->w_row = w_row - (ptrdiff_t)columns * channels;
            t->rows = columns > 0 ? a.ky1 - a.ky0 : 0;
            t->runs = columns;
            t->length = channels;
            Pixels at = {.count = 0};
            for (int32_t oy = a.y0; oy < a.y1; oy++)
                for (int32_t ox = a.x0; ox < a.x1; ox++)
                    add_pixel(t, &at, x + adze_area_input(p, &a, oy, ox), ((ptrdiff_t)oy * p->out_w + ox) * p->out_c,
                              oy == a.y1 - 1 && ox == a.x1 - 1);
        }
}

WIDE_CLONES static void conv(const void *params, const void *const *in, void *const *out, void *scratch)
{
    const adze_conv_params *p = params;
    const int32_t inputs = p->in_c / p->group, outputs = p->out_c / p->group;
    const ptrdiff_t taps = (ptrdiff_t)p->kernel_h * p->kernel_w * inputs;
    (void)scratch;
    for (int32_t n = 0; n < p->batch; n++) {
        const float *x = (const float *)in[0] + (ptrdiff_t)n * p->in_h * p->in_w * p->in_c;
        const ptrdiff_t y_at = (ptrdiff_t)n * p->out_h * p->out_w * p->out_c;
        for (int32_t g = 0; g < p->group; g++) {
            const ptrdiff_t first = (ptrdiff_t)g * outputs;
            Area t = {.w = (const float *)in[1] + g * ((outputs + LANES - 1) / LANES * LANES) * taps,
                      .bias = in[2] ? (const float *)in[2] + first : NULL,
                      .residual = in[3] ? (const float *)in[3] + y_at + first : NULL,
                      .y = (float *)out[0] + y_at + first,
                      .taps = taps,
                      .x_row = (ptrdiff_t)p->dilation_h * p->in_w * p->in_c,
                      .x_run = (ptrdiff_t)p->dilation_w * p->in_c,
                      .channels = outputs,
                      .lo = p->lo,
                      .hi = p->hi};
            conv_group(p, &t, x + (ptrdiff_t)g * inputs);
        }
    }
}

WIDE_CLONES static void gemm(const void *params, const void *const *in, void *const *out, void *scratch)
{
    const adze_gemm_params *p = params;
    const Area t = {.w = in[1],
                    .bias = in[2],
                    .residual = in[3],
                    .y = out[0],
                    .taps = p->k,
                    .rows = 1,
                    .runs = 1,
                    .length = p->k,
                    .channels = p->n,
                    .lo = p->lo,
                    .hi = p->hi};
    Pixels at = {.count = 0};
    (void)scratch;
    for (int32_t m = 0; m < p->m; m++)
        add_pixel(&t, &at, (const float *)in[0] + (ptrdiff_t)m * p->k, (ptrdiff_t)m * p->n, m == p->m - 1);
}

WIDE_CLONES static void relu(const void *params, const void *const *in, void *const *out, void *scratch)
{
    const int32_t count = ((const adze_unary_params *)params)->count;
    const float *x = in[0];
    float *y = out[0];
    (void)scratch;
    for (int32_t i = 0; i < count; i++)
        y[i] = adze_relu_f32(x[i]);
}

WIDE_CLONES static void clip(const void *params, const void *const *in, void *const *out, void *scratch)
{
    const adze_unary_params *p = params;
    const float *x = in[0], lo = p->a, hi = p->b;
    float *y = out[0];
    (void)scratch;
    for (int32_t i = 0; i < p->count; i++)
        y[i] = adze_clip_f32(x[i], lo, hi);
}

/* A transposed matrix: the last two axes of a copy, or three where two are one. Element (a, b) comes from a + b * x and
 * goes to a * y + b. */
typedef struct {
    int32_t outer; /* axes in front */
    int32_t a, b, x, y;
} Transposed;

static bool transposed(const adze_copy_params *p, Transposed *t)
{
    const int32_t last = p->rank - 1;
    int32_t at = last - 1;
    if (last < 1)
        return false;
    int32_t count = p->dim[at];
    for (; at > 0 && p->x_stride[at - 1] == p->x_stride[last - 1] * count &&
           p->y_stride[at - 1] == p->y_stride[last - 1] * count;
         at--)
        count *= p->dim[at - 1];
    *t = (Transposed){at, count, p->dim[last], p->x_stride[last], p->y_stride[last - 1]};
    if (p->x_stride[last - 1] == 1 && p->y_stride[last] == 1)
        return true;
    *t = (Transposed){at, p->dim[last], count, p->x_stride[last - 1], p->y_stride[last]};
    return p->x_stride[last] == 1 && p->y_stride[last - 1] == 1;
}

static bool copy_accepts(const Step *s)
{
    Transposed t;
    adze_copy_params p;
    memcpy(&p, s->params, sizeof p);
    return transposed(&p, &t);
}

typedef int32_t Four __attribute__((vector_size(16), aligned(4), may_alias));

ADZE_FORCE_INLINE void transpose_4x4(const int32_t *x, ptrdiff_t x_step, int32_t *y, ptrdiff_t y_step)
{
    const Four r0 = *(const Four *)x, r1 = *(const Four *)(x + x_step), r2 = *(const Four *)(x + 2 * x_step),
               r3 = *(const Four *)(x + 3 * x_step);
    const Four a = __builtin_shufflevector(r0, r1, 0, 4, 1, 5), b = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
    const Four c = __builtin_shufflevector(r0, r1, 2, 6, 3, 7), d = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
    *(Four *)y = __builtin_shufflevector(a, b, 0, 1, 4, 5);
    *(Four *)(y + y_step) = __builtin_shufflevector(a, b, 2, 3, 6, 7);
    *(Four *)(y + 2 * y_step) = __builtin_shufflevector(c, d, 0, 1, 4, 5);
    *(Four *)(y + 3 * y_step) = __builtin_shufflevector(c, d, 2, 3, 6, 7);
}

static void transpose(const Transposed *t, const int32_t *x, int32_t *y)
{
    int32_t a = 0;
    for (; a + 4 <= t->a; a += 4) {
        int32_t b = 0;
        for (; b + 4 <= t->b; b += 4)
            transpose_4x4(x + a + (ptrdiff_t)b * t->x, t->x, y + (ptrdiff_t)a * t->y + b, t->y);
        for (; b < t->b; b++)
            for (int32_t i = a; i < a + 4; i++)
                y[(ptrdiff_t)i * t->y + b] = x[i + (ptrdiff_t)b * t->x];
    }
    for (; a < t->a; a++)
        for (int32_t b = 0; b < t->b; b++)
            y[(ptrdiff_t)a * t->y + b] = x[a + (ptrdiff_t)b * t->x];
}

static void copy_matrices(const adze_copy_params *p, const Transposed *t, int32_t axis, const int32_t *x, int32_t *y)
{
    if (axis == t->outer) {
        transpose(t, x, y);
        return;
    }
    for (int32_t i = 0; i < p->dim[axis]; i++)
        copy_matrices(p, t, axis + 1, x + (ptrdiff_t)i * p->x_stride[axis], y + (ptrdiff_t)i * p->y_stride[axis]);
}

static void copy(const void *params, const void *const *in, void *const *out, void *scratch)
{
    const adze_copy_params *p = params;
    Transposed t;
    (void)scratch;
    if (transposed(p, &t))
        copy_matrices(p, &t, 0, (const int32_t *)in[0] + p->x_offset, (int32_t *)out[0] + p->y_offset);
}

#define WIDE(KIND, TYPES, PARAMS, ...)                                                                                 \
    {                                                                                                                  \
        .function = "wide", .set = "wide", .feature = "", .kind = KIND_##KIND, .types = TYPES, .params = PARAMS,       \
        __VA_ARGS__                                                                                                    \
    }
static const Kernel rows[] = {
    WIDE(CONV, "f32,f32,f32,f32>f32", "adze_conv_params", .accepts = conv_blocked_accepts,
         .packed = conv_f32_avx2_packed, .pack = conv_f32_avx2_pack, .run = conv),
    WIDE(GEMM, "f32,f32,f32,f32>f32", "adze_gemm_params", .packed = gemm_f32_avx2_packed, .pack = gemm_f32_avx2_pack,
         .run = gemm),
    WIDE(UNARY, "f32>f32", "adze_unary_params", .name = "Relu", .run = relu),
    WIDE(UNARY, "f32>f32", "adze_unary_params", .name = "Clip", .run = clip),
    WIDE(COPY, "=4>=4", "adze_copy_params", .accepts = copy_accepts, .run = copy),
};

const Kernel *wide_kernel(const Step *s)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (kernel_serves(&rows[i], s))
            return &rows[i];
    return NULL;
}
