/* The demo's page on the terminal: 80 columns, a column of labels, quiet colours where there is a
 * terminal that has them. What comes from outside is made harmless before it is shown.
 *
 * Owner: whoever holds the struct. Thread: any one. */
#ifndef CLI_DEMO_PAGE_H
#define CLI_DEMO_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/slice.h"

struct demo_page {
    FILE *out;
    bool colour;
    bool glyphs; /* the user's locale is UTF-8 */
};

enum demo_tone { DEMO_PLAIN, DEMO_QUIET, DEMO_STRONG, DEMO_GOOD, DEMO_BAD };

void demo_page_open(struct demo_page *page, FILE *out);

/* A rule with a title in it; `number` 0: none. */
void demo_page_section(const struct demo_page *page, size_t number, const char *title);

/* "label         text"; an empty label leaves its column free. */
void demo_page_line(const struct demo_page *page, const char *label, enum demo_tone tone,
                    const char *format, ...) PRINTF_LIKE(4, 5);

/* Text of any length in the column of texts, broken behind commas where it can be. */
void demo_page_text(const struct demo_page *page, enum demo_tone tone, struct slice text);

/* Lines of text as they stand, after `label`, less the first `indent` columns of each. */
void demo_page_lines(const struct demo_page *page, const char *label, const char *text,
                     size_t indent);

/* "name               value", cut to the line; `note` (NULL: none) after it. */
void demo_page_field(const struct demo_page *page, struct slice name, struct slice value,
                     const char *note, enum demo_tone note_tone);

/* A request's first line, with what it was answered at the right edge. */
void demo_page_request(const struct demo_page *page, const char *method, const char *target,
                       const char *answer, enum demo_tone tone);

void demo_page_gap(const struct demo_page *page);

/* A tick or a cross, in words where there are no glyphs. */
const char *demo_page_mark(const struct demo_page *page, bool good);

#endif
