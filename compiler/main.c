/* adze COMMAND ...: finds the command's row and runs it. */
#include "base/progress.h"
#include "base/version.h"
#include "commands/commands.h"
#include "commands/report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static void print(FILE *out, void (*text)(Buf *))
{
    Buf b = {0};
    text(&b);
    fputs(buf_text(&b), out);
    buf_free(&b);
}

static int command_help(const CommandRow *row)
{
    Buf text = {0};
    help_command(row, &text);
    fputs(buf_text(&text), stdout);
    buf_free(&text);
    return EXIT_DONE;
}

static int run_command(const CommandRow *row, int argc, char **argv)
{
    Command c = {.keep = arena_new()};
    c.diag = diag_new(c.keep);
    int status;
    if (options_parse(c.keep, c.diag, row->bit, argc, argv, &c.options, &status))
        status = c.options.help ? command_help(row) : row->run(&c);
    progress_end();
    diag_flush(c.diag, stderr);
    arena_free(c.keep);
    if (fflush(stdout) || ferror(stdout)) {
        fputs("adze: error: standard output could not be written\n", stderr);
        return status ? status : EXIT_INPUT;
    }
    return status;
}

int main(int argc, char **argv)
{
    report_init();
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is a failed write, with a message */
    if (argc < 2) {
        print(stderr, help_overview);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 && argc == 3 && command_find(argv[2]))
        return command_help(command_find(argv[2]));
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print(stdout, help_overview);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("adze %s\n", ADZE_VERSION);
        return EXIT_DONE;
    }
    const CommandRow *row = command_find(argv[1]);
    if (row)
        return run_command(row, argc - 2, argv + 2);
    Arena *a = arena_new();
    Diag *d = diag_new(a);
    diag_error(d, "unknown command %s; hint: 'adze --help' lists the commands", diag_quote(a, argv[1]));
    diag_flush(d, stderr);
    arena_free(a);
    return EXIT_USAGE;
}
