#include "tests/support/random_graph.h"

#include "lower/lower.h"

#include <math.h>

static void **buffers(Arena *a, Value *const *v, size_t count)
{
    void **all = NEW_ARRAY(a, void *, count + 1);
    for (size_t i = 0; i < count; i++)
        all[i] = arena_alloc(a, value_bytes(v[i]) + 16);
    return all;
}

void **random_inputs(Arena *a, const Graph *g, int seed)
{
    void **in = buffers(a, g->inputs.items, g->inputs.count);
    uint32_t state = (uint32_t)seed;
    for (size_t i = 0; i < g->inputs.count; i++)
        for (size_t k = 0; k < value_bytes(g->inputs.items[i]) / 4; k++) {
            state = state * 1664525 + 1013904223;
            ((float *)in[i])[k] = (float)(int32_t)(state >> 8) / (float)(1 << 22) - 2;
        }
    return in;
}

void **random_outputs(Arena *a, const Graph *g)
{
    return buffers(a, g->outputs.items, g->outputs.count);
}

/* Rounding differs in proportion to what was added up: the largest element of the output. */
static const char *difference(Arena *a, const Value *v, const float *want, const float *got)
{
    size_t count = value_bytes(v) / 4;
    double largest = 1;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < count; i++)
        if (want[i] != got[i] && !(isnan(want[i]) && isnan(got[i])) &&
            !(fabs((double)want[i] - (double)got[i]) <= 1e-4 * largest))
            return arena_printf(a, "output %s: element %zu is %g, not %g", v->name, i, (double)got[i], (double)want[i]);
    return NULL;
}

const char *random_difference(Arena *a, const Graph *g, void *const *want, void *const *got)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < g->outputs.count && !wrong; i++)
        wrong = difference(a, g->outputs.items[i], want[i], got[i]);
    return wrong;
}
