/* How the quantised kernels of set avx2 (runtime/avx2/q*.h) want their weights, and what they need. */
#ifndef ADZE_OPS_PACK_QAVX2_H
#define ADZE_OPS_PACK_QAVX2_H

#include "ops/plan.h"

bool qconv_i8_avx2_accepts(const Step *s); /* groups of five channels and more: a unit of eight is spent on each */
size_t qconv_i8_avx2_scratch(const Step *s);
Packed qconv_i8_avx2_packed(const Step *s);
void qconv_i8_avx2_pack(const Step *s, const void *logical, void *packed);
void qconv_i8_avx2_unpack(const Step *s, const void *packed, void *logical);
size_t qgemm_i8_avx2_scratch(const Step *s);
Packed qgemm_i8_avx2_packed(const Step *s);
void qgemm_i8_avx2_pack(const Step *s, const void *logical, void *packed);
void qgemm_i8_avx2_unpack(const Step *s, const void *packed, void *logical);
bool qdepthwise_i8_avx2_accepts(const Step *s); /* eight channels and more */
size_t qdepthwise_i8_avx2_scratch(const Step *s);
Packed qdepthwise_i8_avx2_packed(const Step *s);
void qdepthwise_i8_avx2_pack(const Step *s, const void *logical, void *packed);
void qdepthwise_i8_avx2_unpack(const Step *s, const void *packed, void *logical);
bool qavgpool_i8_avx2_accepts(const Step *s); /* eight channels and more */
bool quantize_avx2_accepts(const Step *s);    /* one scale */

#endif
