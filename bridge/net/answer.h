/* What an answer comes to while it arrives: header lines and body bytes go in, the status and what
 * is kept of the rest is read out. Pure, and knows nothing of who reads the connection.
 *
 * The status decides: once the final head is complete the answer stands, whatever becomes of its
 * body. 1xx answers before it and trailers behind it count for nothing but their size. */
#ifndef NET_ANSWER_H
#define NET_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "net/http.h"

#define ANSWER_HEAD_BYTES  65536 /* all header lines, with those of 1xx answers and trailers */
#define ANSWER_BODY_BYTES  65536 /* read to keep the connection; beyond it is given up */
#define ANSWER_RETRY_AFTER 128   /* longer than any date; a longer value is no Retry-After */

#define ANSWER_TOO_LONG "the answer's head is larger than 64 KiB"

struct answer {
    int status;         /* of the last status line; 0: none yet */
    bool complete;      /* the final head is: the status stands */
    const char *broken; /* why this is no answer; NULL: it may be one */
    size_t head_bytes;
    size_t body_bytes;
    bool has_retry_after;
    char retry_after[ANSWER_RETRY_AFTER];
    char body[HTTP_RESPONSE_BYTES];
};

void answer_clear(struct answer *answer);

/* One line as it came, the empty one at a head's end too. False: it is `broken`. */
bool answer_take_line(struct answer *answer, struct slice line) MUST_CHECK;

/* False: enough of the body was read. */
bool answer_take_body(struct answer *answer, struct slice bytes) MUST_CHECK;

/* What is kept of the body. */
struct slice answer_body(const struct answer *answer);

#endif
