/* What the measurements of the doctor and its judgements share. Private to compiler/passes. */
#ifndef ADZE_PASSES_CALIBRATE_HEALTH_H
#define ADZE_PASSES_CALIBRATE_HEALTH_H

#include "passes/calibrate.h"

/* The quantised graph with some values left unrounded. */
typedef struct {
    const bool *spared; /* by Value.id */
    const Value *target;
    bool exact_target;                                 /* it takes the exact values */
    double signal, noise, output_signal, output_noise; /* sums of squares, of the target and of the graph's outputs */
} Trial;

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
    Trial *trial;        /* the run that is one, or NULL */
} Examination;

/* calibrate_causes.c: what is wrong with each layer, from what was measured. */
void conclude(Examination *e, Health *health);
/* LayerHealth.own: from v's producer to the first that reads rounded values; .nodes: with the readers. */
const char *const *nodes_of(Calibrator *k, const Value *v, bool readers, Arena *a);

/* calibrate_amplified.c: fills LayerHealth.amplified, once layers are compared. False after an error. */
bool find_amplified(Examination *e, Health *health);

/* calibrate_health.c: runs the graph against the exact one on the first cases. False after an error. */
bool examine_trial(Examination *e, const Graph *g, Trial *t);

#endif
