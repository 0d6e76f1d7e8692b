/* The source: the thread that hosts all lanes. It takes records out of Kafka, hands them to the
 * workers, gets them back when their fates are stored, and commits. */
#ifndef CONSUME_SOURCE_H
#define CONSUME_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "consume/lane.h"
#include "consume/settlement.h"

struct source;

/* Called on the source's thread. */
struct source_hooks {
    void *context;
    /* Moves the list of records to that worker. */
    void (*deliver)(void *context, unsigned worker, struct list *records);
    /* A partition is being taken away: no worker begins anything more of what came by it, and,
     * `sent`, what is in flight is cancelled. `home` is borrowed for the call. */
    void (*give_up)(void *context, const struct record_home *home, bool sent);
    /* Partitions have come of a lane whose keys may be parked: source_synced is awaited. */
    void (*sync)(void *context, unsigned lane, uint32_t turn);
    /* `here` of the `whole` partitions of a lane with `limited` are this instance's. */
    void (*share)(void *context, const struct roster_lane *lane, unsigned here, unsigned whole);
    /* Gives a settlement back: answered, or ended. */
    void (*settled)(void *context, struct settlement *settlement);
    /* That roster is not used any more. */
    void (*done_with)(void *context, const struct roster *roster);
    /* After source_drain: no record is in memory any more. */
    void (*drained)(void *context);
};

struct source_options {
    size_t memory_bytes; /* limits.memory: a part is for records, a part for librdkafka's queues */
    unsigned workers;
    bool transactional;              /* what is finished is committed by source_settle alone */
    int64_t grace_ms;                /* how long a lane that ends waits for what is in flight */
    const struct named_texts *kafka; /* properties; these outlive the source */
    struct metrics *metrics;
    const struct roster *roster; /* the first */
    struct source_hooks hooks;
};

/* Makes the roster's lanes. NULL: one can't be made. */
struct source *source_create(const struct source_options *options, struct error *err);

/* librdkafka's own queue of each of so many lanes: a quarter of limits.memory for all. */
size_t source_queue_bytes(size_t memory_bytes, size_t lanes);

bool source_start(struct source *source, struct error *err);

/* These post to the source. Thread: any.
 * source_give_back moves records whose last claim was released.
 * source_hold(true): results or dead letters can't be stored, take nothing more; the source starts
 * out held, until it is told that they can.
 * source_suspend: that lane's only subscription is disabled, or is not any more.
 * source_synced: answers the hook `sync`, when the workers know which keys are parked.
 * source_change: from now on the lanes are those of that roster, which the source uses until it is
 * done with it. Lanes that are in both go on undisturbed.
 * source_settle: asks for what a transaction needs, or, `ended`, says what came of it. */
void source_give_back(struct source *source, struct list *records);
void source_hold(struct source *source, bool held);
void source_suspend(struct source *source, unsigned lane, bool suspended);
void source_synced(struct source *source, unsigned lane, uint32_t turn);
void source_change(struct source *source, const struct roster *roster);
void source_settle(struct source *source, struct settlement *settlement);
void source_drain(struct source *source);

/* Commits what is finished, leaves the groups, waits for that a few seconds, ends the thread. */
void source_stop(struct source *source);

/* After source_stop; records that are still out must have been given back. */
void source_destroy(struct source *source);

#endif
