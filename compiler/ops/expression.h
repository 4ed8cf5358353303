/* A chain of element-wise steps as one step: all of it is computed for one element before the next, so that what lies
 * between its members needs no memory. The emitter prints it as a loop over an expression; the evaluator runs the
 * members one after the other, each with its own kernel, which gives the same bits. */
#ifndef ADZE_OPS_EXPRESSION_H
#define ADZE_OPS_EXPRESSION_H

#include "ops/plan.h"

enum { EXPRESSION_LOOPS = 4, EXPRESSION_MEMBERS = 16 };

typedef enum { FROM_OPERAND, FROM_MEMBER, FROM_NUMBER } SourceKind;

/* Where a member's operand comes from. */
typedef struct {
    SourceKind kind;
    int index;    /* of the step's operand, or of an earlier member */
    float number; /* FROM_NUMBER: a constant of one element */
} Source;

typedef struct {
    const Step *step; /* UNARY or BINARY, as it was lowered */
    Source from[2];
    int uses; /* by later members */
} Member;

typedef struct Expression {
    Member members[EXPRESSION_MEMBERS]; /* in order; the last makes the result */
    int count;
    /* A nest of loops over the result, which is contiguous; strides of the operands, 0 where one element is repeated.
     */
    int rank;
    int32_t dim[EXPRESSION_LOOPS], stride[STEP_MAX_IN][EXPRESSION_LOOPS], y_stride[EXPRESSION_LOOPS];
} Expression;

/* Can the step be a member (or is it an expression already)? */
bool expression_takes(const Step *s);
/* The step that computes `last` from what `first` reads; `last` is the only reader of what `first` makes. NULL when the
 * two do not make one expression: another number of elements, too many operands, members or loops. */
Step *expression_join(Plan *p, const Step *first, const Step *last);
/* in, out: as the step's operands. */
void expression_run(const Expression *e, const void *const *in, void *const *out);

/* What Step.kernel of every expression is: there is no function behind it. */
extern const Kernel expression_kernel;

#endif
