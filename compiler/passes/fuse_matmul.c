/* fuse_matmul: a product of two computed matrices reads and writes them where they lie (adze.MatMul): Transposes,
 * Reshapes, Gathers of one row, Slices and Splits in front of it, a Transpose behind it, and a constant factor at
 * either side become strides, offsets and alpha. The heads of attention are then neither split nor merged by copies.
 * Requires: all shapes known. Keeps: the function up to rounding (the factor is applied to the sum). Runs at the end:
 * other passes do not look into adze.MatMul. */
#include "passes/rewrite.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { BATCH = 4, DEPTH = 16 };

/* A tensor as it lies inside another: element i is root[offset + sum i[k] * stride[k]], times `factor`. */
typedef struct {
    Value *root;
    Shape shape;
    int64_t offset, stride[MAX_RANK];
    double factor;
} View;

static View plain(Value *v)
{
    View w = {.root = v, .shape = v->shape, .factor = 1};
    int64_t step = 1;
    for (int i = v->shape.rank - 1; i >= 0; i--) {
        w.stride[i] = step;
        step *= v->shape.dim[i];
    }
    return w;
}

static void view_transposed(View *v, const int *perm)
{
    View from = *v;
    v->shape = shape_permuted(&from.shape, perm);
    for (int i = 0; i < from.shape.rank; i++)
        v->stride[i] = from.stride[perm[i]];
}

/* Axes are split, and merged where their elements follow each other; else false. */
static bool view_reshaped(View *v, const Shape *to)
{
    View from = *v;
    int i = 0, j = 0;
    v->shape = *to;
    while (j < to->rank) {
        int64_t have = 1, want = 1;
        int first = j, k = i;
        do {
            if (have <= want && i < from.shape.rank)
                have *= from.shape.dim[i++];
            else if (j < to->rank)
                want *= to->dim[j++];
            else
                return false;
        } while (have != want || first == j);
        /* [k, i) of the old axes are [first, j) of the new. */
        int64_t step = 1, along = -1;
        for (int a = i - 1; a >= k; a--) {
            if (from.shape.dim[a] == 1)
                continue;
            if (along < 0)
                along = from.stride[a];
            else if (from.stride[a] != along * step)
                return false;
            step *= from.shape.dim[a];
        }
        step = along < 0 ? 0 : along;
        for (int a = j - 1; a >= first; a--) {
            v->stride[a] = step;
            step *= to->dim[a];
        }
    }
    return true;
}

/* Gather of one known row: that axis goes. */
static bool view_gathered(View *v, const Node *n)
{
    double at;
    int axis = axis_normalise(node_int(n, "axis", 0), v->shape.rank);
    const Value *index = node_in(n, 1);
    if (axis < 0 || !index || index->shape.rank != 0 || !const_scalar(index, &at))
        return false;
    int64_t row = (int64_t)at < 0 ? (int64_t)at + v->shape.dim[axis] : (int64_t)at;
    if (row < 0 || row >= v->shape.dim[axis])
        return false;
    v->offset += row * v->stride[axis];
    for (int i = axis; i + 1 < v->shape.rank; i++) {
        v->shape.dim[i] = v->shape.dim[i + 1];
        v->stride[i] = v->stride[i + 1];
    }
    v->shape.rank--;
    return true;
}

static bool view_split(View *v, const Node *n, const Value *part)
{
    int axis = axis_normalise(node_int(n, "axis", 0), v->shape.rank);
    if (axis < 0 || n->version < 2)
        return false;
    for (size_t i = 0; i < n->outputs.count && node_out(n, i) != part; i++) {
        if (!node_out(n, i))
            return false;
        v->offset += node_out(n, i)->shape.dim[axis] * v->stride[axis];
    }
    v->shape = part->shape;
    return true;
}

/* Slices with constant lists and positive steps. */
static bool view_sliced(View *v, const Node *n)
{
    int64_t starts[MAX_RANK], axes[MAX_RANK], steps[MAX_RANK];
    const Value *y = node_out(n, 0);
    int count = n->version < 10 ? -1 : const_ints(node_in(n, 1), starts, MAX_RANK);
    if (count < 0 || (node_in(n, 3) && const_ints(node_in(n, 3), axes, MAX_RANK) != count) ||
        (node_in(n, 4) && const_ints(node_in(n, 4), steps, MAX_RANK) != count))
        return false;
    for (int i = 0; i < count; i++) {
        int axis = node_in(n, 3) ? axis_normalise(axes[i], v->shape.rank) : i;
        int64_t step = node_in(n, 4) ? steps[i] : 1;
        if (axis < 0 || axis >= v->shape.rank || step < 1 || step > INT32_MAX)
            return false;
        int64_t dim = v->shape.dim[axis], start = starts[i] < 0 ? starts[i] + dim : starts[i];
        v->offset += (start < 0 ? 0 : start) * v->stride[axis];
        v->stride[axis] *= step;
    }
    v->shape = y->shape;
    return true;
}

static View view_of(Value *v, int depth);

/* x * k and x / k, which nothing else reads. */
static bool scaled(Value *v, const Node *n, int depth, View *out)
{
    double k;
    bool div = node_is(n, "Div");
    if ((!div && !node_is(n, "Mul")) || n->version < 7 || !single_use(v))
        return false;
    size_t at = !div && const_scalar(node_in(n, 0), &k) ? 1 : 0;
    Value *x = node_in(n, at);
    if (!const_scalar(node_in(n, 1 - at), &k) || !known_f32(x) || x->is_const || !shape_equal(&x->shape, &v->shape) ||
        !isfinite(k) || k == 0)
        return false;
    *out = view_of(x, depth - 1);
    out->factor *= div ? 1 / k : k;
    return true;
}

/* v as it lies in the value furthest up that holds all of it. */
static View view_of(Value *v, int depth)
{
    int perm[MAX_RANK];
    View out;
    const Node *n = v->producer;
    Value *x = n ? node_in(n, 0) : NULL;
    if (!n || *n->domain || depth == 0 || !known_f32(v))
        return plain(v);
    if (scaled(v, n, depth, &out))
        return out;
    bool transpose = node_perm(n, perm) > 0, reshape = node_is(n, "Reshape"), gather = node_is(n, "Gather");
    bool split = node_is(n, "Split"), slice = node_is(n, "Slice");
    if ((!transpose && !reshape && !gather && !split && !slice) || !known_f32(x) || x->is_const ||
        shape_count(&x->shape) < 1 || shape_count(&v->shape) < 1)
        return plain(v);
    out = view_of(x, depth - 1);
    if (transpose)
        view_transposed(&out, perm);
    else if ((reshape && !view_reshaped(&out, &v->shape)) || (gather && !view_gathered(&out, n)) ||
             (split && !view_split(&out, n, v)) || (slice && !view_sliced(&out, n)))
        return plain(v);
    return shape_equal(&out.shape, &v->shape) ? out : plain(v);
}

/* [offset, batch..., row, column] of an operand whose batch axes broadcast to those of y. */
static void operand_list(const View *v, const Shape *y, int64_t *list, int *count)
{
    int rank = v->shape.rank, added = y->rank - rank;
    *count = 0;
    list[(*count)++] = v->offset;
    for (int i = 0; i < y->rank - 2; i++)
        if (y->dim[i] != 1)
            list[(*count)++] = i < added || v->shape.dim[i - added] == 1 ? 0 : v->stride[i - added];
    list[(*count)++] = v->stride[rank - 2];
    list[(*count)++] = v->stride[rank - 1];
}

static bool is_product(const Node *n)
{
    const Value *a = node_in(n, 0), *b = node_in(n, 1), *y = node_out(n, 0);
    return node_is(n, "MatMul") && known_f32(a) && known_f32(b) && known_f32(y) && a->shape.rank >= 2 &&
           b->shape.rank >= 2 && shape_count(&y->shape) > 0 && shape_count(&a->shape) > 0 &&
           y->shape.rank == (a->shape.rank > b->shape.rank ? a->shape.rank : b->shape.rank);
}

static bool fuse_product(PassContext *c, Graph *g, Node *n)
{
    if (!is_product(n))
        return false;
    Value *y = node_out(n, 0);
    View a = view_of(node_in(n, 0), DEPTH), b = view_of(node_in(n, 1), DEPTH), own = plain(y);
    int64_t batch[MAX_RANK], list[3][MAX_RANK + 1], mnk[3];
    int rank = y->shape.rank, count = 0, length;
    for (int i = 0; i < rank - 2; i++)
        if (y->shape.dim[i] != 1)
            batch[count++] = y->shape.dim[i];
    double alpha = a.factor * b.factor;
    if (count > BATCH || !isfinite((float)alpha) || (float)alpha == 0)
        return false;
    mnk[0] = y->shape.dim[rank - 2];
    mnk[1] = y->shape.dim[rank - 1];
    mnk[2] = a.shape.dim[a.shape.rank - 1];
    operand_list(&a, &y->shape, list[0], &length);
    operand_list(&b, &y->shape, list[1], &length);
    operand_list(&own, &y->shape, list[2], &length);
    if (a.root != node_in(n, 0) || b.root != node_in(n, 1))
        graph_note(g, "fuse_matmul", n, 0, "reads %s and %s where they lie", diag_quote(c->scratch, a.root->name),
                   diag_quote(c->scratch, b.root->name));
    Node *made = rw_node(g, n, "adze", "MatMul", n->name);
    node_set_ints(g, made, "shape", y->shape.dim, (size_t)rank);
    node_set_ints(g, made, "batch", batch, (size_t)count);
    node_set_ints(g, made, "mnk", mnk, 3);
    node_set_ints(g, made, "a", list[0], (size_t)length);
    node_set_ints(g, made, "b", list[1], (size_t)length);
    node_set_ints(g, made, "y", list[2], (size_t)length - 1);
    if (alpha != 1)
        node_set_float(g, made, "alpha", (float)alpha);
    node_add_input(g, made, a.root);
    node_add_input(g, made, b.root);
    rw_replace(g, n, rw_output(g, made, DT_F32, &y->shape));
    return true;
}

/* The product that x is, when nothing else reads it. */
static Node *product_behind(Value *x)
{
    return x && single_use(x) && x->producer && node_is_adze(x->producer, "MatMul") && known_f32(x) ? x->producer
                                                                                                    : NULL;
}

static bool fuse_factor(PassContext *c, Graph *g, Node *n)
{
    double k;
    bool div = node_is(n, "Div");
    (void)c;
    if ((!div && !node_is(n, "Mul")) || n->version < 7 || n->inputs.count != 2)
        return false;
    size_t at = !div && const_scalar(node_in(n, 0), &k) ? 1 : 0;
    Value *x = node_in(n, at), *y = node_out(n, 0);
    Node *product = product_behind(x);
    if (!product || !const_scalar(node_in(n, 1 - at), &k) || !known_f32(y) || !shape_equal(&x->shape, &y->shape))
        return false;
    double alpha = (double)node_float(product, "alpha", 1.0f) * (div ? 1 / k : k);
    if (!isfinite((float)alpha) || (float)alpha == 0)
        return false;
    graph_note(g, "fuse_matmul", product, 0, "%s by %g is part of it", div ? "division" : "multiplication", k);
    node_set_float(g, product, "alpha", (float)alpha);
    rw_replace(g, n, x);
    return true;
}

/* Transpose of a product: its rows and batches lie in the new order; columns must stay last. */
static bool fuse_transpose(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK], back[MAX_RANK], rank = node_perm(n, perm), at = 1;
    int64_t list[MAX_RANK + 1];
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    Node *product = product_behind(x);
    (void)c;
    if (!product || rank < 2 || perm[rank - 1] != rank - 1 || !known_f32(y))
        return false;
    View to = plain(y);
    perm_inverse(perm, rank, back);
    if (node_ints(product, "y", list, MAX_RANK) < 0 || list[0] || shape_count(&x->shape) < 1)
        return false;
    View own = plain(x);
    int64_t now[MAX_RANK + 1] = {0};
    for (int i = 0; i < rank - 2; i++)
        if (x->shape.dim[i] != 1)
            now[at++] = own.stride[i];
    now[at++] = own.stride[rank - 2];
    if (memcmp(now, list, (size_t)at * sizeof *now)) /* turned before */
        return false;
    at = 1;
    for (int i = 0; i < rank - 2; i++)
        if (x->shape.dim[i] != 1)
            list[at++] = to.stride[back[i]];
    list[at++] = to.stride[back[rank - 2]];
    node_set_ints(g, product, "y", list, (size_t)at);
    node_set_ints(g, product, "shape", y->shape.dim, (size_t)rank);
    graph_note(g, "fuse_matmul", product, 0, "its result is written transposed");
    x->shape = y->shape;
    rw_replace(g, n, x);
    return true;
}

bool pass_fuse_matmul(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {fuse_product, fuse_factor, fuse_transpose};
    return rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed);
}
