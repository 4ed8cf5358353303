/* How adze_trees_params holds nodes, for the pass that makes them. */
#ifndef ADZE_OPS_TREES_H
#define ADZE_OPS_TREES_H

#include <stdbool.h>
#include <stdint.h>

enum { TREE_MAX_FEATURES = 0x2000, TREE_MAX_FURTHER = 0xffff };
enum { TREE_SUM, TREE_MIN, TREE_MAX };

typedef struct {
    int64_t feature;
    float threshold;
    bool equal; /* goes to the next node when x == threshold, else when x <= threshold */
    bool below; /* x < threshold instead of x <= threshold */
    bool nan;   /* goes to the next node when x is NaN */
} TreeBranch;

/* Each writes one node of two words. */
void tree_branch(const TreeBranch *b, int32_t *to);
void tree_further(int32_t *branch, int64_t nodes); /* where the others go: 1 to TREE_MAX_FURTHER nodes on */
void tree_leaf(float weight, int64_t target, int32_t *to);
void tree_leaf_row(int64_t row, int32_t *to); /* 0 to TREE_MAX_FURTHER */

#endif
