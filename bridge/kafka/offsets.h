/* Times to offsets, for many partitions at once. */
#ifndef KAFKA_OFFSETS_H
#define KAFKA_OFFSETS_H

#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "base/error.h"

/* Replaces each offset in the list by that of the first record that is not older than `unix_ms`, by
 * the end where all are; RD_KAFKA_OFFSET_BEGINNING and _END as times give the two ends. False and
 * ERROR_KAFKA: Kafka could not be asked. Blocks `timeout_ms` a step at most. */
bool offsets_at(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t unix_ms,
                int timeout_ms, struct error *err);

#endif
