/* Commands that a test needs. */
#ifndef ADZE_TESTS_TOOLS_H
#define ADZE_TESTS_TOOLS_H

#include "target/target.h"

/* False, with a line "skipped: ..." on stdout, when this machine does not have the command. */
bool tool_here(const char *command);
/* The same for the compiler and the emulator of a target. */
bool target_tools_here(const Target *t);

/* A command line run by sh in `dir` (NULL: here), at most 300 s. */
typedef struct {
    int status; /* -1 when it did not end by itself */
    const char *out, *err;
} ShellResult;
ShellResult shell(Arena *a, const char *dir, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
