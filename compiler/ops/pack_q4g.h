/* Weights of 4 bits with a multiplier a block (Kernel in plan.h). The logical weights are of 16
 * bits; a layer is served when those of each block have a common factor that leaves 4 bits, so that packing loses
 * nothing. */
#ifndef ADZE_OPS_PACK_Q4G_H
#define ADZE_OPS_PACK_Q4G_H

#include "ops/plan.h"

/* Rows, see ref/q4g.h. */
bool qconv_i4g_ref_accepts(const Step *s);
Packed qconv_i4g_ref_packed(const Step *s);
void qconv_i4g_ref_pack(const Step *s, const void *logical, void *packed);
void qconv_i4g_ref_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4g_ref_accepts(const Step *s);
size_t qgemm_i4g_ref_scratch(const Step *s);
Packed qgemm_i4g_ref_packed(const Step *s);
void qgemm_i4g_ref_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4g_ref_unpack(const Step *s, const void *packed, void *logical);

/* Blocks of four channels, see tile/q4g.h. */
bool qconv_i4g_tile_accepts(const Step *s);
Packed qconv_i4g_tile_packed(const Step *s);
void qconv_i4g_tile_pack(const Step *s, const void *logical, void *packed);
void qconv_i4g_tile_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4g_tile_accepts(const Step *s);
Packed qgemm_i4g_tile_packed(const Step *s);
void qgemm_i4g_tile_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4g_tile_unpack(const Step *s, const void *packed, void *logical);

/* Words of two channels by four inputs, see dsp/dot4g.h. */
bool qconv_i4g_dsp_accepts(const Step *s);
size_t qconv_i4g_dsp_scratch(const Step *s);
Packed qconv_i4g_dsp_packed(const Step *s);
void qconv_i4g_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_i4g_dsp_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4g_dsp_accepts(const Step *s);
size_t qgemm_i4g_dsp_scratch(const Step *s);
Packed qgemm_i4g_dsp_packed(const Step *s);
void qgemm_i4g_dsp_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4g_dsp_unpack(const Step *s, const void *packed, void *logical);

#endif
