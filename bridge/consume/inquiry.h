/* An inquiry: what a lane asks Kafka. An asker asks it; the lane is told when the answer is there,
 * and is not destroyed before. Owner: the source thread, but for the asker meanwhile. */
#ifndef CONSUME_INQUIRY_H
#define CONSUME_INQUIRY_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "config/subscription.h"
#include "kafka/askers.h"

struct lane;
struct inquiry;

/* Gets the answer, which it borrows; what it needs of that it may take out (and set to NULL). */
typedef void inquiry_told(struct lane *lane, struct inquiry *inquiry);

struct inquiry {
    struct question question;
    struct lane *lane;
    inquiry_told *told;
    uint32_t turn;                         /* of the lane, when it was asked */
    rd_kafka_topic_partition_list_t *list; /* partitions, and then the answer */
    rd_kafka_topic_partition_list_t *low;  /* of inquire_ends */
    rd_kafka_t *member;                    /* the lane's own client */
    struct texts topics;                   /* a copy: a roster goes with a reload */
    bool where;
    struct subscription_start start;
    struct error err; /* of kind 0: it is answered */
};

static inline struct inquiry *inquiry_of(struct question *question)
{
    return CONTAINER_OF(question, struct inquiry, question);
}

/* These ask, and return at once. False: no memory, nobody is told. Each answer is in `list`.
 *
 * inquire_ends: where these partitions end, and in `low` where they begin; an element's `err` is
 * set where that is not known. inquire_topics: all partitions of the lane's topics there are;
 * `where`: with the offsets that its `start` names. inquire_committed: what is committed of these,
 * with its metadata. Each element says in `err` what came of it. inquire_beginning: commits these
 * offsets, unless something is committed in any of them; an element's `err` may say why not. */
bool inquire_ends(struct lane *lane, rd_kafka_topic_partition_list_t *list, inquiry_told *told);
bool inquire_topics(struct lane *lane, bool where, uint32_t turn, inquiry_told *told);
bool inquire_committed(struct lane *lane, const rd_kafka_topic_partition_list_t *list,
                       uint32_t turn, inquiry_told *told);
bool inquire_beginning(struct lane *lane, const rd_kafka_topic_partition_list_t *list,
                       uint32_t turn, inquiry_told *told);

void inquiry_destroy(struct inquiry *inquiry);

#endif
