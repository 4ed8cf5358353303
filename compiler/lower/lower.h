/* Graph and target to Plan: steps in order (schedule), a kernel each (select.c), a place for every buffer (memory.c).
 */
#ifndef ADZE_LOWER_LOWER_H
#define ADZE_LOWER_LOWER_H

#include "ops/ops.h"
#include "ops/plan.h"
#include "target/target.h"

/* NULL after errors were reported: all nodes that cannot be lowered, in one go. The plan lives in the graph's arena
 * and points into the graph. */
Plan *lower_graph(Graph *g, const Target *target, Diag *d, Arena *scratch);

/* Binds "OUTPUT:INPUT" pairs of names, a NULL-terminated list or NULL, before lower_graph: the value of the output is
 * that of the input in the next call. Types and shapes must be known. */
bool state_bind(Graph *g, Diag *d, const char *const *pairs);

/* The parts, in the order in which lower_graph calls them. */
bool lower_nodes(Plan *p, Diag *d, Arena *scratch);
/* Binds graph outputs to the caller's buffers; adds copies where an output is an input, a constant or another output.
 */
void lower_outputs(Plan *p);
/* Leaves out copies of values that nothing reads later. */
void share_copies(Plan *p);
bool select_kernels(Plan *p, const Target *target, Diag *d);
/* Reorders the steps for the smallest peak of live bytes. */
void schedule(Plan *p);
/* Makes one step of element-wise steps that feed each other, where that takes no more memory. */
void fuse_chains(Plan *p);
/* Where the next value of each state (g->states) is written; from here on the order of steps is final. */
void place_states(Plan *p);
/* Lifetimes, in-place decisions, offsets; in several memories when the fastest RAM of the target is too small. */
void plan_memory(Plan *p, const Target *target);
/* What the bound on the arena would be with these steps, before plan_memory; NULL steps are none. No
 * place changes. */
size_t memory_bound(const Plan *p);
/* May out[0] take the bytes of input k, as far as the step itself is concerned? */
bool step_may_overwrite(const Step *s, int k);

Place *place_of(const Plan *p, const Value *v);
/* Bytes of a value of known shape. */
size_t value_bytes(const Value *v);
/* Offsets in the arena are multiples of this. */
enum { ARENA_ALIGN = 16 };

#endif
