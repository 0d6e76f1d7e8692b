#include "cli/period.h"

#include "base/number.h"

static bool read_time(const char *name, const char *text, int64_t now_unix_ms, int64_t *unix_ms,
                      struct error *err)
{
    int64_t ago_ms = 0;
    if (number_time(slice_of(text), unix_ms, NULL))
        return true;
    if (!number_duration(slice_of(text), &ago_ms, NULL))
        return error_set(err, ERROR_USAGE,
                         "--%s is a time such as 2026-11-23T15:04 or how long ago, such as 2h, "
                         "not '%s'",
                         name, text);
    *unix_ms = ago_ms < now_unix_ms ? now_unix_ms - ago_ms : 0;
    return true;
}

bool period_read(const struct command_line *line, int64_t now_unix_ms, struct period *period,
                 struct error *err)
{
    const char *since = command_value(line, OPTION_SINCE);
    const char *until = command_value(line, OPTION_UNTIL);
    *period = (struct period){.has_since = since != NULL, .has_until = until != NULL};
    if (since && !read_time("since", since, now_unix_ms, &period->since_unix_ms, err))
        return false;
    if (until && !read_time("until", until, now_unix_ms, &period->until_unix_ms, err))
        return false;
    if (since && until && period->until_unix_ms <= period->since_unix_ms)
        return error_set(err, ERROR_USAGE, "--until %s is not after --since %s", until, since);
    return true;
}
