/* Random float graphs in text form, for properties that hold for every graph: the same text for the same seed. Images
 * of a few channels and matrices go through convolutions, pools, element-wise operators with and without broadcasting,
 * data movement, normalisations and products; constants are small, so that values stay within some powers of ten. */
#ifndef ADZE_TESTS_RANDOM_GRAPH_H
#define ADZE_TESTS_RANDOM_GRAPH_H

#include "ir/graph.h"

const char *random_graph(Arena *a, uint64_t seed);

/* For a graph whose shapes are known: a buffer for each input, of floats from -2 to 2 that follow from the seed; and
 * one for each output, with nothing in it. A buffer has 16 bytes more than its value. */
void **random_inputs(Arena *a, const Graph *g, int seed);
void **random_outputs(Arena *a, const Graph *g);
/* NULL, or which element of which output differs by more than rounding does. */
const char *random_difference(Arena *a, const Graph *g, void *const *want, void *const *got);

#endif
