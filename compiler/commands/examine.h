/* One calibration with its measurements, layer by layer: what the doctor shows and `--quantize mixed` chooses by. */
#ifndef ADZE_COMMANDS_EXAMINE_H
#define ADZE_COMMANDS_EXAMINE_H

#include "commands/quantise.h"
#include "compile.h"

typedef struct {
    RawList calibrate, check; /* check: empty where the calibration's own samples are compared */
    Preprocess preprocess;
} ExamineData;

/* From the model's bytes on, since passes change the graph that they get. EXAMINE_OUTPUTS leaves
 * weight_bytes out. Returns an
 * exit status; *health is in c->keep. */
int command_examine(Command *c, const ExamineData *data, Depth depth, Health *health);
/* --quantize from the options: its data read, the formats of `mixed` chosen. *calibrates: there is something to
 * calibrate. Returns an exit status. */
int command_quantisation(Command *c, ExamineData *data, bool *calibrates);
/* The calibration of `data` for a model that is loaded, into its options. */
bool command_calibrate(Command *c, Compilation *comp, const ExamineData *data);
/* Of signal to noise, between -200 and 200. */
double decibels(double signal, double noise);

/* mixed.c: chooses the formats of layers for --min-sqnr, --max-loss and --max-weights (c->formats). Returns an exit
 * status: EXIT_BUDGET where no choice keeps the budgets. */
int command_mixed(Command *c, const ExamineData *data);
bool command_is_mixed(const Command *c);

#endif
