/* Ensembles of trees between their lists in ONNX and adze.TreeEnsemble. Private to the passes ml_trees*.c. */
#ifndef ADZE_PASSES_ML_TREES_H
#define ADZE_PASSES_ML_TREES_H

#include "passes/ml.h"

/* A weight of a leaf. */
typedef struct {
    int64_t node, order, target;
    float weight;
} TreeWeight;

/* The lists of a TreeEnsembleClassifier or TreeEnsembleRegressor, checked: trees without circles whose leaves are all
 * reached from one root each. A node is an index in the lists. */
typedef struct {
    PassContext *c;
    Node *n;
    int64_t features, targets;                      /* of the input, of the output */
    int aggregate;                                  /* TREE_SUM, ... */
    int64_t count;                                  /* of nodes */
    const int64_t *trees, *ids, *feature, *missing; /* missing: NaN goes to the true side; may be NULL */
    const float *threshold;
    const char *const *modes;
    int64_t *when_true, *when_false; /* of branches */
    bool *has_parent;
    TreeWeight *weights; /* sorted by node */
    int64_t weight_count;
    int64_t *first_weight; /* [count + 1] */
} Trees;

/* t->c, n, features, targets and aggregate are set; weights stand in PREFIX_weights and its kin. False behind an
 * error. All is in scratch. */
bool trees_read(Trees *t, const char *prefix);
bool trees_is_leaf(const Trees *t, int64_t node);
bool trees_fail(const Trees *t, int64_t node, const char *what); /* reports; false */

/* The scores [rows, targets] of x, by an adze.TreeEnsemble; NULL behind an error. */
Value *trees_scores(const Trees *t, Graph *g, Value *x);

#endif
