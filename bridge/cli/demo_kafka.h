/* The demo's Kafka: librdkafka's mock cluster, a real listener inside this process, with what the
 * demo publishes to it and reads back from it.
 *
 * Owner: the loop's thread. */
#ifndef CLI_DEMO_KAFKA_H
#define CLI_DEMO_KAFKA_H

#include <stdint.h>

#include "base/error.h"
#include "loop/loop.h"

#include <librdkafka/rdkafka.h>

struct demo_kafka;

/* What reading back brings: each record as it comes, on the loop's thread. Borrowed for the call.
 */
typedef void demo_kafka_handler(void *context, const rd_kafka_message_t *record);

struct demo_kafka *demo_kafka_open(struct loop *loop, demo_kafka_handler *handler, void *context,
                                   struct error *err);
void demo_kafka_close(struct demo_kafka *kafka);

/* HOST:PORT */
const char *demo_kafka_address(const struct demo_kafka *kafka);

/* One partition. The mock cluster has no CreateTopics, so what grapnel would make is made here. */
bool demo_kafka_create_topic(struct demo_kafka *kafka, const char *topic, struct error *err);

/* Waits until it is written. `offset` is where. */
bool demo_kafka_publish(struct demo_kafka *kafka, const char *topic, const char *key,
                        const char *value, int64_t *offset, struct error *err);

/* From now on what is in partition 0 of `topic`, from `offset` on, goes to `handler`, and nothing
 * of a topic that was followed before. */
bool demo_kafka_follow(struct demo_kafka *kafka, const char *topic, int64_t offset,
                       struct error *err);

#endif
