/* Models and operator texts as programs of a target. */
#ifndef ADZE_TESTS_PROGRAMS_H
#define ADZE_TESTS_PROGRAMS_H

#include "compile.h"
#include "tests/support/operators.h"

/* Compiles a model (.onnx, or a graph in text form) into the existing folder `dir`. */
bool emit_model(Arena *a, Diag *d, const char *path, const char *target, Mode mode, const char *dir, Compilation *out);
/* The same for the text's graph, as model "operator". */
bool emit_operator(Arena *a, const OperatorText *t, const char *target, Mode mode, const char *dir, Compilation *out);
/* The text's graph built and run on the target: true when its outputs are as wanted, or the target's tools are missing
 * (which it says). `boards`: a folder that keeps the boards' objects; slot: as in pool.h. */
bool operator_text_runs(Arena *a, const char *path, const char *target, Mode mode, const char *boards, int slot);

#endif
