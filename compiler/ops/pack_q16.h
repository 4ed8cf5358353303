/* 8-bit weights for 16-bit activations on Cortex-M with DSP, see runtime/dsp/q16.h (Kernel in plan.h). */
#ifndef ADZE_OPS_PACK_Q16_H
#define ADZE_OPS_PACK_Q16_H

#include "ops/plan.h"

bool qconv_i16x8_dsp_accepts(const Step *s); /* sums of 32 bits */
size_t qconv_i16x8_dsp_scratch(const Step *s);
Packed qconv_i16x8_dsp_packed(const Step *s);
void qconv_i16x8_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_i16x8_dsp_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i16x8_dsp_accepts(const Step *s);
size_t qgemm_i16x8_dsp_scratch(const Step *s);
Packed qgemm_i16x8_dsp_packed(const Step *s);
void qgemm_i16x8_dsp_pack(const Step *s, const void *logical, void *packed);
void qgemm_i16x8_dsp_unpack(const Step *s, const void *packed, void *logical);
bool qdepthwise_i16x8_dsp_accepts(const Step *s); /* and an input whose zero point is 0 */
Packed qdepthwise_i16x8_dsp_packed(const Step *s);
void qdepthwise_i16x8_dsp_pack(const Step *s, const void *logical, void *packed);
void qdepthwise_i16x8_dsp_unpack(const Step *s, const void *packed, void *logical);

#endif
