/* Growing bytes with a limit. Adding never returns an error: the first one that fails (no memory,
 * over the limit) marks the buffer as failed, later ones do nothing, and the writer asks once at
 * the end. Owner: whoever holds the struct; zero-initialised is empty and valid. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"

struct buffer {
    char *data;
    size_t size;
    size_t capacity;
    size_t limit; /* bytes; 0: none */
    bool failed;
    bool no_memory; /* and that is why */
};

void buffer_finish(struct buffer *buf);

/* Empty again and not failed; keeps the memory and the limit. */
void buffer_clear(struct buffer *buf);

/* Room for `size` more bytes behind the end, or NULL; the caller fills it and adds to buf->size. */
char *buffer_reserve(struct buffer *buf, size_t size);

void buffer_add(struct buffer *buf, const void *data, size_t size);
void buffer_add_slice(struct buffer *buf, struct slice text);
void buffer_add_text(struct buffer *buf, const char *text);
void buffer_add_char(struct buffer *buf, char c);
void buffer_add_int(struct buffer *buf, long long value);
void buffer_print(struct buffer *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text so far with a NUL behind it that is not counted; NULL if the buffer failed.
 * The buffer keeps owning it. */
const char *buffer_text(struct buffer *buf);

/* Ends the program if there was no memory for it (base/memory.h): for what is made of the
 * configuration, and would be cut short without a word. */
void buffer_need(const struct buffer *buf);

static inline struct slice buffer_slice(const struct buffer *buf)
{
    return (struct slice){buf->data ? buf->data : "", buf->size};
}

#endif
