/* What run, verify and their kin share: options to a compilation, a built program, inputs packed for it. */
#ifndef ADZE_COMMANDS_BUILD_H
#define ADZE_COMMANDS_BUILD_H

#include "commands/commands.h"
#include "commands/vectors.h"
#include "compile.h"
#include "target/program.h"

typedef struct {
    Compilation compilation;
    Program program;
    const char *folder; /* of the generated C */
    size_t in_bytes,
        out_bytes; /* of one case: all inputs but the states', all outputs (states' too) in the model's order */
} Build;

void command_compile_options(Command *c, CompileOptions *out);
/* Exactly one model path among the arguments. */
bool command_model(Command *c, const char **path);
/* -o DIR: new, empty, or an earlier output, which may be replaced. */
bool command_output_folder(Command *c, const char *dir);
/* The model to a plan. What the model leaves open is taken from the shapes of `paths` (one file an input). Returns an
 * exit status, as command_build does. */
int command_plan(Command *c, const StringList *paths, Compilation *out);
/* Compiles and builds in a temporary folder. */
int command_build(Command *c, const StringList *paths, Build *out);
int command_build_with(Command *c, const StringList *paths, const BuildOptions *options, Build *out);
/* Reads the input files into one buffer of b->in_bytes; those of states are checked but not used,
 * and may be left out. */
bool build_read_inputs(Command *c, const Build *b, const StringList *paths, unsigned char *to);
/* Runs the program on `cases` cases; `repeat` times for a measure of time. */
int build_run(Command *c, const Build *b, const void *in, size_t cases, void *out, int repeat, RunResult *result);

#endif
