/* A settlement: what one Kafka transaction of the recorder needs of the source. With it the results
 * of records and the offsets behind these records are stored together, or not at all.
 *
 * Its way: the recorder fills in the records whose fates the transaction holds and posts it
 * (source_settle); the source says which of them are not its own any more, expects the others to
 * finish, adds the offsets of all its groups, and gives it back by the hook `settled`; when the
 * transaction has ended the recorder says how (source_conclude), and gets it back once more. Owner:
 * whoever has it. */
#ifndef CONSUME_SETTLEMENT_H
#define CONSUME_SETTLEMENT_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>
#include <stddef.h>

#include "consume/record.h"

struct settled_record {
    struct record *record;
    bool lost; /* the source's answer: its partition has been taken away, and is read by another */
};

/* The offsets of one consumer group, with what has finished above them as metadata. */
struct settlement_group {
    struct lane *lane; /* opaque to all but consume/ */
    rd_kafka_consumer_group_metadata_t *member;
    rd_kafka_topic_partition_list_t *offsets;
};

struct settlement {
    struct message message;
    struct settled_record *records; /* the recorder's */
    size_t record_count;
    struct settlement_group *groups; /* the source's answer */
    size_t group_count;
    bool fine;  /* the recorder's: the transaction was committed */
    bool ended; /* the source knows how */
};

/* Frees the answer. */
void settlement_clear(struct settlement *settlement);

#endif
