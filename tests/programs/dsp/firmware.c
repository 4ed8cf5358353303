/* Every kernel of runtime/dsp against its ref kernel, bit for bit, on random and extreme layers, with the packing and
 * the scratch that the compiler gives it. Prints how many layers of each kernel were compared, or what differs. */
#include "board.h"
#include "ops/pack_dsp.h"
#include "ops/pack_q16.h"
#include "ops/pack_q4.h"
#include "ops/pack_q4g.h"

#include "adze.h"
#include "dsp/add.h"
#include "dsp/conv.h"
#include "dsp/depthwise.h"
#include "dsp/dot4.h"
#include "dsp/dot4g.h"
#include "dsp/pool.h"
#include "dsp/q16.h"
#include "dsp/short.h"
#include "dsp/softmax.h"
#include "dsp/wide.h"
#include "dsp/widened.h"
#include "dsp/winograd.h"
#include "ref/pool.h"
#include "ref/qbinary.h"
#include "ref/qconv.h"
#include "ref/qgemm.h"
#include "ref/qpool.h"
#include "ref/qsoftmax.h"

enum { TENSOR = 40000, WEIGHTS = 80000, CHANNELS = 512, GUARD = 64 };

static int16_t w16[WEIGHTS / 2];
static int8_t x[TENSOR], residual[TENSOR], w[WEIGHTS];
static int8_t y[TENSOR] __attribute__((aligned(4))), want[TENSOR] __attribute__((aligned(4)));
static int16_t x16[TENSOR / 2];
static int16_t unpacked[WEIGHTS / 2];
static int32_t bias[CHANNELS], multiplier[CHANNELS];
static int32_t packed[WEIGHTS], scratch[8192];
static uint32_t seed = 1;

static int32_t between(int32_t lo, int32_t hi)
{
    seed = seed * 1664525u + 1013904223u;
    return lo + (int32_t)((seed >> 8) % (uint32_t)(hi - lo + 1));
}

static int one_in(int32_t n)
{
    return between(1, n) == 1;
}

/* What pack_q4.c asks for: three blocks, given back before the next layer. */
static double pool[3][WEIGHTS / 2];
static int taken;

void *malloc(size_t bytes)
{
    return bytes <= sizeof pool[0] ? pool[taken++ % 3] : NULL;
}

void free(void *block)
{
    (void)block;
}

static void print_number(const char *label, int32_t v)
{
    char text[16], *at = text + sizeof text - 1;
    uint32_t u = v < 0 ? 0u - (uint32_t)v : (uint32_t)v;
    *at = '\0';
    *--at = ' ';
    do
        *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--at = '-';
    board_print(label);
    board_print(at);
}

static void fail(const char *kernel, const char *what, int32_t number)
{
    board_print(kernel);
    print_number(what, number);
    board_print("\n");
    board_exit(1);
}

/* Inputs all -128, all 127, or anything; weights of the largest size and one sign, or anything. */
static void random_data(int32_t channels, int32_t bits)
{
    const int32_t extreme = between(0, 5);
    for (int32_t i = 0; i < TENSOR; i++) {
        x[i] = (int8_t)(extreme == 0 ? -128 : extreme == 1 ? 127 : between(-128, 127));
        residual[i] = (int8_t)between(-128, 127);
    }
    for (int32_t i = 0; i < WEIGHTS; i++)
        w[i] = (int8_t)(extreme < 2 ? (one_in(10) ? 127 : -127) : between(-127, 127));
    for (int32_t i = 0; i < WEIGHTS / 2; i++)
        w16[i] = (int16_t)between(-2000, 2000);
    for (int32_t i = 0; i < channels; i++) {
        bias[i] = extreme < 3 ? between(-100, 100) : between(-100000, 100000);
        if (one_in(20))
            bias[i] = between(-8388608, 8388607) * 128;
        multiplier[i] = between(1, (int32_t)1 << between(20, bits));
    }
}

/* Weights of 4 bits; each channel's of [taps], `step` apart, begin `channel_step` behind the one before. */
static void random_nibbles(int32_t channels, int32_t taps, int32_t channel_step, int32_t step)
{
    const int32_t largest = one_in(4);
    for (int32_t c = 0; c < channels; c++) {
        const int32_t low = one_in(2) ? -8 : between(-15, 0);
        for (int32_t i = 0; i < taps; i++)
            w[c * channel_step + i * step] = (int8_t)(low + (largest ? 15 : between(0, 15)));
    }
}

/* The same in 16 bits, times a multiplier for each block of a channel's taps. */
static void random_blocks(int32_t channels, int32_t taps, int32_t channel_step, int32_t step)
{
    const int32_t block = 4 * between(4, one_in(2) ? 8 : 64), largest = one_in(4);
    for (int32_t c = 0; c < channels; c++)
        for (int32_t i = 0, low = 0, m = 0; i < taps; i++) {
            if (i % block == 0) {
                low = one_in(2) ? -8 : between(-15, 0);
                m = one_in(9) ? 0 : between(1, 600);
            }
            w16[c * channel_step + i * step] = (int16_t)(m * (low + (largest ? 15 : between(0, 15))));
        }
}

static void random_quantisation(adze_qconv_params *p)
{
    p->x_zero_point = between(-128, 127);
    p->y_zero_point = between(-128, 127);
    p->shift = one_in(4) ? between(1, 3) : 0;
    p->q_lo = one_in(2) ? p->y_zero_point : -128;
    p->q_hi = one_in(4) ? between(p->q_lo, 127) : 127;
    p->lo = one_in(3) ? between(-128, 0) : -128;
    p->hi = one_in(3) ? between(0, 127) : 127;
    p->r_zero_point = between(-128, 127);
    p->q_multiplier = between(1, 2000000);
    p->r_multiplier = between(-2000000, 2000000);
    p->add_shift = between(10, 20);
    p->add_zero_point = between(-128, 127);
}

static void random_window(adze_qconv_params *p)
{
    p->batch = between(1, 2);
    p->stride_h = between(1, 2);
    p->stride_w = between(1, 2);
    p->dilation_h = one_in(3) ? 2 : 1;
    p->dilation_w = 1;
    p->kernel_h = between(1, 4);
    p->kernel_w = between(1, 6);
    if (one_in(2))
        p->kernel_h = p->kernel_w = 3;
    p->pad_top = one_in(3) ? 0 : between(0, 2);
    p->pad_left = one_in(3) ? 0 : between(0, 2);
    p->in_h = between(1, 9);
    p->in_w = one_in(8) ? between(20, 60) : between(1, 9);
}

static void window_outputs(adze_qconv_params *p)
{
    p->in_h += (p->kernel_h - 1) * p->dilation_h;
    p->in_w += (p->kernel_w - 1) * p->dilation_w;
    const int32_t pad_h = p->pad_top + between(0, p->pad_top), pad_w = p->pad_left + between(0, p->pad_left);
    p->out_h = (p->in_h + pad_h - (p->kernel_h - 1) * p->dilation_h - 1) / p->stride_h + 1;
    p->out_w = (p->in_w + pad_w - (p->kernel_w - 1) * p->dilation_w - 1) / p->stride_w + 1;
}

/* A step as lowering makes it. */
typedef struct {
    Step step;
    Value value[5];
} Layer;

static void layer_of(Layer *l, const void *params, size_t bytes, int with_residual)
{
    memset(l, 0, sizeof *l);
    memcpy(l->step.params, params, bytes);
    l->value[1].data = w;
    l->value[2].data = bias;
    for (int i = 0; i < 5; i++)
        l->step.in[i] = i < 4 || with_residual ? &l->value[i] : NULL;
    l->step.in_count = 5;
}

/* How a kernel wants its weights. */
typedef struct {
    bool (*accepts)(const Step *);
    size_t (*scratch)(const Step *);
    Packed (*packed)(const Step *);
    void (*pack)(const Step *, const void *, void *);
    void (*unpack)(const Step *, const void *, void *);
} Form;

static void check_packing(const char *kernel, const Step *s, size_t weights, const Form *f)
{
    weights *= s->in[1]->type == DT_I16 ? 2 : 1;
    if (f->packed(s).bytes > sizeof packed || weights > sizeof unpacked)
        fail(kernel, ": too large for this test: ", (int32_t)f->packed(s).bytes);
    f->pack(s, s->in[1]->data, packed);
    memset(unpacked, 99, weights);
    f->unpack(s, packed, unpacked);
    if (memcmp(unpacked, s->in[1]->data, weights) != 0)
        fail(kernel, ": unpack is not the inverse of pack: ", (int32_t)weights);
}

/* Fills y and what lies behind the scratch with what must stay. */
static void before(const char *kernel, size_t bytes)
{
    if (bytes + GUARD > sizeof scratch)
        fail(kernel, ": scratch ", (int32_t)bytes);
    memset((char *)scratch + bytes, 77, GUARD);
    memset(y, 1, sizeof y);
    memset(want, 1, sizeof want);
}

static void after(const char *kernel, int32_t layer, size_t bytes)
{
    for (size_t i = 0; i < GUARD; i++)
        if (((const char *)scratch)[bytes + i] != 77)
            fail(kernel, ": writes behind its scratch, layer ", layer);
    for (int32_t i = 0; i < TENSOR; i++)
        if (y[i] != want[i]) {
            print_number("element ", i);
            print_number("is ", y[i]);
            print_number("not ", want[i]);
            fail(kernel, ": layer ", layer);
        }
}

/* In place of the residual, sometimes. */
static const int8_t *place_residual(int with_residual, int32_t elements)
{
    if (!with_residual || one_in(2))
        return with_residual ? residual : NULL;
    memcpy(y, residual, (size_t)elements);
    return y;
}

typedef void ConvKernel(const adze_qconv_params *p, const int8_t *x, const int32_t *w, const int32_t *bias,
                        const int32_t *multiplier, const int8_t *residual, int8_t *y, void *scratch);

static int try_conv(const char *kernel, int32_t layer, const adze_qconv_params *p, const Form *f, ConvKernel *run,
                    DType type)
{
    const int with_residual = one_in(2);
    const int32_t elements = p->batch * p->out_h * p->out_w * p->out_c;
    Layer l;
    layer_of(&l, p, sizeof *p, with_residual);
    l.value[1].type = type;
    l.value[1].data = type == DT_I16 ? (const void *)w16 : w;
    if (!f->accepts(&l.step))
        return 0;
    check_packing(kernel, &l.step, (size_t)(p->out_c * p->kernel_h * p->kernel_w * (p->in_c / p->group)), f);
    const size_t bytes = f->scratch(&l.step);
    before(kernel, bytes);
    if (type == DT_I16)
        adze_qconv_i16_ref(p, x, w16, bias, multiplier, with_residual ? residual : NULL, want);
    else
        adze_qconv_i8_ref(p, x, w, bias, multiplier, with_residual ? residual : NULL, want);
    run(p, x, packed, bias, multiplier, place_residual(with_residual, elements), y, scratch);
    after(kernel, layer, bytes);
    return 1;
}

static const Form conv_form = {qconv_i8_dsp_accepts, qconv_i8_dsp_scratch, qconv_i8_dsp_packed, qconv_i8_dsp_pack,
                               qconv_i8_dsp_unpack};
static const Form conv4_form = {qconv_i4_dsp_accepts, qconv_i4_dsp_scratch, qconv_i4_dsp_packed, qconv_i4_dsp_pack,
                                qconv_i4_dsp_unpack};
static const Form gemm4_form = {qgemm_i4_dsp_accepts, qgemm_i4_dsp_scratch, qgemm_i4_dsp_packed, qgemm_i4_dsp_pack,
                                qgemm_i4_dsp_unpack};
static const Form conv4g_form = {qconv_i4g_dsp_accepts, qconv_i4g_dsp_scratch, qconv_i4g_dsp_packed, qconv_i4g_dsp_pack,
                                 qconv_i4g_dsp_unpack};
static const Form gemm4g_form = {qgemm_i4g_dsp_accepts, qgemm_i4g_dsp_scratch, qgemm_i4g_dsp_packed, qgemm_i4g_dsp_pack,
                                 qgemm_i4g_dsp_unpack};
static const Form widened_form = {qconv_i8_widened_dsp_accepts, qconv_i8_widened_dsp_scratch, qconv_i8_dsp_packed,
                                  qconv_i8_dsp_pack, qconv_i8_dsp_unpack};
static const Form short_form = {qconv_i8_short_dsp_accepts, qconv_i8_short_dsp_scratch, qconv_i8_dsp_packed,
                                qconv_i8_dsp_pack, qconv_i8_dsp_unpack};
static const Form wide_form = {qconv_wide_dsp_accepts, qconv_i8_dsp_scratch, qconv_wide_dsp_packed, qconv_wide_dsp_pack,
                               qconv_wide_dsp_unpack};
static const Form winograd_form = {qconv_i8_winograd_dsp_accepts, qconv_i8_winograd_dsp_scratch,
                                   qconv_i8_winograd_dsp_packed, qconv_i8_winograd_dsp_pack,
                                   qconv_i8_winograd_dsp_unpack};
static const Form gemm_form = {qgemm_i8_dsp_accepts, qgemm_i8_dsp_scratch, qgemm_i8_dsp_packed, qgemm_i8_dsp_pack,
                               qgemm_i8_dsp_unpack};
static const Form wide_gemm_form = {qgemm_wide_dsp_accepts, qgemm_i8_dsp_scratch, qgemm_wide_dsp_packed,
                                    qgemm_wide_dsp_pack, qgemm_wide_dsp_unpack};

static int test_conv(const char *kernel, int32_t layer)
{
    adze_qconv_params p;
    random_window(&p);
    p.stride_w = between(1, 3);
    p.dilation_w = one_in(4) ? 2 : 1;
    p.kernel_w = p.kernel_w > 4 ? 1 : p.kernel_w;
    p.in_w = p.in_w > 9 ? 9 : p.in_w;
    p.group = one_in(3) ? between(2, 3) : 1;
    p.in_c = (one_in(2) ? 4 * between(1, 5) : between(1, 13)) * p.group;
    p.out_c = between(1, 9) * p.group;
    window_outputs(&p);
    random_quantisation(&p);
    random_data(p.out_c, 30);
    if (one_in(20))
        w[between(0, 20)] = -128;
    if (one_in(4)) {
        p.group = 1;
        p.in_c = between(1, 9);
        p.out_c = 2 * between(1, 6);
        p.in_h += 8;
        p.in_w += 8;
        window_outputs(&p);
        return try_conv(kernel, layer, &p, &widened_form, adze_qconv_i8_widened_dsp, DT_I8);
    }
    switch (between(0, 5)) {
    case 0:
        return try_conv(kernel, layer, &p, &wide_form, adze_qconv_i16_dsp, DT_I16);
    case 1:
        return try_conv(kernel, layer, &p, &wide_form, adze_qconv_i8_wide_dsp, DT_I8);
    case 2:
        return try_conv(kernel, layer, &p, &wide_form, adze_qconv_i8_speed_dsp, DT_I8);
    default:
        return try_conv(kernel, layer, &p, &conv_form, adze_qconv_i8_dsp, DT_I8);
    }
}

static int test_short(const char *kernel, int32_t layer)
{
    adze_qconv_params p;
    random_window(&p);
    p.group = p.dilation_h = 1;
    p.kernel_h = p.kernel_w = one_in(2) ? 3 : 1;
    p.in_c = p.kernel_w == 3 ? 3 : 4 * between(1, 8);
    p.out_c = 2 * (one_in(4) ? between(1, 60) : between(1, 9));
    p.in_h += 8;
    p.in_w += 3;
    if (p.kernel_w == 1)
        p.pad_top = p.pad_left = 0;
    window_outputs(&p);
    random_quantisation(&p);
    p.shift = 0;
    random_data(p.out_c, 30);
    if (p.batch * p.out_h * p.out_w * p.out_c > TENSOR || p.batch * p.in_h * p.in_w * p.in_c > TENSOR)
        return 0;
    return try_conv(kernel, layer, &p, &short_form, adze_qconv_i8_short_dsp, DT_I8);
}

static int test_conv4(const char *kernel, int32_t layer)
{
    adze_qconv_params p;
    random_window(&p);
    p.in_w = p.in_w > 9 ? 9 : p.in_w;
    p.group = one_in(3) ? 2 : 1;
    p.in_c = (one_in(2) ? 4 * between(1, 5) : between(1, 13)) * p.group;
    p.out_c = between(4, 19) * p.group;
    window_outputs(&p);
    random_quantisation(&p);
    random_data(p.out_c, 30);
    const int32_t taps = p.kernel_h * p.kernel_w * (p.in_c / p.group);
    random_nibbles(p.out_c, taps, taps, 1);
    random_blocks(p.out_c, taps, taps, 1);
    if (p.batch * p.out_h * p.out_w * p.out_c > TENSOR)
        return 0;
    if (one_in(2))
        return try_conv(kernel, layer, &p, &conv4g_form, adze_qconv_i4g_dsp, DT_I16);
    return try_conv(kernel, layer, &p, &conv4_form, adze_qconv_i4_dsp, DT_I8);
}

static int test_winograd(const char *kernel, int32_t layer)
{
    adze_qconv_params p;
    do {
        random_window(&p);
        p.kernel_h = p.kernel_w = 3;
        p.stride_h = p.stride_w = p.dilation_h = p.group = 1;
        p.in_w = p.in_w > 9 ? 9 : p.in_w;
        p.in_c = 4 * between(1, 9);
        p.out_c = 2 * between(1, 9);
        window_outputs(&p);
    } while ((p.out_h | p.out_w) & 1);
    random_quantisation(&p);
    random_data(p.out_c, 30);
    return try_conv(kernel, layer, &p, &winograd_form, adze_qconv_i8_winograd_dsp, DT_I8);
}

static int test_depthwise(const char *kernel, int32_t layer)
{
    adze_qconv_params p;
    random_window(&p);
    if (one_in(4)) { /* a column of pixels */
        p.kernel_h = between(1, 15);
        p.kernel_w = p.in_w = p.stride_w = p.dilation_h = 1;
        p.pad_left = 0;
        p.in_h = one_in(3) ? 1 : between(1, 30);
    }
    p.group = p.in_c = p.out_c = between(4, 19);
    window_outputs(&p);
    random_quantisation(&p);
    random_data(p.out_c, 30);
    Layer l;
    layer_of(&l, &p, sizeof p, 0);
    if (!qdepthwise_i8_dsp_accepts(&l.step))
        return 0;
    const size_t bytes = qdepthwise_i8_dsp_scratch(&l.step);
    before(kernel, bytes);
    adze_qdepthwise_i8_ref(&p, x, w, bias, multiplier, NULL, want);
    if (qdepthwise_3x3_i8_dsp_accepts(&l.step) && one_in(2))
        adze_qdepthwise_3x3_i8_dsp(&p, x, w, bias, multiplier, NULL, y, scratch);
    else
        adze_qdepthwise_i8_dsp(&p, x, w, bias, multiplier, NULL, y, scratch);
    after(kernel, layer, bytes);
    return 1;
}

static int test_gemm(const char *kernel, int32_t layer)
{
    adze_qconv_params q;
    random_quantisation(&q);
    const adze_qgemm_params p = {
        .m = between(1, 8),
        .n = between(1, 40),
        .k = one_in(3) ? between(480, 520) : between(1, 70), /* the largest sums leave 24 bits at 516 */
        .y_zero_point = q.y_zero_point,
        .shift = q.shift,
        .q_lo = q.q_lo,
        .q_hi = q.q_hi,
        .r_zero_point = q.r_zero_point,
        .q_multiplier = q.q_multiplier,
        .r_multiplier = q.r_multiplier,
        .add_shift = q.add_shift,
        .add_zero_point = q.add_zero_point,
        .lo = q.lo,
        .hi = q.hi,
    };
    const int with_residual = one_in(2);
    random_data(p.n, p.k > 100 ? 24 : 30);
    const int choice = between(0, 9);
    const DType type = choice == 0 || choice > 7 ? DT_I16 : DT_I8;
    const Form *const f = choice < 3   ? &wide_gemm_form
                          : choice < 6 ? &gemm_form
                          : choice < 8 ? &gemm4_form
                                       : &gemm4g_form;
    if (choice > 5)
        random_nibbles(p.n, p.k, 1, p.n);
    if (choice > 7)
        random_blocks(p.n, p.k, 1, p.n);
    Layer l;
    layer_of(&l, &p, sizeof p, with_residual);
    l.value[1].type = type;
    l.value[1].data = type == DT_I16 ? (const void *)w16 : w;
    if (!f->accepts(&l.step))
        return 0;
    check_packing(kernel, &l.step, (size_t)(p.n * p.k), f);
    const size_t bytes = f->scratch(&l.step);
    before(kernel, bytes);
    if (type == DT_I16)
        adze_qgemm_i16_ref(&p, x, w16, bias, multiplier, with_residual ? residual : NULL, want);
    else
        adze_qgemm_i8_ref(&p, x, w, bias, multiplier, with_residual ? residual : NULL, want);
    const int8_t *r = place_residual(with_residual, p.m * p.n);
    static void (*const kernels[])(const adze_qgemm_params *, const int8_t *, const int32_t *, const int32_t *,
                                   const int32_t *, const int8_t *, int8_t *,
                                   void *) = {adze_qgemm_i16_dsp, adze_qgemm_i8_wide_dsp, adze_qgemm_i8_speed_dsp,
                                              adze_qgemm_i8_dsp,  adze_qgemm_i4_dsp,      adze_qgemm_i4g_dsp};
    kernels[choice < 3 ? choice : choice < 6 ? 3 : choice / 2 + 1](&p, x, packed, bias, multiplier, r, y, scratch);
    after(kernel, layer, bytes);
    return 1;
}

static int test_add(const char *kernel, int32_t layer)
{
    const adze_qbinary_params p = {
        .rank = 1,
        .dim = {between(1, 70)},
        .a_stride = {1},
        .b_stride = {1},
        .a_zero_point = between(-128, 127),
        .b_zero_point = between(-128, 127),
        .y_zero_point = between(-128, 127),
        .a_multiplier = one_in(5) ? 4000000 : between(-4000000, 4000000),
        .b_multiplier = one_in(5) ? -4000000 : between(-32768, 32767),
        .shift = between(1, 20),
        .lo = one_in(2) ? -128 : between(-128, 0),
        .hi = one_in(2) ? 127 : between(0, 127),
    };
    Layer l;
    random_data(0, 20);
    layer_of(&l, &p, sizeof p, 0);
    if (!qadd_i8_dsp_accepts(&l.step))
        return 0;
    before(kernel, 0);
    adze_qadd_i8_ref(&p, x, residual, want);
    const int8_t *a = one_in(2) ? x : memcpy(y, x, (size_t)p.dim[0]);
    adze_qadd_i8_dsp(&p, a, residual, y);
    after(kernel, layer, 0);
    return 1;
}

static int test_average(const char *kernel, int32_t layer)
{
    adze_qconv_params c;
    random_window(&c);
    c.dilation_w = one_in(3) ? 2 : 1;
    if (one_in(4)) { /* more taps than int16 holds the sum of */
        c.kernel_h = between(10, 20);
        c.kernel_w = between(10, 20);
        c.in_w = between(1, 3);
    }
    window_outputs(&c);
    const adze_qpool_params p = {
        .batch = c.batch,
        .in_h = c.in_h,
        .in_w = c.in_w,
        .channels = between(1, 9),
        .out_h = c.out_h,
        .out_w = c.out_w,
        .kernel_h = c.kernel_h,
        .kernel_w = c.kernel_w,
        .stride_h = c.stride_h,
        .stride_w = c.stride_w,
        .dilation_h = c.dilation_h,
        .dilation_w = c.dilation_w,
        .pad_top = c.pad_top,
        .pad_left = c.pad_left,
        .pad_bottom = c.pad_top,
        .pad_right = c.pad_left,
        .count_include_pad = one_in(2),
        .x_zero_point = between(-128, 127),
        .y_zero_point = between(-128, 127),
        .shift = between(0, 3),
        .lo = one_in(2) ? -128 : between(-128, 0),
        .hi = one_in(2) ? 127 : between(0, 127),
    };
    random_data(CHANNELS, 30);
    for (int32_t k = 0; k < 20; k++) /* powers of two: sums on a half */
        multiplier[between(0, CHANNELS - 1)] = (int32_t)1 << between(26, 30);
    before(kernel, 0);
    adze_qavgpool_i8_ref(&p, x, multiplier, want);
    adze_qavgpool_i8_dsp(&p, x, multiplier, y);
    after(kernel, layer, 0);
    return 1;
}

static int test_max(const char *kernel, int32_t layer)
{
    adze_qconv_params c;
    random_window(&c);
    window_outputs(&c);
    const adze_pool_params p = {
        .batch = c.batch,
        .in_h = c.in_h,
        .in_w = c.in_w,
        .channels = between(1, 9),
        .out_h = c.out_h,
        .out_w = c.out_w,
        .kernel_h = c.kernel_h,
        .kernel_w = c.kernel_w,
        .stride_h = c.stride_h,
        .stride_w = c.stride_w,
        .dilation_h = c.dilation_h,
        .dilation_w = c.dilation_w,
        .pad_top = c.pad_top,
        .pad_left = c.pad_left,
        .pad_bottom = c.pad_top,
        .pad_right = c.pad_left,
    };
    random_data(0, 20);
    before(kernel, 0);
    adze_maxpool_i8_ref(&p, x, want);
    adze_maxpool_i8_dsp(&p, x, y);
    after(kernel, layer, 0);
    return 1;
}

/* A table that falls with the distance from the largest, and what keeps its sums within 32 bits. */
static int test_softmax(const char *kernel, int32_t layer)
{
    static uint32_t table[256];
    const adze_qsoftmax_params p = {
        .outer = between(1, 4),
        .axis = one_in(3) ? between(1, 5) : between(1, 300),
        .inner = 1,
        .y_inverse_scale = between(1, 512),
        .y_divisor = between(1, 3),
        .y_zero_point = one_in(2) ? -128 : between(-128, 127),
    };
    table[255] = (uint32_t)between(1, 1 << 20);
    for (int32_t i = 254; i >= 0; i--)
        table[i] = one_in(4) ? table[i + 1] : table[i + 1] - table[i + 1] / (uint32_t)between(2, 40);
    random_data(0, 20);
    before(kernel, 0);
    adze_qsoftmax_i8_ref(&p, x, table, want);
    adze_qsoftmax_i8_dsp(&p, x, table, y);
    after(kernel, layer, 0);
    return 1;
}

/* 16-bit activations */

static adze_qconv16_params random_conv16(int depthwise)
{
    adze_qconv_params q;
    random_window(&q);
    q.group = one_in(3) ? 2 : 1;
    q.in_c = (one_in(2) ? 4 * between(1, 5) : between(1, 13)) * q.group;
    q.out_c = between(1, 19) * q.group;
    if (depthwise)
        q.group = q.in_c = q.out_c = between(2, 19);
    window_outputs(&q);
    adze_qconv16_params p = {.batch = q.batch, .group = q.group};
    p.in_h = q.in_h, p.in_w = q.in_w, p.in_c = q.in_c, p.out_h = q.out_h, p.out_w = q.out_w, p.out_c = q.out_c;
    p.kernel_h = q.kernel_h, p.kernel_w = q.kernel_w, p.stride_h = q.stride_h, p.stride_w = q.stride_w;
    p.dilation_h = q.dilation_h, p.dilation_w = q.dilation_w, p.pad_top = q.pad_top, p.pad_left = q.pad_left;
    p.x_zero_point = depthwise || one_in(2) ? 0 : between(-32768, 32767);
    p.y_zero_point = one_in(2) ? 0 : between(-32768, 32767);
    p.shift = between(18, 45);
    p.lo = one_in(3) ? between(-32768, 0) : -32768;
    p.hi = one_in(3) ? between(0, 32767) : 32767;
    return p;
}

/* Inputs all -32768, all 32767, or anything; sums with their bias are within 32 bits where weights are small. */
static void random_data16(int32_t channels, int32_t taps)
{
    const int32_t extreme = between(0, 5), largest = 65000 / (taps + 1) + 1;
    for (int32_t i = 0; i < TENSOR / 2; i++)
        x16[i] = (int16_t)(extreme == 0 ? -32768 : extreme == 1 ? 32767 : between(-32768, 32767));
    for (int32_t i = 0; i < WEIGHTS; i++)
        w[i] = (int8_t)(largest > 127 ? between(-127, 127) : between(-largest, largest));
    for (int32_t i = 0; i < channels; i++) {
        bias[i] = between(-8388608, 8388607);
        multiplier[i] = between(1, (int32_t)1 << between(20, 29));
    }
}

static int test_conv16(const char *kernel, int32_t layer)
{
    static const Form form = {qconv_i16x8_dsp_accepts, qconv_i16x8_dsp_scratch, qconv_i16x8_dsp_packed,
                              qconv_i16x8_dsp_pack, qconv_i16x8_dsp_unpack};
    const adze_qconv16_params p = random_conv16(0);
    const int32_t taps = p.kernel_h * p.kernel_w * (p.in_c / p.group);
    Layer l;
    random_data16(p.out_c, taps);
    layer_of(&l, &p, sizeof p, 0);
    if (!form.accepts(&l.step) || p.batch * p.out_h * p.out_w * p.out_c > TENSOR / 2 ||
        p.batch * p.in_h * p.in_w * p.in_c > TENSOR / 2)
        return 0;
    l.value[1].type = DT_I8;
    check_packing(kernel, &l.step, (size_t)(taps * p.out_c), &form);
    const size_t bytes = form.scratch(&l.step);
    before(kernel, bytes);
    adze_qconv_i16x8_ref(&p, x16, w, bias, multiplier, (int16_t *)(void *)want);
    adze_qconv_i16x8_dsp(&p, x16, packed, bias, multiplier, (int16_t *)(void *)y, scratch);
    after(kernel, layer, bytes);
    return 1;
}

static int test_depthwise16(const char *kernel, int32_t layer)
{
    static const Form form = {qdepthwise_i16x8_dsp_accepts, NULL, qdepthwise_i16x8_dsp_packed,
                              qdepthwise_i16x8_dsp_pack, qdepthwise_i16x8_dsp_unpack};
    const adze_qconv16_params p = random_conv16(1);
    Layer l;
    random_data16(p.out_c, p.kernel_h * p.kernel_w);
    layer_of(&l, &p, sizeof p, 0);
    if (!form.accepts(&l.step) || p.batch * p.out_h * p.out_w * p.out_c > TENSOR / 2 ||
        p.batch * p.in_h * p.in_w * p.in_c > TENSOR / 2)
        return 0;
    l.value[1].type = DT_I8;
    check_packing(kernel, &l.step, (size_t)(p.kernel_h * p.kernel_w * p.out_c), &form);
    before(kernel, 0);
    adze_qdepthwise_i16x8_ref(&p, x16, w, bias, multiplier, (int16_t *)(void *)want);
    adze_qdepthwise_i16x8_dsp(&p, x16, (const int16_t *)(const void *)packed, bias, multiplier, (int16_t *)(void *)y);
    after(kernel, layer, 0);
    return 1;
}

/* Rows of an odd length, and inputs at an odd multiple of two, as a caller may hand them over. */
static int test_gemm16(const char *kernel, int32_t layer)
{
    static const Form form = {qgemm_i16x8_dsp_accepts, qgemm_i16x8_dsp_scratch, qgemm_i16x8_dsp_packed,
                              qgemm_i16x8_dsp_pack, qgemm_i16x8_dsp_unpack};
    const adze_qgemm16_params p = {.m = between(1, 8),
                                   .n = between(1, 40),
                                   .k = one_in(2) ? 4 * between(1, 60) : between(1, 240),
                                   .y_zero_point = between(-100, 100),
                                   .shift = between(18, 45),
                                   .lo = -32768,
                                   .hi = one_in(3) ? between(0, 32767) : 32767};
    const int16_t *from = x16 + between(0, 1);
    Layer l;
    random_data16(p.n, p.k);
    layer_of(&l, &p, sizeof p, 0);
    if (!form.accepts(&l.step))
        return 0;
    l.value[1].type = DT_I8;
    check_packing(kernel, &l.step, (size_t)(p.n * p.k), &form);
    const size_t bytes = form.scratch(&l.step);
    before(kernel, bytes);
    adze_qgemm_i16x8_ref(&p, from, w, bias, multiplier, (int16_t *)(void *)want);
    adze_qgemm_i16x8_dsp(&p, from, packed, bias, multiplier, (int16_t *)(void *)y, scratch);
    after(kernel, layer, bytes);
    return 1;
}

static void test(const char *kernel, int (*one)(const char *, int32_t), int32_t layers)
{
    int32_t compared = 0;
    for (int32_t i = 0; i < layers; i++)
        compared += one(kernel, i);
    board_print(kernel);
    print_number(": ", compared);
    board_print("layers equal\n");
    if (compared < layers / 4)
        fail(kernel, ": accepted too few of ", layers);
}

int main(void)
{
    test("conv", test_conv, LAYERS);
    test("conv of 4 bits", test_conv4, 2 * LAYERS);
    test("conv of few inputs", test_short, 2 * LAYERS);
    test("winograd", test_winograd, LAYERS);
    test("depthwise", test_depthwise, LAYERS);
    test("gemm", test_gemm, LAYERS);
    test("add", test_add, LAYERS);
    test("average", test_average, LAYERS);
    test("max", test_max, LAYERS);
    test("softmax", test_softmax, LAYERS);
    test("conv of 16 bits", test_conv16, LAYERS);
    test("depthwise of 16 bits", test_depthwise16, LAYERS);
    test("gemm of 16 bits", test_gemm16, LAYERS);
    return 0;
}
