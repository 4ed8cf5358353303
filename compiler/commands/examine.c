#include "commands/examine.h"
#include "commands/build.h"

#include <math.h>

double decibels(double signal, double noise)
{
    return fmin(fmax(10 * log10(fmax(signal, 1e-300) / fmax(noise, 1e-300)), -200), 200);
}

int64_t health_weight_bytes(const Health *h)
{
    int64_t sum = 0;
    for (size_t i = 0; i < h->layers.count; i++)
        sum += h->layers.items[i].weight_bytes;
    return sum;
}

int command_examine(Command *c, const ExamineData *data, Health *health)
{
    const char *model;
    if (!command_model(c, &model))
        return EXIT_USAGE;
    Compilation comp = {.keep = c->keep, .diag = c->diag};
    Calibration calibration;
    command_compile_options(c, &comp.options);
    comp.options.model = model;
    comp.options.stop_after = "calibrate";
    comp.options.dump_after = NULL;
    if (!compile_load(&comp) || !command_calibration(c, comp.graph, &data->calibrate, &data->preprocess, &calibration))
        return EXIT_INPUT;
    if (data->check.count &&
        !command_cases(c, comp.graph, &data->check, &data->preprocess, &calibration.check_cases, &calibration.check))
        return EXIT_INPUT;
    *health = (Health){.arena = c->keep};
    calibration.health = health;
    comp.options.calibration = &calibration;
    return compile_loaded(&comp) ? EXIT_DONE : EXIT_INPUT;
}

int command_quantisation(Command *c, ExamineData *data, bool *calibrates)
{
    if (!command_quantises(c))
        return EXIT_USAGE;
    *calibrates = c->options.quantize && !command_halves(c);
    if (*calibrates && !command_samples(c, &c->options.calibrate, &data->preprocess, &data->calibrate))
        return EXIT_INPUT;
    return command_is_mixed(c) ? command_mixed(c, data) : EXIT_DONE;
}

bool command_calibrate(Command *c, Compilation *comp, const ExamineData *data)
{
    Calibration *calibration = NEW(c->keep, Calibration);
    comp->options.calibration = calibration;
    return command_calibration(c, comp->graph, &data->calibrate, &data->preprocess, calibration);
}
