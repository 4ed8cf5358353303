/* --quantize: the calibration data and choices that the pass `calibrate` gets. */
#include "commands/quantise.h"
#include "base/npy.h"
#include "commands/build.h"

#include <inttypes.h>
#include <string.h>

static RangeMethod range_method(const char *name)
{
    if (!name || strcmp(name, "percentile") == 0)
        return RANGE_PERCENTILE;
    return strcmp(name, "minmax") == 0 ? RANGE_MINMAX : strcmp(name, "mse") == 0 ? RANGE_MSE : RANGE_ENTROPY;
}

bool command_halves(const Command *c)
{
    return c->options.quantize && strcmp(c->options.quantize, "fp16") == 0;
}

bool command_quantises(Command *c)
{
    const Options *o = &c->options;
    bool mixed = o->quantize && strcmp(o->quantize, "mixed") == 0;
    if ((o->min_sqnr.given || o->max_weights.given || o->max_loss.given) && !mixed)
        return diag_error(c->diag, "--min-sqnr, --max-loss and --max-weights are for --quantize mixed");
    if (o->max_loss.given && !o->calibrate_labels)
        return diag_error(c->diag, "--max-loss needs the class of each sample; hint: --calibrate-labels Y.npy");
    if (o->max_loss.given && (o->max_loss.value < 0 || o->max_loss.value > 100))
        return diag_error(c->diag, "--max-loss %g: points from 0 to 100 are wanted", o->max_loss.value);
    if (o->group.given && (!o->quantize || (strcmp(o->quantize, "w4") != 0 && !mixed)))
        return diag_error(c->diag, "--group is for weights of 4 bits: --quantize w4, or mixed");
    if (o->group.given && (o->group.value < LEAST_GROUP || o->group.value > MOST_GROUP || o->group.value % 4))
        return diag_error(c->diag, "--group %ld: a multiple of 4 from %d to %d is wanted", o->group.value, LEAST_GROUP,
                          MOST_GROUP);
    if (command_halves(c) && o->calibrate.count)
        return diag_error(c->diag, "--quantize fp16 rounds weights and needs no --calibrate; hint: leave it out");
    if (command_halves(c))
        return true;
    if (o->quantize && !o->calibrate.count)
        return diag_error(c->diag, "--quantize needs data that are like those in use; hint: --calibrate X.npy");
    if (!o->quantize && o->calibrate.count)
        return diag_error(c->diag, "--calibrate without --quantize; hint: --quantize int8");
    return true;
}

bool command_has_halves(const Command *c)
{
    for (size_t i = 0; i < c->formats.count; i++)
        if (c->formats.items[i].weight_bits == 16)
            return true;
    return command_halves(c);
}

/* Arrays that are floats already are taken as they are: --preprocess is for raw data. */
static bool fit(Command *c, const Graph *g, const RawList *raw, const Preprocess *p, Samples *out)
{
    bool floats = raw->count > 0;
    for (size_t i = 0; i < raw->count; i++)
        floats = floats && dtype_is_float(raw->items[i].tensor.type);
    Preprocess none = {.scale = 1};
    return samples_fit(c->keep, c->diag, g, raw, floats ? &none : p, out);
}

/* How often the samples fill the inputs: an input of batch B takes B at once. */
static bool count_cases(Command *c, const Graph *g, const Samples *s, Cases *out)
{
    *out = (Cases){s->count, 1, s->count, (const unsigned char *const *)s->data};
    for (size_t i = 0; i < g->inputs.count; i++) {
        size_t bytes = value_bytes(g->inputs.items[i]), batch = s->bytes[i] ? bytes / s->bytes[i] : 0;
        size_t here = batch ? s->count / batch : 0;
        if (here < out->cases)
            out->cases = here, out->batch = batch;
    }
    return out->cases > 0 || diag_error(c->diag, "--calibrate: %zu samples do not fill the model's batch", s->count);
}

bool command_cases(Command *c, const Graph *g, const RawList *raw, const Preprocess *p, Cases *out)
{
    Samples s;
    return fit(c, g, raw, p, &s) && count_cases(c, g, &s, out);
}

bool command_labels(Command *c, const char *path, size_t samples, const int64_t **labels)
{
    Tensor t;
    if (!npy_read(c->keep, c->diag, path, &t))
        return false;
    const int64_t count = shape_count(&t.shape);
    if (!dtype_is_int(t.type) || count != (int64_t)samples)
        return diag_error(c->diag, "%s: %" PRId64 " labels of type %s for %zu samples; expected one integer a sample",
                          path, count, dtype_name(t.type), samples);
    int64_t *out = NEW_ARRAY(c->keep, int64_t, count);
    for (int64_t i = 0; i < count; i++)
        out[i] = tensor_int(&t, i);
    *labels = out;
    return true;
}

static const char *const *terminated(Arena *a, const StringList *list)
{
    const char **out = NEW_ARRAY(a, const char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++)
        out[i] = list->items[i];
    return out;
}

bool command_calibration(Command *c, const Graph *g, const RawList *raw, const Preprocess *p, Calibration *out)
{
    const Options *o = &c->options;
    Cases own;
    if (!command_cases(c, g, raw, p, &own))
        return false;
    Hash *hash = hash_new(c->keep);
    for (size_t i = 0; i < g->inputs.count; i++)
        hash_add(hash, own.data[i], own.cases * value_bytes(g->inputs.items[i]));
    *out = (Calibration){
        .own = own,
        .hash = hash_digest(hash),
        .method = range_method(o->calibration_method),
        .weight_bits = o->quantize && strcmp(o->quantize, "w4") == 0 ? 4 : 8,
        .group = (int)o->group.value,
        .formats = c->formats.items,
        .format_count = c->formats.count,
        .sixteen = o->quantize && strcmp(o->quantize, "int16x8") == 0,
        .no_rounding = o->no_rounding,
        .no_equalisation = o->no_equalisation,
        .no_bias_correction = o->no_bias_correction,
        .keep_float = terminated(c->keep, &o->keep_float),
        .widest = terminated(c->keep, &o->widest),
        .ranges = terminated(c->keep, &o->range),
    };
    return true;
}
