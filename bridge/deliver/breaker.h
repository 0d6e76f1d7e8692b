/* A breaker: delivery.breaker. After `failures` in a row nothing is sent for `pause`, then one
 * request, the probe, decides whether to go on or to pause again.
 *
 * Every request needs a pass, and its end is told with that pass, also when it was cancelled. The
 * pass says in which stretch of the breaker's life the request left: what was sent before it
 * opened and ends later is too old to decide anything, only its Retry-After still counts.
 *
 * Each worker has a breaker of its own for an endpoint, and tells the others by a message when that
 * changes: breaker_news after each call that may change it, breaker_hear with what came. The one
 * that opened probes first; the others let it go ahead, each a little longer, and probe only when
 * it has nothing to send. So there is one probe an endpoint, not one a worker.
 *
 * Pure: no clock. Owner: the worker. */
#ifndef DELIVER_BREAKER_H
#define DELIVER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "deliver/outcome.h"

/* In the order of the metric's values. */
enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

/* Never, as a time: not before the probe has ended. */
#define BREAKER_NEVER INT64_MAX

struct breaker_policy {
    unsigned failures;  /* in a row, at this worker; 0: never opens by itself */
    int64_t pause_ms;   /* more if the receiver asks for more by Retry-After */
    int64_t timeout_ms; /* delivery.timeout: a probe has ended after that */
    unsigned rank;      /* this worker's index */
};

/* What an attempt's end says of the endpoint. */
enum breaker_sign {
    BREAKER_WELL,   /* it answered, and an event it did not like is no fault of its own */
    BREAKER_UNWELL, /* no answer, or that of a receiver in trouble */
    BREAKER_SILENT, /* no request left, or was cancelled: nothing */
};

struct breaker {
    struct breaker_policy policy;
    enum breaker_state state;
    uint32_t turn;     /* the pass of this stretch: another with each change of state */
    unsigned failures; /* in a row */
    int64_t until_ms;  /* OPEN: no probe before */
    int64_t others_ms; /* OPEN: another worker probes, until then at most */
    int64_t
        not_before_ms; /* the latest time that a Retry-After asked for in this row of failures */
    bool untold;       /* the others have not been told of the state */
};

/* What one worker tells the others. */
struct breaker_news {
    enum breaker_state state;
    int64_t until_ms; /* OPEN: of the pause; PROBING: when the probe has ended at the latest */
};

void breaker_init(struct breaker *breaker, struct breaker_policy policy);

/* From now on that policy. `fresh`: it is another receiver, of which nothing is known. */
void breaker_change(struct breaker *breaker, struct breaker_policy policy, bool fresh);

/* "closed", "open", "probing" */
const char *breaker_state_name(enum breaker_state state);

/* UNWELL are timeout, connect, dns, tls, protocol and the statuses 408, 429 and 5xx, unless
 * delivery.success names them. All other answers are WELL, 4xx too: the receiver is there and took
 * the time to say no, and a run of bad events must not stop the good ones. Kinds that no request
 * left for are SILENT, `auth` too: they tell of others than the endpoint. */
enum breaker_sign breaker_sign(const struct outcome *outcome);

/* A pass for a request that leaves now; 0: none may. The first after the pause is the probe's. */
uint32_t breaker_pass(struct breaker *breaker, int64_t now_ms) MUST_CHECK;

/* When breaker_pass can next give one: `now_ms` if now, BREAKER_NEVER while probing. */
int64_t breaker_next_ms(const struct breaker *breaker, int64_t now_ms);

/* The same, but for a probe that is under way the time when it has ended at the latest. */
int64_t breaker_expected_ms(const struct breaker *breaker, int64_t now_ms);

/* The request with that pass has ended. `retry_after_ms`: as in the outcome, -1 for none. A probe
 * that ends SILENT is as if it had not been: the next may go at once. */
void breaker_end(struct breaker *breaker, uint32_t pass, enum breaker_sign sign,
                 int64_t retry_after_ms, int64_t now_ms);

/* True once after each change of state that came about here, not by breaker_hear: tell the others.
 */
bool breaker_news(struct breaker *breaker, struct breaker_news *news) MUST_CHECK;

/* What another worker's breaker told. News that a later one has overtaken, or that get lost, cost a
 * pause or a second probe and no more. Afterwards breaker_next_ms may be another. */
void breaker_hear(struct breaker *breaker, const struct breaker_news *news);

#endif
