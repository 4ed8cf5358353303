/* Operators of ai.onnx.ml as operators of ONNX: what the passes ml*.c share. Each function puts nodes in front of n.
 * Private to compiler/passes. */
#ifndef ADZE_PASSES_ML_H
#define ADZE_PASSES_ML_H

#include "passes/written.h"

/* The classes of a classifier, in the order of its scores. */
typedef struct {
    size_t count;
    const int64_t *ints;        /* NULL: by their names, */
    const char *const *strings; /* or NULL as well: 0, 1, ... */
} MlLabels;

bool is_ml(const Node *n, const char *op_type); /* of the domain ai.onnx.ml */

/* Input 0 as f32 [rows, features]; NULL as long as its shape is not known, and behind an error. */
Value *ml_features(PassContext *c, Graph *g, Node *n);

/* The scores [rows, count] under n's attribute post_transform; NULL behind an error. */
Value *ml_transformed(PassContext *c, Graph *g, Node *n, Value *scores);

/* False behind an error. `ints` is the attribute with integer labels. */
bool ml_labels(PassContext *c, const Node *n, const char *ints, MlLabels *out);

/* n, a classifier, goes: its label is that of the highest of the scores [rows, count], the first of equal ones; or for
 * two classes, the second where score [rows, 1] is above the threshold. False behind an error. */
bool ml_classify(PassContext *c, Graph *g, Node *n, const MlLabels *labels, Value *scores, Value *probabilities);
bool ml_decide(PassContext *c, Graph *g, Node *n, const MlLabels *labels, Value *score, float threshold,
               Value *probabilities);

/* [rows, 2]: 1 - score and score, or -score and score when `mirrored`; LOGISTIC of the latter in any case. */
Value *ml_two(PassContext *c, Graph *g, Node *n, Value *score, bool mirrored);

/* ml_trees.c */
RewriteFn ml_tree_classifier, ml_tree_regressor;

#endif
