/* What the measurements of the doctor and its judgements share. Private to compiler/passes. */
#ifndef ADZE_PASSES_CALIBRATE_HEALTH_H
#define ADZE_PASSES_CALIBRATE_HEALTH_H

#include "passes/calibrate.h"

typedef struct {
    Calibrator *k;
    float **exact;     /* by Value.id: what the exact graph computed for this sample */
    LayerHealth **of;  /* by Value.id: NULL where nothing is watched */
    float **peak;      /* by Value.id: largest magnitude of each channel */
    int64_t *channels; /* by Value.id */
    bool *is_output;   /* by Value.id: a step computes it, and views of it or itself are an output */
    const Cases *cases;
    const Value *scores; /* the first output, where there are labels */
    bool isolated;       /* the run in which each layer gets exact inputs */
    bool outputs_only;   /* layers are not compared */
} Examination;

/* calibrate_causes.c: what is wrong with each layer, from what was measured. */
void conclude(Examination *e, Health *health);

#endif
