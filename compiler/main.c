/* adze COMMAND ...: finds the command's row and runs it. */
#include "base/version.h"
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *name, *arguments, *help;
    int bit;
    int (*run)(Command *);
} CommandRow;

static const CommandRow rows[] = {
#define COMMAND(name, bit, arguments, help) {#name, arguments, help, bit, command_##name},
#include "commands/commands.def"
#undef COMMAND
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

static void overview(FILE *out)
{
    fprintf(out, "adze %s: compiles ONNX models into self-contained C for edge devices\n\nusage: adze COMMAND [options]\n\n",
            ADZE_VERSION);
    for (int i = 0; i < ROW_COUNT; i++)
        fprintf(out, "  %-9s %-12s %s\n", rows[i].name, rows[i].arguments, rows[i].help);
    fprintf(out, "\n  adze COMMAND --help        the options of a command\n"
                 "  adze --version             the version\n\n"
                 "exit status: 0 done; 1 the model, a file or the configuration is at fault; 2 wrong usage;\n"
                 "  3 outputs differ; 4 a budget is exceeded; 5 a tool of the target is missing or failed\n");
}

static void command_help(const CommandRow *row)
{
    Buf text = {0};
    buf_printf(&text, "adze %s: %s\n\nusage: adze %s %s [options]\n\n", row->name, row->help, row->name, row->arguments);
    options_help(row->bit, &text);
    fputs(buf_text(&text), stdout);
    buf_free(&text);
}

static int run_command(const CommandRow *row, int argc, char **argv)
{
    Command c = {.keep = arena_new()};
    c.diag = diag_new(c.keep);
    int status = EXIT_USAGE;
    if (options_parse(c.keep, c.diag, row->bit, argc, argv, &c.options)) {
        if (c.options.help) {
            command_help(row);
            status = EXIT_DONE;
        } else {
            status = row->run(&c);
        }
    }
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
    if (argc < 2) {
        overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("adze %s\n", ADZE_VERSION);
        return EXIT_DONE;
    }
    for (int i = 0; i < ROW_COUNT; i++)
        if (strcmp(argv[1], rows[i].name) == 0)
            return run_command(&rows[i], argc - 2, argv + 2);
    fprintf(stderr, "adze: error: unknown command '%.60s'; hint: 'adze --help' lists the commands\n", argv[1]);
    return EXIT_USAGE;
}
