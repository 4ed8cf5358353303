/* The help, from the tables of commands and options. */
#include "base/version.h"
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, COLUMN = 34 };

const CommandRow command_rows[] = {
#define COMMAND(name, bit, arguments, help, purpose, examples)                                                         \
    {#name, arguments, help, purpose, examples, bit, command_##name},
#include "commands/commands.def"
#undef COMMAND
};
const size_t command_count = sizeof command_rows / sizeof *command_rows;

const char *const exit_meanings[6] = {
    "done",
    "the model, a file or the configuration is at fault",
    "wrong usage",
    "outputs differ",
    "a budget (flash, RAM, accuracy) is exceeded",
    "a tool of the target (compiler, emulator) is missing or failed",
};

const CommandRow *command_find(const char *name)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(name, command_rows[i].name) == 0)
            return &command_rows[i];
    return NULL;
}

static void exit_statuses(Buf *out)
{
    buf_puts(out, "\nExit status:\n");
    for (int i = 0; i < 6; i++)
        buf_printf(out, "  %d  %s\n", i, exit_meanings[i]);
}

void help_overview(Buf *out)
{
    buf_printf(
        out,
        "adze %s: compiles ONNX models into self-contained C for edge devices\n\nUsage: adze COMMAND [options]\n\n",
        ADZE_VERSION);
    for (size_t i = 0; i < command_count; i++) {
        const CommandRow *row = &command_rows[i];
        buf_printf(out, "  %-10s %-11s %s\n", row->name, row->arguments, row->help);
    }
    buf_puts(out, "\n  adze COMMAND --help   purpose, options and examples of a command\n"
                  "  adze --version        the version\n\nA first session:\n"
                  "  adze compile kws.onnx -t cortex-m4 -o out/\n"
                  "  adze verify kws.onnx -t cortex-m4 --vectors vectors/\n");
    exit_statuses(out);
}

/* Words of `text`, broken at WIDTH, every line indented by `indent`; the first line is `at` columns long already. */
static void wrapped(Buf *out, const char *text, size_t indent, size_t at)
{
    while (*text) {
        size_t n = strcspn(text, " ");
        if (at > indent && at + 1 + n > WIDTH) {
            buf_putc(out, '\n');
            at = 0;
        } else if (at > indent) {
            buf_putc(out, ' ');
            at++;
        }
        for (; at < indent; at++)
            buf_putc(out, ' ');
        buf_write(out, text, n);
        at += n;
        text += n + (text[n] == ' ');
    }
    buf_putc(out, '\n');
}

static void option_line(Arena *a, const OptionRow *row, Buf *out)
{
    const char *letter = row->letter ? arena_printf(a, "-%c, ", row->letter) : "    ";
    const char *name = arena_printf(a, "  %s--%s%s%s", letter, option_name(a, row), row->argument ? " " : "",
                                    row->argument ? row->argument : "");
    size_t n = strlen(name);
    buf_puts(out, name);
    if (n >= COLUMN) {
        buf_putc(out, '\n');
        n = 0;
    }
    for (; n < COLUMN; n++)
        buf_putc(out, ' ');
    wrapped(out, row->help, COLUMN, COLUMN);
}

static void options(int command, Buf *out)
{
    Arena *a = arena_new();
    const char *title = NULL;
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_rows[i];
        if (row->kind == OPTION_GROUP)
            title = row->help;
        if (row->kind == OPTION_GROUP || !(row->commands & command))
            continue;
        if (title)
            buf_printf(out, "\n%s:\n", title);
        title = NULL;
        option_line(a, row, out);
    }
    arena_free(a);
}

const char *example_next(const char *at, Example *out)
{
    size_t n = strcspn(at, "\n");
    const char *colon = memmem(at, n, ": ", 2);
    if (!*at)
        return NULL;
    out->command = at;
    out->command_length = colon ? (size_t)(colon - at) : n;
    out->what = colon ? colon + 2 : at + n;
    out->what_length = (size_t)(at + n - out->what);
    return at + n + (at[n] == '\n');
}

static void examples(const CommandRow *row, Buf *out)
{
    Example e;
    buf_puts(out, "\nExamples:\n");
    for (const char *at = row->examples; (at = example_next(at, &e)) != NULL;) {
        buf_printf(out, "  adze %.*s\n", (int)e.command_length, e.command);
        if (e.what_length)
            buf_printf(out, "      %.*s\n", (int)e.what_length, e.what);
    }
}

void help_command(const CommandRow *row, Buf *out)
{
    buf_printf(out, "adze %s: %s\n\nUsage: adze %s %s [options]\n\n", row->name, row->help, row->name, row->arguments);
    wrapped(out, row->purpose, 0, 0);
    options(row->bit, out);
    examples(row, out);
    exit_statuses(out);
}
