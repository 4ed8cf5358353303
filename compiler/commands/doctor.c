/* adze doctor: where quantisation hurts, why, and what to do. */
#include "base/progress.h"
#include "commands/build.h"
#include "commands/quantise.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    RawList calibrate, check;
    Preprocess p;
} Data;

static double decibels(double signal, double noise)
{
    return 10 * log10(fmax(signal, 1e-300) / fmax(noise, 1e-300));
}

static double limited(double db)
{
    return fmin(fmax(db, -200), 200);
}

/* One calibration from the model's bytes on: passes change the graph that they get. */
static int examine_once(Command *c, const Data *data, Health *health)
{
    const char *model;
    if (!command_model(c, &model))
        return EXIT_USAGE;
    Compilation comp = {.keep = c->keep, .diag = c->diag};
    Calibration calibration;
    command_compile_options(c, &comp.options);
    comp.options.model = model;
    comp.options.stop_after = "calibrate";
    if (!compile_load(&comp) || !command_calibration(c, comp.graph, &data->calibrate, &data->p, &calibration))
        return EXIT_INPUT;
    if (data->check.count &&
        !command_cases(c, comp.graph, &data->check, &data->p, &calibration.check_cases, &calibration.check))
        return EXIT_INPUT;
    *health = (Health){.arena = c->keep};
    calibration.health = health;
    comp.options.calibration = &calibration;
    return compile_loaded(&comp) ? EXIT_DONE : EXIT_INPUT;
}

static int by_cost(const void *a, const void *b)
{
    const LayerHealth *x = *(const LayerHealth *const *)a, *y = *(const LayerHealth *const *)b;
    double cx = x->own_noise / fmax(x->signal, 1e-300), cy = y->own_noise / fmax(y->signal, 1e-300);
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
    return h->dot / fmax(sqrt(h->signal) * sqrt(h->quantised), 1e-300);
}

static void print_table(Command *c, const Health *h)
{
    printf("%-28s %-16s %8s %8s %10s %9s %6s %8s\n", "layer", "operator", "SQNR dB", "alone", "worst", "saturated",
           "range", "cosine");
    for (size_t i = 0; i < h->layers.count; i++) {
        const LayerHealth *l = &h->layers.items[i];
        printf("%-28.28s %-16.16s %8.1f %8.1f %10.4g %8.3f%% %5.0f%% %8.5f\n", l->name, l->op_type,
               limited(decibels(l->signal, l->noise)), limited(decibels(l->signal, l->own_noise)), l->worst,
               100 * l->saturated, 100 * l->used, cosine(l));
    }
    LayerHealth **list = by_what_they_cost(c->keep, h);
    printf("\nwhat costs most:\n");
    for (size_t i = 0; i < h->layers.count && i < 5; i++)
        printf("  %s (%s): %.1f dB alone%s%s%s%s\n", list[i]->name, list[i]->op_type,
               limited(decibels(list[i]->signal, list[i]->own_noise)), *list[i]->cause ? ": " : "", list[i]->cause,
               *list[i]->advice ? "; " : "", list[i]->advice);
    for (size_t i = 5; i < h->layers.count; i++)
        if (*list[i]->cause && strcmp(list[i]->cause, "dead channel") != 0)
            printf("  %s (%s): %s; %s\n", list[i]->name, list[i]->op_type, list[i]->cause, list[i]->advice);
}

static json_t *layer_json(const LayerHealth *l)
{
    json_t *o = json_object(), *name = json_string(l->name);
    json_object_set_new(o, "name", name ? name : json_null());
    json_object_set_new(o, "operator", json_string(l->op_type));
    json_object_set_new(o, "sqnr_db", json_real(limited(decibels(l->signal, l->noise))));
    json_object_set_new(o, "sqnr_alone_db", json_real(limited(decibels(l->signal, l->own_noise))));
    json_object_set_new(o, "worst_difference", json_real(l->worst));
    json_object_set_new(o, "saturated", json_real(l->saturated));
    json_object_set_new(o, "range_used", json_real(l->used));
    json_object_set_new(o, "cosine", json_real(cosine(l)));
    json_object_set_new(o, "range_low", json_real(l->lo));
    json_object_set_new(o, "range_high", json_real(l->hi));
    json_object_set_new(o, "dead_channels", json_integer(l->dead_channels));
    json_object_set_new(o, "outlier_ratio", json_real(l->outlier));
    json_object_set_new(o, "scale_ratio", json_real(l->misaligned));
    json_object_set_new(o, "cause", *l->cause ? json_string(l->cause) : json_null());
    json_object_set_new(o, "advice", *l->advice ? json_string(l->advice) : json_null());
    return o;
}

static json_t *health_json(const Health *h)
{
    json_t *root = json_object(), *layers = json_array();
    for (size_t i = 0; i < h->layers.count; i++)
        json_array_append_new(layers, layer_json(&h->layers.items[i]));
    json_object_set_new(root, "layers", layers);
    json_object_set_new(root, "sqnr_db", json_real(limited(decibels(h->signal, h->noise))));
    return root;
}

/* The cheapest repair of a cause: a range costs nothing, a float layer costs time and memory. */
static size_t repair(Command *c, const Health *h)
{
    size_t repairs = 0;
    for (size_t i = 0; i < h->layers.count; i++) {
        const LayerHealth *l = &h->layers.items[i];
        bool input = strcmp(l->op_type, "input") == 0;
        bool range = strcmp(l->cause, "saturated range") == 0 || strcmp(l->cause, "wrong range") == 0;
        if (!*l->cause || strcmp(l->cause, "dead channel") == 0 || (input && !range))
            continue;
        array_push(c->keep, range ? &c->options.widest : &c->options.keep_float, l->name);
        repairs++;
        if (!c->options.json)
            printf("fix: %s %s\n", range ? "--widest" : "--keep-float", l->name);
    }
    return repairs;
}

static int fix(Command *c, Data *data, const Health *before, json_t *root)
{
    Health after;
    size_t repairs = repair(c, before);
    c->options.range = (StringList){0};
    for (size_t i = 0; i < data->check.count; i++)
        if (repairs && data->check.count == data->calibrate.count)
            data->calibrate.items[i] = data->check.items[i];
    int status = repairs ? examine_once(c, data, &after) : EXIT_DONE;
    if (status != EXIT_DONE)
        return status;
    double db = limited(decibels(before->signal, before->noise));
    double fixed = repairs ? limited(decibels(after.signal, after.noise)) : db;
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
    Data data = {0};
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
    if (!command_samples(c, &c->options.calibrate, &data.p, &data.calibrate) ||
        (c->options.data.count && !command_samples(c, &c->options.data, &data.p, &data.check)))
        return EXIT_INPUT;
    int status = examine_once(c, &data, &health);
    if (status != EXIT_DONE)
        return status;
    progress_end();
    json_t *root = c->options.json ? health_json(&health) : NULL;
    if (!root)
        print_table(c, &health);
    if (c->options.fix)
        status = fix(c, &data, &health, root);
    if (root)
        json_dumpf(root, stdout, JSON_INDENT(2)), printf("\n");
    json_decref(root);
    return status;
}
