/* What the files calibrate_*.c share. Private to compiler/passes. */
#ifndef ADZE_PASSES_CALIBRATE_H
#define ADZE_PASSES_CALIBRATE_H

#include "passes/calibration.h"
#include "passes/linear.h"

enum { BINS = 2048, GRAM_ROWS = 16 /* added at once: a large matrix is seldom read from memory */ };

/* Over samples, of a number that each has. */
typedef struct {
    double sum, squares;
} Spread;

/* By Value.id. */
typedef struct {
    Value *v;
    bool quantised;
    bool seen;           /* a step computes it: views have the range of what they view */
    int root;            /* the values that share one range: id of the first; its fields below count */
    double low, high;    /* that occurred */
    double least, most;  /* in the sample that runs, and 0 */
    Spread below, above; /* of the samples' -least and most */
    uint64_t *bins;      /* [BINS] between low and high */
    double lo, hi;       /* the range */
    float scale;
    int zero;
    bool sixteen; /* bits */
} Track;

/* A node with constant weights. */
typedef struct {
    Node *node;
    Linear l;
    int data;                   /* id of the value that is computed with the elements of its input */
    int64_t groups, k, outputs; /* k: products a sum; outputs: all channels */
    int64_t kernel[2], stride[2], dilation[2], begin[2], in[3], out[2]; /* convolutions; in: C, H, W */
    bool conv, by_rows;   /* by_rows: weight of (output, k) at output * k + k, else k * outputs + output */
    int64_t taps;         /* of the k products, those of one input channel */
    int64_t block;        /* input channels that share a scale, at one tap; 0: an output has one scale */
    int64_t blocks;       /* scales an output, [k / taps / block][taps] */
    double *gram, *mean;  /* [groups][k][k], [groups][k] */
    double *waiting;      /* [groups][GRAM_ROWS][k]: rows that they lack yet */
    int64_t rows;         /* that they sum */
    float *scale, *reals; /* [outputs][blocks]; the quantised weights as reals, in the weights' order */
    int8_t *integers;
    int bits;           /* of the weights */
    Value *add, *shift; /* MatMul: the constant row that an Add behind it adds, and that Add's result */
} Layer;

typedef struct {
    PassContext *c;
    Graph *g;
    const Calibration *cal;
    Track *track;
    size_t count; /* of tracks */
    ARRAY(Layer) layers;
    Graph *exact; /* as it was before weights and biases changed; the same value ids */
} Calibrator;

/* Each may change the data, as long as they stay in their buffer. `v` is of the graph that the evaluation was made of.
 */
typedef void Observe(void *context, const Value *v, float *data, int64_t count, size_t at_case);
typedef struct Evaluation Evaluation;
/* calibrate_run.c: the graph as it is, made ready to run on the cases; deterministic kernels only. NULL after an error.
 */
Evaluation *evaluation_new(Calibrator *k, const Graph *g, Observe *observe, void *context);
bool evaluation_case(Evaluation *e, const unsigned char *const *data, size_t at_case);
void evaluation_free(Evaluation *e);
bool evaluate_all(Calibrator *k, Observe *observe, void *context);

/* calibrate_values.c: which values are quantised, and which share a range. */
void choose_values(Calibrator *k);
bool is_clamp(const Node *n);
bool moves_values(const Node *n); /* MaxPool, Reshape, Concat ...: its results are elements of what it reads */
Track *track_of(Calibrator *k, const Value *v); /* of the root */
bool named(const char *const *names, const Node *n);
/* The choice for n, or NULL. */
const LayerFormat *format_of(const Calibrator *k, const Node *n);
bool stays_float(const Calibrator *k, const Node *n);
/* Where 8 and 16 bits meet, an operator works with 16: does n; does what computes v, whose own bits may be 8? */
bool works_with_sixteen(Calibrator *k, const Node *n);
bool reads_sixteen(Calibrator *k, const Value *v);

/* calibrate_ranges.c */
bool find_ranges(Calibrator *k);
bool range_given(const char *text, const Value *v, double *lo, double *hi); /* by "VALUE=LO,HI" */
void fake_quantise(const Track *t, float *data, int64_t count);

void spread_add(Spread *s, double sample);
/* The mean of n samples and so many standard deviations: how far others may reach. Infinite for one sample. */
double spread_reach(const Spread *s, size_t n, double deviations);

/* calibrate_layers.c */
bool find_layers(Calibrator *k);
bool measure_layers(Calibrator *k);
int64_t weight_at(const Layer *y, int64_t output, int64_t i); /* the element that weight i of a sum is */

bool quantise_weights(Calibrator *k); /* calibrate_rounding.c: weights to integers */

/* calibrate_weights.c */
void correct_biases(Calibrator *k);
/* A copy of the graph whose weights are the quantised ones as reals. */
Graph *graph_of_reals(Calibrator *k, Arena *a);

/* calibrate_insert.c */
bool insert_quantisers(Calibrator *k);

/* calibrate_equalise.c: channels of like ranges, before anything else is measured. */
bool equalise(Calibrator *k);

/* calibrate_health.c: float against quantised; the graph is still the float one. */
bool examine(Calibrator *k);

#endif
