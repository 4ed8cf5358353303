/* adze.MatMul: a product of computed matrices that lie anywhere inside their operands, so that the heads of attention
 * need no copy. Attributes: `shape` of the output; `batch` sizes; `mnk`: y[m,n] = sum over k; `a`, `b`: offset of the
 * first element, a stride for each batch axis, the strides of rows and columns; `y`: the same without the last, which
 * is
 * 1. All in elements. fuse_matmul makes it. */
#include "ops/family.h"

#include <inttypes.h>
#include <string.h>

enum { BATCH = 4 };

/* offset, batch strides, row, column */
typedef struct {
    int64_t list[BATCH + 3];
} Operand;

typedef struct {
    int batch_count;
    int64_t batch[BATCH], mnk[3];
    Operand a, b, y;
} Product;

static bool list_of(OpContext *c, const Node *n, const char *name, int count, int64_t least, int64_t *out)
{
    int64_t list[MAX_RANK];
    if (node_ints(n, name, list, MAX_RANK) != count)
        return node_error(c, n, "attribute '%s' must have %d values", name, count);
    for (int i = 0; i < count; i++) {
        out[i] = list[i];
        if (list[i] < least || list[i] > INT32_MAX)
            return node_error(c, n, "attribute '%s' has the value %" PRId64, name, list[i]);
    }
    return true;
}

/* Is the last element that the operand reaches inside `count` elements? */
static bool reaches(OpContext *c, const Node *n, const char *name, const Product *p, const Operand *o, int64_t rows,
                    int64_t columns, int64_t count)
{
    int64_t last = o->list[0], part;
    for (int i = 0; i < p->batch_count + 2; i++) {
        int64_t size = i < p->batch_count ? p->batch[i] : i == p->batch_count ? rows : columns;
        if (__builtin_mul_overflow(size - 1, o->list[1 + i], &part) || __builtin_add_overflow(last, part, &last))
            last = INT64_MAX;
    }
    if (last < count)
        return true;
    return node_error(c, n, "attribute '%s' reaches element %" PRId64 " of %" PRId64, name, last, count);
}

static bool product_of(OpContext *c, const Node *n, Product *p)
{
    int64_t batch[MAX_RANK], rows = 1;
    *p = (Product){.batch_count = node_ints(n, "batch", batch, MAX_RANK)};
    if (p->batch_count < 0 || p->batch_count > BATCH)
        return node_error(c, n, "attribute 'batch' must have at most %d values", BATCH);
    int count = p->batch_count;
    if (!list_of(c, n, "batch", count, 1, p->batch) || !list_of(c, n, "mnk", 3, 1, p->mnk) ||
        !list_of(c, n, "a", count + 3, 0, p->a.list) || !list_of(c, n, "b", count + 3, 0, p->b.list) ||
        !list_of(c, n, "y", count + 2, 0, p->y.list))
        return false;
    p->y.list[count + 2] = 1;
    bool fits = !__builtin_mul_overflow(p->mnk[0], p->mnk[1], &rows);
    for (int i = 0; i < count; i++)
        fits = fits && !__builtin_mul_overflow(rows, p->batch[i], &rows);
    return (fits && rows == shape_count(&node_out(n, 0)->shape)) ||
           node_error(c, n, "attributes 'batch' and 'mnk' do not make an output of %s",
                      shape_str(c, &node_out(n, 0)->shape));
}

bool infer_adze_matmul(OpContext *c, Graph *g, Node *n)
{
    Shape y = {.rank = node_ints(n, "shape", y.dim, MAX_RANK)};
    (void)g;
    if (y.rank < 0 || y.rank > MAX_RANK)
        return node_error(c, n, "attribute 'shape' must have at most %d values", MAX_RANK);
    for (int i = 0; i < y.rank; i++)
        if (y.dim[i] < 0)
            return node_error(c, n, "attribute 'shape' has the value %" PRId64, y.dim[i]);
    op_set_output(n, 0, in_type(n, 0), &y);
    return true;
}

bool lower_adze_matmul(OpContext *c, Plan *p, Node *n)
{
    Value *a = node_in(n, 0), *b = node_in(n, 1), *y = node_out(n, 0);
    Product m;
    if (a->type != b->type)
        return node_error(c, n, "its inputs are %s and %s; they must be of one type", dtype_name(a->type),
                          dtype_name(b->type));
    if (!product_of(c, n, &m) || !reaches(c, n, "a", &m, &m.a, m.mnk[0], m.mnk[2], shape_count(&a->shape)) ||
        !reaches(c, n, "b", &m, &m.b, m.mnk[2], m.mnk[1], shape_count(&b->shape)) ||
        !reaches(c, n, "y", &m, &m.y, m.mnk[0], m.mnk[1], shape_count(&y->shape)))
        return false;
    int count = m.batch_count;
    adze_matmul_params params = {.m = (int32_t)m.mnk[0],
                                 .n = (int32_t)m.mnk[1],
                                 .k = (int32_t)m.mnk[2],
                                 .a_row = (int32_t)m.a.list[count + 1],
                                 .a_col = (int32_t)m.a.list[count + 2],
                                 .b_row = (int32_t)m.b.list[count + 1],
                                 .b_col = (int32_t)m.b.list[count + 2],
                                 .y_row = (int32_t)m.y.list[count + 1],
                                 .a_offset = (int32_t)m.a.list[0],
                                 .b_offset = (int32_t)m.b.list[0],
                                 .alpha = node_float(n, "alpha", 1.0f)};
    Walk w = {.rank = count};
    if (m.y.list[0])
        return node_error(c, n, "its output begins at element %" PRId64 "; 0 expected", m.y.list[0]);
    for (int i = 0; i < count; i++) {
        w.dim[i] = m.batch[i];
        w.stride[0][i] = m.a.list[1 + i];
        w.stride[1][i] = m.b.list[1 + i];
        w.stride[2][i] = m.y.list[1 + i];
    }
    return lower_strided_product(c, p, n, a, b, y, &w, &params);
}
