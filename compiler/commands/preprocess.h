/* What is done to raw data before it is a model's input: `--preprocess "(x/255-0.2860)/0.3530"`, or `KEY=VALUE`:
 * scale=1/255, mean=0.485,0.456,0.406, std=…, resize=WIDTHxHEIGHT, layout=nchw|nhwc, colour=rgb|bgr|gray. */
#ifndef ADZE_COMMANDS_PREPROCESS_H
#define ADZE_COMMANDS_PREPROCESS_H

#include "base/diag.h"
#include "target/target.h"

#include <stdint.h>

typedef enum { LAYOUT_AS_MODEL, LAYOUT_NCHW, LAYOUT_NHWC } ImageLayout;
typedef enum { COLOUR_AS_MODEL, COLOUR_RGB, COLOUR_BGR, COLOUR_GRAY } ImageColour;
enum { PREPROCESS_CHANNELS = 16 };

/* y = ((x * scale + offset) - mean[channel]) / std[channel] */
typedef struct {
    bool given;
    double scale, offset;
    int mean_count, std_count; /* 0: none, 1: for all channels */
    double mean[PREPROCESS_CHANNELS], std[PREPROCESS_CHANNELS];
    int64_t width, height; /* 0: as they are */
    ImageLayout layout;    /* of the model's input */
    ImageColour colour;
} Preprocess;

/* All entries, in order. False after reporting one that is not understood. */
bool preprocess_parse(Diag *d, const StringList *texts, Preprocess *out);
double preprocess_apply(const Preprocess *p, double x, int64_t channel);

#endif
