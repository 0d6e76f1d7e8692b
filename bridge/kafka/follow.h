/* A compacted topic, read from its beginning to its end, and then followed: without a consumer
 * group, by every instance for itself.
 *
 * The happy path: its partitions and their ends are asked for, all is read, `caught_up` is called,
 * and `record` goes on being called for what comes. What can fail: Kafka isn't there, or the topic:
 * it is asked again until it answers.
 *
 * Owner: the thread of its loop, which it may block for half a second where Kafka is slow. */
#ifndef KAFKA_FOLLOW_H
#define KAFKA_FOLLOW_H

#include "base/error.h"
#include "base/slice.h"
#include "config/subscription.h"
#include "loop/loop.h"

struct follow;

struct follow_hooks {
    void *context;
    /* A record; `value.data` NULL is a tombstone. Borrowed for the call. */
    void (*record)(void *context, struct slice key, struct slice value);
    /* All that was there has been read: at the beginning, and after each follow_catch_up. */
    void (*caught_up)(void *context);
};

/* All is borrowed for its life. NULL: a property is wrong, or no memory. */
struct follow *follow_create(struct loop *loop, const struct named_texts *properties,
                             const char *topic, const struct follow_hooks *hooks,
                             struct error *err);
void follow_destroy(struct follow *follow);

/* Has `caught_up` called, once, when all is read that is there now. */
void follow_catch_up(struct follow *follow);

#endif
