/* Reads and checks the lists of a tree ensemble. */
#include "passes/ml_trees.h"

#include "ops/trees.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NO_NODE = -1, MAX_NODES = INT32_MAX / 8 };

typedef struct {
    int64_t tree, id, node;
} NodeId;

bool trees_fail(const Trees *t, int64_t node, const char *what)
{
    return written_error(t->c, t->n, "node %" PRId64 " of tree %" PRId64 " %s", t->ids[node], t->trees[node], what);
}

bool trees_is_leaf(const Trees *t, int64_t node)
{
    return !strcmp(t->modes[node], "LEAF");
}

/* ---- Nodes ---- */

/* NULL behind an error. */
static const int64_t *ints_of(const Trees *t, const char *name, int64_t count)
{
    const Attr *a = node_attr(t->n, name);
    if (a && (int64_t)a->count == count)
        return a->ints;
    written_error(t->c, t->n, "attribute '%s' has %zu elements; %" PRId64 " expected", name, a ? a->count : 0, count);
    return NULL;
}

static bool read_nodes(Trees *t)
{
    const Attr *ids = node_attr(t->n, "nodes_nodeids"), *values = node_attr(t->n, "nodes_values");
    const Attr *modes = node_attr(t->n, "nodes_modes"), *missing = node_attr(t->n, "nodes_missing_value_tracks_true");
    t->count = ids ? (int64_t)ids->count : 0;
    if (t->count < 1 || t->count > MAX_NODES)
        return written_error(t->c, t->n, "it has %" PRId64 " nodes; supported: 1 to %d", t->count, MAX_NODES);
    if (!values || (int64_t)values->count != t->count || !modes || (int64_t)modes->count != t->count)
        return written_error(t->c, t->n, "it has %" PRId64 " nodes, but %zu nodes_values and %zu nodes_modes", t->count,
                             values ? values->count : 0, modes ? modes->count : 0);
    t->threshold = values->floats;
    t->modes = modes->strings;
    if (missing && missing->count && !(t->missing = ints_of(t, "nodes_missing_value_tracks_true", t->count)))
        return false;
    return (t->trees = ints_of(t, "nodes_treeids", t->count)) && (t->ids = ints_of(t, "nodes_nodeids", t->count)) &&
           (t->feature = ints_of(t, "nodes_featureids", t->count));
}

static int compare_ids(const void *a, const void *b)
{
    const NodeId *x = a, *y = b;
    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* All nodes, sorted; NULL behind an error. */
static NodeId *sorted_ids(const Trees *t)
{
    NodeId *all = NEW_ARRAY(t->c->scratch, NodeId, t->count);
    for (int64_t i = 0; i < t->count; i++)
        all[i] = (NodeId){t->trees[i], t->ids[i], i};
    qsort(all, (size_t)t->count, sizeof *all, compare_ids);
    for (int64_t i = 1; i < t->count; i++)
        if (!compare_ids(&all[i - 1], &all[i])) {
            trees_fail(t, all[i].node, "is there twice");
            return NULL;
        }
    return all;
}

static int64_t node_of(const Trees *t, const NodeId *all, int64_t tree, int64_t id)
{
    NodeId wanted = {tree, id, 0};
    const NodeId *found = bsearch(&wanted, all, (size_t)t->count, sizeof wanted, compare_ids);
    return found ? found->node : NO_NODE;
}

static bool connect_child(Trees *t, const NodeId *all, int64_t node, int64_t id, int64_t *child)
{
    *child = node_of(t, all, t->trees[node], id);
    if (*child == NO_NODE)
        return trees_fail(t, node, "leads to a node that is not there");
    if (t->has_parent[*child])
        return trees_fail(t, *child, "is led to twice");
    return t->has_parent[*child] = true;
}

static bool connect_nodes(Trees *t, const NodeId *all)
{
    const int64_t *when_true = ints_of(t, "nodes_truenodeids", t->count);
    const int64_t *when_false = ints_of(t, "nodes_falsenodeids", t->count);
    if (!when_true || !when_false)
        return false;
    t->when_true = NEW_ARRAY(t->c->scratch, int64_t, t->count);
    t->when_false = NEW_ARRAY(t->c->scratch, int64_t, t->count);
    t->has_parent = NEW_ARRAY(t->c->scratch, bool, t->count);
    for (int64_t i = 0; i < t->count; i++) {
        if (trees_is_leaf(t, i))
            continue;
        if (t->feature[i] < 0 || t->feature[i] >= t->features)
            return trees_fail(t, i, "asks for a feature that its input does not have");
        if (isnan(t->threshold[i]))
            return trees_fail(t, i, "has the threshold NaN");
        if (!connect_child(t, all, i, when_true[i], &t->when_true[i]) ||
            !connect_child(t, all, i, when_false[i], &t->when_false[i]))
            return false;
    }
    return true;
}

/* ---- Weights ---- */

static int compare_weights(const void *a, const void *b)
{
    const TreeWeight *x = a, *y = b;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static bool fill_weights(Trees *t, const NodeId *all, const char *prefix, const Attr *weights)
{
    Arena *a = t->c->scratch;
    const int64_t *trees = ints_of(t, arena_printf(a, "%s_treeids", prefix), t->weight_count);
    const int64_t *nodes = ints_of(t, arena_printf(a, "%s_nodeids", prefix), t->weight_count);
    const int64_t *targets = ints_of(t, arena_printf(a, "%s_ids", prefix), t->weight_count);
    if (!trees || !nodes || !targets)
        return false;
    for (int64_t i = 0; i < t->weight_count; i++) {
        int64_t node = node_of(t, all, trees[i], nodes[i]);
        if (node == NO_NODE || !trees_is_leaf(t, node))
            return written_error(t->c, t->n,
                                 "weight %" PRId64 " is of node %" PRId64 " of tree %" PRId64 ", which is no leaf", i,
                                 nodes[i], trees[i]);
        if (targets[i] < 0 || targets[i] >= t->targets)
            return written_error(t->c, t->n,
                                 "weight %" PRId64 " is of target %" PRId64 "; there are %" PRId64 " targets", i,
                                 targets[i], t->targets);
        t->weights[i] = (TreeWeight){node, i, targets[i], weights->floats[i]};
    }
    return true;
}

static bool read_weights(Trees *t, const NodeId *all, const char *prefix)
{
    const char *name = arena_printf(t->c->scratch, "%s_weights", prefix);
    const Attr *weights = node_attr(t->n, name);
    t->weight_count = weights ? (int64_t)weights->count : 0;
    if (!t->weight_count)
        return written_error(t->c, t->n, "attribute '%s' is empty", name);
    t->weights = NEW_ARRAY(t->c->scratch, TreeWeight, t->weight_count);
    if (!fill_weights(t, all, prefix, weights))
        return false;
    qsort(t->weights, (size_t)t->weight_count, sizeof *t->weights, compare_weights);
    t->first_weight = NEW_ARRAY(t->c->scratch, int64_t, t->count + 1);
    for (int64_t i = 0, at = 0; i <= t->count; i++) {
        t->first_weight[i] = at;
        while (at < t->weight_count && t->weights[at].node == i)
            at++;
    }
    return true;
}

bool trees_read(Trees *t, const char *prefix)
{
    const NodeId *all;
    if (t->features > TREE_MAX_FEATURES)
        return written_error(t->c, t->n, "its input has %" PRId64 " features; supported: %d", t->features,
                             TREE_MAX_FEATURES);
    if (t->targets < 1 || t->targets > TREE_MAX_FEATURES)
        return written_error(t->c, t->n, "it has %" PRId64 " targets; supported: 1 to %d", t->targets,
                             TREE_MAX_FEATURES);
    return read_nodes(t) && (all = sorted_ids(t)) && connect_nodes(t, all) && read_weights(t, all, prefix);
}
