/* calibrate: a float graph becomes a quantised one in ONNX's form: QuantizeLinear and DequantizeLinear around each
 * operator that has an integer kernel, weights as constants of 8 bits with a scale an output channel, biases of 32
 * bits. Runs only with --quantize. Requires: infer, shapes; calibration data that fit the inputs. Runs recognise and
 * fuse_batchnorm itself, since the graph is to be small before it is measured, and both otherwise stand behind the
 * import of quantised graphs. Keeps: the graph's interface. Breaks: the function, by rounding. What follows sees a
 * quantised graph like any other. */
#include "passes/calibrate.h"

#include "base/progress.h"

static bool simplify(PassContext *c, Graph *g)
{
    static const char *const names[] = {"recognise", "fuse_batchnorm", "canonicalise", "infer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!pass_run(c, g, pass_find(names[i])))
            return false;
    return true;
}

static void note_formats(Calibrator *k)
{
    for (size_t i = 0; i < k->cal->format_count; i++)
        GRAPH_NODES(k->g, n)
        {
            if (format_of(k, n) == &k->cal->formats[i] &&
                named((const char *const[]){k->cal->formats[i].nodes[0], NULL}, n))
                graph_note(k->g, "calibrate", n, 0, "%s", k->cal->formats[i].reason);
            if (format_of(k, n) == &k->cal->formats[i] && !*n->name) /* the pass half looks for it */
                n->name = node_name(n);
        }
}

static void warn_unknown(const Calibrator *k, const char *option, const char *const *names)
{
    for (; names && *names; names++) {
        const char *const one[] = {*names, NULL};
        bool found = false;
        GRAPH_NODES(k->g, n)
        found = found || named(one, n);
        if (!found)
            diag_warning(k->c->diag, "%s: no layer is named %s; hint: 'adze doctor' lists them", option,
                         diag_quote(k->c->diag->arena, *names));
    }
}

/* What was asked for layers and tensors that are not here; once, not in each trial of `mixed`. */
static void warn_of_names(Calibrator *k)
{
    if (k->cal->health && k->cal->depth != EXAMINE_CAUSES)
        return;
    warn_unknown(k, "--keep-float", k->cal->keep_float);
    warn_unknown(k, "--widest", k->cal->widest);
    for (const char *const *r = k->cal->ranges; r && *r; r++) {
        bool found = false;
        double lo, hi;
        for (size_t i = 0; i < k->count; i++)
            found = found ||
                    (k->track[i].quantised && k->track[i].root == (int)i && range_given(*r, k->track[i].v, &lo, &hi));
        if (!found)
            diag_warning(k->c->diag,
                         "--range %s fixes nothing: it wants TENSOR=LO,HI, of a tensor with a range of its own",
                         diag_quote(k->c->diag->arena, *r));
    }
}

static bool calibrate(Calibrator *k)
{
    progress_phase("calibrating with %zu samples", k->cal->own.cases);
    k->count = k->g->values.count;
    k->track = NEW_ARRAY(k->g->arena, Track, k->count);
    choose_values(k);
    warn_of_names(k);
    if (!find_layers(k) || !find_ranges(k))
        return false;
    progress_phase("rounding the weights of %zu layers", k->layers.count);
    if (!quantise_weights(k))
        return false;
    if (k->cal->health)
        k->exact = graph_clone(k->g->arena, k->g);
    correct_biases(k);
    note_formats(k);
    return (!k->cal->health || examine(k)) && insert_quantisers(k);
}

bool pass_calibrate(PassContext *c, Graph *g, bool *changed)
{
    if (!c->calibration)
        return true;
    if (!simplify(c, g))
        return false;
    Calibrator k = {.c = c, .g = g, .cal = c->calibration};
    *changed = true;
    if (!k.cal->no_equalisation && !equalise(&k))
        return false;
    return calibrate(&k);
}
