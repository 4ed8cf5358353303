/* An independent check of a memory plan: from the steps alone, without the planner's lifetimes. */
#ifndef ADZE_LOWER_CHECK_H
#define ADZE_LOWER_CHECK_H

#include "lower/lower.h"

/* NULL when no two values that are needed at the same time share bytes of the arena, all lie inside it, and no step's
 * scratch overlaps what is alive; else what is wrong. Runs the steps over a table of which value last wrote each byte:
 * an operand must still be the last writer of its bytes. */
const char *plan_check(Arena *a, const Plan *p);
/* The largest sum over steps of the bytes alive, after the plan's in-place decisions; computed from the steps. */
size_t plan_bound(Arena *a, const Plan *p);

#endif
