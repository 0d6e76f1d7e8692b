/* A topic that grapnel writes to: there already, or created. */
#ifndef KAFKA_TOPICS_H
#define KAFKA_TOPICS_H

#include <librdkafka/rdkafka.h>

#include "base/error.h"

struct topic_wanted {
    const char *name;
    int partitions;         /* -1: the broker's default */
    int replication;        /* -1: the broker's default */
    long max_message_bytes; /* 0: the broker's default */
    bool compacted;         /* the last record of each key is kept */
};

/* Makes sure that it exists, creating it if missing and `create`. False while Kafka can't be
 * reached, refuses, or it is missing and may not be created; call again later then.
 * Blocks for `timeout_ms` a step at most. Thread: any. */
bool topic_ensure(rd_kafka_t *rk, const struct topic_wanted *wanted, bool create, int timeout_ms,
                  struct error *err);

#endif
