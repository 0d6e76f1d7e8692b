/* The source: the thread that hosts all lanes. It takes records out of Kafka, hands them to the
 * workers, gets them back when their fates are stored, and commits. */
#ifndef CONSUME_SOURCE_H
#define CONSUME_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "consume/lane.h"

struct source;

/* Called on the source's thread. */
struct source_hooks {
    void *context;
    /* Moves the list of records to that worker. */
    void (*deliver)(void *context, unsigned worker, struct list *records);
    /* A partition is being taken away: no worker begins anything more of what came by it; `home` is
     * borrowed for the call. `lost`: it is somebody else's already. */
    void (*give_up)(void *context, const struct record_home *home, bool lost);
    /* After source_drain: no record is in memory any more. */
    void (*drained)(void *context);
};

struct source_options {
    size_t memory_bytes; /* limits.memory: a part is for records, a part for librdkafka's queues */
    unsigned workers;
    struct metrics *metrics;
    struct source_hooks hooks;
};

struct source *source_create(const struct source_options *options, struct error *err);

/* librdkafka's own queue of each of so many lanes: a quarter of limits.memory for all. */
size_t source_queue_bytes(size_t memory_bytes, size_t lanes);

/* Before source_start. */
bool source_add_lane(struct source *source, const struct lane_options *lane, struct error *err);
bool source_start(struct source *source, struct error *err);

/* These post to the source. Thread: any.
 * source_give_back moves records whose last claim was released.
 * source_hold(true): results or dead letters can't be stored, take nothing more; the source starts
 * out held, until it is told that they can. */
void source_give_back(struct source *source, struct list *records);
void source_hold(struct source *source, bool held);
void source_drain(struct source *source);

/* Commits what is finished, leaves the groups, waits for that a few seconds, ends the thread. */
void source_stop(struct source *source);

/* After source_stop; records that are still out must have been given back. */
void source_destroy(struct source *source);

#endif
