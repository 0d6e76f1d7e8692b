/* An outcome: what one attempt came to. Pure. */
#ifndef DELIVER_OUTCOME_H
#define DELIVER_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "config/subscription.h"
#include "net/http.h"

/* A receiver may ask for that much patience (Retry-After), not more. */
#define RETRY_AFTER_MOST_MS 86400000LL /* a day */

struct outcome {
    enum error_kind kind;   /* ERROR_NONE: delivered */
    const char *error;      /* "" when delivered */
    int status;             /* 0: no answer */
    struct slice id;        /* webhook-id; empty when it could not be rendered */
    struct slice response;  /* the answer's first bytes, secrets masked */
    const char *method;     /* "" when no request could be made */
    const char *url;        /* without secrets; "" when no request could be made */
    int64_t retry_after_ms; /* what a 429 or 503 asked for; -1: nothing */
    int64_t started_unix_ms;
    int64_t duration_us;
};

/* Fills kind, error, status, response, retry_after_ms and duration. Everything is borrowed from
 * the exchange; `text` has room for an error's text. */
void outcome_classify(const struct http_exchange *exchange, const struct status_set *success,
                      int64_t unix_ms, struct error *text, struct outcome *outcome);

/* A Retry-After header as a wait from `unix_ms`: seconds or a date (RFC 9110 §10.2.3).
 * -1: none, or it can't be read. */
int64_t outcome_retry_after(const char *header, int64_t unix_ms);

#endif
