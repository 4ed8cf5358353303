/* Shell completion, from the tables of commands and options: words of a CHOICE, targets, files. */
#include "commands/commands.h"

#include <string.h>

static bool takes(const OptionRow *row, int command)
{
    return row->kind != OPTION_GROUP && (row->commands & command);
}

/* The options of a command as words: "--output -o ". */
static void option_words(Arena *a, const CommandRow *command, Buf *out)
{
    for (size_t i = 0; i < option_count; i++) {
        const OptionRow *row = &option_rows[i];
        if (!takes(row, command->bit))
            continue;
        buf_printf(out, "--%s ", option_name(a, row));
        if (row->letter)
            buf_printf(out, "-%c ", row->letter);
    }
}

static void choice_words(Arena *a, const OptionRow *row, Buf *out)
{
    for (size_t i = 0; i < option_choices(row); i++)
        buf_printf(out, "%s%s", i ? " " : "", option_choice(a, row, i));
}

/* "--output|-o" as a pattern of case. */
static void pattern(Arena *a, const OptionRow *row, Buf *out)
{
    buf_printf(out, "--%s", option_name(a, row));
    if (row->letter)
        buf_printf(out, "|-%c", row->letter);
}

static void bash_value(Arena *a, const OptionRow *row, Buf *out)
{
    buf_puts(out, "    ");
    pattern(a, row, out);
    switch (row->kind) {
    case OPTION_CHOICE:
        buf_puts(out, ") COMPREPLY=($(compgen -W '");
        choice_words(a, row, out);
        buf_puts(out, "' -- \"$word\")) ;;\n");
        break;
    case OPTION_TARGET:
        buf_puts(out, ") COMPREPLY=($(compgen -W \"$(adze targets 2>/dev/null | cut -d' ' -f1)\" -- \"$word\") "
                      "$(compgen -f -- \"$word\")) ;;\n");
        break;
    case OPTION_PATH:
    case OPTION_PATHS:
        buf_puts(out, ") COMPREPLY=($(compgen -f -- \"$word\")) ;;\n");
        break;
    default: /* free text: nothing to propose */
        buf_puts(out, ") COMPREPLY=() ;;\n");
    }
}

void completion_bash(Buf *out)
{
    Arena *a = arena_new();
    buf_puts(out, "# Completion of adze for bash: `adze completion bash`.\n"
                  "_adze()\n{\n"
                  "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options=\n"
                  "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < command_count; i++)
        buf_printf(out, "%s ", command_rows[i].name);
    buf_puts(out, "--help --version' -- \"$word\"))\n        return\n    fi\n    case $before in\n");
    for (size_t i = 0; i < option_count; i++)
        if (option_rows[i].kind != OPTION_GROUP && option_rows[i].kind != OPTION_FLAG)
            bash_value(a, &option_rows[i], out);
    buf_puts(out, "    *)\n        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < command_count; i++) {
        buf_printf(out, "        %s) options='", command_rows[i].name);
        option_words(a, &command_rows[i], out);
        buf_puts(out, "' ;;\n");
    }
    buf_puts(out, "        esac\n"
                  "        case $word in\n"
                  "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
                  "        *)\n"
                  "            case ${COMP_WORDS[1]} in\n"
                  "            targets) COMPREPLY=($(compgen -W \"$(adze targets 2>/dev/null | cut -d' ' -f1)\" -- "
                  "\"$word\")) ;;\n"
                  "            completion) COMPREPLY=($(compgen -W 'bash zsh' -- \"$word\")) ;;\n"
                  "            *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
                  "            esac ;;\n"
                  "        esac ;;\n"
                  "    esac\n}\ncomplete -o filenames -F _adze adze\n");
    arena_free(a);
}

/* Text inside '...' and [...] of zsh's _arguments: no quotes, brackets or colons. */
static void zsh_text(const char *text, Buf *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_puts(out, "'\\''");
        else if (strchr("[]:\\", *text))
            buf_printf(out, "\\%c", *text);
        else
            buf_putc(out, *text);
    }
}

static const char *zsh_action(Arena *a, const OptionRow *row)
{
    Buf words = {0};
    const char *action = " ";
    if (row->kind == OPTION_CHOICE) {
        choice_words(a, row, &words);
        action = arena_printf(a, "(%s)", buf_text(&words));
    } else if (row->kind == OPTION_TARGET) {
        action = "_adze_targets";
    } else if (row->kind == OPTION_PATH || row->kind == OPTION_PATHS) {
        action = "_files";
    }
    buf_free(&words);
    return action;
}

static void zsh_option(Arena *a, const OptionRow *row, Buf *out)
{
    bool many =
        row->kind == OPTION_LIST || row->kind == OPTION_PATHS || row->kind == OPTION_SHAPES || row->kind == OPTION_DIMS;
    const char *names[2] = {arena_printf(a, "--%s", option_name(a, row)),
                            row->letter ? arena_printf(a, "-%c", row->letter) : NULL};
    for (int i = 0; i < 2 && names[i]; i++) {
        buf_printf(out, " \\\n            '%s%s[", many ? "*" : "", names[i]);
        zsh_text(row->help, out);
        buf_puts(out, "]");
        if (row->kind != OPTION_FLAG) {
            buf_puts(out, ":");
            zsh_text(row->argument, out);
            buf_printf(out, ":%s", zsh_action(a, row));
        }
        buf_puts(out, "'");
    }
}

void completion_zsh(Buf *out)
{
    Arena *a = arena_new();
    buf_puts(out, "#compdef adze\n# Completion of adze for zsh: `adze completion zsh`.\n"
                  "_adze_targets() {\n    local -a names\n"
                  "    names=(${(f)\"$(adze targets 2>/dev/null | cut -d' ' -f1)\"})\n"
                  "    compadd -a names\n    _files\n}\n"
                  "_adze() {\n    if (( CURRENT == 2 )); then\n        local -a commands\n        commands=(\n");
    for (size_t i = 0; i < command_count; i++) {
        buf_printf(out, "            '%s:", command_rows[i].name);
        zsh_text(command_rows[i].help, out);
        buf_puts(out, "'\n");
    }
    buf_puts(out, "        )\n        _describe command commands\n        return\n    fi\n    case $words[2] in\n");
    for (size_t i = 0; i < command_count; i++) {
        const CommandRow *row = &command_rows[i];
        buf_printf(out, "    %s)\n        shift words; (( CURRENT-- ))\n        _arguments", row->name);
        for (size_t k = 0; k < option_count; k++)
            if (takes(&option_rows[k], row->bit))
                zsh_option(a, &option_rows[k], out);
        const char *rest = row->bit == CMD_TARGETS      ? "'1:target:_adze_targets'"
                           : row->bit == CMD_COMPLETION ? "'1:shell:(bash zsh)'"
                                                        : "'1:model:_files'";
        buf_printf(out, " \\\n            %s ;;\n", rest);
    }
    buf_puts(out, "    esac\n}\n_adze \"$@\"\n");
    arena_free(a);
}

int command_completion(Command *c)
{
    const StringList *shells = &c->options.arguments;
    const char *shell = shells->count == 1 ? shells->items[0] : "";
    Buf text = {0};
    if (strcmp(shell, "bash") == 0) {
        completion_bash(&text);
    } else if (strcmp(shell, "zsh") == 0) {
        completion_zsh(&text);
    } else {
        diag_error(c->diag, "completion is for one shell; supported: bash, zsh");
        return EXIT_USAGE;
    }
    fputs(buf_text(&text), stdout);
    buf_free(&text);
    return EXIT_DONE;
}
