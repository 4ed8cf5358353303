/* transposes: moves Transposes to where they meet their inverse, or constants, or a matrix product that can take its
 * weights in another order.
 * Requires: all shapes known. Keeps: what the graph computes, up to the order of sums in a product. Breaks: nothing.
 *
 * A region of nodes that do not care about the order of axes (element-wise, Concat, Slice, Reduce, ...) is turned as a
 * whole when that leaves fewer transposed bytes than before. A single node is turned also when it leaves as many and
 * the Transpose moves from its inputs to its output: towards its inverse, and out of the way of fuse_epilogue. Bytes
 * never grow, and Transposes then only move down, so that it ends. */
#include "passes/turn.h"
#include "passes/absorb.h"
#include "passes/canonicalise.h"
#include "passes/commute.h"

#include <stdlib.h>
#include <string.h>

/* Far above what models need; what a hostile graph may cost. */
enum { REGION_BUDGET = 10 * 1000 * 1000 };

typedef struct {
    PassContext *c;
    Graph *g;
    int *order;     /* by node id: place in the topological order; of a turned node: of what it was */
    int *member;    /* by node id: == stamp: in the region */
    int *tried[2];  /* by node id: code of the last turn whose region it was in, below or above a Transpose */
    int *seen;      /* by value id: == stamp: counted; == -stamp: its readers were added */
    int64_t budget; /* nodes of regions that may still be looked at */
    size_t nodes, values;
    int stamp;
    ARRAY(Node *) region;
} State;

typedef struct {
    int64_t gone_above, gone, added; /* transposed bytes; gone includes gone_above */
} Account;

static void grow(State *s)
{
    size_t nodes = (size_t)s->g->node_ids, values = s->g->values.count;
    if (nodes > s->nodes) {
        size_t wider = nodes * 2, old = s->nodes * sizeof(int), new = wider * sizeof(int);
        s->order = arena_grow(s->c->scratch, s->order, old, new);
        s->member = arena_grow(s->c->scratch, s->member, old, new);
        for (int i = 0; i < 2; i++)
            s->tried[i] = arena_grow(s->c->scratch, s->tried[i], old, new);
        s->nodes = wider;
    }
    if (values > s->values) {
        s->seen = arena_grow(s->c->scratch, s->seen, s->values * sizeof(int), 2 * values * sizeof(int));
        s->values = 2 * values;
    }
}

static bool is_member(const State *s, const Node *n)
{
    return s->member[n->id] == s->stamp;
}

/* Does n read v only where turned inputs go? */
static bool reads_turned(const Node *n, const Value *v)
{
    for (size_t i = 0; i < n->inputs.count; i++)
        if (n->inputs.items[i] == v && !turn_moves_input(n, i))
            return false;
    return true;
}

static bool is_transpose(const Node *n, const int *perm, int rank)
{
    int p[MAX_RANK];
    return n && node_perm(n, p) == rank && perm_equal(p, perm, rank);
}

static bool has_user_transpose(const Value *v, const Turn *t)
{
    for (size_t i = 0; i < v->users.count; i++)
        if (is_transpose(v->users.items[i], t->to, t->rank))
            return true;
    return false;
}

static bool all_in_region(const State *s, const Value *v)
{
    int perm[MAX_RANK];
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *n = v->users.items[i];
        if ((!is_member(s, n) || !reads_turned(n, v)) && node_perm(n, perm) < 0)
            return false;
    }
    return !v->is_output;
}

static void account_input(const State *s, const Value *v, const Turn *t, Account *a)
{
    Shape extended = shape_extended(&v->shape, t->rank);
    int perm[MAX_RANK];
    bool transpose = v->producer && node_perm(v->producer, perm) == t->rank && v->shape.rank == t->rank;
    if (transpose) {
        int64_t gone = all_in_region(s, v) ? bytes_of(v) : 0;
        a->gone += gone;
        a->gone_above += gone;
        perm_compose(perm, t->to, t->rank, perm);
        if (perm_is_identity(perm, t->rank))
            return;
    }
    if (!perm_is_view(&extended, t->to) && !has_user_transpose(v, t))
        a->added += bytes_of(v);
}

static void account_output(const State *s, const Value *v, const Turn *t, Account *a)
{
    Shape turned = shape_permuted(&v->shape, t->to);
    bool back = v->is_output, gone = false;
    int perm[MAX_RANK];
    if (perm_is_view(&v->shape, t->to))
        return;
    for (size_t i = 0; i < v->users.count; i++) {
        const Node *n = v->users.items[i];
        if (is_member(s, n))
            back = back || !reads_turned(n, v);
        else if (is_transpose(n, t->to, t->rank))
            gone = true;
        else if (node_perm(n, perm) < 0 && !absorbs(n, &turned, t->back))
            back = true;
    }
    a->gone += gone ? bytes_of(v) : 0;
    a->added += back ? bytes_of(v) : 0;
}

static Account account(State *s, const Turn *t)
{
    Account a = {0};
    for (size_t k = 0; k < s->region.count; k++) {
        const Node *n = s->region.items[k];
        for (size_t i = 0; i < n->inputs.count; i++) {
            const Value *v = n->inputs.items[i];
            if (!v || v->is_const || !turn_moves_input(n, i) || s->seen[v->id] == s->stamp)
                continue;
            s->seen[v->id] = s->stamp;
            if (!v->producer || !is_member(s, v->producer) || !turn_moves_output(v->producer))
                account_input(s, v, t, &a);
        }
        for (size_t i = 0; turn_moves_output(n) && i < n->outputs.count; i++)
            if (n->outputs.items[i])
                account_output(s, n->outputs.items[i], t, &a);
    }
    return a;
}

static void region_start(State *s)
{
    s->stamp++;
    s->region.count = 0;
}

static void region_add(State *s, Node *n, const Turn *t)
{
    if (!n || is_member(s, n) || !turn_accepts(n, t))
        return;
    s->member[n->id] = s->stamp;
    array_push(s->c->scratch, &s->region, n);
}

static void region_grow(State *s, const Turn *t)
{
    for (size_t k = 0; k < s->region.count; k++) {
        const Node *n = s->region.items[k];
        for (size_t i = 0; i < n->inputs.count; i++) {
            const Value *v = n->inputs.items[i];
            if (!v || v->is_const || !turn_moves_input(n, i) || v->shape.rank != t->rank || !v->producer)
                continue;
            if (s->seen[v->id] == -s->stamp)
                continue;
            s->seen[v->id] = -s->stamp;
            if (is_transpose(v->producer, t->back, t->rank))
                for (size_t u = 0; u < v->users.count; u++)
                    region_add(s, v->users.items[u], t);
            else if (turn_moves_output(v->producer))
                region_add(s, v->producer, t);
        }
        for (size_t i = 0; turn_moves_output(n) && i < n->outputs.count; i++) {
            const Value *v = n->outputs.items[i];
            for (size_t u = 0; v && u < v->users.count; u++)
                if (reads_turned(v->users.items[u], v))
                    region_add(s, v->users.items[u], t);
        }
    }
}

typedef struct {
    int place;
    Node *node;
} Placed;

static int by_place(const void *a, const void *b)
{
    const Placed *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static void turn_region(State *s, const Turn *t)
{
    size_t count = s->region.count;
    Placed *list = NEW_ARRAY(s->c->scratch, Placed, count);
    for (size_t i = 0; i < count; i++)
        list[i] = (Placed){s->order[s->region.items[i]->id], s->region.items[i]};
    qsort(list, count, sizeof *list, by_place);
    for (size_t i = 0; i < count; i++) {
        Node *n = turn_node(s->g, list[i].node, t);
        grow(s);
        s->order[n->id] = list[i].place;
    }
}

/* 0 is no code: a turn has rank 1 at least. */
static int turn_code(const Turn *t)
{
    int code = t->rank;
    for (int i = 0; i < t->rank; i++)
        code = code * 8 + t->to[i];
    return code;
}

/* The region around the seeds: the producer or the readers of v. */
static bool try_region(State *s, const Value *v, bool above, const Turn *t)
{
    int code = turn_code(t), *tried = s->tried[above];
    if (s->budget < 0)
        return false;
    region_start(s);
    if (above && v->producer && tried[v->producer->id] != code && turn_moves_output(v->producer))
        region_add(s, v->producer, t);
    for (size_t i = 0; !above && i < v->users.count; i++)
        if (tried[v->users.items[i]->id] != code && reads_turned(v->users.items[i], v))
            region_add(s, v->users.items[i], t);
    if (!s->region.count)
        return false;
    region_grow(s, t);
    s->budget -= (int64_t)s->region.count;
    for (size_t i = 0; i < s->region.count; i++)
        tried[s->region.items[i]->id] = code;
    Account a = account(s, t);
    if (a.gone <= a.added)
        return false;
    turn_region(s, t);
    return true;
}

static bool try_regions(State *s, Node *n)
{
    int perm[MAX_RANK], rank = node_perm(n, perm);
    if (rank < 1 || !node_out(n, 0) || !known(node_in(n, 0)))
        return false;
    Turn above = turn_of(perm, rank), below = turn_of(above.back, rank);
    /* The Transpose itself may go with the first. */
    return try_region(s, node_out(n, 0), false, &below) || (!n->dead && try_region(s, node_in(n, 0), true, &above));
}

/* A Softmax along another than the last axis is slower than a Transpose in front of it. */
static bool may_sink(const Node *n, const Turn *t)
{
    if (!node_is(n, "Softmax") && !node_is(n, "LogSoftmax"))
        return true;
    return t->back[axis_normalise(node_int(n, "axis", -1), t->rank)] == t->rank - 1;
}

static bool try_single(State *s, Node *n)
{
    int perm[MAX_RANK];
    for (size_t i = 0; i < n->inputs.count; i++) {
        const Value *v = n->inputs.items[i];
        if (!v || !v->producer || !turn_moves_input(n, i))
            continue;
        int rank = node_perm(v->producer, perm);
        if (rank < 1)
            continue;
        Turn q = turn_of(perm, rank), t = turn_of(q.back, rank);
        if (!turn_accepts(n, &t))
            continue;
        region_start(s);
        region_add(s, n, &t);
        Account a = account(s, &t);
        if (a.gone > a.added || (a.gone == a.added && a.gone_above > 0 && may_sink(n, &t))) {
            turn_region(s, &t);
            return true;
        }
    }
    return false;
}

/* f(Reshape(x)) -> Reshape(f(x)): brings activations next to what they can be fused with. Others may read Reshape(x):
 * it is only a view. */
static bool sink_reshape(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    Value *x = node_in(n, 0), *y = node_out(n, 0);
    if (!is_unary(n) || !known(x) || !known(y) || !node_is(x->producer, "Reshape"))
        return false;
    Value *inner = node_in(x->producer, 0);
    if (!known(inner))
        return false;
    Node *f = rw_copy(g, n, n);
    node_add_input(g, f, inner);
    for (size_t i = 1; i < n->inputs.count; i++)
        node_add_input(g, f, n->inputs.items[i]);
    Value *v = rw_output(g, f, y->type, &inner->shape);
    rw_replace(g, n, rw_reshape(g, n, v, &y->shape));
    return true;
}

/* Add(Reshape(a), Reshape(b)) -> Reshape(Add(a, b)), when a and b have one shape. */
static bool sink_reshapes(PassContext *c, Graph *g, Node *n)
{
    (void)c;
    Value *a = node_in(n, 0), *b = node_in(n, 1), *y = node_out(n, 0);
    if (!is_broadcast(n) || n->inputs.count != 2 || !known(a) || !known(b) || !known(y) || node_is(n, "PRelu"))
        return false;
    if (!node_is(a->producer, "Reshape") || !node_is(b->producer, "Reshape"))
        return false;
    Value *x = node_in(a->producer, 0), *z = node_in(b->producer, 0);
    if (!known(x) || !known(z) || !shape_equal(&x->shape, &z->shape) || !shape_equal(&a->shape, &y->shape) ||
        !shape_equal(&b->shape, &y->shape))
        return false;
    Node *f = rw_copy(g, n, n);
    node_add_input(g, f, x);
    node_add_input(g, f, z);
    Value *v = rw_output(g, f, y->type, &x->shape);
    rw_replace(g, n, rw_reshape(g, n, v, &y->shape));
    return true;
}

bool pass_transposes(PassContext *c, Graph *g, bool *changed)
{
    static RewriteFn *const rules[] = {merge_transpose, absorb_transpose, sink_transpose,
                                       hoist_transpose, sink_reshape,     sink_reshapes};
    if (!rewrite_all(c, g, rules, sizeof rules / sizeof *rules, changed))
        return false;
    State s = {.c = c, .g = g, .budget = REGION_BUDGET};
    int place = 0;
    if (graph_sweep(g) > 0) /* what nothing reads must not count as a reader */
        *changed = true;
    grow(&s);
    GRAPH_NODES(g, n)
    s.order[n->id] = ++place;
    GRAPH_NODES(g, n)
    if (try_regions(&s, n))
        *changed = true;
    GRAPH_NODES(g, n)
    if (try_single(&s, n))
        *changed = true;
    return true;
}
