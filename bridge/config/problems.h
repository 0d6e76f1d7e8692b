/* Everything that is wrong with a configuration, each with its place, so that one run shows all.
 * Owner: whoever holds the struct; zero-initialised is empty and valid. Thread: any one. */
#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/compiler.h"

/* Where something is written. `file` lives as long as the configuration; NULL: nowhere (a default).
 */
struct place {
    const char *file;
    unsigned line;   /* from 1; 0: the file as a whole */
    unsigned column; /* from 1, in characters */
};

/* What a ${env:} or ${file:} in a scalar stood for. */
struct text_secret {
    const struct text_secret *next;
    struct slice value;
};

/* A scalar as it is written, after ${env:} and ${file:}. */
struct text {
    const char *data; /* NUL-terminated; NULL: not given, or YAML's null */
    size_t size;
    struct place at;
    bool secret;                       /* came from ${env:} or ${file:}: not to be shown */
    const struct text_secret *secrets; /* each of them; NULL: none */
    bool block;                        /* a block after |: it begins in the line below `at` */
    unsigned column; /* of its lines, where they stand in the file as they are; 0: elsewhere */
};

struct problem {
    struct place at;
    const char *message;
};

struct problems {
    struct arena arena;
    struct problem *items;
    size_t count;
    size_t capacity;
};

/* Copies all it is given. A message is one line, and never holds a secret. */
void problems_add(struct problems *problems, struct place at, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* By file, line and column; each once. */
void problems_sort(struct problems *problems);

/* "FILE:LINE:COLUMN: message" a line, sorted. */
void problems_print(struct problems *problems, FILE *out);
void problems_finish(struct problems *problems);

/* Where the byte at `offset` stands; the text's own place if that can't be told. */
struct place text_place(const struct text *text, size_t offset);

/* Does any of what a ${…} stood for lie in `part` of the text, or `part` in it? */
bool text_holds_secret(const struct text *text, struct slice part);

static inline struct slice text_slice(const struct text *text)
{
    return (struct slice){text->data, text->size};
}

#endif
