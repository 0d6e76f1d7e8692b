/* JSON as it is written: a value is a slice of the published text, so numbers keep their digits.
 * Text is read once: checked, and the place of each value noted in a flat list, which makes every
 * look-up after that a walk over a few numbers. No tree, nothing copied.
 *
 * Values are named by their number in the list; JTEXT_ROOT is the whole. What is found borrows the
 * text. Reading the next text into the same struct reuses its memory. */
#ifndef BASE_JTEXT_H
#define BASE_JTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/slice.h"

#define JTEXT_DEPTH   512 /* brackets within brackets */
#define JTEXT_ROOT    0u
#define JTEXT_NOTHING UINT32_MAX

enum jtext_kind {
    JTEXT_NONE, /* there is no value: an empty slice */
    JTEXT_NULL,
    JTEXT_FALSE,
    JTEXT_TRUE,
    JTEXT_NUMBER,
    JTEXT_STRING,
    JTEXT_ARRAY,
    JTEXT_OBJECT,
};

/* A value, or the name before a member's value; a container's contents follow it. */
struct jtext_token {
    uint32_t start;       /* bytes from the text's begin */
    uint32_t size : 31;   /* bytes; a string's with its quotes */
    uint32_t escaped : 1; /* a string with a backslash in it */
    uint32_t next;        /* number of what follows this value and all in it */
};

/* Owner: whoever holds the struct; zero-initialised is empty and valid. */
struct jtext {
    const char *text; /* borrowed */
    struct jtext_token *tokens;
    uint32_t count;
    uint32_t capacity;
};

/* Is it one JSON value (RFC 8259) in valid UTF-8, with white space around it or not? On false `err`
 * is ERROR_DECODE with the byte (from 0) and what was expected there, or ERROR_MEMORY, and `json`
 * may only be read into again or finished. A byte order mark is not JSON. An escaped half of a
 * surrogate pair is, as in the RFC's grammar; it reads as U+FFFD. */
bool jtext_read(struct jtext *json, struct slice text, struct error *err) MUST_CHECK;
void jtext_finish(struct jtext *json);

/* The value as it stands in the text. */
static inline struct slice jtext_value(const struct jtext *json, uint32_t value)
{
    const struct jtext_token *token = &json->tokens[value];
    return (struct slice){json->text + token->start, token->size};
}

/* The member of that (unescaped) name; of several the last, as in jq. JTEXT_NOTHING: there is none,
 * or `object` isn't one. */
uint32_t jtext_member(const struct jtext *json, uint32_t object, struct slice name);

/* The element at `index` from 0, or from the end below 0. JTEXT_NOTHING: there is none, or `array`
 * isn't one. */
uint32_t jtext_element(const struct jtext *json, uint32_t array, long long index);

/* Of a value's text. */
enum jtext_kind jtext_kind(struct slice value);

/* "string", "object", … as jq calls them; "boolean" for both. */
const char *jtext_kind_name(enum jtext_kind kind);

/* What a JSON string (with its quotes) says: its slice where no escape is in it, else unescaped
 * behind the end of `scratch`. Empty if `scratch` failed. */
struct slice jtext_string(struct slice string, struct buffer *scratch);

/* `text` as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD. */
void jtext_add_string(struct buffer *out, struct slice text);

/* The same without the quotes: for a string that is put together of several texts. */
void jtext_add_escaped(struct buffer *out, struct slice text);

#endif
