#include "deliver/attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "deliver/authorise.h"
#include "render/plan.h"

struct attempt {
    struct attempt_tools tools;
    attempt_done *done;
    void *context;
    struct delivery *delivery;
    struct http_call *call;
    struct request request;
    struct authorised authorised;
    struct buffer url; /* the request's, without secrets */
    int64_t started_unix_ms;
    size_t bytes; /* what its request takes, while it is under way */
    char response[HTTP_RESPONSE_BYTES];
};

struct attempt *attempt_create(const struct attempt_tools *tools, attempt_done *done, void *context)
{
    struct attempt *attempt = calloc(1, sizeof *attempt);
    if (!attempt)
        return NULL;
    attempt->tools = *tools;
    attempt->request.gzip = tools->gzip;
    attempt->done = done;
    attempt->context = context;
    return attempt;
}

void attempt_destroy(struct attempt *attempt)
{
    if (!attempt)
        return;
    if (attempt->call)
        http_cancel(attempt->call);
    request_finish(&attempt->request);
    authorised_finish(&attempt->authorised);
    buffer_finish(&attempt->url);
    free(attempt);
}

void attempt_cancel(struct attempt *attempt)
{
    struct delivery *delivery = attempt->delivery;
    if (attempt->call) {
        http_cancel(attempt->call);
        if (--delivery->attempts == 0)
            delivery->first_attempt_unix_ms = -1;
    }
    attempt->call = NULL;
    attempt->delivery = NULL;
    delivery->attempt = NULL;
}

static void finish(struct attempt *attempt, struct outcome *outcome)
{
    struct delivery *delivery = attempt->delivery;
    struct error shown;
    if (outcome->kind != ERROR_NONE) { /* its text may quote what was sent */
        error_set(&shown, outcome->kind, "%s", outcome->error);
        mask_error(delivery->route->mask, &shown);
        outcome->error = shown.text;
    }
    delivery->attempt = NULL;
    attempt->delivery = NULL;
    attempt->call = NULL;
    outcome->id = buffer_slice(&attempt->request.id);
    outcome->started_unix_ms = attempt->started_unix_ms;
    request_trim(&attempt->request);
    attempt->done(attempt->context, attempt, delivery, outcome);
}

/* What may be shown of the URL; "" when there is none yet. */
static const char *public_url(struct attempt *attempt)
{
    const struct buffer *url = &attempt->request.url;
    buffer_clear(&attempt->url);
    char *room = url->failed ? NULL : buffer_reserve(&attempt->url, url->size + 1);
    if (!room)
        return "";
    mask_url(attempt->delivery->route->mask, buffer_slice(url), room);
    room[url->size] = '\0';
    return room;
}

static void fail(struct attempt *attempt, const struct error *err)
{
    struct outcome outcome = {
        .kind = err->kind,
        .error = err->text,
        .method = attempt->request.method ? attempt->request.method : "",
        .url = public_url(attempt),
        .retry_after_ms = -1,
    };
    finish(attempt, &outcome);
}

static void answered(void *context, const struct http_exchange *exchange)
{
    struct attempt *attempt = context;
    const struct route *route = attempt->delivery->route;
    struct outcome outcome = {
        .method = attempt->request.method,
        .url = public_url(attempt),
    };
    struct error text;
    outcome_classify(exchange, &route->sub->delivery.success, clock_unix_ms(), &text, &outcome);
    if (outcome.response.size > 0) {
        mask_text(route->mask, outcome.response, attempt->response);
        outcome.response.data = attempt->response;
    }
    finish(attempt, &outcome);
}

/* What waited for another attempt has only its record. */
static bool decode(const struct attempt *attempt, struct error *err)
{
    struct shared_event *shared = attempt->delivery->shared;
    if (shared->decoded)
        return true;
    enum decoder_result result =
        decoder_decode(attempt->tools.decoder, shared->record, shared->format, &shared->event, err);
    shared->decoded = result == DECODER_EVENT;
    if (result == DECODER_WAITS)
        return error_set(err, ERROR_BUSY, "its schema is being fetched");
    return shared->decoded;
}

static bool may_go(const struct attempt *attempt, struct error *err)
{
    const struct attempt_tools *tools = &attempt->tools;
    return attempt->delivery->attempts == 0 ||
           tools->may_repeat(tools->context, attempt->delivery, err);
}

void attempt_start(struct attempt *attempt, struct delivery *delivery)
{
    const struct route *route = delivery->route;
    struct error err = {0};
    attempt->delivery = delivery;
    delivery->attempt = attempt;
    attempt->started_unix_ms = clock_unix_ms();
    struct http_request http;
    request_clear(&attempt->request);
    attempt->bytes = 0;
    if (!decode(attempt, &err) ||
        !plan_render(route->plan, &delivery->shared->event, attempt->tools.jq, &attempt->request,
                     &err) ||
        !may_go(attempt, &err) ||
        !authorise(route, &attempt->request, attempt->started_unix_ms, &attempt->authorised, &http,
                   &err)) {
        fail(attempt, &err);
        return;
    }
    attempt->call = http_send(attempt->tools.http, &http, answered, attempt, &err);
    if (!attempt->call) {
        fail(attempt, &err);
        return;
    }
    attempt->bytes = request_bytes(&attempt->request);
    if (delivery->attempts++ == 0)
        delivery->first_attempt_unix_ms = attempt->started_unix_ms;
}

size_t attempt_bytes(const struct attempt *attempt)
{
    return attempt->bytes;
}
