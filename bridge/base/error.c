#include "base/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    bool retry;
} kinds[] = {
    [ERROR_NONE] = {"", false},
#define ERROR_KIND(id, text, again) [ERROR_##id] = {text, again},
#include "base/error.def"
#undef ERROR_KIND
};

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
    if (!err)
        return false;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->kind = kind;
    return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return false;
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    va_list args;
    va_start(args, format);
    int written = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    size_t used = written < 0 ? 0 : (size_t)written;
    if (used < sizeof err->text) {
        int cut = snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
        (void)cut; /* what is too long is meant to be */
    }
    return false;
}

const char *error_name(enum error_kind kind)
{
    return kinds[kind].name;
}

enum error_kind error_named(const char *name)
{
    for (size_t i = 1; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (enum error_kind)i;
    return ERROR_NONE;
}

bool error_retryable(enum error_kind kind)
{
    return kinds[kind].retry;
}
