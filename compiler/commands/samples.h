/* Samples for a model's inputs, as eval, calibration and the doctor read them: a .npy with a leading batch axis, a
 * .npz, a folder of vectors (in<I>_<K>.npy), a folder of PNG or JPEG images. */
#ifndef ADZE_COMMANDS_SAMPLES_H
#define ADZE_COMMANDS_SAMPLES_H

#include "commands/commands.h"
#include "commands/preprocess.h"
#include "ir/graph.h"

/* One array of a source: its first axis counts the samples. */
typedef struct {
    const char *name;   /* in a .npz; else "" */
    const char *source; /* path, quoted for messages */
    Tensor tensor;
} RawArray;
typedef ARRAY(RawArray) RawList;

typedef struct {
    size_t count;
    size_t input_count;
    size_t *bytes;        /* by input: of one sample */
    unsigned char **data; /* by input: count * bytes, in the input's type */
} Samples;

/* The arrays of the sources, not yet fitted to a model; images need `like`, the model's first input. */
bool samples_raw(Arena *a, Diag *d, const StringList *paths, const Preprocess *p, const Value *like, RawList *out);
/* Shapes that the model leaves open are read off the arrays: a leading open axis is one sample. Appends "x=1,28,28". */
bool samples_shapes(Arena *a, Diag *d, const Graph *g, const RawList *raw, StringList *shapes);
/* Preprocessed, converted and checked (shape, type, NaN, Inf, none at all: errors; constant: a warning). An input whose
 * leading axis is B > 1 takes B samples at once. Inputs of g with a state are left out. */
bool samples_fit(Arena *a, Diag *d, const Graph *g, const RawList *raw, const Preprocess *p, Samples *out);

/* eval.c: parses --preprocess, reads the sources, and gives shapes that the model leaves open to the options. */
bool command_samples(Command *c, const StringList *paths, Preprocess *p, RawList *raw);

/* samples_npz.c, samples_image.c */
bool npz_read(Arena *a, Diag *d, const char *path, RawList *out);
bool is_image(const char *path);
/* All images of a folder as one array [N,H,W,C] u8; `like` says whether the model wants gray. */
bool images_read(Arena *a, Diag *d, const char *dir, const Preprocess *p, const Value *like, RawArray *out);

#endif
