/* What --quantize asks of the pass `calibrate`, and what it measured for reports. */
#ifndef ADZE_PASSES_CALIBRATION_H
#define ADZE_PASSES_CALIBRATION_H

#include "base/arena.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEAST_GROUP = 16, MOST_GROUP = 256 }; /* what kernels of weights of 4 bits in blocks take */

typedef enum { RANGE_MSE, RANGE_MINMAX, RANGE_PERCENTILE, RANGE_ENTROPY } RangeMethod;

/* Of one quantised layer over the calibration data, float against quantised. */
typedef struct {
    const char *name, *op_type;
    double signal, noise;  /* sums of squares of its result and of the difference; all layers in front quantised */
    double own_noise;      /* the same with the inputs of the layer exact: what this layer alone costs */
    double dot, quantised; /* sum of the products, of the squares of the quantised result */
    double worst;          /* largest difference */
    double saturated;      /* share of elements outside of the range */
    double lo, hi;         /* of the range */
    double low, high;      /* that occurred */
    double used;           /* share of the range's width that elements within the 0.1 % and 99.9 % quantiles take */
    int64_t elements, channels, dead_channels, worst_channel;
    double outlier;             /* the largest channel's magnitude, in medians of the channels' */
    double misaligned;          /* Add, Concat: the largest ratio of an operand's scale to the result's, either way */
    double bias_excess;         /* the largest bias, in units of what 2^30 accumulator steps hold */
    bool shares_range;          /* with other operands of a Concat */
    const char *const *nodes;   /* names of nodes that keep it float, NULL-terminated; NULL for an input */
    int64_t weight_bytes;       /* of its constant weights and their sums' parameters, in its format */
    const char *cause, *advice; /* "" when nothing is wrong */
} LayerHealth;

/* A choice for one layer. */
typedef struct {
    const char *const *nodes; /* that compute it, NULL-terminated: an operator with its bounds and added rows */
    int weight_bits;          /* 8 or 4; 0: it stays float */
    const char *reason;       /* for the report */
} LayerFormat;

typedef struct {
    Arena *arena;
    ARRAY(LayerHealth) layers;
    double signal, noise; /* of the graph's outputs */
} Health;

typedef struct Calibration {
    size_t cases;
    const unsigned char *const *data; /* by graph input: cases, one behind the other */
    Digest hash;                      /* of the data, input by input */
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
    size_t check_cases;
    const unsigned char *const *check;
} Calibration;

#endif
