/* adze doctor: where quantisation hurts, why, and what to do. */
#include "base/progress.h"
#include "commands/build.h"
#include "commands/doctor.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Noise for a signal of 1: that of the layer alone; what it makes of the noise of others, where that is its fault. */
static double cost_of(const LayerHealth *l)
{
    return noise_share(l->amplified.nodes ? l->noise : l->own_noise, l->signal);
}

static int by_cost(const void *a, const void *b)
{
    const LayerHealth *x = *(const LayerHealth *const *)a, *y = *(const LayerHealth *const *)b;
    double cx = cost_of(x), cy = cost_of(y);
    return cx < cy ? 1 : cx > cy ? -1 : x < y ? -1 : x > y;
}

static LayerHealth **by_what_they_cost(Arena *a, const Health *h)
{
    LayerHealth **list = NEW_ARRAY(a, LayerHealth *, h->layers.count + 1);
    for (size_t i = 0; i < h->layers.count; i++)
        list[i] = &h->layers.items[i];
    qsort(list, h->layers.count, sizeof *list, by_cost);
    return list;
}

static double cosine(const LayerHealth *h)
{
    double c = h->dot / fmax(sqrt(h->signal) * sqrt(h->quantised), 1e-300);
    return isfinite(c) ? c : 0;
}

static void print_table(Command *c, const Health *h)
{
    printf("%-28s %-16s %8s %8s %10s %9s %6s %8s\n", "layer", "operator", "SQNR dB", "alone", "worst", "saturated",
           "range", "cosine");
    for (size_t i = 0; i < h->layers.count; i++) {
        const LayerHealth *l = &h->layers.items[i];
        printf("%-28.28s %-16.16s %8.1f %8.1f %10.4g %8.3f%% %5.0f%% %8.5f\n", l->name, l->op_type,
               decibels(l->signal, l->noise), decibels(l->signal, l->own_noise), l->worst, 100 * l->saturated,
               100 * l->used, cosine(l));
    }
    LayerHealth **list = by_what_they_cost(c->keep, h);
    printf("\nwhat costs most:\n");
    for (size_t i = 0; i < h->layers.count && i < 5; i++) {
        printf("  %s (%s): %.1f dB alone", list[i]->name, list[i]->op_type,
               decibels(list[i]->signal, list[i]->own_noise));
        if (list[i]->amplified.nodes)
            printf(", %.1f in the network", decibels(list[i]->signal, list[i]->noise));
        printf("%s%s%s%s\n", *list[i]->cause ? ": " : "", list[i]->cause, *list[i]->advice ? "; " : "",
               list[i]->advice);
    }
    for (size_t i = 5; i < h->layers.count; i++)
        if (*list[i]->cause && strcmp(list[i]->cause, "dead channel") != 0)
            printf("  %s (%s): %s; %s\n", list[i]->name, list[i]->op_type, list[i]->cause, list[i]->advice);
}

/* The choices of --quantize mixed. */
static void print_formats(const Command *c)
{
    if (command_is_mixed(c))
        printf("\nformats: 8 bits, but for %zu layers\n", c->formats.count);
    for (size_t i = 0; i < c->formats.count; i++)
        printf("  %s: %s\n", c->formats.items[i].nodes[0], c->formats.items[i].reason);
}

static json_t *formats_json(const Command *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->formats.count; i++) {
        json_t *o = json_object(), *name = json_string(c->formats.items[i].nodes[0]);
        json_object_set_new(o, "layer", name ? name : json_null());
        json_object_set_new(o, "weight_bits", json_integer(c->formats.items[i].weight_bits));
        json_object_set_new(o, "activation_bits", json_integer(c->formats.items[i].activation_bits));
        json_object_set_new(o, "reason", json_string(c->formats.items[i].reason));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *amplified_json(const Amplified *m)
{
    json_t *o = json_object(), *nodes = json_array(), *reads = json_string(m->reads), *lost = json_string(m->lost);
    json_object_set_new(o, "reads", reads ? reads : json_null());
    json_object_set_new(o, "reads_sqnr_db", json_real(decibels(1, m->reads_noise)));
    json_object_set_new(o, "loses_most", lost ? lost : json_null());
    json_object_set_new(o, "below_one_step", json_real(m->below_step));
    json_object_set_new(o, "sqnr_unrounded_db", json_real(decibels(1, m->repaired_noise)));
    for (const char *const *n = m->nodes; *n; n++) {
        json_t *name = json_string(*n);
        json_array_append_new(nodes, name ? name : json_null());
    }
    json_object_set_new(o, "keep_float", nodes);
    return o;
}

static json_t *layer_json(const LayerHealth *l)
{
    json_t *o = json_object(), *name = json_string(l->name);
    json_object_set_new(o, "name", name ? name : json_null());
    json_object_set_new(o, "operator", json_string(l->op_type));
    json_object_set_new(o, "sqnr_db", json_real(decibels(l->signal, l->noise)));
    json_object_set_new(o, "sqnr_alone_db", json_real(decibels(l->signal, l->own_noise)));
    json_object_set_new(o, "worst_difference", json_real(l->worst));
    json_object_set_new(o, "saturated", json_real(l->saturated));
    json_object_set_new(o, "range_used", json_real(l->used));
    json_object_set_new(o, "cosine", json_real(cosine(l)));
    json_object_set_new(o, "range_low", json_real(l->lo));
    json_object_set_new(o, "range_high", json_real(l->hi));
    json_object_set_new(o, "weight_bytes", json_integer(l->weight_bytes));
    json_object_set_new(o, "dead_channels", json_integer(l->dead_channels));
    json_object_set_new(o, "outlier_ratio", json_real(l->outlier));
    json_object_set_new(o, "scale_ratio", json_real(l->misaligned));
    if (l->amplified.nodes)
        json_object_set_new(o, "amplified", amplified_json(&l->amplified));
    json_object_set_new(o, "cause", *l->cause ? json_string(l->cause) : json_null());
    json_object_set_new(o, "advice", *l->advice ? json_string(l->advice) : json_null());
    return o;
}

static void print_accuracy(const Health *h)
{
    const double n = (double)h->labelled;
    if (h->labelled)
        printf("\naccuracy on %zu samples: float %.2f %%, quantised %.2f %%\n", h->labelled,
               100 * (double)h->float_correct / n, 100 * (double)h->correct / n);
}

static json_t *health_json(const Health *h)
{
    json_t *root = json_object(), *layers = json_array();
    for (size_t i = 0; i < h->layers.count; i++)
        json_array_append_new(layers, layer_json(&h->layers.items[i]));
    json_object_set_new(root, "layers", layers);
    json_object_set_new(root, "weight_bytes", json_integer(h->weight_bytes));
    if (h->labelled) {
        json_object_set_new(root, "labelled", json_integer((json_int_t)h->labelled));
        json_object_set_new(root, "float_correct", json_integer((json_int_t)h->float_correct));
        json_object_set_new(root, "correct", json_integer((json_int_t)h->correct));
    }
    json_object_set_new(root, "sqnr_db", json_real(decibels(h->signal, h->noise)));
    return root;
}

static bool has_cause(const LayerHealth *l, const char *cause)
{
    return strcmp(l->cause, cause) == 0;
}

static void say(const Command *c, const char *option, const char *name)
{
    if (!c->options.json)
        printf("fix: %s%s%s\n", option, *name ? " " : "", name);
}

static bool is_kept(const Command *c, const char *name)
{
    for (size_t i = 0; i < c->options.keep_float.count; i++)
        if (strcmp(c->options.keep_float.items[i], name) == 0)
            return true;
    return false;
}

static void keep_float(Command *c, const char *const *names)
{
    for (const char *const *n = names; n && *n; n++) {
        if (is_kept(c, *n))
            continue;
        array_push(c->keep, &c->options.keep_float, *n);
        say(c, "--keep-float", *n);
    }
}

/* The cheapest repair of a cause: a range or equalisation costs nothing, a float layer costs time and memory. */
static size_t repair(Command *c, const Health *h)
{
    size_t repairs = 0;
    bool equalised = false;
    for (size_t i = 0; i < h->layers.count; i++) {
        const LayerHealth *l = &h->layers.items[i];
        bool range = has_cause(l, "saturated range") || has_cause(l, "wrong range");
        if (!*l->cause || has_cause(l, "dead channel") || (!l->nodes && !range))
            continue;
        repairs++;
        if (range) {
            array_push(c->keep, &c->options.widest, l->name);
            say(c, "--widest", l->name);
        } else if (has_cause(l, "outlier channel") && (c->options.no_equalisation || equalised)) {
            if (!equalised)
                say(c, "without --no-equalisation", "");
            equalised = true;
            c->options.no_equalisation = false;
        } else {
            keep_float(c, l->amplified.nodes ? l->amplified.nodes : l->nodes);
        }
    }
    return repairs;
}

static int fix(Command *c, ExamineData *data, const Health *before, json_t *root)
{
    Health after;
    size_t repairs = repair(c, before);
    c->options.range = (StringList){0};
    for (size_t i = 0; i < data->check.count; i++)
        if (repairs && data->check.count == data->calibrate.count)
            data->calibrate.items[i] = data->check.items[i];
    int status = repairs ? command_examine(c, data, EXAMINE_CAUSES, &after) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    double db = decibels(before->signal, before->noise);
    double fixed = repairs ? decibels(after.signal, after.noise) : db;
    if (root) {
        json_object_set_new(root, "repairs", json_integer((json_int_t)repairs));
        json_object_set_new(root, "sqnr_fixed_db", json_real(fixed));
    } else {
        printf("%zu repairs: output SQNR %.1f dB before, %.1f dB after\n", repairs, db, fixed);
    }
    return EXIT_DONE;
}

int command_doctor(Command *c)
{
    ExamineData data = {0};
    Health health;
    if (!c->options.quantize)
        c->options.quantize = "int8";
    if (command_halves(c)) {
        diag_error(c->diag, "fp16 leaves the computation in float32; hint: 'adze eval' says what its accuracy is");
        return EXIT_USAGE;
    }
    if (!c->options.arguments.count || !command_quantises(c)) {
        const char *model;
        command_model(c, &model);
        return EXIT_USAGE;
    }
    if (!command_samples(c, &c->options.calibrate, &data.preprocess, &data.calibrate) ||
        (c->options.data.count && !command_samples(c, &c->options.data, &data.preprocess, &data.check)))
        return EXIT_INPUT;
    int status = command_is_mixed(c) ? command_mixed(c, &data) : EXIT_DONE;
    status = status == EXIT_DONE ? command_examine(c, &data, EXAMINE_CAUSES, &health) : status;
    if (status != EXIT_DONE)
        return status;
    progress_end();
    json_t *root = c->options.json ? health_json(&health) : NULL;
    if (root)
        json_object_set_new(root, "formats", formats_json(c));
    else
        print_table(c, &health), print_accuracy(&health), print_formats(c);
    if (c->options.output && !doctor_html(c, &health, c->options.output))
        status = EXIT_INPUT;
    if (status == EXIT_DONE && c->options.fix)
        status = fix(c, &data, &health, root);
    if (root)
        json_dumpf(root, stdout, JSON_INDENT(2)), printf("\n");
    json_decref(root);
    return status;
}
