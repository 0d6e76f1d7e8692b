/* The rows of commands.def as tables, and argv read by them. Thread: main. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/commands.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_MANY,
    OPTION_FILE,
    OPTION_NUMBER,
    OPTION_CHOICE
};

struct option_row {
    const char *name;
    char letter; /* 0: none */
    enum option_kind kind;
    const char *argument;
    const char *help; /* NULL: hidden */
};

struct command {
    const char *name;
    command_function *function;
    uint32_t takes; /* bit n: option n */
    uint32_t needs;
    const char *arguments; /* "[COMMAND]"; NULL: none */
    size_t most_arguments;
    const char *line;
    const char *text;
};

extern const struct option_row option_rows[OPTION_COUNT];
extern const struct command command_rows[];
extern const size_t command_row_count;

static inline bool command_takes(const struct command *command, enum command_option option)
{
    return command->takes >> option & 1;
}

/* Is the option of this command one that users are told of? */
static inline bool command_shows(const struct command *command, enum command_option option)
{
    return command_takes(command, option) && option_rows[option].help;
}

/* NULL, and `err` with the nearest name, if there is none of that name. */
const struct command *command_find(const char *name, struct error *err);

/* Reads what comes after the command's name. False and ERROR_USAGE when it isn't what the row
 * says; free(line->options) in either case. --help is given like any option and excuses the
 * lack of others. */
bool options_read(const struct command *command, int argc, char **argv, struct command_line *line,
                  struct error *err) MUST_CHECK;

#endif
