/* UTF-8 as RFC 3629 allows it: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* What stands for text that is none: U+FFFD. */
#define UTF8_REPLACEMENT "\xEF\xBF\xBD"

/* How many bytes the character at `at` has (1…4); 0 if it isn't one. at < end. */
size_t utf8_sequence(const char *at, const char *end);

/* How many bytes from the start are valid; all of text.size when the text is. */
size_t utf8_valid_bytes(struct slice text);

static inline bool utf8_valid(struct slice text)
{
    return utf8_valid_bytes(text) == text.size;
}

/* Writes a code point (a Unicode scalar value) and returns its bytes, 1…4. */
size_t utf8_write(uint32_t code, char bytes[4]);

#endif
