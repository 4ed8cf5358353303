/* ref/trees.h: decision trees. SPDX-License-Identifier: 0BSD
 *
 * A node is two words of `nodes`; adze_trees_params says what they hold. Floats are compared as integers in their
 * order (adze_float_key), so that walking a tree needs no floating-point unit. Scratch: [features] i32. */
#ifndef ADZE_REF_TREES_H
#define ADZE_REF_TREES_H

#include "adze.h"

#include <math.h>

/* a < b in floats is key(a) < key(b) in integers; both zeros have the key 0, NaN has INT32_MAX, above infinity. */
static inline int32_t adze_float_key(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return INT32_MAX;
    return (int32_t)(bits >> 31 ? 0x80000000u - bits : bits);
}

/* From a branch to where x sends it. */
static inline int32_t adze_tree_step(int32_t threshold, uint32_t word, int32_t key)
{
    int32_t next = key <= threshold;
    if (word & (ADZE_TREE_EQUAL | ADZE_TREE_NAN)) {
        if (word & ADZE_TREE_EQUAL)
            next = key == threshold;
        if ((word & ADZE_TREE_NAN) && key == INT32_MAX)
            next = 1;
    }
    return next ? 1 : (int32_t)(word >> 16);
}

/* NaN in y: no leaf had a weight for it yet. */
static inline void adze_tree_weight(int32_t aggregate, float weight, float *y)
{
    if (aggregate == ADZE_TREES_SUM)
        *y += weight;
    else if (weight == weight && !(aggregate == ADZE_TREES_MIN ? *y <= weight : *y >= weight))
        *y = weight;
}

static inline void adze_tree_leaf(const adze_trees_params *p, int32_t value, uint32_t word, const float *rows, float *y)
{
    if (word & ADZE_TREE_ROW) {
        const float *row = rows + (ptrdiff_t)(word >> 16) * p->targets;
        for (int32_t i = 0; i < p->targets; i++)
            adze_tree_weight(p->aggregate, row[i], y + i);
        return;
    }
    float weight;
    memcpy(&weight, &value, sizeof weight);
    adze_tree_weight(p->aggregate, weight, y + (word & ADZE_TREE_FEATURE));
}

ADZE_KERNEL void adze_trees_f32_ref(const adze_trees_params *p, const float *x, const int32_t *nodes,
                                    const int32_t *roots, const float *rows, float *y, void *scratch)
{
    int32_t *key = (int32_t *)scratch;
    for (int32_t b = 0; b < p->batch; b++, x += p->features, y += p->targets) {
        for (int32_t i = 0; i < p->features; i++)
            key[i] = adze_float_key(x[i]);
        for (int32_t i = 0; i < p->targets; i++)
            y[i] = p->aggregate == ADZE_TREES_SUM ? 0.0f : NAN;
        for (int32_t t = 0; t < p->trees; t++) {
            const int32_t *node = nodes + (ptrdiff_t)roots[t] * 2;
            while (!((uint32_t)node[1] & ADZE_TREE_LEAF))
                node += 2 * adze_tree_step(node[0], (uint32_t)node[1], key[node[1] & ADZE_TREE_FEATURE]);
            adze_tree_leaf(p, node[0], (uint32_t)node[1], rows, y);
        }
        for (int32_t i = 0; p->aggregate != ADZE_TREES_SUM && i < p->targets; i++)
            y[i] = y[i] == y[i] ? y[i] : 0.0f;
    }
}

#endif
