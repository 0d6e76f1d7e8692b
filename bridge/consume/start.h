/* Where a consumer group begins that has never committed anything: `start` of a subscription. */
#ifndef CONSUME_START_H
#define CONSUME_START_H

#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "config/subscription.h"

/* Called before the group is joined. When it has no committed offset in any partition of these
 * topics, the offsets that `start` names are committed for all of them at once. From then on a
 * partition without a committed offset is one that appeared later, and is read from its beginning:
 * that is what auto.offset.reset=earliest does, whoever is assigned it.
 *
 * False: Kafka could not be asked, try again later. Blocks `timeout_ms` a step at most.
 * Thread: the source. */
bool start_prepare(rd_kafka_t *rk, const struct texts *topics,
                   const struct subscription_start *start, int timeout_ms, struct error *err);

#endif
