#include "commands/examine.h"
#include "commands/build.h"
#include "emit/measure.h"

#include <math.h>

double decibels(double signal, double noise)
{
    if (isnan(noise)) /* of a result that is NaN or infinite, where the exact one is a number */
        return -200;
    return fmin(fmax(10 * log10(fmax(signal, 1e-300) / fmax(noise, 1e-300)), -200), 200);
}

int command_examine(Command *c, const ExamineData *data, Depth depth, Health *health)
{
    const char *model;
    if (!command_model(c, &model))
        return EXIT_USAGE;
    Compilation comp = {.keep = c->keep, .diag = c->diag};
    Calibration calibration;
    command_compile_options(c, &comp.options);
    comp.options.model = model;
    comp.options.stop_after = depth == EXAMINE_OUTPUTS ? "calibrate" : NULL;
    comp.options.half = command_has_halves(c);
    comp.options.dump_after = NULL;
    Cases check = {0};
    if (!compile_load(&comp) || !command_calibration(c, comp.graph, &data->calibrate, &data->preprocess, &calibration))
        return EXIT_INPUT;
    if (data->check.count && !command_cases(c, comp.graph, &data->check, &data->preprocess, &check))
        return EXIT_INPUT;
    if (check.cases)
        calibration.check = check;
    const char *labels = check.cases ? c->options.labels : c->options.calibrate_labels;
    if (labels &&
        !command_labels(c, labels, check.cases ? check.samples : calibration.own.samples, &calibration.labels))
        return EXIT_INPUT;
    calibration.depth = depth;
    *health = (Health){.arena = c->keep};
    calibration.health = health;
    comp.options.calibration = &calibration;
    if (!compile_loaded(&comp))
        return EXIT_INPUT;
    if (comp.plan) {
        const EmitOptions options = compile_emit_options(&comp);
        health->weight_bytes = (int64_t)report_of_plan(c->keep, comp.plan, &comp.target, &options)->weight_bytes;
    }
    return EXIT_DONE;
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
