#include "cli/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"
#include "cli/terminal.h"

#define DEFAULT_CONFIG "grapnel.yaml"

const char *command_value(const struct command_line *line, enum command_option option)
{
    for (size_t i = line->option_count; i-- > 0;)
        if (line->options[i].option == option)
            return line->options[i].value;
    return NULL;
}

uint64_t command_number(const struct command_line *line, enum command_option option,
                        uint64_t otherwise)
{
    const char *value = command_value(line, option);
    return value ? strtoull(value, NULL, 10) : otherwise;
}

const char *command_config(const struct command_line *line)
{
    const char *path = command_value(line, OPTION_CONFIG);
    return path ? path : DEFAULT_CONFIG;
}

bool command_wants_json(const struct command_line *line)
{
    const char *output = command_value(line, OPTION_OUTPUT);
    return output && strcmp(output, "json") == 0;
}

enum command_exit command_fail(const struct error *err)
{
    struct buffer text = {0};
    terminal_clean(&text, slice_of(err->text), true);
    const char *clean = buffer_text(&text);
    fprintf(stderr, "grapnel: %s\n", clean ? clean : error_name(err->kind));
    buffer_finish(&text);
    switch (err->kind) {
    case ERROR_USAGE:
        return COMMAND_WRONG_USAGE;
    case ERROR_INPUT:
    case ERROR_DECODE:
    case ERROR_FILTER:
    case ERROR_RENDER:
    case ERROR_TOO_LARGE:
        return COMMAND_WRONG_INPUT;
    default:
        return COMMAND_OUTSIDE_FAILED;
    }
}

/* What was printed has only arrived when the last of it is written: a full disk shows here. */
static enum command_exit finish_output(enum command_exit exit)
{
    struct error err = {0};
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit;
    error_set(&err, ERROR_SYSTEM, "standard output can't be written");
    enum command_exit failed = command_fail(&err);
    return exit == COMMAND_DONE ? failed : exit;
}

static enum command_exit run(const struct command *command, int argc, char **argv)
{
    struct error err = {0};
    struct command_line line;
    enum command_exit exit;
    if (!options_read(command, argc, argv, &line, &err)) {
        exit = command_fail(&err);
        fprintf(stderr, "Try 'grapnel help %s'.\n", command->name);
    } else if (command_given(&line, OPTION_HELP)) {
        help_command_print(command, stdout);
        exit = COMMAND_DONE;
    } else {
        exit = command->function(&line);
    }
    free((void *)line.options);
    return finish_output(exit);
}

/* --version and --help before any command are what people try first. */
static const char *name_of(char *word)
{
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return "version";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    return word;
}

enum command_exit command_main(int argc, char **argv)
{
    struct error err = {0};
    if (argc < 2) {
        help_print(stderr);
        return COMMAND_WRONG_USAGE;
    }
    const char *name = name_of(argv[1]);
    if (*name == '-')
        error_set(&err, ERROR_USAGE, "the command comes first, '%s' after it", name);
    const struct command *command = *name == '-' ? NULL : command_find(name, &err);
    if (command)
        return run(command, argc - 1, argv + 1);
    enum command_exit exit = command_fail(&err);
    fputs("Try 'grapnel help'.\n", stderr);
    return exit;
}
