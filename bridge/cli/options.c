#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, name, letter, kind, argument, help)                                             \
    [OPTION_##id] = {name, letter, OPTION_##kind, argument, help},
#include "cli/commands.def"
};

#define O(id) (UINT32_C(1) << OPTION_##id)
const struct command command_rows[] = {
#define COMMAND(name, function, takes, needs, arguments, most, line, text)                         \
    {name, function, (takes) | O(HELP), needs, arguments, most, line, text},
#include "cli/commands.def"
};
const size_t command_row_count = COUNT_OF(command_rows);

/* getopt's table of one command, and its string of letters. */
struct getopt_table {
    struct option options[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 3];
};

const struct command *command_find(const char *name, struct error *err)
{
    const char *names[COUNT_OF(command_rows)];
    for (size_t i = 0; i < command_row_count; i++) {
        if (strcmp(command_rows[i].name, name) == 0)
            return &command_rows[i];
        names[i] = command_rows[i].name;
    }
    const char *nearest = nearest_name(slice_of(name), names, command_row_count);
    if (nearest)
        error_set(err, ERROR_USAGE, "there is no command '%s'; did you mean '%s'?", name, nearest);
    else
        error_set(err, ERROR_USAGE, "there is no command '%s'", name);
    return NULL;
}

static void fill_table(const struct command *command, struct getopt_table *table)
{
    *table = (struct getopt_table){.letters = ":"};
    struct option *next = table->options;
    char *letter = table->letters + strlen(table->letters);
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        if (!command_takes(command, o))
            continue;
        bool flag = option_rows[o].kind == OPTION_FLAG;
        /* 256 and more: no letter's value */
        *next++ = (struct option){option_rows[o].name, flag ? no_argument : required_argument, NULL,
                                  256 + (int)o};
        if (option_rows[o].letter)
            *letter++ = option_rows[o].letter;
        if (option_rows[o].letter && !flag)
            *letter++ = ':';
    }
}

static bool is_choice(const char *choices, const char *value)
{
    size_t size = strlen(value);
    for (const char *p = choices; p; p = strchr(p, '|')) {
        p += *p == '|';
        if (size && strncmp(p, value, size) == 0 && (p[size] == '|' || p[size] == '\0'))
            return true;
    }
    return false;
}

static bool read_number(const char *text, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *number > 0;
}

static bool check_value(enum command_option o, const char *value, struct error *err)
{
    const struct option_row *row = &option_rows[o];
    uint64_t number;
    if (row->kind == OPTION_CHOICE && !is_choice(row->argument, value))
        return error_set(err, ERROR_USAGE, "--%s is one of %s, not '%s'", row->name, row->argument,
                         value);
    if (row->kind == OPTION_NUMBER && !read_number(value, &number))
        return error_set(err, ERROR_USAGE, "--%s is a number from 1, not '%s'", row->name, value);
    if (row->kind == OPTION_FILE && !*value)
        return error_set(err, ERROR_USAGE, "--%s needs the name of a file", row->name);
    return true;
}

static enum command_option option_of(int found)
{
    if (found >= 256)
        return (enum command_option)(found - 256);
    enum command_option o = 0;
    while (option_rows[o].letter != (char)found)
        o++;
    return o;
}

static bool unknown_long(const struct command *command, const char *text, struct error *err)
{
    struct slice name = {text + 2, strcspn(text + 2, "=")};
    const char *names[OPTION_COUNT];
    size_t count = 0;
    for (enum command_option o = 0; o < OPTION_COUNT; o++) {
        if (slice_is(name, option_rows[o].name) && command_takes(command, o))
            return error_set(err, ERROR_USAGE, "--%s takes no argument", option_rows[o].name);
        if (command_shows(command, o))
            names[count++] = option_rows[o].name;
    }
    const char *nearest = nearest_name(name, names, count);
    if (nearest)
        return error_set(err, ERROR_USAGE, "'%s' has no option '--%.*s'; did you mean '--%s'?",
                         command->name, SLICE_ARGS(name), nearest);
    return error_set(err, ERROR_USAGE, "'%s' has no option '--%.*s'", command->name,
                     SLICE_ARGS(name));
}

/* `word` is where getopt stopped at, `letter` what it did not know: 0 for a long option. */
static bool unknown_option(const struct command *command, const char *word, int letter,
                           struct error *err)
{
    if (letter == 0 || letter >= 256)
        return unknown_long(command, word, err);
    return error_set(err, ERROR_USAGE, "'%s' has no option '-%c'", command->name, letter);
}

static bool add_option(struct command_line *line, enum command_option o, const char *value,
                       struct error *err)
{
    if (!value)
        value = "";
    if (option_rows[o].kind != OPTION_MANY && command_given(line, o))
        return error_set(err, ERROR_USAGE, "--%s is given twice", option_rows[o].name);
    if (!check_value(o, value, err))
        return false;
    struct given_option *options = (struct given_option *)line->options;
    options[line->option_count++] = (struct given_option){o, value};
    return true;
}

/* Options and arguments may come in any order; what follows "--" is an argument. */
static bool read_all(const struct command *command, int argc, char **argv,
                     struct command_line *line, struct error *err)
{
    struct getopt_table table;
    fill_table(command, &table);
    opterr = 0;
    optind = 0; /* glibc: start anew, also where getopt ran before */
    for (;;) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet */
        int found = getopt_long(argc, argv, table.letters, table.options, NULL);
        if (found == -1)
            break;
        if (found == '?')
            return unknown_option(command, argv[optind - 1], optopt, err);
        if (found == ':')
            return error_set(err, ERROR_USAGE, "'%s' needs an argument", argv[optind - 1]);
        if (!add_option(line, option_of(found), optarg, err))
            return false;
    }
    line->arguments = argv + optind;
    line->argument_count = (size_t)(argc - optind);
    return true;
}

static bool check_needs(const struct command *command, const struct command_line *line,
                        struct error *err)
{
    if (line->argument_count > command->most_arguments)
        return error_set(err, ERROR_USAGE, "'%s' is one argument too many for '%s'",
                         line->arguments[command->most_arguments], command->name);
    for (enum command_option o = 0; o < OPTION_COUNT; o++)
        if ((command->needs >> o & 1) && !command_given(line, o))
            return error_set(err, ERROR_USAGE, "'%s' needs --%s %s", command->name,
                             option_rows[o].name, option_rows[o].argument);
    return true;
}

bool options_read(const struct command *command, int argc, char **argv, struct command_line *line,
                  struct error *err)
{
    /* A word holds several flags at most: -abc. */
    size_t most = 1;
    for (int i = 0; i < argc; i++)
        most += strlen(argv[i]) + 1;
    *line = (struct command_line){.command = command,
                                  .options = calloc(most, sizeof(struct given_option))};
    if (!line->options)
        return error_set(err, ERROR_MEMORY, "no memory for the command line");
    if (!read_all(command, argc, argv, line, err))
        return false;
    return command_given(line, OPTION_HELP) || check_needs(command, line, err);
}
