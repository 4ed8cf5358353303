/* The line: bytes of a model to a Plan, to a folder of C. */
#ifndef ADZE_COMPILE_H
#define ADZE_COMPILE_H

#include "emit/emit.h"
#include "load/load.h"
#include "target/target.h"

typedef struct {
    const char *model;       /* path of the .onnx file, or of a graph in text form (.txt) */
    const char *name;        /* NULL: from the file's stem */
    const char *target_name; /* NULL: host */
    LoadOptions load;
    Mode mode;
    WeightsForm weights;
    const char *const *states; /* "OUTPUT:INPUT", NULL-terminated; may be NULL */
    const char *options_text;  /* for the header: what else shaped the output besides the target */
    const char *const *disabled;
    const char *const *input_values;       /* "INPUT=VALUE", NULL-terminated; may be NULL */
    const char *const *input_ranges;       /* "INPUT=LO,HI", NULL-terminated; may be NULL */
    const char *const *io_layout;          /* "nhwc", "NAME=nhwc", NULL-terminated; may be NULL */
    bool io_integers;                      /* --io int8 */
    const struct Calibration *calibration; /* passes/calibration.h; NULL: not quantised */
    const char *dump_after, *stop_after;
    bool half; /* --quantize fp16 */
    bool time;
} CompileOptions;

typedef struct {
    Arena *keep; /* everything below lives here */
    Diag *diag;
    CompileOptions options;
    Target target;
    const char *name;
    Digest model_hash;
    Digest calibration_hash; /* of its data, and how many samples they are; 0: not calibrated */
    size_t calibration_cases;
    Graph *graph;
    Plan *plan;
} Compilation;

/* The model's graph alone, for a look at its inputs; NULL after reporting. */
Graph *compile_look(Arena *a, Diag *d, const char *model, const LoadOptions *o);

/* Each returns false after reporting. compile_plan: load, passes, lower. compile_emit: the files, into `dir`, which is
 * replaced as a whole or left as it was. */
bool compile_plan(Compilation *c);
/* compile_plan in two parts: target, name and graph as the model has it; then its passes and lowering. */
bool compile_load(Compilation *c);
bool compile_loaded(Compilation *c);
EmitOptions compile_emit_options(Compilation *c);
bool compile_emit(Compilation *c, const char *dir);
/* The same into a folder that exists, without the exchange: for temporary builds. */
bool compile_emit_here(Compilation *c, const char *dir);

#endif
