/* ref/groupnorm.h: GroupNormalization, and InstanceNormalization, whose groups have one channel each, over images with
 * their channels first or last; x and y may be the same. SPDX-License-Identifier: 0BSD */
#ifndef ADZE_REF_GROUPNORM_H
#define ADZE_REF_GROUPNORM_H

#include "ref/act.h"

#include <math.h>

/* BLOCK: groups computed side by side, since their sums do not wait for each other. PART: pixels summed before they are
 * added to the sum of all, which keeps rounding small. */
#if defined(ADZE_SIZE)
enum { ADZE_GROUPNORM_BLOCK = 1, ADZE_GROUPNORM_PART = 64 };
#else
enum { ADZE_GROUPNORM_BLOCK = 8, ADZE_GROUPNORM_PART = 64 };
#endif

/* Sums of n groups: of x - mean, or of its square. */
ADZE_FORCE_INLINE void adze_groupnorm_sums(const adze_groupnorm_params *p, const float *x, const float *mean,
                                           int32_t square, int32_t n, float *sum)
{
    for (int32_t i = 0; i < n; i++)
        sum[i] = 0.0f;
    for (int32_t c = 0; c < p->channels; c++) {
        for (int32_t begin = 0; begin < p->pixels; begin += ADZE_GROUPNORM_PART) {
            const int32_t rest = p->pixels - begin;
            const int32_t count = rest < ADZE_GROUPNORM_PART ? rest : ADZE_GROUPNORM_PART;
            const float *at = x + c * p->channel_stride + begin * p->pixel_stride;
            float part[ADZE_GROUPNORM_BLOCK] = {0.0f};
            for (int32_t s = 0; s < count; s++, at += p->pixel_stride)
                for (int32_t i = 0; i < n; i++) {
                    const float v = at[i * p->group_stride] - mean[i];
                    part[i] += square ? v * v : v;
                }
            for (int32_t i = 0; i < n; i++)
                sum[i] += part[i];
        }
    }
}

/* n groups from group g on; x and y are where it begins. */
ADZE_FORCE_INLINE void adze_groupnorm_block(const adze_groupnorm_params *p, const float *x, const float *scale,
                                            const float *bias, float *y, int32_t g, int32_t n)
{
    float mean[ADZE_GROUPNORM_BLOCK] = {0.0f}, sum[ADZE_GROUPNORM_BLOCK], factor[ADZE_GROUPNORM_BLOCK];
    const float count = (float)p->channels * (float)p->pixels;
    adze_groupnorm_sums(p, x, mean, 0, n, sum);
    for (int32_t i = 0; i < n; i++)
        mean[i] = sum[i] / count;
    adze_groupnorm_sums(p, x, mean, 1, n, sum);
    for (int32_t i = 0; i < n; i++)
        factor[i] = 1.0f / sqrtf(sum[i] / count + p->epsilon);
    for (int32_t c = 0; c < p->channels; c++) {
        float by[ADZE_GROUPNORM_BLOCK], plus[ADZE_GROUPNORM_BLOCK];
        for (int32_t i = 0; i < n; i++) {
            const int32_t k = ((g + i) * p->channels + c) / p->channels_per_scale;
            by[i] = factor[i] * scale[k];
            plus[i] = bias[k];
        }
        for (int32_t s = 0; s < p->pixels; s++)
            for (int32_t i = 0; i < n; i++) {
                const int32_t at = i * p->group_stride + c * p->channel_stride + s * p->pixel_stride;
                y[at] = adze_act_f32((x[at] - mean[i]) * by[i] + plus[i], p->lo, p->hi);
            }
    }
}

ADZE_KERNEL void adze_groupnorm_f32_ref(const adze_groupnorm_params *p, const float *x, const float *scale,
                                        const float *bias, float *y)
{
    const int32_t image = p->groups * p->channels * p->pixels;
    for (int32_t b = 0; b < p->batch; b++, x += image, y += image) {
        int32_t g = 0;
        for (; g + ADZE_GROUPNORM_BLOCK <= p->groups; g += ADZE_GROUPNORM_BLOCK)
            adze_groupnorm_block(p, x + g * p->group_stride, scale, bias, y + g * p->group_stride, g,
                                 ADZE_GROUPNORM_BLOCK);
        for (; g < p->groups; g++)
            adze_groupnorm_block(p, x + g * p->group_stride, scale, bias, y + g * p->group_stride, g, 1);
    }
}

#endif
