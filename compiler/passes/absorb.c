#include "passes/absorb.h"

/* How the columns of the matrix, read in the order of `before`, map to the weights' rows. */
typedef struct {
    int count;             /* axes of more than one element that make up the rows of the weights */
    int64_t dim[MAX_RANK]; /* in the weights' present order */
    int perm[MAX_RANK];    /* new axis i is present axis perm[i] */
} RowOrder;

static bool read_by_gemms(const Value *v)
{
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *n = v->users.items[i];
        const Value *w = node_in(n, 1);
        bool q = node_is_adze(n, "QGemm") || node_is_adze(n, "QGemm16");
        if ((!q && !node_is_adze(n, "Gemm")) || node_in(n, 0) != v || node_in(n, q ? 4 : 3) == v || !w->is_const ||
            !w->data || w->shape.rank != 2 || node_int(n, "block_size", 0))
            return false; /* weights of 4 bits in blocks would need 16 in another order */
    }
    return v->users.count > 0 && !v->is_output;
}

static int wide_axes(const Shape *s, int *axes)
{
    int count = 0;
    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] != 1)
            axes[count++] = i;
    return count;
}

static bool row_order(const Shape *before, const int *perm, int64_t k, RowOrder *out)
{
    int from[MAX_RANK], to[MAX_RANK], wide = wide_axes(before, from), first = wide;
    Shape after = shape_permuted(before, perm);
    wide_axes(&after, to);
    int64_t product = 1;
    while (first > 0 && product < k && !__builtin_mul_overflow(product, after.dim[to[first - 1]], &product))
        first--;
    out->count = wide - first;
    if (product != k || out->count + 1 > MAX_RANK)
        return false;
    for (int i = 0; i < wide; i++)
        to[i] = perm[to[i]]; /* as axes of `before` */
    for (int i = 0; i < first; i++)
        if (from[i] != to[i])
            return false;
    for (int i = 0; i < out->count; i++) {
        out->dim[i] = before->dim[to[first + i]];
        for (int j = 0; j < out->count; j++)
            if (to[first + j] == from[first + i])
                out->perm[i] = j;
    }
    return true;
}

bool absorbs(const Node *n, const Shape *before, const int *perm)
{
    RowOrder rows;
    if (!node_is(n, "Reshape") || !known(node_out(n, 0)) || node_out(n, 0)->shape.rank < 1)
        return false;
    const Shape *s = &node_out(n, 0)->shape;
    return shape_count(s) > 0 && read_by_gemms(node_out(n, 0)) && row_order(before, perm, s->dim[s->rank - 1], &rows);
}

static Value *reordered(Graph *g, const Value *w, const RowOrder *rows)
{
    int perm[MAX_RANK];
    Shape s = {.rank = rows->count + 1};
    for (int i = 0; i < rows->count; i++) {
        s.dim[i] = rows->dim[i];
        perm[i] = rows->perm[i];
    }
    s.dim[rows->count] = w->shape.dim[1];
    perm[rows->count] = rows->count;
    return const_reshaped(g, const_permuted(g, const_reshaped(g, w, &s), perm), &w->shape);
}

bool absorb_transpose(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK];
    RowOrder rows;
    (void)c;
    Value *x = node_in(n, 0);
    if (!node_is(n, "Reshape") || !x || !x->producer || node_perm(x->producer, perm) < 0)
        return false;
    Value *inner = node_in(x->producer, 0), *y = node_out(n, 0);
    if (!known(inner) || !absorbs(n, &inner->shape, perm))
        return false;
    int64_t k = y->shape.dim[y->shape.rank - 1];
    row_order(&inner->shape, perm, k, &rows);
    for (size_t i = 0; i < y->users.count; i++) {
        Node *gemm = y->users.items[i];
        if (gemm->inputs.items[1]->shape.dim[0] != k)
            return false;
    }
    for (size_t i = 0; i < y->users.count; i++)
        node_set_input(g, y->users.items[i], 1, reordered(g, node_in(y->users.items[i], 1), &rows));
    rw_replace(g, n, rw_reshape(g, n, inner, &y->shape));
    return true;
}
