/* The command line: a row of commands.def, what was given with it, and what it came to.
 *
 * To add a command: its row there, its function in a file of its own, cli/NAME.c. Thread: main. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The program's exit codes, for scripts. */
enum command_exit {
    COMMAND_DONE = 0,
    COMMAND_WRONG_INPUT = 1, /* the user's input or configuration */
    COMMAND_WRONG_USAGE = 2,
    COMMAND_OUTSIDE_FAILED = 3, /* Kafka, the network, the system */
    COMMAND_INTERRUPTED = 130,  /* as a shell has it of SIGINT: what only a person ends early */
};

enum command_option {
#define OPTION(id, name, letter, kind, argument, help) OPTION_##id,
#include "cli/commands.def"
    OPTION_COUNT
};

struct given_option {
    enum command_option option;
    const char *value; /* "" for a flag */
};

/* What was given, checked against the command's row. All is borrowed from main. */
struct command_line {
    const struct command *command;
    const struct given_option *options; /* in the order given */
    size_t option_count;
    char *const *arguments;
    size_t argument_count;
};

/* Prints what it has to say: what was asked for to stdout, the rest to stderr. */
typedef enum command_exit command_function(const struct command_line *line);

#define COMMAND(name, function, takes, needs, arguments, most, line, text)                         \
    command_function function;
#include "cli/commands.def"

/* All of main(): finds the command, reads its options, runs it. */
enum command_exit command_main(int argc, char **argv);

/* The last value given; NULL: not given. */
const char *command_value(const struct command_line *line, enum command_option option);

static inline bool command_given(const struct command_line *line, enum command_option option)
{
    return command_value(line, option) != NULL;
}

/* A NUMBER option's; `otherwise` where it isn't given. */
uint64_t command_number(const struct command_line *line, enum command_option option,
                        uint64_t otherwise);

/* --config, or its default. */
const char *command_config(const struct command_line *line);

/* Is --output json? */
bool command_wants_json(const struct command_line *line);

/* Prints "grapnel: TEXT" to stderr, and gives the exit code that belongs to the error's kind. */
enum command_exit command_fail(const struct error *err);

#endif
