/* Weights of 4 bits with a multiplier a block, see runtime/ref/q4g.h (Kernel in plan.h). The logical weights are of 16
 * bits; a layer is served when those of each block have a common factor that leaves 4 bits, so that packing loses
 * nothing. */
#ifndef ADZE_OPS_PACK_Q4G_H
#define ADZE_OPS_PACK_Q4G_H

#include "ops/plan.h"

bool qgemm_i4g_ref_accepts(const Step *s);
size_t qgemm_i4g_ref_scratch(const Step *s);
Packed qgemm_i4g_ref_packed(const Step *s);
void qgemm_i4g_ref_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4g_ref_unpack(const Step *s, const void *packed, void *logical);

#endif
