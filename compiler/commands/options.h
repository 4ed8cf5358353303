/* The command line: one table (options.def) behind the parser, the help and the checks. */
#ifndef ADZE_COMMANDS_OPTIONS_H
#define ADZE_COMMANDS_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "target/target.h"

enum {
    CMD_COMPILE = 1 << 0,
    CMD_RUN = 1 << 1,
    CMD_VERIFY = 1 << 2,
    CMD_TARGETS = 1 << 3,
    CMD_BUILDING = CMD_COMPILE | CMD_RUN | CMD_VERIFY,
    CMD_LOADING = CMD_BUILDING,
    CMD_ALL = ~0
};

typedef enum { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER, OPTION_COUNT } OptionKind;

typedef bool OptionFLAG;
typedef const char *OptionTEXT;
typedef StringList OptionLIST;
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
    const char *name; /* "dump-after" */
    char letter;
    const char *argument;
    OptionKind kind;
    int commands;
    const char *help;
    size_t offset; /* in Options */
} OptionRow;

extern const OptionRow option_rows[];
extern const size_t option_count;

/* Parses argv[0..argc) for a command (a CMD_ bit); usage errors go to d. */
bool options_parse(Arena *a, Diag *d, int command, int argc, char **argv, Options *out);
/* The options of a command as help text. */
void options_help(int command, Buf *out);

#endif
