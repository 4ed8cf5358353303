/* How the quantised kernels of set tile (runtime/tile/q*.h) want their weights, and what they need. */
#ifndef ADZE_OPS_PACK_QTILE_H
#define ADZE_OPS_PACK_QTILE_H

#include "ops/plan.h"

bool qconv_i8_tile_accepts(const Step *s); /* groups of four channels and more: a block is spent on each */
size_t qconv_i8_tile_scratch(const Step *s);
Packed qconv_i8_tile_packed(const Step *s);
void qconv_i8_tile_pack(const Step *s, const void *logical, void *packed);
void qconv_i8_tile_unpack(const Step *s, const void *packed, void *logical);
size_t qgemm_i8_tile_scratch(const Step *s);
Packed qgemm_i8_tile_packed(const Step *s);
void qgemm_i8_tile_pack(const Step *s, const void *logical, void *packed);
void qgemm_i8_tile_unpack(const Step *s, const void *packed, void *logical);

#endif
