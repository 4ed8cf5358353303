/* Activations from arithmetic. What stands around a function f (Erf, Tanh, Sigmoid, a clip) is read as a polynomial in
 * x and f, so that every order of factors and summands is one: 0.5*x*(1+f), x*(f+1)/2 and (x*0.5 + x*0.5*f) are all x/2
 * + x*f/2. */
#include "passes/recognise.h"

#include <math.h>
#include <string.h>

enum { DEGREE = 3, DEPTH = 12, CANDIDATES = 8 };

/* The sum of c[i][j] * f^i * x^j. */
typedef struct {
    double c[2][DEGREE + 1];
} Polynomial;

static bool multiply(const Polynomial *a, const Polynomial *b, Polynomial *out)
{
    Polynomial y = {0};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < (DEGREE + 1) * (DEGREE + 1); j++) {
            int fa = i / 2, fb = i % 2, xa = j / (DEGREE + 1), xb = j % (DEGREE + 1);
            double v = a->c[fa][xa] * b->c[fb][xb];
            if (v == 0)
                continue;
            if (fa + fb > 1 || xa + xb > DEGREE)
                return false;
            y.c[fa + fb][xa + xb] += v;
        }
    *out = y;
    return true;
}

static bool sum(const Polynomial *a, const Polynomial *b, double factor, Polynomial *out)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j <= DEGREE; j++)
            out->c[i][j] = a->c[i][j] + factor * b->c[i][j];
    return true;
}

static bool power(const Polynomial *a, double exponent, Polynomial *out)
{
    Polynomial y = {.c = {{1}}};
    if (exponent != floor(exponent) || exponent < 0 || exponent > DEGREE)
        return false;
    for (int i = 0; i < (int)exponent; i++)
        if (!multiply(&y, a, &y))
            return false;
    *out = y;
    return true;
}

/* v as a polynomial in x and f (f may be NULL). */
static bool polynomial_of(const Value *v, const Value *x, const Value *f, int depth, Polynomial *out)
{
    Polynomial a, b;
    double k;
    *out = (Polynomial){0};
    if (v == x || v == f) {
        out->c[v == f][v != f] = 1;
        return true;
    }
    if (const_scalar(v, &k)) {
        out->c[0][0] = k;
        return isfinite(k);
    }
    const Node *n = v ? v->producer : NULL;
    if (!n || *n->domain || n->version < 7 || depth == 0)
        return false;
    if (node_is(n, "Neg"))
        return polynomial_of(node_in(n, 0), x, f, depth - 1, &a) && sum(&(Polynomial){0}, &a, -1, out);
    if (n->inputs.count != 2 || !polynomial_of(node_in(n, 0), x, f, depth - 1, &a))
        return false;
    if (node_is(n, "Pow"))
        return const_scalar(node_in(n, 1), &k) && power(&a, k, out);
    if (node_is(n, "Div"))
        return const_scalar(node_in(n, 1), &k) && k != 0 && sum(&(Polynomial){0}, &a, 1 / k, out);
    if (!polynomial_of(node_in(n, 1), x, f, depth - 1, &b))
        return false;
    if (node_is(n, "Add"))
        return sum(&a, &b, 1, out);
    if (node_is(n, "Sub"))
        return sum(&a, &b, -1, out);
    return node_is(n, "Mul") && multiply(&a, &b, out);
}

/* Equal up to the digits that exporters write constants with. */
static bool is_polynomial(const Polynomial *p, const Polynomial *want)
{
    for (int i = 0; i < 2; i++)
        for (int j = 0; j <= DEGREE; j++)
            if (fabs(p->c[i][j] - want->c[i][j]) > 2e-6 * fabs(want->c[i][j]))
                return false;
    return true;
}

/* The values that `inner` may be a polynomial in, the nearest first. */
static int candidates(Value *inner, Value **list)
{
    int count = 0;
    list[count++] = inner;
    for (int k = 0; k < count; k++) {
        const Node *n = list[k]->producer;
        if (!node_is(n, "Add") && !node_is(n, "Sub") && !node_is(n, "Mul") && !node_is(n, "Div") &&
            !node_is(n, "Pow") && !node_is(n, "Neg"))
            continue;
        for (size_t i = 0; i < n->inputs.count && i < 2 && count < CANDIDATES; i++)
            if (!node_in(n, i)->is_const && known_f32(node_in(n, i)))
                list[count++] = node_in(n, i);
    }
    return count;
}

/* The node behind f whose result is `want` of x and f, through nodes that nothing else reads. */
static Node *find_top(Value *f, const Value *x, const Polynomial *want)
{
    Polynomial p;
    const Value *v = f;
    for (int k = 0; k < DEPTH; k++) {
        Node *n = reader(v, NULL);
        if (!n || !known_f32(node_out(n, 0)) || !shape_equal(&node_out(n, 0)->shape, &x->shape) ||
            !polynomial_of(node_out(n, 0), x, f, DEPTH, &p))
            return NULL;
        if (is_polynomial(&p, want))
            return n;
        v = node_out(n, 0);
    }
    return NULL;
}

static const Polynomial x_times_f = {.c = {{0}, {0, 1}}};
static const Polynomial gelu = {.c = {{0, 0.5}, {0, 0.5}}};
static const Polynomial erf_argument = {.c = {{0, 0.70710678118654752}}};
static const Polynomial tanh_argument = {.c = {{0, 0.79788456080286536, 0, 0.79788456080286536 * 0.044715}}};

static Node *gelu_of(Graph *g, Value *f, Value *x, const Polynomial *inner, bool is_tanh)
{
    if (!is_polynomial(inner, is_tanh ? &tanh_argument : &erf_argument))
        return NULL;
    Node *top = find_top(f, x, &gelu);
    if (!top)
        return NULL;
    Node *made = recognised(g, top, "Gelu", 20, x);
    if (is_tanh)
        node_set_string(g, made, "approximate", "tanh");
    return made;
}

/* x * sigmoid(alpha*x) */
static Node *swish_of(Graph *g, Value *f, Value *x, const Polynomial *inner)
{
    Polynomial scaled = {.c = {{0, inner->c[0][1]}}};
    Node *top = is_polynomial(inner, &scaled) && inner->c[0][1] != 0 ? find_top(f, x, &x_times_f) : NULL;
    if (!top)
        return NULL;
    Node *made = recognised(g, top, "Swish", 24, x);
    if (scaled.c[0][1] != 1)
        node_set_float(g, made, "alpha", (float)scaled.c[0][1]);
    return made;
}

/* x * clip(x/6 + 1/2, 0, 1) */
static Node *hard_swish_of(Graph *g, Node *n, Value *f, Value *x, const Polynomial *inner)
{
    Polynomial sixth = {.c = {{0.5, 1.0 / 6}}}, scaled;
    double alpha = (double)node_float(n, "alpha", 0.2f), beta = (double)node_float(n, "beta", 0.5f);
    sum(&(Polynomial){0}, inner, alpha, &scaled);
    scaled.c[0][0] += beta;
    Node *top = is_polynomial(&scaled, &sixth) ? find_top(f, x, &x_times_f) : NULL;
    return top ? recognised(g, top, "HardSwish", 14, x) : NULL;
}

static Value *softplus_input(Value *v)
{
    double one;
    Node *n = v->producer;
    if (node_is(n, "Softplus"))
        return node_in(n, 0);
    Node *add = node_is(n, "Log") && node_in(n, 0) ? node_in(n, 0)->producer : NULL;
    for (size_t i = 0; node_is(add, "Add") && i < 2; i++)
        if (const_scalar(node_in(add, i), &one) && one == 1 && node_is(node_in(add, 1 - i)->producer, "Exp"))
            return node_in(node_in(add, 1 - i)->producer, 0);
    return NULL;
}

static bool recognise_mish(Graph *g, Node *n)
{
    Value *x = softplus_input(node_in(n, 0));
    Node *top = x && known_f32(x) ? find_top(node_out(n, 0), x, &x_times_f) : NULL;
    return top && recognised(g, top, "Mish", 18, x);
}

bool recognise_activation(PassContext *c, Graph *g, Node *n)
{
    Value *list[CANDIDATES], *inner = node_in(n, 0), *f = node_out(n, 0);
    Polynomial p;
    (void)c;
    bool tanh = node_is(n, "Tanh"), erf = node_is(n, "Erf"), sigmoid = node_is(n, "Sigmoid");
    bool hard = node_is(n, "HardSigmoid");
    if ((!tanh && !erf && !sigmoid && !hard) || !known_f32(inner) || !known_f32(f))
        return false;
    if (tanh && recognise_mish(g, n))
        return true;
    int count = candidates(inner, list);
    for (int k = 0; k < count; k++) {
        Value *x = list[k];
        if (!shape_equal(&x->shape, &f->shape) || !polynomial_of(inner, x, NULL, DEPTH, &p))
            continue;
        if ((tanh || erf) && gelu_of(g, f, x, &p, tanh))
            return true;
        if (sigmoid && swish_of(g, f, x, &p))
            return true;
        if (hard && hard_swish_of(g, n, f, x, &p))
            return true;
    }
    return false;
}

/* clip(x + 3, 0, 6) / 6 is HardSigmoid with alpha 1/6 and beta 1/2. The division may also stand behind a product with
 * x, as in HardSwish: only the form x * clip(x + 3, 0, 6) / 6 is taken then. */
bool recognise_clip(PassContext *c, Graph *g, Node *n)
{
    static const Polynomial three = {.c = {{3, 1}}}, swish = {.c = {{0}, {0, 1.0 / 6}}},
                            sixth = {.c = {{0}, {1.0 / 6}}};
    Value *inner, *list[CANDIDATES];
    Polynomial p;
    double lo, hi;
    (void)c;
    if (!clamp_of(n, &inner, &lo, &hi) || lo != 0 || hi != 6)
        return false;
    Value *f = node_out(n, 0);
    int count = candidates(inner, list);
    for (int k = 0; k < count; k++) {
        Value *x = list[k];
        if (!polynomial_of(inner, x, NULL, DEPTH, &p) || !is_polynomial(&p, &three))
            continue;
        Node *top = find_top(f, x, &swish);
        if (top && recognised(g, top, "HardSwish", 14, x))
            return true;
        top = find_top(f, x, &sixth);
        if (!top)
            continue;
        node_set_float(g, recognised(g, top, "HardSigmoid", 6, x), "alpha", 1.0f / 6);
        return true;
    }
    return false;
}

/* alpha * x: gives x and alpha */
static Value *scaled_of(const Value *v, double *alpha)
{
    const Node *n = v ? v->producer : NULL;
    for (size_t i = 0; node_is(n, "Mul") && i < 2; i++)
        if (const_scalar(node_in(n, i), alpha))
            return node_in(n, 1 - i);
    return NULL;
}

/* relu(-x): gives x */
static Value *negative_part(const Value *v)
{
    const Node *relu = v ? v->producer : NULL, *neg = node_is(relu, "Relu") ? node_in(relu, 0)->producer : NULL;
    return node_is(neg, "Neg") ? node_in(neg, 0) : NULL;
}

/* relu(x) + a, where a = slope * -relu(-x) or the like: gives x and slope. */
static Value *prelu_of(const Node *n, Value **slope, double *sign)
{
    for (size_t i = 0; i < (node_is(n, "Sub") ? 1u : 2u); i++) {
        Node *relu = node_in(n, i)->producer, *mul = node_in(n, 1 - i)->producer;
        *sign = node_is(n, "Sub") ? 1 : -1;
        if (node_is(mul, "Neg")) {
            *sign = -*sign;
            mul = node_in(mul, 0)->producer;
        }
        if (!node_is(relu, "Relu") || !node_is(mul, "Mul"))
            continue;
        for (size_t k = 0; k < 2; k++) {
            Value *part = node_in(mul, k);
            double s = 1;
            if (node_is(part->producer, "Neg") && !negative_part(part)) {
                part = node_in(part->producer, 0);
                s = -1;
            }
            *slope = node_in(mul, 1 - k);
            if (negative_part(part) == node_in(relu, 0) && const_f32(*slope)) {
                *sign *= s;
                return node_in(relu, 0);
            }
        }
    }
    return NULL;
}

static Value *negated(Graph *g, const Value *k)
{
    int64_t count = shape_count(&k->shape);
    float *data = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++)
        data[i] = -((const float *)k->data)[i];
    return const_floats(g, k->name, &k->shape, data);
}

bool recognise_leaky(PassContext *c, Graph *g, Node *n)
{
    double alpha, sign;
    Value *slope;
    (void)c;
    if (n->inputs.count != 2 || !known_f32(node_out(n, 0)) || !node_in(n, 0) || !node_in(n, 1))
        return false;
    for (size_t i = 0; node_is(n, "Max") && i < 2; i++) {
        Value *x = scaled_of(node_in(n, 1 - i), &alpha);
        if (!x || x != node_in(n, i) || alpha < 0 || alpha > 1 || !known_f32(x) ||
            !shape_equal(&x->shape, &node_out(n, 0)->shape))
            continue;
        node_set_float(g, recognised(g, n, "LeakyRelu", 6, x), "alpha", (float)alpha);
        return true;
    }
    if (!node_is(n, "Add") && !node_is(n, "Sub"))
        return false;
    Value *x = prelu_of(n, &slope, &sign);
    Shape s;
    if (!x || !known_f32(x) || !shape_equal(&x->shape, &node_out(n, 0)->shape) ||
        !shape_broadcast(&x->shape, &slope->shape, &s) || !shape_equal(&s, &x->shape))
        return false;
    Node *made = recognised(g, n, "PRelu", 9, x);
    node_add_input(g, made, sign > 0 ? slope : negated(g, slope));
    return true;
}
