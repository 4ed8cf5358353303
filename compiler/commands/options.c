#include "commands/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const OptionRow option_rows[] = {
#define OPTION(field, letter, argument, kind, commands, help)                                                          \
    {#field, letter, argument, OPTION_##kind, commands, help, offsetof(Options, field)},
#include "commands/options.def"
#undef OPTION
};
const size_t option_count = sizeof option_rows / sizeof *option_rows;

/* "dump-after" names the field dump_after. */
static bool same_name(const char *field, const char *name, size_t length)
{
    if (strlen(field) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (field[i] != (name[i] == '-' ? '_' : name[i] == '_' ? 0 : name[i]))
            return false;
    return true;
}

static const OptionRow *find_long(const char *name, size_t length)
{
    for (size_t i = 0; i < option_count; i++)
        if (same_name(option_rows[i].name, name, length))
            return &option_rows[i];
    return NULL;
}

static const OptionRow *find_letter(char letter)
{
    for (size_t i = 0; i < option_count; i++)
        if (option_rows[i].letter && option_rows[i].letter == letter)
            return &option_rows[i];
    return NULL;
}

static bool parse_number(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && !*end && !errno && isfinite(*out);
}

/* The option as the user types it: "dump-after". */
static const char *shown(Arena *a, const OptionRow *row)
{
    char *name = arena_strdup(a, row->name);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
    return name;
}

static bool set_option(Arena *a, Diag *d, Options *o, const OptionRow *row, const char *value)
{
    char *field = (char *)o + row->offset;
    double number;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field = value;
        return true;
    case OPTION_LIST:
        array_push(a, (StringList *)field, value);
        return true;
    case OPTION_NUMBER:
        if (!parse_number(value, &number))
            return diag_error(d, "--%s: %s is not a number", shown(a, row), diag_quote(a, value));
        *(OptionNUMBER *)field = (OptionNUMBER){true, number};
        return true;
    case OPTION_COUNT:
        if (!parse_number(value, &number) || number != floor(number) || number < 0 || number > 1e9)
            return diag_error(d, "--%s: %s is not a whole number", shown(a, row), diag_quote(a, value));
        *(OptionCOUNT *)field = (OptionCOUNT){true, (long)number};
        return true;
    }
    return false;
}

/* One argument that begins with '-'; *at moves on when its value is the next argument. */
static bool parse_one(Arena *a, Diag *d, int command, int argc, char **argv, int *at, Options *out)
{
    const char *text = argv[*at], *value = NULL;
    const OptionRow *row;
    if (text[1] == '-') {
        const char *equals = strchr(text, '=');
        row = find_long(text + 2, equals ? (size_t)(equals - text - 2) : strlen(text + 2));
        value = equals ? equals + 1 : NULL;
    } else {
        row = find_letter(text[1]);
        value = text[2] ? text + 2 : NULL;
    }
    if (!row || !(row->commands & command))
        return diag_error(d, "unknown option %s; hint: 'adze COMMAND --help' lists the options", diag_quote(a, text));
    if (!row->argument && value)
        return diag_error(d, "option %s takes no value", diag_quote(a, text));
    if (row->argument && !value) {
        if (*at + 1 >= argc)
            return diag_error(d, "option %s needs a value: %s", diag_quote(a, text), row->argument);
        value = argv[++*at];
    }
    return set_option(a, d, out, row, value);
}

bool options_parse(Arena *a, Diag *d, int command, int argc, char **argv, Options *out)
{
    bool only_arguments = false;
    for (int i = 0; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0)
            only_arguments = true;
        else if (only_arguments || argv[i][0] != '-' || !argv[i][1])
            array_push(a, &out->arguments, (const char *)argv[i]);
        else if (!parse_one(a, d, command, argc, argv, &i, out))
            return false;
    }
    return true;
}

void options_help(int command, Buf *out)
{
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_rows[i];
        if (!(row->commands & command))
            continue;
        char letter[8] = "    ", name[80];
        if (row->letter)
            snprintf(letter, sizeof letter, "-%c, ", row->letter);
        snprintf(name, sizeof name, "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
                 row->argument ? row->argument : "");
        for (char *c = name + 4; *c && *c != ' '; c++)
            if (*c == '_')
                *c = '-';
        buf_printf(out, "  %-34s %s\n", name, row->help);
    }
}
