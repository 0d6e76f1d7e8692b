/* The recorder: the thread that stores results, dead letters and retries in Kafka, acks=all.
 *
 * The happy path: writes are posted, produced in batches by librdkafka, and when a broker has
 * stored one its claim is released; a record with no claim left goes home.
 * What can fail: Kafka is away or says no. The write is kept and tried again for ever, and the
 * hook `storing` says that nothing more should be taken meanwhile. */
#ifndef SETTLE_RECORDER_H
#define SETTLE_RECORDER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/list.h"
#include "base/metrics.h"
#include "config/settings.h"
#include "consume/settlement.h"
#include "settle/retry.h"

struct recorder;

/* Called on the recorder's thread. */
struct recorder_hooks {
    void *context;
    /* Moves records that have all their fates stored. */
    void (*home)(void *context, struct list *records);
    /* Whether what comes can be stored now. First called when the topics are there. */
    void (*storing)(void *context, bool can);
    /* What a transaction needs of the source: asks for it, or tells how the transaction ended. */
    void (*settle)(void *context, struct settlement *settlement);
    /* It has been told of others, and does not look at these any more. */
    void (*done_with)(void *context, const struct retry_topics *retries);
};

/* The topics written to: those of the settings, and the retry topics. All outlive the recorder. */
struct recorder *recorder_create(const struct settings *settings,
                                 const struct retry_topics *retries, struct metrics *metrics,
                                 const struct recorder_hooks *hooks, struct error *err);
bool recorder_start(struct recorder *recorder, struct error *err);

/* Moves writes (linked by their message). Thread: any. Bounded by the records they belong to. */
void recorder_post(struct recorder *recorder, struct list *writes);

/* Gives back what the hook `settle` was called with. Thread: any. */
void recorder_settled(struct recorder *recorder, struct settlement *settlement);

/* From now on these are the retry topics: those there were in their places, and more behind them.
 * Nothing is held up for one that can't be made: that is tried again now and then. Thread: any. */
void recorder_change(struct recorder *recorder, const struct retry_topics *retries);

/* What Kafka refuses is given up, now and from now on: it will be read again. Thread: any. */
void recorder_drain(struct recorder *recorder);

/* Stores what was posted before, for `timeout_ms` at most, and ends the thread. Thread: main. */
void recorder_stop(struct recorder *recorder, int64_t timeout_ms);

/* After recorder_stop. What could not be stored is given up; its records go home abandoned. */
void recorder_destroy(struct recorder *recorder);

#endif
