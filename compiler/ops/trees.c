/* adze.TreeEnsemble: decision trees as passes/ml_trees.c flattens them. */
#include "ops/trees.h"
#include "ops/family.h"
#include "ops/pack.h"

#include <string.h>

_Static_assert(TREE_MAX_FEATURES == ADZE_TREE_FEATURE + 1, "features of a branch");
_Static_assert((int)TREE_SUM == ADZE_TREES_SUM && (int)TREE_MIN == ADZE_TREES_MIN && (int)TREE_MAX == ADZE_TREES_MAX,
               "attribute aggregate");

/* As adze_float_key in runtime/ref/trees.h, of what is not NaN. */
static int32_t float_key(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return (int32_t)(bits >> 31 ? 0x80000000u - bits : bits);
}

void tree_branch(const TreeBranch *b, int32_t *to)
{
    to[0] = float_key(b->threshold) - b->below; /* the keys of neighbouring floats are neighbours */
    to[1] = (int32_t)b->feature | (b->equal ? ADZE_TREE_EQUAL : 0) | (b->nan ? ADZE_TREE_NAN : 0);
}

void tree_further(int32_t *branch, int64_t nodes)
{
    branch[1] = (int32_t)((uint32_t)branch[1] | (uint32_t)nodes << 16);
}

void tree_leaf(float weight, int64_t target, int32_t *to)
{
    memcpy(to, &weight, sizeof *to);
    to[1] = ADZE_TREE_LEAF | (int32_t)target;
}

void tree_leaf_row(int64_t row, int32_t *to)
{
    to[0] = 0;
    to[1] = (int32_t)(ADZE_TREE_LEAF | ADZE_TREE_ROW | (uint32_t)row << 16);
}

bool infer_trees(OpContext *c, Graph *g, Node *n)
{
    const Shape *x = in_shape(n, 0);
    Shape y = shape_unknown();
    (void)c, (void)g;
    if (x->rank == 2)
        y = (Shape){.rank = 2, .dim = {x->dim[0], node_int(n, "targets", 1)}};
    op_set_output(n, 0, DT_F32, &y);
    return true;
}

bool lower_trees(OpContext *c, Plan *p, Node *n)
{
    const Shape *x = in_shape(n, 0);
    (void)c;
    adze_trees_params params = {
        .batch = (int32_t)x->dim[0],
        .features = (int32_t)x->dim[1],
        .trees = (int32_t)shape_count(in_shape(n, 2)),
        .targets = (int32_t)node_int(n, "targets", 1),
        .aggregate = (int32_t)node_int(n, "aggregate", TREE_SUM),
    };
    Step *s = PLAN_STEP(p, KIND_TREES, NULL, adze_trees_params, &params);
    for (size_t i = 0; i < 4; i++)
        step_in(s, node_in(n, i)); /* rows may be left out */
    step_out(s, node_out(n, 0));
    return true;
}

size_t trees_scratch(const Step *s)
{
    return (size_t)((const adze_trees_params *)s->params)->features * sizeof(int32_t);
}
