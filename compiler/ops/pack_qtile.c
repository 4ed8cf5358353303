#include "ops/pack_qtile.h"
#include "ops/pack_q8.h"

#include <string.h>

#include "adze.h"

static Q8Matrix qconv_matrix(const Step *s)
{
    return q8_conv(s, 4, 1);
}

static Q8Matrix qgemm_matrix(const Step *s)
{
    return q8_gemm(s, 4, 1);
}

Q8_FUNCTIONS(qconv_i8_tile, qconv_matrix)
Q8_FUNCTIONS(qgemm_i8_tile, qgemm_matrix)

bool qconv_i8_tile_accepts(const Step *s)
{
    const Q8Matrix m = qconv_matrix(s);
    return m.groups == 1 || m.channels >= 4;
}

size_t qconv_i8_tile_scratch(const Step *s)
{
    return (size_t)qconv_matrix(s).taps * 4;
}

size_t qgemm_i8_tile_scratch(const Step *s)
{
    adze_qgemm_params p;
    memcpy(&p, s->params, sizeof p);
    return p.m < 2 ? 1 : (size_t)p.k * 4;
}
