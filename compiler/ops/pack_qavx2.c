#include "ops/pack_qavx2.h"
#include "ops/pack_q8.h"

#include <string.h>

#include "adze.h"

enum { UNIT = 8 }; /* channels */

static Q8Matrix qconv_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    Q8Matrix m = q8_conv(s, UNIT, 2);
    m.segments = p.group == 1 && p.dilation_w == 1 ? p.kernel_h : (int64_t)p.kernel_h * p.kernel_w;
    m.taps /= m.segments;
    return m;
}

static Q8Matrix qgemm_matrix(const Step *s)
{
    return q8_gemm(s, UNIT, 2);
}

static Q8Matrix qdepthwise_matrix(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t taps = (int64_t)p.kernel_h * p.kernel_w;
    return (Q8Matrix){1, p.out_c, 1, taps, taps, 1, UNIT, 2, true};
}

Q8_FUNCTIONS(qconv_i8_avx2, qconv_matrix)
Q8_FUNCTIONS(qgemm_i8_avx2, qgemm_matrix)
Q8_FUNCTIONS(qdepthwise_i8_avx2, qdepthwise_matrix)

bool qconv_i8_avx2_accepts(const Step *s)
{
    const Q8Matrix m = qconv_matrix(s);
    return m.groups == 1 || m.channels > UNIT / 2;
}

/* Elements of a ring of rows (avx2/qrows.h). */
static int64_t ring_elements(const adze_qconv_params *p)
{
    const int64_t span = (p->kernel_h - 1) * (int64_t)p->dilation_h + 1;
    const int64_t steps = p->out_w > 0 ? p->out_w - 1 : 0;
    const int64_t width = steps * p->stride_w + (p->kernel_w - 1) * (int64_t)p->dilation_w + 1;
    return span * width * p->in_c;
}

/* A ring, or four pixels of a pointwise one. */
size_t qconv_i8_avx2_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    const int64_t ring = ring_elements(&p) + 1, four = ((int64_t)p.in_c + 1) / 2 * 2 * 4;
    return (size_t)(ring > four || qconv_matrix(s).taps != p.in_c ? ring : four) * sizeof(int16_t);
}

/* Four rows. */
size_t qgemm_i8_avx2_scratch(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)(((int64_t)p.k + 1) / 2 * 2 * (p.m < 4 ? p.m : 4)) * sizeof(int16_t);
}

bool qdepthwise_i8_avx2_accepts(const Step *s)
{
    return qdepthwise_matrix(s).channels >= UNIT;
}

/* Where each tap is, and a ring. */
size_t qdepthwise_i8_avx2_scratch(const Step *s)
{
    adze_qconv_params p;
    memcpy(&p, s->params, sizeof p);
    return (size_t)(qdepthwise_matrix(s).taps + 1) * sizeof(void *) + (size_t)ring_elements(&p);
}

bool qavgpool_i8_avx2_accepts(const Step *s)
{
    adze_qpool_params p;
    memcpy(&p, s->params, sizeof p);
    return p.channels >= UNIT;
}

bool quantize_avx2_accepts(const Step *s)
{
    adze_quantize_params p;
    memcpy(&p, s->params, sizeof p);
    return p.axis == 1;
}
