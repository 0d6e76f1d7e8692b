/* One attempt: render, authorise, send, classify. An attempt object is a place in flight; it keeps
 * its buffers from one delivery to the next. Owner: the worker. */
#ifndef DELIVER_ATTEMPT_H
#define DELIVER_ATTEMPT_H

#include "base/list.h"
#include "decode/decoder.h"
#include "deliver/delivery.h"
#include "deliver/outcome.h"
#include "net/http.h"

struct attempt;
struct gzip;
struct jq;

/* Called once for each attempt_start, in it when no request could be sent, else in a later turn.
 * The outcome is borrowed; the attempt is free again when this returns. */
typedef void attempt_done(void *context, struct attempt *attempt, struct delivery *delivery,
                          const struct outcome *outcome);

/* Asked of what has been tried, before it is tried again. False: it is not, and `err` is what the
 * attempt comes to. */
typedef bool attempt_may_repeat(void *context, const struct delivery *delivery, struct error *err);

/* What is the worker's own, and outlives its attempts. */
struct attempt_tools {
    struct http *http;
    struct decoder *decoder;
    struct jq *jq;
    struct gzip *gzip; /* NULL: none */
    attempt_may_repeat *may_repeat;
    void *context; /* of it */
};

/* NULL: no memory. */
struct attempt *attempt_create(const struct attempt_tools *tools, attempt_done *done,
                               void *context);

/* Cancels what is under way. */
void attempt_destroy(struct attempt *attempt);

/* Takes the request back, without `done`, as if it had not been sent; the attempt is free again. */
void attempt_cancel(struct attempt *attempt);

/* Begins; counts delivery->attempts when a request leaves. An outcome of ERROR_BUSY is no attempt:
 * the event's schema has to be fetched. */
void attempt_start(struct attempt *attempt, struct delivery *delivery);

/* What was made for the request that it has sent last; 0 where none could be sent. */
size_t attempt_bytes(const struct attempt *attempt);

#endif
