#include "deliver/outcome.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

static int64_t within_bounds(int64_t wait_ms)
{
    if (wait_ms < 0)
        return 0;
    return wait_ms > RETRY_AFTER_MOST_MS ? RETRY_AFTER_MOST_MS : wait_ms;
}

int64_t outcome_retry_after(const char *header, int64_t unix_ms)
{
    if (!header || !*header)
        return -1;
    char *end = NULL;
    errno = 0;
    long long seconds = strtoll(header, &end, 10);
    if (end != header && *end == '\0') {
        if (seconds < 0)
            return -1;
        return errno || seconds > RETRY_AFTER_MOST_MS / 1000 ? RETRY_AFTER_MOST_MS : seconds * 1000;
    }
    time_t date = curl_getdate(header, NULL);
    return date < 0 ? -1 : within_bounds((int64_t)date * 1000 - unix_ms);
}

void outcome_classify(const struct http_exchange *exchange, const struct status_set *success,
                      int64_t unix_ms, struct error *text, struct outcome *outcome)
{
    outcome->status = exchange->status;
    outcome->response = exchange->response;
    outcome->duration_us = exchange->duration_us;
    outcome->retry_after_ms = -1;
    outcome->kind = exchange->kind;
    outcome->error = exchange->error;
    if (exchange->kind != ERROR_NONE || status_set_has(success, exchange->status))
        return;
    error_set(text, ERROR_STATUS, "the receiver answered %d", exchange->status);
    outcome->kind = ERROR_STATUS;
    outcome->error = text->text;
    if (exchange->status == 429 || exchange->status == 503)
        outcome->retry_after_ms = outcome_retry_after(exchange->retry_after, unix_ms);
}
