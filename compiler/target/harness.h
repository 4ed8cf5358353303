/* The C that ties targets/harness.c to one model. Private to compiler/target. */
#ifndef ADZE_TARGET_HARNESS_H
#define ADZE_TARGET_HARNESS_H

#include "base/buf.h"

#include <stdbool.h>

enum { HARNESS_MAX_PORTS = 1000 };

/* What the macros of a generated header say. */
typedef struct {
    const char *folder, *model, *upper; /* absolute path; "kws", "KWS" */
    long inputs, outputs, states;
    long arenas;                          /* 1, or more where the target has several memories */
    long state_output[HARNESS_MAX_PORTS]; /* index in the model's outputs, which count those of states */
    const char *state_member[HARNESS_MAX_PORTS];
    long weight_file_bytes; /* of NAME_weights.bin as an argument; -1: none */
} HarnessModel;

/* Reads `header`, the text of NAME.h; folder, model and upper are set before. False: not such a header. */
bool harness_model_read(HarnessModel *m, Arena *a, const char *header);
/* harness_model.h: buffers and calls. timed_layers: for harness_layers_text's calls. */
void harness_model_text(const HarnessModel *m, bool timed_layers, Buf *out);
/* layers.h, which the model is compiled with: its layer hooks call harness.c (timed) or mark laps. */
void harness_layers_text(const char *upper, bool timed, Buf *out);
/* The empty model, of which the sizes are taken off. */
void harness_stub_text(const HarnessModel *m, Buf *out);
/* Assembler that links NAME_weights.bin of the working folder as harness_weights. */
void harness_weights_text(const HarnessModel *m, Buf *out);

#endif
