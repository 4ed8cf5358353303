/* The commands: a file each; the table is commands.def. */
#ifndef ADZE_COMMANDS_COMMANDS_H
#define ADZE_COMMANDS_COMMANDS_H

#include "base/diag.h"
#include "commands/options.h"

/* What a command gets. Returns an exit status of diag.h; errors stand in diag, which the caller flushes. */
typedef struct {
    Arena *keep;
    Diag *diag;
    Options options;
} Command;

#define COMMAND(name, bit, arguments, help) int command_##name(Command *c);
#include "commands/commands.def"
#undef COMMAND

#endif
