/* TreeEnsembleClassifier and TreeEnsembleRegressor: adze.TreeEnsemble and what follows it. */
#include "passes/ml_trees.h"

#include "ops/trees.h"

#include <string.h>

static bool begin(PassContext *c, Node *n, int64_t targets, Trees *t)
{
    const Value *x = node_in(n, 0);
    if (!x || !known(x) || x->shape.rank < 1)
        return false;
    *t = (Trees){.c = c, .n = n, .features = x->shape.dim[x->shape.rank - 1], .targets = targets};
    return true;
}

/* base_values, one a target, are added. */
static Value *based(const Trees *t, Graph *g, Value *scores)
{
    const Attr *base = node_attr(t->n, "base_values");
    if (!base || !base->count)
        return scores;
    if ((int64_t)base->count == t->targets)
        return written(g, t->n, "Add", scores, written_floats(g, base->floats, base->count));
    written_error(t->c, t->n, "it has %zu base_values for %lld targets", base->count, (long long)t->targets);
    return NULL;
}

/* ---- Regression ---- */

static bool aggregate_of(PassContext *c, const Node *n, int *aggregate, bool *average)
{
    static const struct {
        const char *name;
        int aggregate;
        bool average;
    } rows[] = {
        {"SUM", TREE_SUM, false}, {"AVERAGE", TREE_SUM, true}, {"MIN", TREE_MIN, false}, {"MAX", TREE_MAX, false}};
    const char *name = node_string(n, "aggregate_function", "SUM");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(name, rows[i].name)) {
            *aggregate = rows[i].aggregate;
            *average = rows[i].average;
            return true;
        }
    return written_error(c, n, "attribute 'aggregate_function' is %s; supported: SUM, AVERAGE, MIN, MAX",
                         diag_quote(c->scratch, name));
}

static int64_t tree_count(const Trees *t)
{
    int64_t count = 0;
    for (int64_t i = 0; i < t->count; i++)
        count += !t->has_parent[i];
    return count;
}

bool ml_tree_regressor(PassContext *c, Graph *g, Node *n)
{
    Trees t;
    bool average = false;
    if (!is_ml(n, "TreeEnsembleRegressor") || !begin(c, n, node_int(n, "n_targets", 1), &t) ||
        !aggregate_of(c, n, &t.aggregate, &average) || !trees_read(&t, "target"))
        return false;
    Value *x = ml_features(c, g, n), *y = x ? trees_scores(&t, g, x) : NULL;
    if (y && average)
        y = written(g, n, "Div", y, written_number(g, (float)tree_count(&t)));
    y = y ? based(&t, g, y) : NULL;
    return y && written_in_place(g, n, ml_transformed(c, g, n, y));
}

/* ---- Classification ---- */

/* Which of two classes have weights. */
static void classes_with_weights(const Trees *t, bool has[2], bool *negative)
{
    has[0] = has[1] = *negative = false;
    for (int64_t i = 0; i < t->weight_count; i++) {
        has[t->weights[i].target] = true;
        *negative = *negative || t->weights[i].weight < 0;
    }
}

/* Weights for the first of two classes alone: one score, of the second class. It decides at 0.5 where no weight is
 * negative (a forest's shares), else at 0 (a sum of boosts). */
static bool one_score(Trees *t, Graph *g, const MlLabels *labels, Value *x, bool negative)
{
    Value *score;
    t->targets = 1;
    if (!(score = trees_scores(t, g, x)) || !(score = based(t, g, score)))
        return false;
    return ml_decide(t->c, g, t->n, labels, score, negative ? 0 : 0.5f, ml_two(t->c, g, t->n, score, negative));
}

/* Scores of both classes, of which the second alone decides. */
static bool two_scores(Trees *t, Graph *g, const MlLabels *labels, Value *x, float threshold)
{
    static const int64_t numbers[] = {0, 1};
    static const MlLabels without_names = {2, numbers, NULL};
    const Attr *base = node_attr(t->n, "base_values");
    if (base && base->count)
        return written_error(t->c, t->n,
                             "it has base_values, and weights for the second of two classes; what that means "
                             "differs between runtimes");
    Value *scores = trees_scores(t, g, x);
    if (!scores)
        return false;
    Value *second = written(g, t->n, "Gather", scores, graph_const_ints(g, NULL, (int64_t[]){1}, 1));
    node_set_int(g, second->producer, "axis", 1);
    return ml_decide(t->c, g, t->n, labels ? labels : &without_names, second, threshold,
                     ml_transformed(t->c, g, t->n, scores));
}

bool ml_tree_classifier(PassContext *c, Graph *g, Node *n)
{
    Trees t;
    MlLabels labels;
    bool has[2], negative;
    if (!is_ml(n, "TreeEnsembleClassifier") || !node_in(n, 0) || !known(node_in(n, 0)) ||
        !ml_labels(c, n, "classlabels_int64s", &labels) || !begin(c, n, (int64_t)labels.count, &t) ||
        !trees_read(&t, "class"))
        return false;
    Value *x = ml_features(c, g, n);
    if (!x)
        return false;
    if (labels.count == 2) {
        classes_with_weights(&t, has, &negative);
        if (!has[1])
            return one_score(&t, g, &labels, x, negative);
        /* ONNX Runtime numbers the classes 0 and 1 here, whatever their labels. */
        return two_scores(&t, g, has[0] && labels.ints ? NULL : &labels, x, has[0] || negative ? 0 : 0.5f);
    }
    Value *scores = trees_scores(&t, g, x);
    scores = scores ? based(&t, g, scores) : NULL;
    return scores && ml_classify(c, g, n, &labels, scores, ml_transformed(c, g, n, scores));
}
