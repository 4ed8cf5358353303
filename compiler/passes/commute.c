#include "passes/commute.h"

/* Axes [in, in_end) of the Reshape's input and [out, out_end) of its output hold the same elements. */
typedef struct {
    int in, in_end, out, out_end;
} Group;

/* The finest such groups; their number, or -1. All dimensions are positive. */
static int groups_of(const Shape *in, const Shape *out, Group *groups)
{
    int i = 0, j = 0, count = 0;
    while (i < in->rank && j < out->rank) {
        Group group = {i, i + 1, j, j + 1};
        int64_t a = in->dim[i++], b = out->dim[j++];
        while (a != b) {
            if (a < b && i < in->rank)
                a *= in->dim[i++];
            else if (b < a && j < out->rank)
                b *= out->dim[j++];
            else
                return -1;
        }
        group.in_end = i;
        group.out_end = j;
        groups[count++] = group;
    }
    /* What is left are axes of one element. */
    if (count) {
        groups[count - 1].in_end = in->rank;
        groups[count - 1].out_end = out->rank;
    }
    return count ? count : -1;
}

/* order[k]: the group with the k-th smallest key. */
static void sort_groups(const int *key, int count, int *order)
{
    for (int k = 0; k < count; k++) {
        int at = k;
        for (; at > 0 && key[order[at - 1]] > key[k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
}

static bool has_elements(const Value *v)
{
    return known(v) && shape_count(&v->shape) > 0;
}

/* Else the Transpose would only move away from its inverse above. */
static bool read_by_transposes(const Value *v)
{
    for (size_t i = 0; i < v->users.count; i++)
        if (!node_is(v->users.items[i], "Transpose"))
            return false;
    return v->users.count > 0 && !v->is_output;
}

bool sink_transpose(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK], first[MAX_RANK], order[MAX_RANK], result[MAX_RANK], rank;
    Group groups[MAX_RANK];
    (void)c;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    if (!node_is(n, "Reshape") || !has_elements(x) || !has_elements(y) || !x->producer || !single_use(x) ||
        !read_by_transposes(y) || (rank = node_perm(x->producer, perm)) < 1)
        return false;
    int count = groups_of(&x->shape, &y->shape, groups);
    for (int k = 0; k < count; k++) {
        first[k] = perm[groups[k].in];
        for (int i = groups[k].in; i < groups[k].in_end; i++)
            if (perm[i] != first[k] + i - groups[k].in)
                return false;
    }
    if (count < 1)
        return false;
    sort_groups(first, count, order);
    Shape to = {0};
    for (int k = 0; k < count; k++) {
        const Group *group = &groups[order[k]];
        for (int j = group->out; j < group->out_end; j++) {
            result[j] = to.rank;
            to.dim[to.rank++] = y->shape.dim[j];
        }
    }
    Value *v = rw_reshape(g, n, node_in(x->producer, 0), &to);
    rw_replace(g, n, rw_transpose(g, n, v, result));
    return true;
}

bool hoist_transpose(PassContext *c, Graph *g, Node *n)
{
    int perm[MAX_RANK], inner[MAX_RANK], back[MAX_RANK], first[MAX_RANK], order[MAX_RANK], result[MAX_RANK];
    Group groups[MAX_RANK];
    (void)c;
    int rank = node_perm(n, perm), filled = 0;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    if (rank < 1 || !has_elements(x) || !has_elements(y) || !node_is(x->producer, "Reshape") || !single_use(x))
        return false;
    Value *from = node_in(x->producer, 0);
    if (!has_elements(from) || !from->producer || node_perm(from->producer, inner) < 1)
        return false;
    int count = groups_of(&from->shape, &x->shape, groups);
    perm_inverse(perm, rank, back);
    for (int k = 0; k < count; k++) {
        first[k] = back[groups[k].out];
        for (int j = groups[k].out; j < groups[k].out_end; j++)
            if (back[j] != first[k] + j - groups[k].out)
                return false;
    }
    if (count < 1)
        return false;
    sort_groups(first, count, order);
    for (int k = 0; k < count; k++)
        for (int i = groups[order[k]].in; i < groups[order[k]].in_end; i++)
            result[filled++] = i;
    Value *v = rw_transpose(g, n, from, result);
    rw_replace(g, n, rw_reshape(g, n, v, &y->shape));
    return true;
}
