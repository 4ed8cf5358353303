#include "tiny.h"

#include <math.h>
#include <string.h>

extern const int32_t tiny_weights[64];

int tiny_run(tiny_arena *arena, const float *x, const int8_t *n, float *y, int32_t *z)
{
    float sum = 0;
    if (!arena || !x || !n || !y || !z)
        return 1;
    for (int i = 0; i < 4; i++)
        sum += arena->exponentials[i] = expf(x[i]);
    for (int i = 0; i < 4; i++)
        y[i] = arena->exponentials[i] / sum;
    *z = 0;
    for (int i = 0; i < 3; i++)
        *z += tiny_weights[(n[i] + 128) & 63] * n[i];
    return 0;
}
