/* --quantize mixed: a format for each layer. All begin with 8 bits. Where the output is below --min-sqnr, the layers
 * that cost most, alone, become float, as few as reach it. Else weights of 4 bits are taken where they cost least for
 * the bytes that they save: as few as --max-weights needs, or as many as --min-sqnr bears. The order is measured once;
 * how far to go in it is found by halving, with a calibration each. */
#include "base/progress.h"
#include "commands/examine.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const LayerHealth *layer;
    double cost; /* noise for a signal of 1 that the format adds */
    int64_t saved;
} Candidate;

typedef struct {
    Command *c;
    const ExamineData *data;
    Candidate *list; /* in the order in which they are taken */
    size_t count;
    int bits;    /* that they get */
    double sqnr; /* of the last trial */
} Choice;

bool command_is_mixed(const Command *c)
{
    return c->options.quantize && strcmp(c->options.quantize, "mixed") == 0;
}

static double cost_of(const LayerHealth *l)
{
    return l->own_noise / fmax(l->signal, 1e-300);
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

/* The first n of the list in their format. */
static int take(Choice *m, size_t n, Health *health)
{
    m->c->formats.count = 0;
    for (size_t i = 0; i < n; i++) {
        const Candidate *k = &m->list[i];
        LayerFormat f = {k->layer->nodes, m->bits, NULL};
        if (m->bits == 0)
            f.reason = arena_printf(m->c->keep, "float: %.1f dB alone in 8 bits", decibels(1, k->cost));
        else
            f.reason = arena_printf(m->c->keep, "weights of 4 bits: %.1f dB alone, %" PRId64 " bytes saved",
                                    decibels(1, k->cost), k->saved);
        array_push(m->c->keep, &m->c->formats, f);
    }
    progress_phase("trying %zu of %zu layers %s", n, m->count, m->bits ? "with 4 bits" : "in float");
    int status = command_examine(m->c, m->data, health);
    if (status == EXIT_DONE)
        m->sqnr = decibels(health->signal, health->noise);
    return status;
}

/* The least number of layers (float), or the largest (4 bits, not under `least`), with which the output keeps `wanted`.
 */
static int halve(Choice *m, double wanted, size_t least, size_t *n)
{
    size_t lo = least, hi = m->count; /* the answer lies in lo..hi */
    while (lo < hi) {
        Health trial;
        size_t middle = m->bits ? lo + (hi - lo + 1) / 2 : lo + (hi - lo) / 2;
        int status = take(m, middle, &trial);
        if (status != EXIT_DONE)
            return status;
        bool kept = m->sqnr >= wanted;
        if (m->bits)
            lo = kept ? middle : lo, hi = kept ? hi : middle - 1;
        else
            hi = kept ? middle : hi, lo = kept ? lo : middle + 1;
    }
    *n = lo;
    return EXIT_DONE;
}

static int over_budget(const Choice *m, const char *format, double value, double wanted)
{
    diag_error(m->c->diag, format, value, wanted);
    return EXIT_BUDGET;
}

static int with_float(Choice *m, const Health *all, double wanted)
{
    Health last;
    size_t n;
    m->bits = 0;
    for (size_t i = 0; i < all->layers.count; i++)
        if (all->layers.items[i].nodes)
            m->list[m->count++] = (Candidate){&all->layers.items[i], cost_of(&all->layers.items[i]), 0};
    qsort(m->list, m->count, sizeof *m->list, by_cost);
    int status = halve(m, wanted, 1, &n);
    if (status == EXIT_DONE)
        status = take(m, n, &last);
    if (status == EXIT_DONE && m->sqnr < wanted)
        return over_budget(m,
                           "--min-sqnr: %.1f dB with all layers that can be float, %.1f wanted; hint: other "
                           "calibration data, or --calibration-method",
                           m->sqnr, wanted);
    return status;
}

static int with_four_bits(Choice *m, const Health *all, double wanted, int64_t most)
{
    Health four, last;
    size_t n = 0, least = 0;
    m->c->options.quantize = "w4";
    int status = command_examine(m->c, m->data, &four);
    m->c->options.quantize = "mixed";
    if (status != EXIT_DONE)
        return status;
    m->bits = 4;
    for (size_t i = 0; i < all->layers.count && i < four.layers.count; i++)
        if (all->layers.items[i].nodes && four.layers.items[i].weight_bytes < all->layers.items[i].weight_bytes)
            m->list[m->count++] = (Candidate){&all->layers.items[i], cost_of(&four.layers.items[i]),
                                              all->layers.items[i].weight_bytes - four.layers.items[i].weight_bytes};
    qsort(m->list, m->count, sizeof *m->list, by_price);
    int64_t bytes = health_weight_bytes(all);
    while (bytes > most && least < m->count)
        bytes -= m->list[least++].saved;
    if (bytes > most)
        return over_budget(m, "--max-weights: %.0f bytes with all weights of 4 bits, %.0f wanted", (double)bytes,
                           (double)most);
    status = wanted > -INFINITY && most == INT64_MAX ? halve(m, wanted, least, &n) : EXIT_DONE;
    n = n > least ? n : least;
    if (status == EXIT_DONE)
        status = take(m, n, &last);
    if (status == EXIT_DONE && m->sqnr < wanted)
        return over_budget(m, "--min-sqnr: %.1f dB with the weights of 4 bits that --max-weights asks for, %.1f wanted",
                           m->sqnr, wanted);
    return status;
}

int command_mixed(Command *c, const ExamineData *data)
{
    const Options *o = &c->options;
    Health all;
    Choice m = {.c = c, .data = data};
    c->formats.count = 0;
    if (!o->min_sqnr.given && !o->max_weights.given) {
        diag_error(c->diag, "--quantize mixed needs a budget; hint: --min-sqnr 30, or --max-weights 50000");
        return EXIT_USAGE;
    }
    int status = command_examine(c, data, &all);
    if (status != EXIT_DONE)
        return status;
    m.list = NEW_ARRAY(c->keep, Candidate, all.layers.count + 1);
    m.sqnr = decibels(all.signal, all.noise);
    double wanted = o->min_sqnr.given ? o->min_sqnr.value : -INFINITY;
    int64_t most = o->max_weights.given ? o->max_weights.value : INT64_MAX;
    if (m.sqnr >= wanted)
        return with_four_bits(&m, &all, wanted, most);
    if (health_weight_bytes(&all) > most)
        return over_budget(&m, "8 bits give %.1f dB, --min-sqnr wants %.1f: --max-weights asks for fewer bits yet",
                           m.sqnr, wanted);
    return with_float(&m, &all, wanted);
}
