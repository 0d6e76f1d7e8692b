#include <stdio.h>

#include "cli/commands.h"
#include "cli/configuration.h"

enum command_exit check_command(const struct command_line *line)
{
    struct configuration configuration = {0};
    const char *path = command_config(line);
    bool fine = configuration_load(path, &configuration);
    if (fine) {
        size_t count = configuration.settings->subscription_count;
        printf("%s: %zu subscription%s, fine\n", path, count, count == 1 ? "" : "s");
    }
    configuration_finish(&configuration);
    return fine ? COMMAND_DONE : COMMAND_WRONG_INPUT;
}
