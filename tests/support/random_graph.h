/* Random float graphs in text form, for properties that hold for every graph: the same text for the same seed. Images
 * of a few channels and matrices go through convolutions, pools, element-wise operators with and without broadcasting,
 * data movement, normalisations and products; constants are small, so that values stay within some powers of ten. */
#ifndef ADZE_TESTS_RANDOM_GRAPH_H
#define ADZE_TESTS_RANDOM_GRAPH_H

#include "base/arena.h"

#include <stdint.h>

const char *random_graph(Arena *a, uint64_t seed);

#endif
