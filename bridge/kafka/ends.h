/* Where partitions begin and end. Kafka is asked by a thread and a client of its own: on a
 * connection that fetches, a question waits behind the fetch, and librdkafka blocks until the
 * answer comes; whoever has other business must not wait for it. */
#ifndef KAFKA_ENDS_H
#define KAFKA_ENDS_H

#include <stdbool.h>
#include <librdkafka/rdkafka.h>

#include "base/error.h"
#include "config/subscription.h"
#include "loop/mailbox.h"

struct ends;

/* Partitions; then, `answered`, what Kafka said of each: the offset of its first record, and the
 * one after its last. Where its `err` is set, nothing is known of that one. */
struct ends_question {
    struct message message;
    rd_kafka_topic_partition_list_t *low;
    rd_kafka_topic_partition_list_t *end;
    bool answered;
    char asker[]; /* whatever tells whose question it is */
};

/* Without partitions. NULL: no memory. */
struct ends_question *ends_question_create(const char *asker);
void ends_question_add(struct ends_question *question, const char *topic, int32_t partition);
void ends_question_destroy(struct ends_question *question);

struct ends_hooks {
    void *context;
    /* Takes the question back. Thread: that of `ends`. */
    void (*answer)(void *context, struct ends_question *question);
};

/* `properties` outlive it. NULL: librdkafka refuses one, or no memory. */
struct ends *ends_create(const struct named_texts *properties, const struct ends_hooks *hooks,
                         struct error *err);
bool ends_start(struct ends *ends, struct error *err);

/* Moves the question, which `answer` gives back unless it ends before. Thread: any. */
void ends_ask(struct ends *ends, struct ends_question *question);

/* Waits for a question that is being asked. */
void ends_stop(struct ends *ends);
void ends_destroy(struct ends *ends);

#endif
