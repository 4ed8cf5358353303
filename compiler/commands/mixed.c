/* --quantize mixed: a format for each layer. All begin with 8 bits. Where a budget of accuracy is missed, the layers
 * that cost most get a finer one, as few as reach it: activations of 16 bits, where weights are counted or the target
 * has no float unit or the DSP extension, else float; where 16 bits for all do not reach it, some of these. Where it is
 * kept, weights of 4 bits are taken where they cost least for the bytes that they save: as few as --max-weights needs,
 * or as many as the accuracy bears. The order is measured once; how far to go in it is found by halving, with a
 * calibration each. */
#include "base/progress.h"
#include "commands/examine.h"
#include "target/target.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum { TO_FOUR, TO_SIXTEEN, TO_HALF, TO_FLOAT } Format;

typedef struct {
    const LayerHealth *layer; /* in 8 bits */
    double cost;              /* noise for a signal of 1: that 4 bits add, or that a finer format takes away */
    double other;             /* in 4 bits, or 16 */
    int64_t saved;
} Candidate;

typedef struct {
    Command *c;
    const ExamineData *data;
    const Health *all;     /* in 8 bits */
    const Health *sixteen; /* in 16, where these are preferred to float */
    Candidate *list;       /* in the order in which they are taken */
    size_t count;
    Format format;     /* that they get */
    double sqnr, loss; /* of the last trial: dB; points of accuracy below float */
    int64_t weight_bytes;
} Choice;

bool command_is_mixed(const Command *c)
{
    return c->options.quantize && strcmp(c->options.quantize, "mixed") == 0;
}

static double cost_of(const LayerHealth *l)
{
    return noise_share(l->own_noise, l->signal);
}

static int by_cost(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    return x->cost > y->cost ? -1 : x->cost < y->cost ? 1 : x->layer < y->layer ? -1 : x->layer > y->layer;
}

static int by_price(const void *a, const void *b)
{
    const Candidate *x = a, *y = b;
    double px = x->cost / (double)x->saved, py = y->cost / (double)y->saved;
    return px < py ? -1 : px > py ? 1 : x->layer < y->layer ? -1 : x->layer > y->layer;
}

static LayerFormat format_of_layer(const Choice *m, Format format, const Candidate *k)
{
    Arena *a = m->c->keep;
    const double eight = decibels(1, cost_of(k->layer)), other = decibels(1, k->other);
    const char *alone = m->sixteen ? arena_printf(a, "%.1f dB alone in 16 bits", other)
                                   : arena_printf(a, "%.1f dB alone in 8 bits", eight);
    switch (format) {
    case TO_FOUR:
        return (LayerFormat){
            k->layer->own, 4, 8,
            arena_printf(a, "weights of 4 bits: %.1f dB alone, %" PRId64 " bytes saved", other, k->saved)};
    case TO_SIXTEEN:
        return (LayerFormat){
            k->layer->own, 8, 16,
            arena_printf(a, "activations of 16 bits: %.1f dB alone in 8 bits, %.1f in 16", eight, other)};
    case TO_HALF:
        return (LayerFormat){k->layer->nodes, 16, 0, arena_printf(a, "float, weights of 16 bits: %s", alone)};
    case TO_FLOAT:
        break;
    }
    return (LayerFormat){k->layer->nodes, 32, 0, arena_printf(a, "float: %s", alone)};
}

static void measure(Choice *m, const Health *h)
{
    m->sqnr = decibels(h->signal, h->noise);
    m->loss = h->labelled ? 100 * ((double)h->float_correct - (double)h->correct) / (double)h->labelled : 0;
    m->weight_bytes = h->weight_bytes;
}

static bool kept(const Choice *m)
{
    const Options *o = &m->c->options;
    return (!o->min_sqnr.given || m->sqnr >= o->min_sqnr.value) &&
           (!o->max_loss.given || m->loss <= o->max_loss.value + 1e-9);
}

/* The layers that are not float. */
static void take_sixteen(Choice *m)
{
    for (size_t i = 0; i < m->sixteen->layers.count && i < m->all->layers.count; i++) {
        const LayerHealth *l = &m->all->layers.items[i];
        const Candidate k = {l, 0, cost_of(&m->sixteen->layers.items[i]), 0};
        if (l->own)
            array_push(m->c->keep, &m->c->formats, format_of_layer(m, TO_SIXTEEN, &k));
    }
}

/* The first n of the list in their format; what is named first counts. last: may be the choice, so that its bytes are
 * counted where they matter. */
static int take(Choice *m, size_t n, bool last)
{
    static const char *const names[] = {"with 4 bits", "with 16 bits", "in float", "in float"};
    Health trial;
    m->c->formats.count = 0;
    for (size_t i = 0; i < n; i++)
        array_push(m->c->keep, &m->c->formats, format_of_layer(m, m->format, &m->list[i]));
    if (m->sixteen && m->format != TO_SIXTEEN)
        take_sixteen(m);
    progress_phase("trying %zu of %zu layers %s", n, m->count, names[m->format]);
    const Depth depth = last && m->c->options.max_weights.given ? EXAMINE_LAYERS : EXAMINE_OUTPUTS;
    int status = command_examine(m->c, m->data, depth, &trial);
    if (status == EXIT_DONE)
        measure(m, &trial);
    return status;
}

/* Takes the least number of layers with which the accuracy is kept (finer formats), or the largest, not under `least`
 * (4 bits). A number more or less where halving was misled: the accuracy does not always grow with it. */
static int halve(Choice *m, size_t least)
{
    size_t lo = least, hi = m->count; /* the answer lies in lo..hi */
    const bool most = m->format == TO_FOUR;
    int status = EXIT_DONE;
    while (lo < hi && status == EXIT_DONE) {
        size_t middle = most ? lo + (hi - lo + 1) / 2 : lo + (hi - lo) / 2;
        status = take(m, middle, false);
        if (most)
            lo = kept(m) ? middle : lo, hi = kept(m) ? hi : middle - 1;
        else
            hi = kept(m) ? middle : hi, lo = kept(m) ? lo : middle + 1;
    }
    status = status == EXIT_DONE ? take(m, lo, true) : status;
    while (status == EXIT_DONE && !kept(m) && (most ? lo > least : lo < m->count))
        status = take(m, most ? --lo : ++lo, true);
    return status;
}

static int over_budget(Choice *m, const char *with)
{
    const Options *o = &m->c->options;
    if (o->min_sqnr.given && m->sqnr < o->min_sqnr.value)
        diag_error(m->c->diag, "--min-sqnr: %.1f dB with %s, %.1f wanted", m->sqnr, with, o->min_sqnr.value);
    if (o->max_loss.given && m->loss > o->max_loss.value)
        diag_error(m->c->diag, "--max-loss: %.2f points of accuracy are lost with %s, %.2f allowed", m->loss, with,
                   o->max_loss.value);
    return EXIT_BUDGET;
}

static int over_weights(Choice *m, const char *with)
{
    diag_error(m->c->diag, "--max-weights: %" PRId64 " bytes with %s, %ld wanted", m->weight_bytes, with,
               m->c->options.max_weights.value);
    return EXIT_BUDGET;
}

static bool too_large(const Choice *m)
{
    return m->c->options.max_weights.given && m->weight_bytes > m->c->options.max_weights.value;
}

/* Candidates for 16 bits, or for float: by what they cost in 8 bits or, where these are the others', 16. */
static void list_finer(Choice *m, Format format)
{
    m->format = format;
    m->count = 0;
    for (size_t i = 0; i < m->all->layers.count; i++) {
        const LayerHealth *l = &m->all->layers.items[i];
        const double other = m->sixteen && i < m->sixteen->layers.count ? cost_of(&m->sixteen->layers.items[i]) : 0;
        if (format == TO_SIXTEEN ? l->own && other < cost_of(l) : l->nodes != NULL)
            m->list[m->count++] =
                (Candidate){l, format != TO_SIXTEEN && m->sixteen ? other : cost_of(l) - other, other, 0};
    }
    qsort(m->list, m->count, sizeof *m->list, by_cost);
}

/* A health with all layers in another format. */
static int examine_as(Choice *m, const char *format, Health *out)
{
    m->c->formats.count = 0;
    m->c->options.quantize = format;
    int status = command_examine(m->c, m->data, EXAMINE_LAYERS, out);
    m->c->options.quantize = "mixed";
    return status;
}

static int with_sixteen(Choice *m, Health *sixteen)
{
    int status = examine_as(m, "int16x8", sixteen);
    if (status != EXIT_DONE)
        return status;
    m->sixteen = sixteen;
    list_finer(m, TO_SIXTEEN);
    return halve(m, m->count > 0);
}

static int with_float(Choice *m)
{
    list_finer(m, m->c->options.max_weights.given ? TO_HALF : TO_FLOAT);
    int status = halve(m, m->count > 0);
    if (status != EXIT_DONE)
        return status;
    if (!kept(m))
        return over_budget(m, "all layers that can be float; hint: other calibration data, or --calibration-method");
    return too_large(m) ? over_weights(m, "the layers in float that the accuracy asks for") : EXIT_DONE;
}

/* Where products of 16 bits cost no more than those of floats: without a float unit, or with the DSP extension. */
static bool prefers_integers(Command *c)
{
    Target t;
    const char *name = c->options.target ? c->options.target : "host";
    return target_load(c->keep, c->diag, name, &t) && (strcmp(t.float_unit, "none") == 0 || target_has(&t, "dsp"));
}

static int with_finer(Choice *m)
{
    Health sixteen;
    if (too_large(m)) {
        over_budget(m, "8 bits");
        return over_weights(m, "8 bits");
    }
    if (m->c->options.max_weights.given || prefers_integers(m->c)) {
        int status = with_sixteen(m, &sixteen);
        if (status != EXIT_DONE || (kept(m) && !too_large(m)))
            return status;
    }
    return with_float(m);
}

/* As few as --max-weights needs. What a layer saves is reckoned, what the program takes is measured. */
static int shrink_to(Choice *m)
{
    int64_t bytes = m->weight_bytes;
    size_t n = 0;
    int status = EXIT_DONE;
    while (status == EXIT_DONE && too_large(m)) {
        if (n == m->count)
            return over_weights(m, "all weights of 4 bits");
        do
            bytes -= m->list[n++].saved;
        while (n < m->count && bytes > m->c->options.max_weights.value);
        status = take(m, n, true);
    }
    return status;
}

static int with_four_bits(Choice *m)
{
    Health four;
    int status = examine_as(m, "w4", &four);
    if (status != EXIT_DONE)
        return status;
    m->format = TO_FOUR;
    for (size_t i = 0; i < m->all->layers.count && i < four.layers.count; i++) {
        const LayerHealth *eight = &m->all->layers.items[i], *l = &four.layers.items[i];
        if (eight->own && l->weight_bytes < eight->weight_bytes)
            m->list[m->count++] = (Candidate){eight, cost_of(l), cost_of(l), eight->weight_bytes - l->weight_bytes};
    }
    qsort(m->list, m->count, sizeof *m->list, by_price);
    status = m->c->options.max_weights.given ? shrink_to(m) : halve(m, 0);
    return status == EXIT_DONE && !kept(m) ? over_budget(m, "the weights of 4 bits that --max-weights asks for")
                                           : status;
}

int command_mixed(Command *c, const ExamineData *data)
{
    const Options *o = &c->options;
    Health all;
    ExamineData own = *data;
    Choice m = {.c = c, .data = &own, .all = &all};
    own.check = (RawList){0}; /* the choice is the same whatever the doctor compares on */
    c->formats.count = 0;
    if (!o->min_sqnr.given && !o->max_weights.given && !o->max_loss.given) {
        diag_error(c->diag,
                   "--quantize mixed needs a budget; hint: --min-sqnr 30, --max-loss 0.5, or --max-weights 50000");
        return EXIT_USAGE;
    }
    int status = command_examine(c, &own, EXAMINE_LAYERS, &all);
    if (status != EXIT_DONE)
        return status;
    m.list = NEW_ARRAY(c->keep, Candidate, all.layers.count + 1);
    measure(&m, &all);
    return kept(&m) ? with_four_bits(&m) : with_finer(&m);
}
