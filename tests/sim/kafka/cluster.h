/* The cluster's topics: each partition is a log of records, in the simulation's own memory, which
 * nothing takes away but the topic's deletion. */
#ifndef SIM_KAFKA_CLUSTER_H
#define SIM_KAFKA_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/list.h"
#include "base/slice.h"

struct process;

struct kafka_header {
    struct slice name;
    struct slice value; /* data NULL: null */
};

/* Bytes to be stored, borrowed; or those that are. */
struct kafka_message {
    struct slice key; /* data NULL: null */
    struct slice value;
    const struct kafka_header *headers;
    size_t header_count;
    int64_t timestamp_ms;
};

struct kafka_record {
    struct kafka_message message;
    int64_t offset;
    int64_t number; /* of what the simulation published; -1: somebody else wrote it */
};

/* Who wants to know of what comes: a consumer's partition. */
struct kafka_watcher {
    struct list link;
    void (*grown)(struct kafka_watcher *watcher);
};

struct kafka_topic;

/* Exactly once: the highest batch of each producer that is stored. */
struct kafka_producer_state {
    uint64_t producer;
    uint64_t sequence;
};

struct kafka_log {
    unsigned id; /* counts up over all topics */
    struct kafka_topic *topic;
    int32_t number;
    struct kafka_record **records;
    size_t count;
    size_t capacity;
    struct list watchers;
    struct kafka_producer_state *producers;
    size_t producer_count;
};

struct kafka_topic {
    struct list link;
    char *name;
    struct kafka_log *logs;
    int log_count;
    size_t max_message_bytes;
    bool gone;                   /* deleted; its memory stays */
    rd_kafka_resp_err_t refuses; /* what a producer is told while refuses_until_us */
    int64_t refuses_until_us;
};

/* Those of that name that exist; NULL: none. */
struct kafka_topic *cluster_topic(const char *name);
struct kafka_log *cluster_log(const char *topic, int32_t partition);
struct kafka_topic *cluster_create(const char *name, int partitions);
void cluster_delete(struct kafka_topic *topic);

/* The first of all, and the one after; NULL at the end. Those that are gone are left out. */
struct kafka_topic *cluster_next(const struct kafka_topic *after);

/* How many partitions a topic gets that is created without a number. */
void cluster_set_partitions(int partitions);

/* A copy at the end of the log; offset is where. `number` is the published one's, or -1. */
int64_t cluster_append(struct kafka_log *log, const struct kafka_message *message, int64_t number,
                       const struct process *by);

/* A copy of a message, in no log. */
struct kafka_record *cluster_copy(const struct kafka_message *message);

/* Is a batch of that producer to be stored, or was it, and only the answer lost? Notes it. */
bool cluster_is_new(struct kafka_log *log, uint64_t producer, uint64_t sequence);

/* What a producer that sends so much at once is told. */
rd_kafka_resp_err_t cluster_check(const struct kafka_log *log, size_t batch_bytes);

/* The first record not older than that; the log's end if all are. */
int64_t cluster_offset_at(const struct kafka_log *log, int64_t timestamp_ms);

/* A header's value; data NULL: it has none of that name, or a null. */
struct slice kafka_header(const struct kafka_message *message, const char *name);

/* What the broker takes a message for. */
size_t kafka_message_bytes(const struct kafka_message *message);

#endif
