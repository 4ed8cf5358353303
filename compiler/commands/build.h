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
    size_t in_bytes, out_bytes; /* of one case: all inputs, all outputs */
} Build;

/* Options to CompileOptions; errors lead to EXIT_USAGE. */
bool command_compile_options(Command *c, CompileOptions *out);
/* Exactly one model path among the arguments. */
bool command_model(Command *c, const char **path);
/* Compiles and builds in a temporary folder. What the model leaves open is taken from the shapes of `paths` (one file
 * an input). Returns an exit status. */
int command_build(Command *c, const StringList *paths, Build *out);
/* Reads the input files into one buffer of b->in_bytes. */
bool build_read_inputs(Command *c, const Build *b, const StringList *paths, unsigned char *to);

#endif
