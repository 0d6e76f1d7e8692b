/* A lane: one consumer group, and the way of its records into memory and back.
 *
 * The happy path: the group is joined, partitions are assigned, lane_poll copies what librdkafka
 * has fetched into records and hands them to workers in turn; each comes home by lane_take_back
 * when its last fate is stored, its ledger says what may be committed, and lane_tick commits it.
 * What can fail: Kafka isn't there (joining is tried again), memory is full or nothing can be
 * stored (the partitions are paused), a commit (the next one covers it), a partition is taken away
 * (what is finished is committed; what comes home later changes nothing).
 *
 * Owner: the source thread. */
#ifndef CONSUME_LANE_H
#define CONSUME_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "config/subscription.h"
#include "consume/budget.h"
#include "consume/record.h"
#include "loop/loop.h"

struct lane;
struct source_hooks;

/* What the lanes of a source share. */
struct intake {
    struct loop *loop;
    struct budget budget;
    struct metrics_block *metrics;
    unsigned workers;
    struct list *outgoing; /* records gathered for each worker, handed on before the next wait */
    bool held;             /* results or dead letters can't be stored: nothing is taken */
    const struct source_hooks *hooks;
    bool more; /* a lane has more to poll: the loop must not sleep */
};

/* The subscription of that name: its index, or RECORD_NOBODYS. */
typedef unsigned lane_find(const void *context, struct slice name);

struct lane_options {
    const char *group;
    unsigned series;       /* whose metrics: an index of the metrics' subscriptions */
    unsigned subscription; /* whose records, an index; a lane of retries asks `find` instead */
    lane_find *find;       /* NULL: not a lane of retries */
    const void *context;
    const struct texts *topics; /* borrowed, like all here */
    const struct subscription_start *start;
    const unsigned *spread; /* by subscription: how many workers share its records */
    const struct named_texts *kafka;
    const char *ignored; /* topics that do not exist for it: regular expressions; for the call */
    size_t queue_bytes;  /* of librdkafka's own queue */
};

struct lane *lane_create(struct intake *intake, const struct lane_options *options,
                         struct error *err);

/* All its records must have come home or be given up. */
void lane_destroy(struct lane *lane);

/* Ten times a second: joins, serves librdkafka, pauses, resumes, commits. */
void lane_tick(struct lane *lane);

/* Takes a turn's worth of what is fetched, if anything is. */
void lane_poll(struct lane *lane);

/* A record has its fates stored (or was abandoned): tells the ledger, frees it. */
void lane_take_back(struct lane *lane, struct record *record);

/* No more records; what is in memory goes on. */
void lane_drain(struct lane *lane);
bool lane_is_empty(const struct lane *lane);

/* May what is finished be committed, and the group be left, now? Or is it not joined? */
bool lane_may_close(const struct lane *lane);

/* Commits and leaves the group; librdkafka works on it until lane_closed, while lane_tick is
 * called. */
void lane_close(struct lane *lane);
bool lane_closed(const struct lane *lane);

#endif
