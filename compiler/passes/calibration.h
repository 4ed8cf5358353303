/* What --quantize asks of the pass `calibrate`, and what it measured for reports. */
#ifndef ADZE_PASSES_CALIBRATION_H
#define ADZE_PASSES_CALIBRATION_H

#include "base/arena.h"
#include "base/hash.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEAST_GROUP = 16, MOST_GROUP = 256 }; /* what kernels of weights of 4 bits in blocks take */

typedef enum { RANGE_MSE, RANGE_MINMAX, RANGE_PERCENTILE, RANGE_ENTROPY } RangeMethod;

/* A layer whose result is far noisier than what it reads, and far noisier than alone. Noise is for a signal of 1. */
typedef struct {
    const char *reads, *lost; /* layers: the noisiest that it reads; whose rounding lost most. NULL: no such error */
    double reads_noise, below_step; /* below_step: share of `lost` that is not 0 and smaller than one step */
    double repaired_noise;          /* of the result when the nodes are float */
    const char *const *nodes;       /* NULL-terminated names */
} Amplified;

/* Of one quantised layer over the calibration data, float against quantised. */
typedef struct {
    const char *name, *op_type;
    double signal, noise;  /* sums of squares of its result and of the difference; all layers in front quantised */
    double own_noise;      /* the same with the inputs of the layer exact: what this layer alone costs */
    double dot, quantised; /* sum of the products, of the squares of the quantised result */
    double worst;          /* largest difference */
    double below_step;     /* elements that are not 0, and smaller than one step */
    double saturated;      /* share of elements outside of the range */
    double lo, hi;         /* of the range */
    double low, high;      /* that occurred */
    double used;           /* share of the range's width that elements within the 0.1 % and 99.9 % quantiles take */
    int64_t elements, channels, dead_channels, worst_channel;
    double outlier;     /* the largest channel's magnitude, in medians of the channels' */
    double misaligned;  /* Add, Concat: the largest ratio of an operand's scale to the result's, either way */
    double bias_excess; /* the largest bias, in units of what 2^30 accumulator steps hold */
    bool shares_range;  /* with other operands of a Concat */
    /* Names of nodes, NULL-terminated. own: that compute it, an operator with its bounds and added rows, the last one
     * first; of an input its own name. nodes: that are float where it is not to be rounded, with those that read it;
     * NULL for an input. */
    const char *const *own, *const *nodes;
    int64_t weights, weight_bytes; /* how many; bytes with their sums' parameters, in its format */
    Amplified amplified;
    const char *cause, *advice; /* "" when nothing is wrong */
} LayerHealth;

/* A choice for one layer. */
typedef struct {
    const char *const
        *nodes;          /* NULL-terminated, that of the result first. A float layer: LayerHealth.nodes; else .own */
    int weight_bits;     /* 8 or 4; float: 32, or 16 for halves */
    int activation_bits; /* of its result: 8 or 16; 0: it stays float */
    const char *reason;  /* for the report */
} LayerFormat;

/* Noise for a signal of 1; NaN is more than any. */
static inline double noise_share(double noise, double signal)
{
    return isnan(noise) ? 1e20 : noise / fmax(signal, 1e-300);
}

typedef struct {
    Arena *arena;
    ARRAY(LayerHealth) layers;
    double signal, noise;                    /* of the graph's outputs */
    int64_t weight_bytes;                    /* of all constants of the program, for the target; filled by commands */
    size_t labelled, correct, float_correct; /* samples with a label; those whose class the graphs find */
} Health;

/* Samples that fill the graph's inputs: each case takes `batch` of them, what is left over fills none. */
typedef struct {
    size_t cases, batch, samples;
    const unsigned char *const *data; /* by graph input: cases, one behind the other */
} Cases;

/* The outputs alone; layer by layer; with what is wrong with them. */
typedef enum { EXAMINE_OUTPUTS, EXAMINE_LAYERS, EXAMINE_CAUSES } Depth;

typedef struct Calibration {
    Cases own;
    Digest hash; /* of the data, input by input */
    RangeMethod method;
    int weight_bits;            /* 8 or 4 */
    int group;                  /* input channels for which weights of 4 bits have a scale; 0: all */
    const LayerFormat *formats; /* of layers that differ; may be NULL */
    size_t format_count;
    bool sixteen; /* activations of 16 bits, with zero points of 0 */
    bool no_rounding, no_bias_correction, no_equalisation;
    const char *const *keep_float; /* names of nodes that stay float, NULL-terminated; may be NULL */
    const char *const *widest;     /* names of nodes whose result gets the range that occurred; may be NULL */
    const char *const *ranges;     /* "VALUE=LO,HI": fixed, NULL-terminated; may be NULL */
    Health *health;                /* filled when not NULL: over the check cases, or the calibration's own */
    Depth depth;                   /* of the health */
    Cases check;                   /* what is compared; none: its own */
    const int64_t *labels;         /* [samples] the class of each that is compared; NULL: unknown */
} Calibration;

#endif
