/* Weights of 16 bits, IEEE 754 binary16, for kernels that compute in float32 (Kernel in plan.h). A layer is served when
 * all its weights are halves exactly (pass `half` rounds them), so that packing loses nothing. */
#ifndef ADZE_OPS_PACK_HALF_H
#define ADZE_OPS_PACK_HALF_H

#include "ops/plan.h"

bool half_accepts(const Step *s);
/* The order of the model's weights. */
Packed half_ref_packed(const Step *s);
void half_ref_pack(const Step *s, const void *logical, void *packed);
void half_ref_unpack(const Step *s, const void *packed, void *logical);
/* conv_blocked_accepts as well (pack.h) */
bool conv_f16_blocked_accepts(const Step *s);
/* The order of the kernels of runtime/tile in float32. */
size_t conv_f16_tile_scratch(const Step *s);
Packed conv_f16_tile_packed(const Step *s);
void conv_f16_tile_pack(const Step *s, const void *logical, void *packed);
void conv_f16_tile_unpack(const Step *s, const void *packed, void *logical);
size_t depthwise_f16_tile_scratch(const Step *s);
Packed depthwise_f16_tile_packed(const Step *s);
void depthwise_f16_tile_pack(const Step *s, const void *logical, void *packed);
void depthwise_f16_tile_unpack(const Step *s, const void *packed, void *logical);
size_t gemm_f16_tile_scratch(const Step *s);
Packed gemm_f16_tile_packed(const Step *s);
void gemm_f16_tile_pack(const Step *s, const void *logical, void *packed);
void gemm_f16_tile_unpack(const Step *s, const void *packed, void *logical);
/* The order of the kernels of runtime/avx2 in float32. */
Packed conv_f16_avx2_packed(const Step *s);
void conv_f16_avx2_pack(const Step *s, const void *logical, void *packed);
void conv_f16_avx2_unpack(const Step *s, const void *packed, void *logical);
Packed depthwise_f16_avx2_packed(const Step *s);
void depthwise_f16_avx2_pack(const Step *s, const void *logical, void *packed);
void depthwise_f16_avx2_unpack(const Step *s, const void *packed, void *logical);
Packed gemm_f16_avx2_packed(const Step *s);
void gemm_f16_avx2_pack(const Step *s, const void *logical, void *packed);
void gemm_f16_avx2_unpack(const Step *s, const void *packed, void *logical);

#endif
