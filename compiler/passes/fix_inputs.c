/* fix_inputs: inputs that --input-value names become constants, and what hangs on them is folded later. Requires the
 * shapes of these inputs. Breaks: they are not among Graph.inputs any more; Graph.fixed tells.
 *
 *     --input-value sr=16000          one value for all elements
 *     --input-value 'scale=0.5,2,1'   or one for each, row-major */
#include "passes/fix_inputs.h"
#include "passes/rewrite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_BYTES = 8 };

/* Behind the name's `=`, which is the last one; names may hold one themselves. */
static const char *values_of(const char *text)
{
    const char *equals = strrchr(text, '=');
    return equals && equals > text ? equals + 1 : NULL;
}

/* The index in g->inputs, or the number of inputs. */
static size_t input_named(const Graph *g, const char *text)
{
    const char *values = values_of(text);
    return graph_input_named(g, text, values ? (size_t)(values - text) - 1 : 0);
}

static bool parse_integer(const char *word, DType type, char **end, unsigned char *out)
{
    errno = 0;
    long long v = strtoll(word, end, 10);
    uint64_t bits = (uint64_t)v;
    if (*end == word || errno)
        return false;
    int width = 8 * (int)dtype_size(type);
    bool is_signed = type == DT_I8 || type == DT_I16 || type == DT_I32 || type == DT_I64;
    long long hi = width == 64 ? INT64_MAX : (1LL << (is_signed ? width - 1 : width)) - 1, lo = is_signed ? -hi - 1 : 0;
    if (type == DT_BOOL)
        hi = 1;
    memcpy(out, &bits, dtype_size(type)); /* little-endian, as all that adze runs on */
    return v >= lo && v <= hi;
}

static bool parse_value(const char *word, DType type, char **end, unsigned char *out)
{
    if (!dtype_is_float(type))
        return parse_integer(word, type, end, out);
    double d = strtod(word, end);
    float f = (float)d;
    uint16_t half = type == DT_BF16 ? float_to_bfloat16(f) : float_to_half(f);
    if (type == DT_F64)
        memcpy(out, &d, sizeof d);
    else if (type == DT_F32)
        memcpy(out, &f, sizeof f);
    else
        memcpy(out, &half, sizeof half);
    return *end != word && !isnan(d);
}

/* All elements of v, from one value or one each; NULL after an error. */
static void *parse_values(PassContext *c, Graph *g, const Value *v, const char *text)
{
    size_t count = (size_t)shape_count(&v->shape), size = dtype_size(v->type), given = 0;
    unsigned char *data = arena_array(g->arena, count + 1, VALUE_BYTES);
    for (const char *at = values_of(text); at; given++) {
        unsigned char value[VALUE_BYTES];
        char *end;
        if (!parse_value(at, v->type, &end, value) || (*end && *end != ',')) {
            diag_error(c->diag, "--input-value: %s is not INPUT=VALUE or INPUT=VALUE,VALUE... of type %s",
                       diag_quote(c->scratch, text), dtype_name(v->type));
            return NULL;
        }
        if (given < count)
            memcpy(data + given * size, value, size);
        at = *end ? end + 1 : NULL;
    }
    if (given != count && given != 1) {
        diag_error(c->diag, "--input-value: %s has %zu values, the input has %zu elements; give one, or one each",
                   diag_quote(c->scratch, text), given, count);
        return NULL;
    }
    for (size_t i = 1; given == 1 && i < count; i++)
        memcpy(data + i * size, data, size);
    return data;
}

/* The place of input i among the model's inputs: those fixed before it count. */
static size_t place(const Graph *g, size_t i)
{
    for (size_t k = 0; k < g->fixed.count; k++)
        i += g->fixed.items[k].index <= i;
    return i;
}

static void remember(Graph *g, size_t place, const Value *k)
{
    size_t at = g->fixed.count;
    array_push(g->arena, &g->fixed, (FixedInput){0});
    for (; at > 0 && g->fixed.items[at - 1].index > place; at--)
        g->fixed.items[at] = g->fixed.items[at - 1];
    g->fixed.items[at] = (FixedInput){place, k};
}

static bool fix(PassContext *c, Graph *g, const char *text)
{
    size_t i = input_named(g, text);
    if (i == g->inputs.count)
        return true; /* fixed already */
    Value *v = g->inputs.items[i];
    if (v->type == DT_STRING || v->type == DT_U4 || v->type == DT_I4 || !known(v))
        return diag_error(c->diag, "--input-value: input %s has no known shape, or elements of type %s; hint: --shape",
                          diag_quote(c->scratch, v->name), dtype_name(v->type));
    void *data = parse_values(c, g, v, text);
    if (!data)
        return false;
    Value *k = graph_const(g, v->name, v->type, &v->shape, data);
    graph_replace(g, v, k);
    remember(g, place(g, i), k);
    for (size_t j = i + 1; j < g->inputs.count; j++)
        g->inputs.items[j - 1] = g->inputs.items[j];
    g->inputs.count--;
    v->is_input = false;
    return true;
}

bool input_values_check(PassContext *c, const Graph *g)
{
    bool ok = true;
    for (const char *const *text = c->input_values; text && *text; text++)
        if (!values_of(*text) || input_named(g, *text) == g->inputs.count)
            ok = diag_error(c->diag, "--input-value: %s names no input; hint: INPUT=VALUE; the first input is %s",
                            diag_quote(c->scratch, *text),
                            g->inputs.count ? diag_quote(c->scratch, g->inputs.items[0]->name) : "none");
    return ok;
}

bool pass_fix_inputs(PassContext *c, Graph *g, bool *changed)
{
    bool ok = true;
    for (const char *const *text = c->input_values; text && *text; text++) {
        ok = fix(c, g, *text) && ok;
        *changed = true;
    }
    return ok;
}
