#include "cli/help.h"

#include <string.h>

#include "cli/terminal.h"

#define WIDEST 100

static size_t columns(FILE *out)
{
    size_t columns = terminal_columns(out);
    if (columns == 0)
        return 80;
    return columns > WIDEST ? WIDEST : columns;
}

/* Words in lines that begin at column `indent`, where the first one already stands. */
static void print_wrapped(FILE *out, const char *text, size_t indent)
{
    size_t at = indent;
    for (const char *word = text; *word;) {
        size_t size = strcspn(word, " ");
        if (at > indent && at + 1 + size > columns(out)) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', out);
            at++;
        }
        fwrite(word, 1, size, out);
        at += size;
        word += size;
        word += strspn(word, " ");
    }
    fputc('\n', out);
}

static void add_option(struct buffer *out, enum command_option o)
{
    const struct option_row *row = &option_rows[o];
    if (row->letter)
        buffer_print(out, "-%c", row->letter);
    else
        buffer_print(out, "--%s", row->name);
    if (row->argument)
        buffer_print(out, " %s", row->argument);
}

void help_usage(const struct command *command, struct buffer *out)
{
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        if (!(command->needs >> o & 1))
            continue;
        buffer_add_char(out, ' ');
        add_option(out, o);
    }
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        if ((command->needs >> o & 1) || !command_shows(command, o) || o == OPTION_HELP)
            continue;
        buffer_add_text(out, " [");
        add_option(out, o);
        buffer_add_text(out, option_rows[o].kind == OPTION_MANY ? "]..." : "]");
    }
    if (command->arguments)
        buffer_print(out, " %s", command->arguments);
}

void help_print(FILE *out)
{
    fputs("grapnel brings events from Kafka topics to HTTP webhooks.\n\n"
          "Usage: grapnel COMMAND [OPTION]...\n\nCommands:\n",
          out);
    for (size_t i = 0; i < command_row_count; i++)
        fprintf(out, "  %-14s %s\n", command_rows[i].name, command_rows[i].line);
    fputs("\n'grapnel help COMMAND' tells a command's options; 'man grapnel' tells all.\n"
          "Exit codes: 0 done, 1 wrong input or configuration, 2 wrong usage, 3 something outside "
          "failed.\n",
          out);
}

static void print_option(FILE *out, enum command_option o)
{
    const struct option_row *row = &option_rows[o];
    char left[64];
    snprintf(left, sizeof left, "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
             row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
             row->argument ? " " : "", row->argument ? row->argument : "");
    fprintf(out, "  %-26s ", left);
    print_wrapped(out, row->help, 29);
}

void help_command_print(const struct command *command, FILE *out)
{
    struct buffer usage = {0};
    help_usage(command, &usage);
    fprintf(out, "Usage: grapnel %s", command->name);
    struct slice text = buffer_slice(&usage);
    fprintf(out, "%.*s\n\n%s\n", SLICE_ARGS(text), command->line);
    buffer_finish(&usage);
    if (*command->text) {
        fputc('\n', out);
        print_wrapped(out, command->text, 0);
    }
    fputs("\nOptions:\n", out);
    for (enum command_option o = 0; o < OPTION_COUNT; o++)
        if (command_shows(command, o))
            print_option(out, o);
}

enum command_exit help_command(const struct command_line *line)
{
    struct error err = {0};
    const char *section = command_value(line, OPTION_MAN);
    if (section) {
        if (*section == '1')
            manual_print(stdout);
        else
            manual_settings_print(stdout);
        return COMMAND_DONE;
    }
    if (command_given(line, OPTION_SCHEMA)) {
        schema_print(command_value(line, OPTION_SCHEMA), stdout);
        return COMMAND_DONE;
    }
    if (command_given(line, OPTION_COMPLETION)) {
        completion_print(command_value(line, OPTION_COMPLETION), stdout);
        return COMMAND_DONE;
    }
    if (line->argument_count == 0) {
        help_print(stdout);
        return COMMAND_DONE;
    }
    const struct command *command = command_find(line->arguments[0], &err);
    if (!command)
        return command_fail(&err);
    help_command_print(command, stdout);
    return COMMAND_DONE;
}
