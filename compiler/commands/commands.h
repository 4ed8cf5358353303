/* The commands: a file each; the table is commands.def. */
#ifndef ADZE_COMMANDS_COMMANDS_H
#define ADZE_COMMANDS_COMMANDS_H

#include "base/diag.h"
#include "commands/options.h"
#include "passes/calibration.h"

/* What a command gets. Returns an exit status of diag.h; errors stand in diag, which the caller flushes. */
typedef struct {
    Arena *keep;
    Diag *diag;
    Options options;
    ARRAY(LayerFormat) formats; /* that --quantize mixed has chosen */
} Command;

typedef struct {
    const char *name, *arguments;
    const char *help;     /* a line */
    const char *purpose;  /* a paragraph */
    const char *examples; /* "compile kws.onnx -o out/: what it does\n" ... */
    int bit;
    int (*run)(Command *c);
} CommandRow;

extern const CommandRow command_rows[];
extern const size_t command_count;
const CommandRow *command_find(const char *name); /* NULL when there is none */

#define COMMAND(name, bit, arguments, help, purpose, examples) int command_##name(Command *c);
#include "commands/commands.def"
#undef COMMAND

/* help.c: `adze --help` and `adze COMMAND --help`. */
void help_overview(Buf *out);
void help_command(const CommandRow *row, Buf *out);
/* One line of CommandRow.examples; what: nothing where the line does not say it. */
typedef struct {
    const char *command, *what; /* not terminated */
    size_t command_length, what_length;
} Example;
/* Reads the line at `at`; where the next one begins, or NULL (and no example) at the end. */
const char *example_next(const char *at, Example *out);
/* The meaning of each exit status, 0 to 5. */
extern const char *const exit_meanings[6];

/* manual.c, completion.c: docs/adze.1 (`make docs` writes it) and what `adze completion` prints. */
void manual_page(Buf *out);
void completion_bash(Buf *out);
void completion_zsh(Buf *out);

#endif
