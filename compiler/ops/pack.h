/* How Conv, depthwise Conv and Gemm kernels want their weights (Kernel.packed, pack, unpack), and what they accept.
 *
 * Logical weights: Conv [out_c][kernel_h][kernel_w][in_c / group], depthwise [out_c][kernel_h][kernel_w][1], Gemm
 * [k][n]. Packed layouts are described at the head of each kernel's header in runtime/. unpack is the inverse of pack:
 * it restores every logical element. */
#ifndef ADZE_OPS_PACK_H
#define ADZE_OPS_PACK_H

#include "ops/plan.h"

/* tile/: blocks of 4 channels, zero-filled, [block][tap][4]; depthwise the same with one input channel. */
Packed depthwise_f32_tile_packed(const Step *s);
void depthwise_f32_tile_pack(const Step *s, const void *logical, void *packed);
void depthwise_f32_tile_unpack(const Step *s, const void *packed, void *logical);
Packed conv_f32_tile_packed(const Step *s);
void conv_f32_tile_pack(const Step *s, const void *logical, void *packed);
void conv_f32_tile_unpack(const Step *s, const void *packed, void *logical);
Packed gemm_f32_tile_packed(const Step *s);
void gemm_f32_tile_pack(const Step *s, const void *logical, void *packed);
void gemm_f32_tile_unpack(const Step *s, const void *packed, void *logical);

/* avx2/: blocks of 16 channels, the last one of 8 when no more are left; depthwise [tap][channels rounded up to 8]. */
Packed conv_f32_avx2_packed(const Step *s);
void conv_f32_avx2_pack(const Step *s, const void *logical, void *packed);
void conv_f32_avx2_unpack(const Step *s, const void *packed, void *logical);
Packed gemm_f32_avx2_packed(const Step *s);
void gemm_f32_avx2_pack(const Step *s, const void *logical, void *packed);
void gemm_f32_avx2_unpack(const Step *s, const void *packed, void *logical);
Packed depthwise_f32_avx2_packed(const Step *s);
void depthwise_f32_avx2_pack(const Step *s, const void *logical, void *packed);
void depthwise_f32_avx2_unpack(const Step *s, const void *packed, void *logical);

/* Blocked kernels spend a whole block on a group: groups of one output (depthwise with a multiplier) are left to ref.
 */
bool conv_blocked_accepts(const Step *s);

/* recurrent.c: the gates of one step. */
size_t recurrent_scratch(const Step *s);
size_t trees_scratch(const Step *s);

#endif
