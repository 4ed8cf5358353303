/* The command line and pipeline files: one table (options.def) behind the parsers, the help, the manual and the shell
 * completions. */
#ifndef ADZE_COMMANDS_OPTIONS_H
#define ADZE_COMMANDS_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/dtype.h"
#include "target/target.h"

enum {
    CMD_COMPILE = 1 << 0,
    CMD_RUN = 1 << 1,
    CMD_VERIFY = 1 << 2,
    CMD_TARGETS = 1 << 3,
    CMD_GOLDEN = 1 << 4,
    CMD_INSPECT = 1 << 5,
    CMD_COMPLETION = 1 << 6,
    CMD_EVAL = 1 << 7,
    CMD_DOCTOR = 1 << 8,
    CMD_BENCH = 1 << 9,
    CMD_BUILDING = CMD_COMPILE | CMD_RUN | CMD_VERIFY | CMD_GOLDEN | CMD_EVAL | CMD_BENCH,
    CMD_LOADING = CMD_BUILDING | CMD_INSPECT | CMD_DOCTOR, /* those that take a model */
    CMD_ALL = ~0
};

typedef enum {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_CHOICE,
    OPTION_LIST,
    OPTION_NUMBER,
    OPTION_COUNT,
    OPTION_PATH,
    OPTION_PATHS,
    OPTION_TARGET,
    OPTION_SHAPES,
    OPTION_DIMS,
    OPTION_GROUP /* a heading */
} OptionKind;

typedef bool OptionFLAG;
typedef const char *OptionTEXT;
typedef const char *OptionCHOICE;
typedef StringList OptionLIST;
typedef const char *OptionPATH;
typedef StringList OptionPATHS;
typedef const char *OptionTARGET;
typedef StringList OptionSHAPES; /* each "NAME=1,3", as checked by option_shape */
typedef StringList OptionDIMS;
typedef struct {
    bool given;
    double value;
} OptionNUMBER;
typedef struct {
    bool given;
    long value;
} OptionCOUNT;

typedef struct {
#define OPTION(field, letter, argument, kind, commands, help) Option##kind field;
#include "commands/options.def"
#undef OPTION
    StringList arguments; /* what is no option */
} Options;

typedef struct {
    const char *name; /* of the field: "dump_after" */
    char letter;
    const char *argument;
    OptionKind kind;
    int commands;
    const char *help;
    size_t offset; /* in Options */
} OptionRow;

extern const OptionRow option_rows[];
extern const size_t option_count;

/* Parses argv[0..argc) for a command (a CMD_ bit), and the pipeline file that it names; usage errors go to d.
 * *status: EXIT_USAGE, or EXIT_INPUT where the pipeline file is at fault. */
bool options_parse(Arena *a, Diag *d, int command, int argc, char **argv, Options *out, int *status);
/* "--dump-after" without its dashes. */
const char *option_name(Arena *a, const OptionRow *row);
/* The number of words of a CHOICE, and word i. */
size_t option_choices(const OptionRow *row);
const char *option_choice(Arena *a, const OptionRow *row, size_t i);
/* "x=1,3" to name and shape. */
bool option_shape(Arena *a, const char *text, const char **name, Shape *shape);

#endif
