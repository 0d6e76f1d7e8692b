/* An error is a kind and a text. The text sits in a fixed buffer: making an error can't fail.
 *
 * Functions that can fail return false and fill the last parameter; the caller may wrap it with
 * where it happened, and the one who handles it logs it once. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/compiler.h"

enum error_kind {
    ERROR_NONE,
#define ERROR_KIND(name, text, retry) ERROR_##name,
#include "base/error.def"
#undef ERROR_KIND
};

struct error {
    enum error_kind kind;
    char text[512];
};

/* Fills `err` (which may be NULL) and returns false, so that `return error_set(…)` reads well.
 * A text that is too long is cut. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Puts "<format>: " before the text; the kind stays. Returns false. */
bool error_wrap(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* "timeout", "too-large", …; "" for ERROR_NONE. */
const char *error_name(enum error_kind kind);

/* The kind of that public name; ERROR_NONE if there is none. */
enum error_kind error_named(const char *name);

/* May another attempt come to a better end? */
bool error_retryable(enum error_kind kind);

#endif
