#include "commands/options.h"
#include "target/pipeline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const OptionRow option_rows[] = {
#define OPTION(field, letter, argument, kind, commands, help)                                                          \
    {#field, letter, argument, OPTION_##kind, commands, help, offsetof(Options, field)},
#define GROUP(title) {"", 0, NULL, OPTION_GROUP, 0, title, 0},
#include "commands/options.def"
#undef OPTION
};
enum { ROWS = sizeof option_rows / sizeof *option_rows };
const size_t option_count = ROWS;

/* Where a value was given: "option --rtol", or its place in a pipeline file. */
typedef struct {
    Arena *arena;
    Diag *diag;
    Options *out;
    const char *where;
} Setter;

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
        if (option_rows[i].kind != OPTION_GROUP && same_name(option_rows[i].name, name, length))
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

const char *option_name(Arena *a, const OptionRow *row)
{
    char *name = arena_strdup(a, row->name);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
    return name;
}

size_t option_choices(const OptionRow *row)
{
    size_t n = 1;
    for (const char *c = row->argument; *c; c++)
        n += *c == '|';
    return n;
}

const char *option_choice(Arena *a, const OptionRow *row, size_t i)
{
    const char *word = row->argument;
    while (i-- > 0)
        word = strchr(word, '|') + 1;
    return arena_strndup(a, word, strcspn(word, "|"));
}

static bool parse_number(const char *text, double *out)
{
    char *end;
    errno = 0;
    *out = strtod(text, &end);
    return end != text && !*end && !errno && isfinite(*out);
}

static bool parse_shape(const char *text, Shape *out)
{
    *out = (Shape){0};
    if (!*text)
        return true;
    for (;;) {
        char *end;
        errno = 0;
        long long v = strtoll(text, &end, 10);
        if (end == text || errno || v < 0 || out->rank == MAX_RANK)
            return false;
        out->dim[out->rank++] = v;
        if (!*end)
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
}

/* At the last '=': names of inputs may hold one. */
bool option_shape(Arena *a, const char *text, const char **name, Shape *shape)
{
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text)
        return false;
    *name = arena_strndup(a, text, (size_t)(equals - text));
    return parse_shape(equals + 1, shape);
}

static bool set_choice(const Setter *s, const OptionRow *row, const char *value)
{
    for (size_t i = 0; i < option_choices(row); i++)
        if (strcmp(option_choice(s->arena, row, i), value) == 0)
            return true;
    return diag_error(s->diag, "%s: %s is none of %s", s->where, diag_quote(s->arena, value), row->argument);
}

static bool set_number(const Setter *s, const OptionRow *row, const char *value)
{
    void *field = (char *)s->out + row->offset;
    double number;
    if (!parse_number(value, &number))
        return diag_error(s->diag, "%s: %s is not a number", s->where, diag_quote(s->arena, value));
    if (row->kind == OPTION_NUMBER) {
        *(OptionNUMBER *)field = (OptionNUMBER){true, number};
        return true;
    }
    if (number != floor(number) || number < 0 || number > 1e9)
        return diag_error(s->diag, "%s: %s is not a whole number", s->where, diag_quote(s->arena, value));
    *(OptionCOUNT *)field = (OptionCOUNT){true, (long)number};
    return true;
}

static bool set_flag(const Setter *s, bool *field, const char *value)
{
    *field = !value || strcmp(value, "true") == 0;
    return *field || strcmp(value, "false") == 0 ||
           diag_error(s->diag, "%s: %s is neither true nor false", s->where, diag_quote(s->arena, value));
}

static bool set_option(const Setter *s, const OptionRow *row, const char *value)
{
    void *field = (char *)s->out + row->offset;
    const char *name;
    Shape shape;
    switch (row->kind) {
    case OPTION_FLAG:
        return set_flag(s, field, value);
    case OPTION_CHOICE:
        *(const char **)field = value;
        return set_choice(s, row, value);
    case OPTION_TEXT:
    case OPTION_PATH:
    case OPTION_TARGET:
        *(const char **)field = value;
        return true;
    case OPTION_SHAPES:
    case OPTION_DIMS:
        if (!option_shape(s->arena, value, &name, &shape) || (row->kind == OPTION_DIMS && shape.rank != 1))
            return diag_error(s->diag, "%s: %s is not of the form %s", s->where, diag_quote(s->arena, value),
                              row->argument);
        array_push(s->arena, (StringList *)field, value);
        return true;
    case OPTION_LIST:
    case OPTION_PATHS:
        array_push(s->arena, (StringList *)field, value);
        return true;
    case OPTION_NUMBER:
    case OPTION_COUNT:
        return set_number(s, row, value);
    case OPTION_GROUP:
        break;
    }
    return false;
}

/* One argument that begins with '-'; *at moves on when its value is the next argument. */
static bool parse_one(Setter *s, int command, int argc, char **argv, int *at, bool *given)
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
        return diag_error(s->diag, "unknown option %s; hint: 'adze COMMAND --help' lists the options",
                          diag_quote(s->arena, text));
    if (!row->argument && value && text[1] != '-')
        return diag_error(s->diag, "option %s takes no value", diag_quote(s->arena, text));
    if (row->argument && !value) {
        if (*at + 1 >= argc)
            return diag_error(s->diag, "option %s needs a value: %s", diag_quote(s->arena, text), row->argument);
        value = argv[++*at];
    }
    s->where = arena_printf(s->arena, "--%s", option_name(s->arena, row));
    given[row - option_rows] = true;
    return set_option(s, row, value);
}

static PipelineKey pipeline_key(Arena *a, const OptionRow *row)
{
    static const PipelineKind kinds[] = {
        [OPTION_FLAG] = PIPELINE_FLAG,     [OPTION_TEXT] = PIPELINE_TEXT,     [OPTION_CHOICE] = PIPELINE_TEXT,
        [OPTION_LIST] = PIPELINE_TEXT,     [OPTION_NUMBER] = PIPELINE_NUMBER, [OPTION_COUNT] = PIPELINE_COUNT,
        [OPTION_PATH] = PIPELINE_PATH,     [OPTION_PATHS] = PIPELINE_PATH,    [OPTION_TARGET] = PIPELINE_TARGET,
        [OPTION_SHAPES] = PIPELINE_SHAPES, [OPTION_DIMS] = PIPELINE_DIMS,
    };
    bool list =
        row->kind == OPTION_LIST || row->kind == OPTION_PATHS || row->kind == OPTION_SHAPES || row->kind == OPTION_DIMS;
    return (PipelineKey){option_name(a, row), kinds[row->kind], list};
}

/* Has the command line named this input or dimension already? */
static bool named_before(Arena *a, const StringList *list, size_t from_command_line, const char *text)
{
    const char *name, *other;
    Shape shape;
    if (!option_shape(a, text, &name, &shape))
        return false;
    for (size_t i = 0; i < from_command_line; i++)
        if (option_shape(a, list->items[i], &other, &shape) && strcmp(name, other) == 0)
            return true;
    return false;
}

static bool apply(Setter *s, int command, const PipelineSettings *settings, const OptionRow *const *rows,
                  const bool *given)
{
    bool ok = true;
    Options ignored = {0}, *out = s->out;
    size_t shapes = out->shape.count, dims = out->dim.count;
    const char *model = NULL;
    for (size_t i = 0; i < settings->count; i++) {
        const PipelineSetting *p = &settings->items[i];
        const OptionRow *row = rows[p->key];
        if (!row) {
            model = p->text;
            continue;
        }
        bool taken = row->commands & command; /* one file serves several commands; all of it is checked */
        if (row->kind == OPTION_SHAPES)
            taken = taken && !named_before(s->arena, &out->shape, shapes, p->text);
        else if (row->kind == OPTION_DIMS)
            taken = taken && !named_before(s->arena, &out->dim, dims, p->text);
        else
            taken = taken && !given[row - option_rows];
        s->out = taken ? out : &ignored;
        s->where = p->where;
        ok = set_option(s, row, p->text) && ok;
    }
    s->out = out;
    if (model && !out->arguments.count && (command & CMD_LOADING))
        array_push(s->arena, &out->arguments, model);
    return ok;
}

/* What the command line does not say comes from the file. */
static bool read_pipeline(Setter *s, int command, const bool *given)
{
    PipelineKey keys[ROWS + 1] = {{"model", PIPELINE_PATH, false}};
    const OptionRow *rows[ROWS + 1] = {NULL};
    size_t count = 1;
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_rows[i];
        if (row->kind == OPTION_GROUP || strcmp(row->name, "config") == 0 || strcmp(row->name, "help") == 0)
            continue;
        rows[count] = row;
        keys[count++] = pipeline_key(s->arena, row);
    }
    PipelineSettings settings;
    return pipeline_read(s->arena, s->diag, s->out->config, keys, count, &settings) &&
           apply(s, command, &settings, rows, given);
}

bool options_parse(Arena *a, Diag *d, int command, int argc, char **argv, Options *out, int *status)
{
    bool only_arguments = false, given[ROWS] = {false};
    Setter s = {a, d, out, ""};
    *status = EXIT_USAGE;
    for (int i = 0; i < argc; i++) {
        if (!only_arguments && strcmp(argv[i], "--") == 0)
            only_arguments = true;
        else if (only_arguments || argv[i][0] != '-' || !argv[i][1])
            array_push(a, &out->arguments, (const char *)argv[i]);
        else if (!parse_one(&s, command, argc, argv, &i, given))
            return false;
    }
    *status = EXIT_INPUT;
    return out->help || !out->config || read_pipeline(&s, command, given);
}
