/* The manual page adze(1) in man(7) macros, from the tables of commands and options. */
#include "base/version.h"
#include "commands/commands.h"

#include <string.h>

/* A text line: no macro at its begin, dashes that can be typed. */
static void roff(const char *text, size_t length, Buf *out)
{
    if (length && (*text == '.' || *text == '\''))
        buf_puts(out, "\\&");
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '-')
            buf_puts(out, "\\-");
        else if (text[i] == '\\')
            buf_puts(out, "\\e");
        else
            buf_putc(out, text[i]);
    }
}

static void roff_text(const char *text, Buf *out)
{
    roff(text, strlen(text), out);
}

static void option_entry(Arena *a, const OptionRow *row, Buf *out)
{
    buf_puts(out, ".TP\n\\fB");
    if (row->letter)
        buf_printf(out, "\\-%c\\fR, \\fB", row->letter);
    roff_text(arena_printf(a, "--%s", option_name(a, row)), out);
    buf_puts(out, "\\fR");
    if (row->argument) {
        buf_puts(out, " \\fI");
        roff_text(row->argument, out);
        buf_puts(out, "\\fR");
    }
    buf_puts(out, "\n");
    roff_text(row->help, out);
    if (row->commands != CMD_ALL) {
        const char *separator = " (";
        for (size_t i = 0; i < command_count; i++)
            if (row->commands & command_rows[i].bit) {
                buf_printf(out, "%s%s", separator, command_rows[i].name);
                separator = ", ";
            }
        buf_puts(out, ")");
    }
    buf_puts(out, "\n");
}

static void command_entry(const CommandRow *row, Buf *out)
{
    buf_printf(out, ".TP\n\\fBadze %s\\fR \\fI", row->name);
    roff_text(row->arguments, out);
    buf_puts(out, "\\fR\n");
    roff_text(row->purpose, out);
    buf_puts(out, "\n");
}

static void examples(const CommandRow *row, Buf *out)
{
    Example e;
    for (const char *at = row->examples; (at = example_next(at, &e)) != NULL;) {
        buf_puts(out, ".TP\n\\fBadze ");
        roff(e.command, e.command_length, out);
        buf_puts(out, "\\fR\n");
        roff(e.what, e.what_length, out);
        buf_puts(out, "\n");
    }
}

void manual_page(Buf *out)
{
    Arena *a = arena_new();
    buf_printf(
        out,
        ".\\\" Made from compiler/commands/*.def by `make docs`.\n.TH ADZE 1 \"\" \"adze %s\" \"User Commands\"\n"
        ".SH NAME\nadze \\- compiles ONNX models into self\\-contained C for edge devices\n"
        ".SH SYNOPSIS\n.B adze\n.I COMMAND\n[options]\n.SH COMMANDS\n",
        ADZE_VERSION);
    for (size_t i = 0; i < command_count; i++)
        command_entry(&command_rows[i], out);
    buf_puts(out, ".SH OPTIONS\nThose of a command: \\fBadze\\fR \\fICOMMAND\\fR \\fB\\-\\-help\\fR. Each can also "
                  "stand in a pipeline "
                  "file, by its long name.\n");
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_rows[i];
        if (row->kind == OPTION_GROUP)
            buf_printf(out, ".SS %s\n", row->help);
        else
            option_entry(a, row, out);
    }
    buf_puts(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < command_count; i++)
        examples(&command_rows[i], out);
    buf_puts(out, ".SH EXIT STATUS\n");
    for (int i = 0; i < 6; i++) {
        buf_printf(out, ".TP\n.B %d\n", i);
        roff_text(exit_meanings[i], out);
        buf_puts(out, "\n");
    }
    buf_puts(out, ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nNo colours in messages, also on a terminal.\n"
                  ".TP\n.B TMPDIR\nWhere programs are built and run (default: /tmp).\n");
    arena_free(a);
}
