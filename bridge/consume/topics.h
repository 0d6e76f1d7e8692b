/* Which partitions there are. */
#ifndef CONSUME_TOPICS_H
#define CONSUME_TOPICS_H

#include <stdbool.h>
#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "config/subscription.h"

/* Adds all partitions of these topics, names or regular expressions, to the list. False: Kafka did
 * not say. Blocks `timeout_ms` at most. Thread: rk's owner. */
bool topics_partitions(rd_kafka_t *rk, const struct texts *topics, int timeout_ms,
                       rd_kafka_topic_partition_list_t *list, struct error *err);

/* Those of the list whose `err` does not say that there is no such topic or partition any more,
 * with their offsets: a new list. */
rd_kafka_topic_partition_list_t *topics_left(const rd_kafka_topic_partition_list_t *list);

#endif
