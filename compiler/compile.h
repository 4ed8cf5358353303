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
    const char *options_text; /* for the header */
    const char *const *disabled;
    const char *dump_after, *stop_after;
    bool time;
} CompileOptions;

typedef struct {
    Arena *keep; /* everything below lives here */
    Diag *diag;
    CompileOptions options;
    Target target;
    const char *name;
    Digest model_hash;
    Graph *graph;
    Plan *plan;
} Compilation;

/* Each returns false after reporting. compile_plan: load, passes, lower. compile_emit: the files, into `dir`, which is
 * replaced as a whole or left as it was. */
bool compile_plan(Compilation *c);
bool compile_emit(Compilation *c, const char *dir);
/* The same into a folder that exists, without the exchange: for temporary builds. */
bool compile_emit_here(Compilation *c, const char *dir);

#endif
