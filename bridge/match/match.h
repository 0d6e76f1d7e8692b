/* Does a subscription want this event? Compiled once, immutable, shared by all threads. */
#ifndef MATCH_MATCH_H
#define MATCH_MATCH_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/problems.h"
#include "config/subscription.h"
#include "decode/event.h"

struct matcher;

/* NULL for an expression that is none (config/ has reported it), or without memory (reported here).
 * Borrows the subscription. */
struct matcher *matcher_create(const struct subscription *sub, struct problems *problems);
void matcher_destroy(struct matcher *matcher);

/* Is the topic one of `topics`? (What Kafka hands out is; `grapnel render` has to ask.) */
bool matcher_wants_topic(const struct matcher *matcher, const char *topic);

/* Is the event's type one of `events`, and no tombstone to be skipped? `why_not` (may be NULL) gets
 * the line of the subscription that said no, with its place. Thread: any. */
bool matcher_wants(const struct matcher *matcher, const struct event *ev, struct buffer *why_not);

#endif
