/* ref/recurrent.h: LSTM, GRU and RNN. SPDX-License-Identifier: 0BSD
 *
 * x holds the inputs' share of the gates, [seq][batch][gates][hidden], with biases; w the recurrent weights
 * [hidden][gates][hidden]. The state lives in h (and c), [batch][hidden], from its first value (NULL: zero) to its
 * last.
 */
#ifndef ADZE_REF_RECURRENT_H
#define ADZE_REF_RECURRENT_H

#include "adze.h"

#include <math.h>

static inline float adze_gate(float v)
{
    return 1.0f / (1.0f + expf(-v));
}

static inline void adze_state_begin(const adze_recurrent_params *p, const float *first, float *state)
{
    for (int32_t i = 0; i < p->batch * p->hidden; i++)
        state[i] = first ? first[p->state_offset + i] : 0.0f;
}

/* sum[0..count) += scale (NULL: 1) * h times the columns of w from `from` on. */
static inline void adze_recur(int32_t hidden, int32_t width, const float *h, const float *scale, const float *w,
                              int32_t from, int32_t count, float *sum)
{
    for (int32_t k = 0; k < hidden; k++) {
        const float v = scale ? scale[k] * h[k] : h[k], *row = w + (ptrdiff_t)k * width + from;
        for (int32_t j = 0; j < count; j++)
            sum[j] += v * row[j];
    }
}

/* Gates i, o, f, c. */
static inline void adze_lstm_step(const adze_recurrent_params *p, const float *x, const float *w, float *y, float *h,
                                  float *c, float *gates)
{
    const int32_t n = p->hidden;
    memcpy(gates, x, (size_t)(4 * n) * sizeof *gates);
    adze_recur(n, 4 * n, h, NULL, w, 0, 4 * n, gates);
    for (int32_t i = 0; i < n; i++) {
        const float in = adze_gate(gates[i]), out = adze_gate(gates[n + i]), forget = adze_gate(gates[2 * n + i]);
        c[i] = forget * c[i] + in * tanhf(gates[3 * n + i]);
        h[i] = out * tanhf(c[i]);
        y[i] = h[i];
    }
}

ADZE_KERNEL void adze_lstm_f32_ref(const adze_recurrent_params *p, const float *x, const float *w, const float *first_h,
                                   const float *first_c, float *y, float *h, float *c, void *scratch)
{
    const int32_t n = p->hidden;
    h += p->state_offset;
    c += p->state_offset;
    adze_state_begin(p, first_h, h);
    adze_state_begin(p, first_c, c);
    for (int32_t t = 0; t < p->seq; t++) {
        const int32_t at = p->reverse ? p->seq - 1 - t : t;
        for (int32_t b = 0; b < p->batch; b++)
            adze_lstm_step(p, x + ((ptrdiff_t)at * p->batch + b) * 4 * n, w,
                           y + (ptrdiff_t)at * p->y_step + p->state_offset + b * n, h + b * n, c + b * n,
                           (float *)scratch);
    }
}

/* Gates z, r, h. With `reset_after` the reset gate multiplies the recurrent share of h and its bias, else the state. */
static inline void adze_gru_step(const adze_recurrent_params *p, const float *x, const float *w, const float *bias,
                                 float *y, float *h, float *gates)
{
    const int32_t n = p->hidden;
    float *z = gates, *r = gates + n, *hidden = gates + 2 * n, *share = gates + 3 * n;
    memcpy(gates, x, (size_t)(3 * n) * sizeof *gates);
    adze_recur(n, 3 * n, h, NULL, w, 0, 2 * n, gates);
    for (int32_t i = 0; i < n; i++) {
        z[i] = adze_gate(z[i]);
        r[i] = adze_gate(r[i]);
        share[i] = bias ? bias[i] : 0.0f;
    }
    adze_recur(n, 3 * n, h, p->reset_after ? NULL : r, w, 2 * n, n, share);
    for (int32_t i = 0; i < n; i++) {
        const float next = tanhf(hidden[i] + (p->reset_after ? r[i] * share[i] : share[i]));
        h[i] = (1.0f - z[i]) * next + z[i] * h[i];
        y[i] = h[i];
    }
}

ADZE_KERNEL void adze_gru_f32_ref(const adze_recurrent_params *p, const float *x, const float *w, const float *bias,
                                  const float *first_h, float *y, float *h, void *scratch)
{
    const int32_t n = p->hidden;
    h += p->state_offset;
    adze_state_begin(p, first_h, h);
    for (int32_t t = 0; t < p->seq; t++) {
        const int32_t at = p->reverse ? p->seq - 1 - t : t;
        for (int32_t b = 0; b < p->batch; b++)
            adze_gru_step(p, x + ((ptrdiff_t)at * p->batch + b) * 3 * n, w, bias,
                          y + (ptrdiff_t)at * p->y_step + p->state_offset + b * n, h + b * n, (float *)scratch);
    }
}

/* h = f(x + h w), v being the sum. */
#define ADZE_RNN(NAME, F)                                                                                              \
    ADZE_KERNEL void adze_rnn_##NAME##_f32_ref(const adze_recurrent_params *p, const float *x, const float *w,         \
                                               const float *first_h, float *y, float *h, void *scratch)                \
    {                                                                                                                  \
        const int32_t n = p->hidden;                                                                                   \
        float *sum = (float *)scratch;                                                                                 \
        h += p->state_offset;                                                                                          \
        adze_state_begin(p, first_h, h);                                                                               \
        for (int32_t t = 0; t < p->seq; t++) {                                                                         \
            const int32_t at = p->reverse ? p->seq - 1 - t : t;                                                        \
            for (int32_t b = 0; b < p->batch; b++) {                                                                   \
                float *state = h + b * n, *to = y + (ptrdiff_t)at * p->y_step + p->state_offset + b * n;               \
                memcpy(sum, x + ((ptrdiff_t)at * p->batch + b) * n, (size_t)n * sizeof *sum);                          \
                adze_recur(n, n, state, NULL, w, 0, n, sum);                                                           \
                for (int32_t i = 0; i < n; i++) {                                                                      \
                    const float v = sum[i];                                                                            \
                    to[i] = state[i] = F;                                                                              \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
ADZE_RNN(tanh, tanhf(v))
ADZE_RNN(relu, v < 0.0f ? 0.0f : v)
ADZE_RNN(sigmoid, adze_gate(v))

#endif
