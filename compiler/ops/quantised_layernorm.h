/* What the fixed-point formula of runtime/ref/qlayernorm.h allows: lowering checks it, the pass quantise chooses by it.
 */
#ifndef ADZE_OPS_QUANTISED_LAYERNORM_H
#define ADZE_OPS_QUANTISED_LAYERNORM_H

#include <stdbool.h>
#include <stdint.h>

/* t: normalised elements of a row of `count` are in units of 2^-t. */
int layernorm_bits(int64_t count);
/* Sums, distances and W of rows of `count` elements of 8 or 16 bits fit their types. */
bool layernorm_spread_fits(bool sixteen, int64_t count, int64_t epsilon, int epsilon_shift);
/* An element with this scale and bias fits 32 bits. */
bool layernorm_fits(int64_t scale, int64_t bias);

#endif
