/* A dead letter on paper: all of it, for people or as JSON. Thread: main. */
#ifndef CLI_LETTER_PAGE_H
#define CLI_LETTER_PAGE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "inspect/dead_letters.h"

/* Everything there is, cleaned of what could steer a terminal; bytes that are no text in base64. */
void letter_page_print(const struct dead_letter *letter, struct buffer *out);

/* One JSON object on one line: what became of it, and with `whole` also headers, key and value,
 * each as text, or under NAME_base64 where its bytes are none. */
void letter_page_json(const struct dead_letter *letter, bool whole, struct buffer *out);

#endif
