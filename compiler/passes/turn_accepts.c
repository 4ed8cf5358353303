/* Which nodes can be turned. */
#include "passes/turn.h"

#include <string.h>

bool normalises_rows(const Node *n)
{
    return (node_is(n, "LayerNormalization") && only_first_output(n)) || node_is_adze(n, "QLayerNormalization") ||
           node_is_adze(n, "QLayerNormalization16");
}

Family turn_family(const Node *n)
{
    static const struct {
        const char *name;
        Family family;
    } rows[] = {{"Concat", CONCAT},       {"Split", AXIS},
                {"Softmax", AXIS},        {"LogSoftmax", AXIS},
                {"Slice", SLICE},         {"Pad", PAD},
                {"ReduceMean", REDUCE},   {"ReduceSum", REDUCE},
                {"ReduceMax", REDUCE},    {"ReduceMin", REDUCE},
                {"ReduceProd", REDUCE},   {"ReduceL1", REDUCE},
                {"ReduceL2", REDUCE},     {"ReduceSumSquare", REDUCE},
                {"ReduceLogSum", REDUCE}, {"ReduceLogSumExp", REDUCE},
                {"ArgMax", REDUCE},       {"ArgMin", REDUCE},
                {"Resize", RESIZE},       {"Upsample", RESIZE}};
    if (node_is_adze(n, "Gemm") || node_is_adze(n, "QGemm") || node_is_adze(n, "QGemm16") || normalises_rows(n))
        return ROWS;
    if (node_is_adze(n, "QSoftmax") || node_is_adze(n, "QSoftmax16"))
        return AXIS;
    if (node_is_adze(n, "GroupNormalization"))
        return GROUPS;
    if (is_unary(n))
        return UNARY;
    if (is_broadcast(n))
        return BROADCAST;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (node_is(n, rows[i].name))
            return rows[i].family;
    return NOT;
}

Turn turn_of(const int *perm, int rank)
{
    Turn t = {.rank = rank};
    memcpy(t.to, perm, (size_t)rank * sizeof *perm);
    perm_inverse(perm, rank, t.back);
    return t;
}

int turn_ints(const Node *n, size_t index, const char *attribute, int64_t *list, int max)
{
    if (node_in(n, index))
        return const_ints(node_in(n, index), list, max);
    int count = node_ints(n, attribute, list, max);
    return count < 0 ? -2 : count > max ? -1 : count;
}

bool turn_is_arg(const Node *n)
{
    return node_is(n, "ArgMax") || node_is(n, "ArgMin");
}

int turn_reduced_axes(const Node *n, int rank, int *axes)
{
    int64_t list[MAX_RANK];
    int count = turn_is_arg(n) ? 1 : turn_ints(n, 1, "axes", list, MAX_RANK);
    if (turn_is_arg(n))
        list[0] = node_int(n, "axis", 0);
    if (count == -1 || (count <= 0 && node_int(n, "noop_with_empty_axes", 0)))
        return -1;
    if (count <= 0) {
        for (int i = 0; i < rank; i++)
            axes[i] = i;
        return rank;
    }
    for (int i = 0; i < count; i++)
        if ((axes[i] = axis_normalise(list[i], rank)) < 0)
            return -1;
    return count;
}

bool mean_axes(const Node *n, int *first, int *last)
{
    int axes[MAX_RANK];
    const Value *x = node_in(n, 0);
    int count = node_is(n, "ReduceMean") && known(x) ? turn_reduced_axes(n, x->shape.rank, axes) : 0;
    unsigned set = 0;
    for (int i = 0; i < count; i++)
        set |= 1u << axes[i];
    if (!set)
        return false;
    *first = __builtin_ctz(set);
    *last = *first + __builtin_popcount(set) - 1;
    return set == (2u << *last) - (1u << *first);
}

static bool accepts_reduce(const Node *n, const Turn *t)
{
    int axes[MAX_RANK], count = turn_reduced_axes(n, t->rank, axes), last = -1;
    if (count < 0 || turn_moves_output(n))
        return count >= 0;
    unsigned reduced = 0;
    for (int i = 0; i < count; i++)
        reduced |= 1u << axes[i];
    /* The axes that are left keep their order. */
    for (int i = 0; i < t->rank; i++) {
        if (reduced >> t->to[i] & 1)
            continue;
        if (t->to[i] < last)
            return false;
        last = t->to[i];
    }
    return true;
}

static bool accepts_slice(const Node *n, int rank)
{
    int64_t list[MAX_RANK];
    int starts = turn_ints(n, 1, "starts", list, MAX_RANK), axes = turn_ints(n, 3, "axes", list, MAX_RANK);
    if (starts < 0 || axes == -1 || (axes >= 0 && axes != starts) || turn_ints(n, 2, "ends", list, MAX_RANK) != starts)
        return false;
    int steps = node_in(n, 4) ? const_ints(node_in(n, 4), list, MAX_RANK) : starts;
    turn_ints(n, 3, "axes", list, MAX_RANK);
    for (int i = 0; i < axes; i++)
        if (axis_normalise(list[i], rank) < 0)
            return false;
    return steps == starts && starts <= rank;
}

static bool accepts_axis(const Node *n, const Turn *t)
{
    bool softmax = !node_is(n, "Split");
    /* Before opset 13 Softmax took all axes from `axis` on as one. */
    if (softmax && n->version < 13 && !*n->domain)
        return false;
    return axis_normalise(node_int(n, "axis", softmax ? -1 : 0), t->rank) >= 0;
}

static bool accepts_rows(const Node *n, const Turn *t)
{
    int last = t->rank - 1;
    if (t->to[last] != last || node_in(n, node_is_adze(n, "QGemm") || node_is_adze(n, "QGemm16") ? 4 : 3) ||
        !only_first_output(n))
        return false;
    return !normalises_rows(n) || axis_normalise(node_int(n, "axis", -1), t->rank) == last;
}

/* Channels stand at axis 1 or last; what is in between is one row of pixels, in whatever order. */
static bool accepts_groups(const Node *n, const Turn *t)
{
    int axis = t->back[node_int(n, "axis", 1)];
    return t->to[0] == 0 && (axis == 1 || axis == t->rank - 1);
}

/* Lists of a Resize that have an entry for each axis, unless it names its axes. */
static bool accepts_resize(const Node *n)
{
    for (size_t i = 1; i < n->inputs.count; i++)
        if (node_in(n, i) && !node_in(n, i)->is_const)
            return false;
    return n->version >= 9 || !node_is(n, "Upsample");
}

static bool inputs_fit(const Node *n, const Turn *t, bool broadcast)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        if (!turn_moves_input(n, i))
            continue;
        if (!known(v) || (broadcast ? v->shape.rank > t->rank : v->shape.rank != t->rank))
            return false;
        if (v->is_const && (!v->data || v->type == DT_STRING || v->type == DT_U4 || v->type == DT_I4))
            return false;
    }
    for (size_t i = 0; i < n->outputs.count; i++) {
        const Value *v = n->outputs.items[i];
        if (v && (!known(v) || (turn_moves_output(n) && v->shape.rank != t->rank)))
            return false;
    }
    return n->inputs.count > 0 && n->outputs.count > 0;
}

bool turn_accepts(const Node *n, const Turn *t)
{
    int64_t pads[2 * MAX_RANK];
    if (!n || n->dead)
        return false;
    Family f = turn_family(n);
    if (f == NOT || !inputs_fit(n, t, f == BROADCAST))
        return false;
    switch (f) {
    case CONCAT:
        return axis_normalise(node_int(n, "axis", 1), t->rank) >= 0;
    case AXIS:
        return accepts_axis(n, t);
    case SLICE:
        return accepts_slice(n, t->rank);
    case PAD:
        return pad_amounts(n, t->rank, pads);
    case REDUCE:
        return accepts_reduce(n, t);
    case ROWS:
        return accepts_rows(n, t);
    case RESIZE:
        return accepts_resize(n);
    case GROUPS:
        return accepts_groups(n, t);
    default:
        return true;
    }
}

bool turn_moves_input(const Node *n, size_t index)
{
    Family f = turn_family(n);
    if (f == BROADCAST || f == CONCAT) /* one element broadcasts in any layout */
        return node_in(n, index) &&
               !(f == BROADCAST && shape_count(&node_in(n, index)->shape) == 1 && node_in(n, index)->is_const);
    return index == 0;
}

bool turn_moves_output(const Node *n)
{
    return turn_family(n) != REDUCE || node_int(n, "keepdims", 1);
}
