/* The tokens of a jq program, for whoever must find its end, its names or its shape without running
 * it. As in jq 1.6: strings may hold programs, `"\(.a)"`, whose tokens come between the texts. */
#ifndef BASE_JQLEX_H
#define BASE_JQLEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define JQLEX_DEPTH 256 /* brackets and strings within each other */

enum jqlex_kind {
    JQLEX_END,
    JQLEX_NAME,     /* length, and, true */
    JQLEX_VARIABLE, /* $x */
    JQLEX_FIELD,    /* .x */
    JQLEX_FORMAT,   /* @x */
    JQLEX_NUMBER,
    JQLEX_STRING,   /* with its quotes, when no program is in it */
    JQLEX_TEXT,     /* a part of a string that programs are in */
    JQLEX_OPERATOR, /* brackets too */
    JQLEX_BAD,      /* a string or more brackets than can be read; nothing comes after it */
};

struct jqlex_token {
    enum jqlex_kind kind;
    struct slice text;
    struct slice name; /* of a name, variable, field or format: without its sign */
    bool key;          /* a name in braces that is a key, and calls nothing */
    bool stray;        /* a closing bracket that nothing opens */
};

/* Zero-initialise, set `at` and `end`. */
struct jqlex {
    const char *at;
    const char *end;
    size_t depth;
    char open[JQLEX_DEPTH]; /* `(` `[` `{`, `"` for a string, `i` for a program in it */
    char before;            /* of an operator the first character; of anything else a blank */
};

struct jqlex_token jqlex_next(struct jqlex *lex);

/* From behind `{{` to its `}}`, braces and strings of the program apart; NULL: there is none. */
const char *jqlex_close(const char *at, const char *end);

#endif
