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

#endif
