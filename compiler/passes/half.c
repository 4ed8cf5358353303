/* half: with --quantize fp16, and of layers that `mixed` gives halves, the constant weights of adze.Conv and adze.Gemm
 * are rounded to halves, to the nearest and ties to even; they stay f32 in the graph, and the kernels that store 16
 * bits take them. Requires: all passes that change weights. Keeps: the graph's structure, other constants. Breaks:
 * values, by rounding. What stays in 32 bits is named in a note. */
#include "passes/rewrite.h"

#include "passes/calibration.h"

#include <inttypes.h>
#include <string.h>

enum { FEW = 64 };

/* The constant f32 input of n that is worth a word, or NULL. */
static Value *weights_of(const Node *n)
{
    for (size_t i = 0; i < n->inputs.count; i++) {
        Value *v = node_in(n, i);
        if (v && const_f32(v) && shape_count(&v->shape) >= FEW)
            return v;
    }
    return NULL;
}

static bool round_weights(Graph *g, Node *n, const Value *w)
{
    const int64_t count = shape_count(&w->shape);
    const float *from = w->data;
    float *to = NEW_ARRAY(g->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        const uint16_t h = float_to_half(from[i]);
        if ((h & 0x7C00u) == 0x7C00u) {
            graph_note(g, "half", n, 0, "its weights stay float32: %g is beyond the largest half, 65504",
                       (double)from[i]);
            return false;
        }
        to[i] = half_to_float(h);
    }
    node_set_input(g, n, 1, graph_const(g, w->name, DT_F32, &w->shape, to));
    return true;
}

/* Of a calibration only the layers that it says. */
static bool chosen(const PassContext *c, const Node *n)
{
    const Calibration *k = c->calibration;
    for (size_t i = 0; k && i < k->format_count; i++)
        for (const char *const *name = k->formats[i].nodes; k->formats[i].weight_bits == 16 && *name; name++)
            if (strcmp(*name, n->name) == 0)
                return true;
    return !k;
}

bool pass_half(PassContext *c, Graph *g, bool *changed)
{
    if (!c->half)
        return true;
    GRAPH_NODES(g, n)
    {
        const Value *w = node_in(n, 1), *other;
        if (!chosen(c, n))
            continue;
        if ((node_is_adze(n, "Conv") || node_is_adze(n, "Gemm")) && w && const_f32(w))
            *changed = round_weights(g, n, w) || *changed;
        else if ((other = weights_of(n)) != NULL)
            graph_note(g, "half", n, 0,
                       "%" PRId64 " constants stay float32: kernels of Conv and Gemm alone read halves",
                       shape_count(&other->shape));
    }
    return true;
}
