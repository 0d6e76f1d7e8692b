#include "cli/help.h"

#include <string.h>

/* `text` in a shell's single quotes. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void put_choices(FILE *out, const char *choices)
{
    for (; *choices; choices++)
        fputc(*choices == '|' ? ' ' : *choices, out);
}

static void put_commands(FILE *out)
{
    for (size_t i = 0; i < command_row_count; i++)
        fprintf(out, "%s%s", i ? " " : "", command_rows[i].name);
}

/* What the command's first argument may be, where that is a matter of choice: "a|b [MORE]". */
static bool has_words(const struct command *command)
{
    return command->function == help_command ||
           (command->arguments && strchr(command->arguments, '|'));
}

static void put_words(FILE *out, const struct command *command)
{
    if (command->function == help_command) {
        put_commands(out);
        return;
    }
    for (const char *c = command->arguments; *c && *c != ' '; c++)
        fputc(*c == '|' ? ' ' : *c, out);
}

static void bash_option_values(FILE *out)
{
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        const struct option_row *row = &option_rows[o];
        if (!row->help || row->kind == OPTION_FLAG)
            continue;
        fprintf(out, "    --%s", row->name);
        if (row->letter)
            fprintf(out, "|-%c", row->letter);
        fputs(") ", out);
        if (row->kind == OPTION_FILE) {
            fputs("COMPREPLY=($(compgen -f -- \"$word\")); ", out);
        } else if (row->kind == OPTION_CHOICE) {
            fputs("COMPREPLY=($(compgen -W '", out);
            put_choices(out, row->argument);
            fputs("' -- \"$word\")); ", out);
        }
        fputs("return ;;\n", out);
    }
}

static void bash_command_options(FILE *out, const struct command *command)
{
    fprintf(out, "    %s) words='", command->name);
    const char *gap = "";
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        if (!command_shows(command, o))
            continue;
        fprintf(out, "%s--%s", gap, option_rows[o].name);
        gap = " ";
    }
    if (has_words(command)) {
        fputs(gap, out);
        put_words(out, command);
    }
    fputs("' ;;\n", out);
}

static void bash_print(FILE *out)
{
    fputs("# bash completion for grapnel; made by 'grapnel help --completion bash'\n"
          "_grapnel() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    COMPREPLY=()\n"
          "    if ((COMP_CWORD == 1)); then\n"
          "        COMPREPLY=($(compgen -W '",
          out);
    put_commands(out);
    fputs("' -- \"$word\"))\n        return\n    fi\n    case $before in\n", out);
    bash_option_values(out);
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", out);
    for (size_t i = 0; i < command_row_count; i++)
        bash_command_options(out, &command_rows[i]);
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
          "}\n"
          "complete -o filenames -F _grapnel grapnel\n",
          out);
}

/* '(-c --config)'{-c,--config}'[help]:FILE:_files' */
static void zsh_option(FILE *out, enum command_option o)
{
    const struct option_row *row = &option_rows[o];
    char help[256];
    snprintf(help, sizeof help, "[%s]", row->help);
    fputs(" \\\n            ", out);
    if (row->kind == OPTION_MANY)
        fputs("'*'", out);
    else if (row->letter)
        fprintf(out, "'(-%c --%s)'", row->letter, row->name);
    if (row->letter)
        fprintf(out, "{-%c,--%s}", row->letter, row->name);
    else
        fprintf(out, "--%s", row->name);
    put_quoted(out, help);
    if (row->kind == OPTION_FLAG)
        return;
    if (row->kind == OPTION_CHOICE) {
        fputs("':value:(", out);
        put_choices(out, row->argument);
        fputs(")'", out);
    } else {
        fprintf(out, "':value:%s'", row->kind == OPTION_FILE ? "_files" : " ");
    }
}

static void zsh_words(FILE *out, const struct command *command)
{
    if (command->function == help_command) {
        fputs(" \\\n            '1:command:{_describe command commands}'", out);
    } else if (has_words(command)) {
        fputs(" \\\n            '1:what:(", out);
        put_words(out, command);
        fputs(")' '*:id: '", out);
    }
}

static void zsh_print(FILE *out)
{
    fputs("#compdef grapnel\n# made by 'grapnel help --completion zsh'\n"
          "_grapnel() {\n    local -a commands=(\n",
          out);
    for (size_t i = 0; i < command_row_count; i++) {
        char row[256];
        snprintf(row, sizeof row, "%s:%s", command_rows[i].name, command_rows[i].line);
        fputs("        ", out);
        put_quoted(out, row);
        fputc('\n', out);
    }
    fputs("    )\n    if ((CURRENT == 2)); then\n        _describe command commands\n"
          "        return\n    fi\n    shift words\n    ((CURRENT--))\n    case $words[1] in\n",
          out);
    for (size_t i = 0; i < command_row_count; i++) {
        fprintf(out, "    %s)\n        _arguments -s", command_rows[i].name);
        for (enum command_option o = 0; o < OPTION_COUNT; o++)
            if (command_shows(&command_rows[i], o))
                zsh_option(out, o);
        zsh_words(out, &command_rows[i]);
        fputs(" ;;\n", out);
    }
    fputs(
        "    esac\n}\n"
        "if [[ $funcstack[1] == _grapnel ]]; then _grapnel \"$@\"; else compdef _grapnel grapnel; "
        "fi\n",
        out);
}

static void fish_option(FILE *out, const struct command *command, enum command_option o)
{
    const struct option_row *row = &option_rows[o];
    fprintf(out, "complete -c grapnel -n '__fish_seen_subcommand_from %s' -l %s", command->name,
            row->name);
    if (row->letter)
        fprintf(out, " -s %c", row->letter);
    if (row->kind == OPTION_FILE)
        fputs(" -rF", out);
    else if (row->kind != OPTION_FLAG)
        fputs(" -x", out);
    if (row->kind == OPTION_CHOICE) {
        fputs(" -a '", out);
        put_choices(out, row->argument);
        fputc('\'', out);
    }
    fputs(" -d ", out);
    put_quoted(out, row->help);
    fputc('\n', out);
}

static void fish_print(FILE *out)
{
    fputs("# fish completion for grapnel; made by 'grapnel help --completion fish'\n"
          "complete -c grapnel -f\n",
          out);
    for (size_t i = 0; i < command_row_count; i++) {
        fprintf(out, "complete -c grapnel -n __fish_use_subcommand -a %s -d ",
                command_rows[i].name);
        put_quoted(out, command_rows[i].line);
        fputc('\n', out);
        for (enum command_option o = 0; o < OPTION_COUNT; o++)
            if (command_shows(&command_rows[i], o))
                fish_option(out, &command_rows[i], o);
    }
    for (size_t i = 0; i < command_row_count; i++) {
        if (!has_words(&command_rows[i]))
            continue;
        fprintf(out, "complete -c grapnel -n '__fish_seen_subcommand_from %s' -a '",
                command_rows[i].name);
        put_words(out, &command_rows[i]);
        fputs("'\n", out);
    }
}

void completion_print(const char *shell, FILE *out)
{
    if (strcmp(shell, "bash") == 0)
        bash_print(out);
    else if (strcmp(shell, "zsh") == 0)
        zsh_print(out);
    else
        fish_print(out);
}
