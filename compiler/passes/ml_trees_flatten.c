/* Trees become the flat nodes of adze_trees_params, depth first.
 *
 * Every branch is brought to "x <= threshold" or "x == threshold", its true side next to it: x < t is x <= the float
 * before t, and for the other three modes the sides change places. */
#include "passes/ml_trees.h"

#include "base/buf.h"
#include "ops/trees.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
    const Trees *t;
    int32_t *nodes, *roots;
    int64_t made, root_count;
    ARRAY(const float *) rows; /* of weights, each once */
    Map *row_ids;
} Flat;

/* ---- Leaves ---- */

static float combined(int aggregate, float a, float b)
{
    if (isnan(a))
        return b;
    return aggregate == TREE_SUM ? a + b : (aggregate == TREE_MIN) == (b < a) ? b : a;
}

/* The weights of a leaf for all targets; NaN: none, which a sum takes as 0. */
static const float *row_of(const Trees *t, int64_t leaf)
{
    float *row = NEW_ARRAY(t->c->scratch, float, t->targets);
    for (int64_t i = 0; i < t->targets; i++)
        row[i] = NAN;
    for (int64_t w = t->first_weight[leaf]; w < t->first_weight[leaf + 1]; w++)
        row[t->weights[w].target] = combined(t->aggregate, row[t->weights[w].target], t->weights[w].weight);
    for (int64_t i = 0; t->aggregate == TREE_SUM && i < t->targets; i++)
        row[i] = isnan(row[i]) ? 0 : row[i];
    return row;
}

static int64_t row_id(Flat *f, const float *row)
{
    Buf text = {0};
    for (int64_t i = 0; i < f->t->targets; i++)
        buf_printf(&text, "%a ", (double)row[i]);
    const char *key = buf_text(&text);
    if (!map_has(f->row_ids, key)) {
        map_set(f->row_ids, arena_strdup(f->t->c->scratch, key), (void *)(intptr_t)f->rows.count);
        array_push(f->t->c->scratch, &f->rows, row);
    }
    int64_t id = (intptr_t)map_get(f->row_ids, key);
    buf_free(&text);
    return id;
}

static bool make_leaf(Flat *f, int64_t node, int32_t *to)
{
    const Trees *t = f->t;
    int64_t first = t->first_weight[node];
    if (t->first_weight[node + 1] - first == 1) {
        tree_leaf(t->weights[first].weight, t->weights[first].target, to);
        return true;
    }
    int64_t row = row_id(f, row_of(t, node));
    if (row > TREE_MAX_FURTHER)
        return trees_fail(t, node, "is behind 65,536 leaves that all have different weights; not supported");
    tree_leaf_row(row, to);
    return true;
}

/* ---- Branches ---- */

typedef struct {
    int64_t node;
    int32_t *from; /* the branch that goes further to it; NULL: it is next to its branch, or a root */
} Pending;

/* below[0] is where the branch goes further to, below[1] what stands next to it. */
static bool make_branch(const Trees *t, int64_t node, int32_t *to, Pending *below)
{
    static const struct {
        const char *mode;
        bool equal, below, swap;
    } modes[] = {{"BRANCH_LEQ", false, false, false}, {"BRANCH_LT", false, true, false},
                 {"BRANCH_GTE", false, true, true},   {"BRANCH_GT", false, false, true},
                 {"BRANCH_EQ", true, false, false},   {"BRANCH_NEQ", true, false, true}};
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        if (strcmp(t->modes[node], modes[m].mode))
            continue;
        bool swap = modes[m].swap;
        /* NaN compares false, and unequal. */
        bool nan_is_true = (t->missing && t->missing[node]) || (modes[m].equal && swap);
        TreeBranch b = {t->feature[node], t->threshold[node], modes[m].equal, modes[m].below, nan_is_true != swap};
        tree_branch(&b, to);
        below[0] = (Pending){swap ? t->when_true[node] : t->when_false[node], to};
        below[1] = (Pending){swap ? t->when_false[node] : t->when_true[node], NULL};
        return true;
    }
    return trees_fail(t, node,
                      arena_printf(t->c->scratch,
                                   "has the mode %s; supported: LEAF, BRANCH_LEQ, BRANCH_LT, "
                                   "BRANCH_GTE, BRANCH_GT, BRANCH_EQ, BRANCH_NEQ",
                                   diag_quote(t->c->scratch, t->modes[node])));
}

static bool flatten_tree(Flat *f, Pending *stack, int64_t root)
{
    int64_t depth = 0;
    stack[depth++] = (Pending){root, NULL};
    while (depth) {
        Pending p = stack[--depth];
        int32_t *to = f->nodes + f->made++ * 2;
        if (p.from && (to - p.from) / 2 > TREE_MAX_FURTHER)
            return trees_fail(f->t, p.node, "is more than 65,535 nodes behind its branch; not supported");
        if (p.from)
            tree_further(p.from, (to - p.from) / 2);
        if (trees_is_leaf(f->t, p.node)) {
            if (!make_leaf(f, p.node, to))
                return false;
        } else if (make_branch(f->t, p.node, to, stack + depth)) {
            depth += 2;
        } else {
            return false;
        }
    }
    return true;
}

static bool flatten(Flat *f, Graph *g)
{
    const Trees *t = f->t;
    Arena *a = t->c->scratch;
    Map *seen = map_new(a);
    Pending *stack = NEW_ARRAY(a, Pending, t->count + 2);
    f->row_ids = map_new(a);
    f->nodes = NEW_ARRAY(g->arena, int32_t, t->count * 2);
    f->roots = NEW_ARRAY(g->arena, int32_t, t->count);
    for (int64_t i = 0; i < t->count; i++) {
        if (t->has_parent[i])
            continue;
        const char *tree = arena_printf(a, "%" PRId64, t->trees[i]);
        if (map_has(seen, tree))
            return trees_fail(t, i, "is a second root of its tree");
        map_set(seen, tree, (void *)1);
        f->roots[f->root_count++] = (int32_t)f->made;
        if (!flatten_tree(f, stack, i))
            return false;
    }
    return f->made == t->count ||
           written_error(t->c, t->n, "%" PRId64 " of its nodes lead to each other in a circle", t->count - f->made);
}

Value *trees_scores(const Trees *t, Graph *g, Value *x)
{
    Flat f = {.t = t};
    if (!flatten(&f, g))
        return NULL;
    float *rows = NEW_ARRAY(g->arena, float, (int64_t)f.rows.count * t->targets);
    for (size_t i = 0; i < f.rows.count; i++)
        memcpy(rows + (int64_t)i * t->targets, f.rows.items[i], (size_t)t->targets * sizeof *rows);
    const Shape nodes = {.rank = 2, .dim = {f.made, 2}}, roots = {.rank = 1, .dim = {f.root_count}};
    const Shape weights = {.rank = 2, .dim = {(int64_t)f.rows.count, t->targets}};
    Node *n = rw_node(g, t->n, "adze", "TreeEnsemble", t->n->name);
    node_set_int(g, n, "targets", t->targets);
    node_set_int(g, n, "aggregate", t->aggregate);
    node_add_input(g, n, x);
    node_add_input(g, n, graph_const(g, "nodes", DT_I32, &nodes, f.nodes));
    node_add_input(g, n, graph_const(g, "roots", DT_I32, &roots, f.roots));
    if (f.rows.count)
        node_add_input(g, n, const_floats(g, "rows", &weights, rows));
    return node_new_output(g, n, NULL);
}
