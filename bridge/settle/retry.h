/* Retry topics: one for each delay in use. In a topic with one constant delay what comes first is
 * due first, so that one reader that waits for the head is enough. */
#ifndef SETTLE_RETRY_H
#define SETTLE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/buffer.h"
#include "config/settings.h"
#include "consume/envelope.h"
#include "consume/record.h"
#include "loop/flag.h"

struct retry_topic {
    char *name; /* PREFIX.DELAY: grapnel.retry.5m */
    int64_t delay_ms;
    struct flag there; /* to be written to; false until the recorder has found or made it */
};

/* Immutable once created, but for `there`; shared by all threads. */
struct retry_topics {
    struct retry_topic *items; /* in no order; none where there is no subscription */
    size_t count;
};

/* One for each delay in the subscriptions' schedules, and, where none of those is, a short one, for
 * what is replayed and what must let others go first, and, if it may be created, one of half a
 * minute, so that what waits for a receiver that is gone for minutes is not written again every few
 * seconds. First all that there were `before` (NULL: none), in their places; then those that come
 * to them are not there yet, else all are taken to be. NULL: no memory. */
struct retry_topics *retry_topics_create(const struct settings *settings,
                                         const struct retry_topics *before);
void retry_topics_destroy(struct retry_topics *topics);

/* All topics of that prefix, those of delays that no schedule names any more included, as a regular
 * expression for a consumer. The caller frees it; NULL: no memory. */
char *retry_topics_pattern(const char *prefix);
void retry_topics_add_pattern(struct buffer *out, const char *prefix);

/* One topic's name as a regular expression that matches nothing else. */
void retry_topics_add_quoted(struct buffer *out, const char *name);

/* The place in `topics`, of which one is there, for a wait: the longest delay that is not longer,
 * else the shortest, of those there. */
size_t retry_topic_for(const struct retry_topics *topics, int64_t wait_ms);

/* For a wait that need not be exact: the delay of one topic, so that it is written only once: the
 * shortest that is not shorter, unless that is more than twice as long, else as retry_topic_for. */
int64_t retry_about_ms(const struct retry_topics *topics, int64_t wait_ms);

/* Until when a record that is written there at `now_unix_ms` stays: its reader waits for the head,
 * so one that is due much later than the others there must not be in their way. */
int64_t retry_leg(const struct retry_topic *topic, int64_t now_unix_ms, int64_t due_unix_ms);

/* The record's own headers and the envelope. The caller owns the list; NULL: no memory. */
rd_kafka_headers_t *retry_headers(const struct record *record, const struct envelope *envelope);

#endif
