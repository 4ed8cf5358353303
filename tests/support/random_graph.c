#include "tests/support/random_graph.h"

#include "base/buf.h"
#include "base/dtype.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_VALUES = 40, MAX_ELEMENTS = 1500 };

typedef struct {
    Shape shape;
    bool used;
} Made;

typedef struct {
    uint64_t state;
    Buf text;
    Made value[MAX_VALUES]; /* %v0, %v1, ... */
    int count, consts;
} Maker;

static uint32_t draw(Maker *m, uint32_t below)
{
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->state >> 33) % below;
}

static Shape dims(int rank, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return (Shape){rank, {a, b, c, d}};
}

/* A constant of random floats: its name. 4-bit seeds repeat, so that equal constants occur. */
static int constant(Maker *m, Shape s)
{
    char shape[SHAPE_TEXT_BYTES];
    buf_printf(&m->text, "  const %%c%d: f32%s = random(%u)\n", m->consts, shape_text(&s, shape, sizeof shape),
               draw(m, 16));
    return m->consts++;
}

static int integers(Maker *m, const int64_t *v, int count)
{
    buf_printf(&m->text, "  const %%c%d: i64[%d] = [", m->consts, count);
    for (int i = 0; i < count; i++)
        buf_printf(&m->text, "%s%" PRId64, i ? ", " : "", v[i]);
    buf_puts(&m->text, "]\n");
    return m->consts++;
}

/* Some value, mostly a late one, so that chains grow; rank 0: any. */
static int pick(Maker *m, int rank)
{
    for (int tries = 0; tries < 8; tries++) {
        int i = draw(m, 2) ? m->count - 1 : (int)draw(m, (uint32_t)m->count);
        if (rank ? m->value[i].shape.rank == rank : m->value[i].shape.rank >= 0)
            return i;
    }
    return rank ? -1 : 0;
}

static void use(Maker *m, int i)
{
    m->value[i].used = true;
}

static bool fits(const Maker *m, const Shape *s)
{
    int64_t n = shape_count(s);
    return n > 0 && n <= MAX_ELEMENTS && m->count < MAX_VALUES;
}

static int result(Maker *m, Shape s)
{
    m->value[m->count] = (Made){s, false};
    return m->count++;
}

static void unary(Maker *m)
{
    static const char *const names[] = {"Relu", "Sigmoid", "Tanh",     "LeakyRelu", "HardSwish", "HardSigmoid",
                                        "Abs",  "Neg",     "Identity", "Relu",      "Softplus",  "Erf",
                                        "Relu", "Dropout", "Swish",    "Selu",      "Elu"};
    int x = pick(m, 0);
    Shape s = m->value[x].shape;
    if (!fits(m, &s))
        return;
    use(m, x);
    const char *name = names[draw(m, sizeof names / sizeof *names)];
    buf_printf(&m->text, "  %%v%d = %s(%%v%d)%s\n", result(m, s), name, x,
               !strcmp(name, "HardSwish") ? " version 14"
               : !strcmp(name, "Swish")   ? " version 24"
                                          : "");
}

static void clip(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape;
    if (!fits(m, &s))
        return;
    use(m, x);
    bool six = draw(m, 2);
    buf_printf(&m->text, "  const %%c%d: f32[] = [%s]\n  const %%c%d: f32[] = [%s]\n", m->consts, six ? "0" : "-0.5",
               m->consts + 1, six ? "6" : "0.75");
    buf_printf(&m->text, "  %%v%d = Clip(%%v%d, %%c%d, %%c%d)\n", result(m, s), x, m->consts, m->consts + 1);
    m->consts += 2;
}

/* With another value of the same shape, or a constant: a scalar, one a channel, one a last axis, all. */
static void binary(Maker *m)
{
    static const char *const names[] = {"Add", "Mul", "Sub", "Add", "Max", "Min", "Add"};
    int x = pick(m, 0), other = -1;
    Shape s = m->value[x].shape, c = s;
    if (!fits(m, &s))
        return;
    for (int i = m->count - 1; i >= 0 && other < 0 && draw(m, 4); i--)
        if (shape_equal(&m->value[i].shape, &s) && draw(m, 3))
            other = i;
    const char *name = names[draw(m, sizeof names / sizeof *names)];
    use(m, x);
    if (other >= 0) {
        use(m, other);
        buf_printf(&m->text, "  %%v%d = %s(%%v%d, %%v%d)\n", result(m, s), name, x, other);
        return;
    }
    switch (draw(m, 4)) {
    case 0:
        c = dims(0, 0, 0, 0, 0);
        break;
    case 1:
        for (int i = 0; i < s.rank; i++)
            c.dim[i] = i == 1 ? s.dim[1] : 1;
        break;
    case 2:
        c = dims(1, s.dim[s.rank - 1], 0, 0, 0);
        break;
    default:
        break;
    }
    int k = constant(m, c);
    if (draw(m, 2))
        buf_printf(&m->text, "  %%v%d = %s(%%v%d, %%c%d)\n", result(m, s), name, x, k);
    else
        buf_printf(&m->text, "  %%v%d = %s(%%c%d, %%v%d)\n", result(m, s), name, k, x);
}

static void conv(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0)
        return;
    Shape s = m->value[x].shape;
    int64_t channels = s.dim[1], kernel = 1 + draw(m, 3), stride = 1 + draw(m, 2), pad = kernel > 1 ? draw(m, 2) : 0;
    int64_t group = draw(m, 3) ? 1 : draw(m, 2) && channels % 2 == 0 ? 2 : channels;
    int64_t out = group == channels ? channels * (1 + draw(m, 2)) : group * (1 + draw(m, 5));
    Shape y =
        dims(4, s.dim[0], out, (s.dim[2] + 2 * pad - kernel) / stride + 1, (s.dim[3] + 2 * pad - kernel) / stride + 1);
    if (s.dim[2] + 2 * pad < kernel || s.dim[3] + 2 * pad < kernel || !fits(m, &y))
        return;
    use(m, x);
    int w = constant(m, dims(4, out, channels / group, kernel, kernel));
    int b = draw(m, 2) ? constant(m, dims(1, out, 0, 0, 0)) : -1;
    buf_printf(&m->text, "  %%v%d = Conv(%%v%d, %%c%d", result(m, y), x, w);
    if (b >= 0)
        buf_printf(&m->text, ", %%c%d", b);
    buf_printf(&m->text, ") {group=%d, strides=[%d,%d], pads=[%d,%d,%d,%d]}\n", (int)group, (int)stride, (int)stride,
               (int)pad, (int)pad, (int)pad, (int)pad);
}

static void pool(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0)
        return;
    Shape s = m->value[x].shape;
    int64_t kernel = 2 + draw(m, 2), stride = 1 + draw(m, 2), pad = draw(m, 2);
    Shape y = dims(4, s.dim[0], s.dim[1], (s.dim[2] + 2 * pad - kernel) / stride + 1,
                   (s.dim[3] + 2 * pad - kernel) / stride + 1);
    bool whole = draw(m, 4) == 0;
    if (whole)
        y = dims(4, s.dim[0], s.dim[1], 1, 1);
    if ((!whole && (s.dim[2] + 2 * pad < kernel || s.dim[3] + 2 * pad < kernel)) || !fits(m, &y))
        return;
    use(m, x);
    bool max = draw(m, 2);
    buf_printf(&m->text, "  %%v%d = %s%s(%%v%d)", result(m, y), whole ? "Global" : "", max ? "MaxPool" : "AveragePool",
               x);
    if (!whole)
        buf_printf(&m->text, " {kernel_shape=[%d,%d], strides=[%d,%d], pads=[%d,%d,%d,%d]%s}", (int)kernel, (int)kernel,
                   (int)stride, (int)stride, (int)pad, (int)pad, (int)pad, (int)pad,
                   !max && draw(m, 2) ? ", count_include_pad=1" : "");
    buf_puts(&m->text, "\n");
}

static void batchnorm(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0 || !fits(m, &m->value[x].shape))
        return;
    Shape s = m->value[x].shape, c = dims(1, s.dim[1], 0, 0, 0);
    char shape[SHAPE_TEXT_BYTES];
    use(m, x);
    int scale = constant(m, c), bias = constant(m, c), mean = constant(m, c);
    buf_printf(&m->text, "  const %%c%d: f32%s = fill(0.5)\n", m->consts, shape_text(&c, shape, sizeof shape));
    buf_printf(&m->text, "  %%v%d = BatchNormalization(%%v%d, %%c%d, %%c%d, %%c%d, %%c%d)\n", result(m, s), x, scale,
               bias, mean, m->consts);
    m->consts++;
}

/* With a large epsilon: small differences of small variances stay small. */
static void normalise(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0 || !fits(m, &m->value[x].shape))
        return;
    Shape s = m->value[x].shape, c = dims(1, s.dim[1], 0, 0, 0);
    use(m, x);
    int scale = constant(m, c), bias = constant(m, c), groups = s.dim[1] % 2 ? 1 : 2;
    buf_printf(&m->text, "  %%v%d = ", result(m, s));
    if (draw(m, 2))
        buf_printf(&m->text, "InstanceNormalization(%%v%d, %%c%d, %%c%d) {epsilon=0.5f}\n", x, scale, bias);
    else
        buf_printf(&m->text, "GroupNormalization(%%v%d, %%c%d, %%c%d) {epsilon=0.5f, num_groups=%d} version 21\n", x,
                   scale, bias, groups);
}

/* Softmax as its formula, with and without the maximum. */
static void softmax_written_out(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape, reduced = s;
    if (s.rank < 1 || !fits(m, &s) || m->count + 5 > MAX_VALUES)
        return;
    int axis = (int)draw(m, (uint32_t)s.rank), at = x;
    reduced.dim[axis] = 1;
    use(m, x);
    if (draw(m, 2)) {
        int most = result(m, reduced), less = result(m, s);
        buf_printf(&m->text, "  %%v%d = ReduceMax(%%v%d) {axes=[%d], keepdims=1}\n", most, x, axis);
        buf_printf(&m->text, "  %%v%d = Sub(%%v%d, %%v%d)\n", less, x, most);
        use(m, most);
        use(m, less);
        at = less;
    } else { /* within what e^x can be */
        at = result(m, s);
        buf_printf(&m->text, "  %%v%d = Tanh(%%v%d)\n", at, x);
        use(m, at);
    }
    int64_t axes = axis;
    int e = result(m, s), sum = result(m, reduced), k = integers(m, &axes, 1);
    buf_printf(&m->text, "  %%v%d = Exp(%%v%d)\n  %%v%d = ReduceSum(%%v%d, %%c%d) {keepdims=1}\n", e, at, sum, e, k);
    use(m, e);
    use(m, sum);
    buf_printf(&m->text, "  %%v%d = Div(%%v%d, %%v%d)\n", result(m, s), e, sum);
}

static void conv_transpose(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0)
        return;
    Shape s = m->value[x].shape;
    int64_t channels = s.dim[1], kernel = 1 + draw(m, 3), stride = 1 + draw(m, 2), group = draw(m, 3) ? 1 : channels;
    int64_t each = 1 + draw(m, 3);
    Shape y = dims(4, s.dim[0], each * group, (s.dim[2] - 1) * stride + kernel, (s.dim[3] - 1) * stride + kernel);
    if (!fits(m, &y))
        return;
    use(m, x);
    int w = constant(m, dims(4, channels, each, kernel, kernel));
    int b = draw(m, 2) ? constant(m, dims(1, each * group, 0, 0, 0)) : -1;
    buf_printf(&m->text, "  %%v%d = ConvTranspose(%%v%d, %%c%d", result(m, y), x, w);
    if (b >= 0)
        buf_printf(&m->text, ", %%c%d", b);
    buf_printf(&m->text, ") {group=%d, strides=[%d,%d]}\n", (int)group, (int)stride, (int)stride);
}

static void resize(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0)
        return;
    Shape s = m->value[x].shape;
    s.dim[2] *= 2;
    s.dim[3] = s.dim[3] * 3 / 2;
    if (!fits(m, &s))
        return;
    use(m, x);
    int k = m->consts;
    bool sizes = draw(m, 2);
    if (sizes)
        integers(m, s.dim, 4);
    else
        buf_printf(&m->text, "  const %%c%d: f32[4] = [1, 1, 2, 1.5]\n", m->consts++);
    buf_printf(&m->text, "  %%v%d = Resize(%%v%d, _, %s%%c%d) {mode=\"%s\", coordinate_transformation_mode=\"%s\"}\n",
               result(m, s), x, sizes ? "_, " : "", k, draw(m, 2) ? "nearest" : "linear",
               draw(m, 2) ? "asymmetric" : "half_pixel");
}

/* Squeeze and excite: each channel times a factor that is computed from all of it. */
static void gate(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0 || m->count + 3 > MAX_VALUES)
        return;
    Shape s = m->value[x].shape, one = dims(4, s.dim[0], s.dim[1], 1, 1);
    if (!fits(m, &s))
        return;
    use(m, x);
    int mean = result(m, one), factor = result(m, one);
    use(m, mean);
    use(m, factor);
    buf_printf(&m->text, "  %%v%d = GlobalAveragePool(%%v%d)\n  %%v%d = Sigmoid(%%v%d)\n", mean, x, factor, mean);
    buf_printf(&m->text, "  %%v%d = Mul(%%v%d, %%v%d)\n", result(m, s), x, factor);
}

/* A maximum over what a Pad of minus infinity leaves. */
static void padded_maximum(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0 || m->count + 2 > MAX_VALUES)
        return;
    Shape s = m->value[x].shape, y;
    int64_t amounts[8] = {0, 0, draw(m, 2), draw(m, 2), 0, 0, draw(m, 2), draw(m, 2)};
    s.dim[2] += amounts[2] + amounts[6];
    s.dim[3] += amounts[3] + amounts[7];
    y = dims(4, s.dim[0], s.dim[1], s.dim[2] - 1, s.dim[3] - 1);
    if (!fits(m, &s) || !fits(m, &y))
        return;
    use(m, x);
    int k = integers(m, amounts, 8), p = result(m, s);
    use(m, p);
    buf_printf(&m->text, "  const %%c%d: f32[] = [-inf]\n  %%v%d = Pad(%%v%d, %%c%d, %%c%d)\n", m->consts, p, x, k,
               m->consts);
    m->consts++;
    buf_printf(&m->text, "  %%v%d = MaxPool(%%v%d) {kernel_shape=[2,2]}\n", result(m, y), p);
    m->value[p].shape.rank = -1; /* nothing else reads infinities */
}

static void transpose(Maker *m)
{
    int x = pick(m, 0), perm[4] = {0, 1, 2, 3};
    Shape s = m->value[x].shape, y = s;
    if (!fits(m, &s) || s.rank < 2)
        return;
    use(m, x);
    for (int i = s.rank - 1; i > 0; i--) {
        int j = (int)draw(m, (uint32_t)i + 1), t = perm[i];
        perm[i] = perm[j];
        perm[j] = t;
    }
    for (int i = 0; i < s.rank; i++)
        y.dim[i] = s.dim[perm[i]];
    buf_printf(&m->text, "  %%v%d = Transpose(%%v%d) {perm=[", result(m, y), x);
    for (int i = 0; i < s.rank; i++)
        buf_printf(&m->text, "%s%d", i ? "," : "", perm[i]);
    buf_puts(&m->text, "]}\n");
}

/* Splits or merges axes. */
static void reshape(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape, y = {0};
    if (!fits(m, &s))
        return;
    if (draw(m, 2) && s.rank > 1) { /* the last two become one */
        y = s;
        y.rank--;
        y.dim[y.rank - 1] *= s.dim[y.rank];
    } else if (s.rank < 4) {
        int64_t last = s.dim[s.rank - 1], first = last % 2 == 0 ? 2 : last % 3 == 0 ? 3 : 1;
        y = s;
        y.dim[y.rank - 1] = first;
        y.dim[y.rank++] = last / first;
    } else {
        y = dims(2, s.dim[0], s.dim[1] * s.dim[2] * s.dim[3], 0, 0);
    }
    use(m, x);
    int k = integers(m, y.dim, y.rank);
    buf_printf(&m->text, "  %%v%d = Reshape(%%v%d, %%c%d)\n", result(m, y), x, k);
}

static void concat(Maker *m)
{
    int x = pick(m, 0), other = -1;
    Shape s = m->value[x].shape, y = s;
    if (s.rank < 1)
        return;
    int axis = (int)draw(m, (uint32_t)s.rank);
    for (int i = m->count - 1; i >= 0; i--) {
        Shape t = m->value[i].shape;
        t.dim[axis] = s.dim[axis];
        if (m->value[i].shape.rank == s.rank && shape_equal(&t, &s) && draw(m, 2))
            other = i;
    }
    if (other < 0)
        other = x;
    y.dim[axis] += m->value[other].shape.dim[axis];
    if (!fits(m, &y))
        return;
    use(m, x);
    use(m, other);
    buf_printf(&m->text, "  %%v%d = Concat(%%v%d, %%v%d) {axis=%d}\n", result(m, y), x, other, axis);
}

static void split(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape;
    int axis = s.rank ? (int)draw(m, (uint32_t)s.rank) : 0;
    if (s.rank < 1 || s.dim[axis] % 2 || m->count + 2 > MAX_VALUES)
        return;
    use(m, x);
    s.dim[axis] /= 2;
    int a = result(m, s), b = result(m, s);
    buf_printf(&m->text, "  %%v%d, %%v%d = Split(%%v%d) {axis=%d}\n", a, b, x, axis);
}

static void slice(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape;
    int axis = s.rank ? (int)draw(m, (uint32_t)s.rank) : 0;
    if (s.rank < 1 || s.dim[axis] < 3 || !fits(m, &s))
        return;
    int64_t step = 1 + draw(m, 2), begin = draw(m, 2), end = s.dim[axis], at = axis;
    use(m, x);
    int b = integers(m, &begin, 1), e = integers(m, &end, 1), a = integers(m, &at, 1), t = integers(m, &step, 1);
    s.dim[axis] = (end - begin + step - 1) / step;
    buf_printf(&m->text, "  %%v%d = Slice(%%v%d, %%c%d, %%c%d, %%c%d, %%c%d)\n", result(m, s), x, b, e, a, t);
}

static void pad(Maker *m)
{
    int x = pick(m, 4);
    if (x < 0)
        return;
    Shape s = m->value[x].shape;
    int64_t amounts[8] = {0, 0, draw(m, 2), draw(m, 2), 0, 0, draw(m, 3), draw(m, 2)};
    s.dim[2] += amounts[2] + amounts[6];
    s.dim[3] += amounts[3] + amounts[7];
    if (!fits(m, &s))
        return;
    use(m, x);
    int k = integers(m, amounts, 8);
    buf_printf(&m->text, "  %%v%d = Pad(%%v%d, %%c%d)\n", result(m, s), x, k);
}

static void along_axis(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape;
    if (s.rank < 1 || !fits(m, &s))
        return;
    int axis = (int)draw(m, (uint32_t)s.rank);
    use(m, x);
    switch (draw(m, 3)) {
    case 0:
        buf_printf(&m->text, "  %%v%d = Softmax(%%v%d) {axis=%d}\n", result(m, s), x, axis);
        break;
    case 1: { /* a large epsilon: small differences of small variances stay small */
        Shape last = dims(1, s.dim[s.rank - 1], 0, 0, 0);
        int scale = constant(m, last), bias = constant(m, last);
        buf_printf(&m->text, "  %%v%d = LayerNormalization(%%v%d, %%c%d, %%c%d) {axis=-1, epsilon=0.5f} version 17\n",
                   result(m, s), x, scale, bias);
        break;
    }
    default:
        s.dim[axis] = 1;
        buf_printf(&m->text, "  %%v%d = %s(%%v%d) {axes=[%d], keepdims=1}\n", result(m, s),
                   draw(m, 2) ? "ReduceMean" : "ReduceMax", x, axis);
    }
}

static void product(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape, y = s;
    if (s.rank < 2)
        return;
    int64_t k = s.dim[s.rank - 1], n = 1 + draw(m, 6);
    y.dim[y.rank - 1] = n;
    if (!fits(m, &y))
        return;
    use(m, x);
    int w = constant(m, dims(2, k, n, 0, 0));
    if (s.rank == 2 && draw(m, 2)) {
        int b = constant(m, dims(1, n, 0, 0, 0));
        buf_printf(&m->text, "  %%v%d = Gemm(%%v%d, %%c%d, %%c%d)\n", result(m, y), x, w, b);
    } else {
        buf_printf(&m->text, "  %%v%d = MatMul(%%v%d, %%c%d)\n", result(m, y), x, w);
    }
}

/* x times its own transposed: a product of two computed values. */
static void self_product(Maker *m)
{
    int x = pick(m, 0);
    Shape s = m->value[x].shape, t = s, y = s;
    if (s.rank < 2 || s.rank > 3 || m->count + 2 > MAX_VALUES)
        return;
    t.dim[s.rank - 1] = s.dim[s.rank - 2];
    t.dim[s.rank - 2] = s.dim[s.rank - 1];
    y.dim[s.rank - 1] = s.dim[s.rank - 2];
    if (!fits(m, &y))
        return;
    use(m, x);
    int a = result(m, t);
    use(m, a);
    buf_printf(&m->text, "  %%v%d = Transpose(%%v%d) {perm=%s}\n", a, x, s.rank == 2 ? "[1,0]" : "[0,2,1]");
    buf_printf(&m->text, "  %%v%d = MatMul(%%v%d, %%v%d)\n", result(m, y), x, a);
}

const char *random_graph(Arena *a, uint64_t seed)
{
    static void (*const makers[])(Maker *) = {unary,          binary,       conv,      conv,
                                              pool,           batchnorm,    transpose, reshape,
                                              concat,         split,        slice,     pad,
                                              unary,          along_axis,   product,   clip,
                                              binary,         self_product, normalise, softmax_written_out,
                                              conv_transpose, resize,       gate,      padded_maximum};
    char shape[SHAPE_TEXT_BYTES];
    Maker m = {.state = seed * 2654435761u + 12345};
    buf_printf(&m.text, "graph \"random\" opset \"\" 13 {\n");
    for (uint32_t inputs = 1 + draw(&m, 2); inputs > 0; inputs--) {
        Shape s = draw(&m, 4) ? dims(4, 1, 1 + draw(&m, 6), 3 + draw(&m, 6), 3 + draw(&m, 6))
                              : dims(2 + (int)draw(&m, 2), 2 + draw(&m, 4), 2 + draw(&m, 6), 4, 0);
        buf_printf(&m.text, "  input %%v%d: f32%s\n", m.count, shape_text(&s, shape, sizeof shape));
        result(&m, s);
    }
    for (uint32_t nodes = 3 + draw(&m, 14); nodes > 0; nodes--)
        makers[draw(&m, sizeof makers / sizeof *makers)](&m);
    for (int i = 0; i < m.count; i++)
        if (!m.value[i].used || draw(&m, 12) == 0)
            buf_printf(&m.text, "  output %%v%d\n", i);
    buf_puts(&m.text, "}\n");
    const char *text = arena_strdup(a, buf_text(&m.text));
    buf_free(&m.text);
    return text;
}
