/* --since and --until: a time, or how long ago. Thread: main. */
#ifndef CLI_PERIOD_H
#define CLI_PERIOD_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/commands.h"

struct period {
    bool has_since;
    bool has_until;
    int64_t since_unix_ms;
    int64_t until_unix_ms; /* not in it any more */
};

/* False and ERROR_USAGE: one is no time, or it ends before it begins. `now_unix_ms` is what
 * durations count from. */
bool period_read(const struct command_line *line, int64_t now_unix_ms, struct period *period,
                 struct error *err) MUST_CHECK;

#endif
