#include "commands/bench.h"

#include <inttypes.h>

static void put(json_t *to, const char *key, uint64_t value)
{
    json_object_set_new(to, key, json_integer((json_int_t)value));
}

static double number(const json_t *of, const char *key)
{
    return json_number_value(json_object_get(of, key));
}

static void put_instructions(json_t *to, uint64_t instructions)
{
    double macs = number(to, "macs");
    put(to, "instructions", instructions);
    if (macs > 0)
        json_object_set_new(to, "instructions_per_mac", json_real((double)instructions / macs));
}

static void put_seconds(json_t *to, const LayerTime *t)
{
    json_object_set_new(to, "seconds", json_real(t->min_seconds));
    json_object_set_new(to, "median_seconds", json_real(t->median_seconds));
}

/* Laps are in pairs: begin and end of each layer, in order. */
static bool put_layers(Command *c, json_t *layers, const RunResult *r)
{
    size_t count = json_array_size(layers);
    if ((r->laps.count && r->laps.count != 2 * count) || (r->layer_times.count && r->layer_times.count != count))
        return diag_error(c->diag, "%zu layers were measured of %zu", r->laps.count / 2 + r->layer_times.count, count);
    for (size_t i = 0; i < count; i++) {
        json_t *layer = json_array_get(layers, i);
        if (r->laps.count)
            put_instructions(layer, r->laps.items[2 * i + 1] - r->laps.items[2 * i]);
        if (r->layer_times.count)
            put_seconds(layer, &r->layer_times.items[i]);
    }
    return true;
}

static void put_sizes(json_t *total, const Bench *b)
{
    report_sizes(total, &b->build.program.sizes);
    put(total, "stack_bytes", b->total.stack_bytes);
    if (!b->stack.known)
        return;
    json_t *outside = json_array();
    for (size_t i = 0; i < b->stack.outside.count; i++)
        json_array_append_new(outside, report_text(b->stack.outside.items[i]));
    put(total, "stack_bound_bytes", b->stack.bytes);
    json_object_set_new(total, "stack_bound_excludes", outside);
}

json_t *bench_json(Command *c, const Bench *b)
{
    json_t *root = report_read(c, b->build.folder, b->build.compilation.name);
    if (!root)
        return NULL;
    json_t *total = json_object_get(root, "total");
    put_sizes(total, b);
    if (b->total.instructions)
        put_instructions(total, b->total.instructions);
    if (b->repeats) {
        put_seconds(total, &(LayerTime){b->total.min_seconds, b->total.median_seconds});
        put(total, "repetitions", (uint64_t)b->repeats);
    }
    if (b->peer)
        json_object_set_new(root, "peer", b->peer);
    if (put_layers(c, json_object_get(root, "layers"), &b->layers))
        return root;
    json_decref(root);
    return NULL;
}

/* A line of the table; `total`: the sum for the share. */
static void print_line(const json_t *o, const char *name, double total)
{
    double macs = number(o, "macs");
    if (json_object_get(o, "instructions"))
        printf("%-32s %12.0f %5.1f %% %12.0f", name, number(o, "instructions"), 100 * number(o, "instructions") / total,
               macs);
    else if (json_object_get(o, "seconds"))
        printf("%-32s %9.2f us %5.1f %% %12.0f", name, 1e6 * number(o, "seconds"), 100 * number(o, "seconds") / total,
               macs);
    else
        printf("%-32s %12s %7s %12.0f", name, "", "", macs);
    if (json_object_get(o, "instructions_per_mac"))
        printf(" %8.2f", number(o, "instructions_per_mac"));
    const char *kernel = json_string_value(json_object_get(o, "kernel"));
    printf("%s%s\n", kernel ? "  " : "", kernel ? kernel : "");
}

static void print_totals(const json_t *total)
{
    printf("code %.0f bytes, weights %.0f, libraries %.0f, data %.0f\n", number(total, "code_bytes"),
           number(total, "weight_bytes"), number(total, "library_bytes"), number(total, "data_bytes"));
    printf("arena %.0f bytes (bound %.0f), stack %.0f", number(total, "arena_bytes"),
           number(total, "arena_lower_bound"), number(total, "stack_bytes"));
    if (json_object_get(total, "stack_bound_bytes"))
        printf(" (bound %.0f without %zu library functions)", number(total, "stack_bound_bytes"),
               json_array_size(json_object_get(total, "stack_bound_excludes")));
    printf("\n");
}

void bench_print(const json_t *root)
{
    const json_t *total = json_object_get(root, "total"), *peer = json_object_get(root, "peer"), *layer;
    bool counted = json_object_get(total, "instructions") != NULL;
    double all = number(total, counted ? "instructions" : "seconds");
    size_t i;
    printf("%-32s %12s %7s %12s %s\n", "layer", counted ? "instructions" : "least time", "share", "MACs",
           counted ? "each MAC  kernel" : " kernel");
    json_array_foreach(json_object_get(root, "layers"), i, layer)
        print_line(layer, json_string_value(json_object_get(layer, "name")), all);
    print_line(total, "total", all);
    if (json_object_get(total, "median_seconds"))
        printf("median %.2f us of %.0f runs\n", 1e6 * number(total, "median_seconds"), number(total, "repetitions"));
    print_totals(total);
    if (peer)
        printf("ONNX Runtime %s, one thread: %.2f us (median %.2f); adze / ONNX Runtime %.3f (medians %.3f)\n",
               json_string_value(json_object_get(peer, "version")), 1e6 * number(peer, "seconds"),
               1e6 * number(peer, "median_seconds"), number(peer, "ratio"), number(peer, "median_ratio"));
}
