#include "commands/bench.h"

#include <math.h>
#include <string.h>

static const char *const compared[] = {"instructions", "seconds",     "code_bytes", "weight_bytes",
                                       "data_bytes",   "arena_bytes", "stack_bytes"};

/* NAN: one of the two does not say. */
static double ratio(const json_t *now, const json_t *then, const char *key)
{
    const json_t *a = json_object_get(now, key), *b = json_object_get(then, key);
    if (!json_is_number(a) || !json_is_number(b))
        return NAN;
    double x = json_number_value(a), y = json_number_value(b);
    return y > 0 ? x / y : x > 0 ? 1e9 : 1;
}

static const json_t *layer_named(const json_t *root, const char *name)
{
    const json_t *layer;
    size_t i;
    json_array_foreach(json_object_get(root, "layers"), i, layer)
    {
        const char *its = json_string_value(json_object_get(layer, "name"));
        if (its && name && strcmp(its, name) == 0)
            return layer;
    }
    return NULL;
}

static json_t *layer_ratios(const json_t *now, const json_t *then)
{
    json_t *out = json_array();
    const json_t *layer;
    size_t i;
    json_array_foreach(json_object_get(now, "layers"), i, layer)
    {
        json_t *name = json_object_get(layer, "name"), *entry = json_object();
        const json_t *old = layer_named(then, json_string_value(name));
        double r = ratio(layer, old, "instructions");
        r = isnan(r) ? ratio(layer, old, "seconds") : r;
        json_object_set(entry, "name", name);
        json_object_set_new(entry, "ratio", isnan(r) ? json_null() : json_real(r));
        json_array_append_new(out, entry);
    }
    return out;
}

static json_t *total_ratios(const json_t *now, const json_t *then, double threshold, json_t *exceeded)
{
    json_t *out = json_object();
    for (size_t i = 0; i < sizeof compared / sizeof *compared; i++) {
        double r = ratio(json_object_get(now, "total"), json_object_get(then, "total"), compared[i]);
        if (isnan(r))
            continue;
        json_object_set_new(out, compared[i], json_real(r));
        if (r > threshold)
            json_array_append_new(exceeded, json_string(compared[i]));
    }
    return out;
}

static bool same_target(Command *c, const json_t *now, const json_t *then, const char *file)
{
    const char *a = json_string_value(json_object_get(now, "target"));
    const char *b = json_string_value(json_object_get(then, "target"));
    if (b && a && strcmp(a, b) == 0)
        return true;
    return diag_error(c->diag, "%s: %s; this is for target %s", diag_quote(c->keep, file),
                      b ? arena_printf(c->keep, "was measured for target %s", diag_quote(c->keep, b))
                        : "is no result of 'adze bench --json'",
                      a);
}

int bench_compare(Command *c, json_t *root, const char *file, double threshold)
{
    json_error_t error;
    json_t *then = json_load_file(file, 0, &error);
    if (!then) {
        diag_error(c->diag, "%s:%d:%d: %s", diag_quote(c->keep, file), error.line, error.column, error.text);
        return EXIT_INPUT;
    }
    if (!same_target(c, root, then, file)) {
        json_decref(then);
        return EXIT_INPUT;
    }
    json_t *result = json_object(), *exceeded = json_array();
    json_t *ratios = total_ratios(root, then, threshold, exceeded);
    bool nothing = json_object_size(ratios) == 0;
    json_object_set_new(result, "file", report_text(file));
    json_object_set_new(result, "threshold", json_real(threshold));
    json_object_set_new(result, "total", ratios);
    json_object_set_new(result, "layers", layer_ratios(root, then));
    json_object_set_new(result, "exceeded", exceeded);
    json_object_set_new(root, "compare", result);
    json_decref(then);
    if (nothing) {
        diag_error(c->diag, "%s: holds no totals to compare with; hint: it is what 'adze bench --json' printed",
                   diag_quote(c->keep, file));
        return EXIT_INPUT;
    }
    for (size_t i = 0; i < json_array_size(exceeded); i++) {
        const char *key = json_string_value(json_array_get(exceeded, i));
        diag_error(c->diag, "%s: %.4f times the former, past the threshold %g", key,
                   json_number_value(json_object_get(ratios, key)), threshold);
    }
    return json_array_size(exceeded) ? EXIT_BUDGET : EXIT_DONE;
}

void bench_print_comparison(const json_t *root)
{
    const json_t *compare = json_object_get(root, "compare"), *layer;
    json_t *value;
    const char *key;
    size_t i;
    if (!compare)
        return;
    printf("new / old:\n");
    json_array_foreach(json_object_get(compare, "layers"), i, layer)
    {
        value = json_object_get(layer, "ratio");
        if (json_is_number(value))
            printf("  %-30s %.4f\n", json_string_value(json_object_get(layer, "name")), json_number_value(value));
        else
            printf("  %-30s new\n", json_string_value(json_object_get(layer, "name")));
    }
    json_object_foreach(json_object_get(compare, "total"), key, value)
        printf("  %-30s %.4f\n", key, json_number_value(value));
}
