/* --quantize for the commands that compile: data and choices for the pass `calibrate`. */
#ifndef ADZE_COMMANDS_QUANTISE_H
#define ADZE_COMMANDS_QUANTISE_H

#include "commands/samples.h"
#include "passes/calibration.h"

/* --quantize fp16: no calibration, the pass `half` does it. */
bool command_halves(const Command *c);
bool command_has_halves(const Command *c); /* or `mixed` has chosen some */
/* False after reporting that --quantize and --calibrate do not stand together. */
bool command_quantises(Command *c);
/* Samples fitted to the inputs of g, whose shapes are known. Arrays of floats are taken as they are, others
 * preprocessed.
 */
bool command_cases(Command *c, const Graph *g, const RawList *raw, const Preprocess *p, Cases *out);
/* The integers of a file, [samples], in c->keep. */
bool command_labels(Command *c, const char *path, size_t samples, const int64_t **labels);
bool command_calibration(Command *c, const Graph *g, const RawList *raw, const Preprocess *p, Calibration *out);

#endif
