/* The kernels of runtime/dsp: what they accept, their scratch, and how they want their weights (Kernel in plan.h). */
#ifndef ADZE_OPS_PACK_DSP_H
#define ADZE_OPS_PACK_DSP_H

#include "ops/plan.h"

/* Words of two channels by two inputs, see runtime/dsp/dot.h and conv.h: as many bytes as weights, but for rounding. */
bool qconv_i8_dsp_accepts(const Step *s);
size_t qconv_i8_dsp_scratch(const Step *s);
Packed qconv_i8_dsp_packed(const Step *s);
void qconv_i8_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_i8_dsp_unpack(const Step *s, const void *packed, void *logical);

/* The same, widened in scratch once a call, see runtime/dsp/widened.h. */
bool qconv_i8_widened_dsp_accepts(const Step *s);
size_t qconv_i8_widened_dsp_scratch(const Step *s);

/* The same for at most 32 inputs to an output, see runtime/dsp/short.h. */
bool qconv_i8_short_dsp_accepts(const Step *s);
size_t qconv_i8_short_dsp_scratch(const Step *s);

/* Transformed weights, see runtime/dsp/winograd.h: nine int8 become sixteen int16. */
bool qconv_i8_winograd_dsp_accepts(const Step *s);
size_t qconv_i8_winograd_dsp_scratch(const Step *s);
Packed qconv_i8_winograd_dsp_packed(const Step *s);
void qconv_i8_winograd_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_i8_winograd_dsp_unpack(const Step *s, const void *packed, void *logical);

bool qgemm_i8_dsp_accepts(const Step *s);
size_t qgemm_i8_dsp_scratch(const Step *s);
Packed qgemm_i8_dsp_packed(const Step *s);
void qgemm_i8_dsp_pack(const Step *s, const void *logical, void *packed);
void qgemm_i8_dsp_unpack(const Step *s, const void *packed, void *logical);

/* Weights of 16 bits in flash, see runtime/dsp/wide.h: from 8 or 16 bits. Scratch as above. */
bool qconv_wide_dsp_accepts(const Step *s);
Packed qconv_wide_dsp_packed(const Step *s);
void qconv_wide_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_wide_dsp_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_wide_dsp_accepts(const Step *s);
Packed qgemm_wide_dsp_packed(const Step *s);
void qgemm_wide_dsp_pack(const Step *s, const void *logical, void *packed);
void qgemm_wide_dsp_unpack(const Step *s, const void *packed, void *logical);

bool qdepthwise_i8_dsp_accepts(const Step *s);
bool qdepthwise_3x3_i8_dsp_accepts(const Step *s);
size_t qdepthwise_i8_dsp_scratch(const Step *s);

bool qadd_i8_dsp_accepts(const Step *s);
bool qsoftmax_i8_dsp_accepts(const Step *s); /* over the last axis */

#endif
