/* Weights of 4 bits, two a byte: what those kernels accept, and how they want their weights (Kernel in plan.h). The
 * logical weights are of 8 bits; a layer is served when the weights of each channel are at most 15 apart, so that
 * packing loses nothing. */
#ifndef ADZE_OPS_PACK_Q4_H
#define ADZE_OPS_PACK_Q4_H

#include "ops/plan.h"

/* Layers of fewer weights are not worth a kernel of their own. */
enum { Q4_MIN_WEIGHTS = 64 };

/* The weights of a QConv or QGemm: that of (channel, tap) stands at channel * channel_step + tap * tap_step of the
 * logical tensor. */
typedef struct {
    int64_t groups, channels, taps, channel_step, tap_step; /* channels: of all groups */
} Q4Matrix;

Q4Matrix q4_conv_matrix(const Step *s);
Q4Matrix q4_gemm_matrix(const Step *s);

/* Why a step's weights of 4 bits are stored in 8 by the kernel that was chosen; NULL when they are not, or have more.
 */
const char *q4_stays(const Step *s);

/* Rows of z and nibbles, see runtime/ref/q4.h. */
bool qconv_i4_ref_accepts(const Step *s);
Packed qconv_i4_ref_packed(const Step *s);
void qconv_i4_ref_pack(const Step *s, const void *logical, void *packed);
void qconv_i4_ref_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4_ref_accepts(const Step *s);
Packed qgemm_i4_ref_packed(const Step *s);
void qgemm_i4_ref_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4_ref_unpack(const Step *s, const void *packed, void *logical);

/* Blocks of four channels, see runtime/tile/qtile4.h. */
bool qconv_i4_tile_accepts(const Step *s);
Packed qconv_i4_tile_packed(const Step *s);
void qconv_i4_tile_pack(const Step *s, const void *logical, void *packed);
void qconv_i4_tile_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4_tile_accepts(const Step *s);
Packed qgemm_i4_tile_packed(const Step *s);
void qgemm_i4_tile_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4_tile_unpack(const Step *s, const void *packed, void *logical);

/* Words of two channels by four inputs, see runtime/dsp/dot4.h. */
bool qconv_i4_dsp_accepts(const Step *s);
size_t qconv_i4_dsp_scratch(const Step *s);
Packed qconv_i4_dsp_packed(const Step *s);
void qconv_i4_dsp_pack(const Step *s, const void *logical, void *packed);
void qconv_i4_dsp_unpack(const Step *s, const void *packed, void *logical);
bool qgemm_i4_dsp_accepts(const Step *s);
size_t qgemm_i4_dsp_scratch(const Step *s);
Packed qgemm_i4_dsp_packed(const Step *s);
void qgemm_i4_dsp_pack(const Step *s, const void *logical, void *packed);
void qgemm_i4_dsp_unpack(const Step *s, const void *packed, void *logical);

#endif
