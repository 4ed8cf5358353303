/* A Plan made ready to run any number of times: packed weights and operand tables are kept between runs (calibration
 * runs a plan hundreds of times). plan_run (plan.h) is one such run. */
#ifndef ADZE_OPS_RUN_H
#define ADZE_OPS_RUN_H

#include "ops/plan.h"

typedef struct Runner Runner;

/* Called after each step; in and out are its operands as the kernel got them (operand 1 may be packed).
 * For calibration and tracing. */
typedef void StepHook(void *context, const Step *step, const void *const *in, void *const *out);

/* Reports an error and returns NULL when a step has no kernel that serves it. The plan must outlive the runner. */
Runner *runner_new(const Plan *p, Diag *d, bool force_ref);
void runner_hook(Runner *r, StepHook *hook, void *context);
/* in: one buffer a graph input, out: one a graph output (NULL: not wanted). */
bool runner_run(Runner *r, Diag *d, const void *const *in, void *const *out);
void runner_free(Runner *r);

/* A constant's elements, also of an empty one not NULL: kernels add to the address, as the emitted C may. NULL: no
 * constant. */
const void *const_bytes(const Value *v);

/* Can this machine run the row's function? */
bool kernel_runs_here(const Kernel *k);

#endif
