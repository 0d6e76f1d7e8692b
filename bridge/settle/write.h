/* A write: one record on its way to Kafka, and the claim it has on the record it came of.
 * Its way: made by a worker, posted to the recorder, freed when Kafka has stored it. */
#ifndef SETTLE_WRITE_H
#define SETTLE_WRITE_H

#include <librdkafka/rdkafka.h>

#include "base/buffer.h"
#include "consume/record.h"
#include "loop/mailbox.h"

/* What is written; WRITE_RETRY + n goes to the n-th retry topic. */
enum write_topic { WRITE_RESULT, WRITE_DEAD_LETTER, WRITE_STATE, WRITE_RETRY };

struct write {
    struct message message;
    size_t topic;          /* enum write_topic, or beyond */
    struct record *record; /* NULL: it comes of none */
    unsigned claims;       /* that it holds on the record */
    struct slice key;      /* borrows the record or `made_key`; data NULL: a null key */
    struct slice value;    /* borrows the record or `made`; data NULL: a null value */
    struct buffer made;
    struct buffer made_key;
    rd_kafka_headers_t *headers; /* owned; NULL: none */
    int64_t retry_at_ms;         /* monotonic; the recorder's, while Kafka refuses it */
};

/* Nothing: it only carries claims to whoever stores the record's other writes. */
#define WRITE_NONE SIZE_MAX

/* Takes over one claim on `record`, which the caller gives, if there is one. NULL: no memory. */
struct write *write_create(size_t topic, struct record *record);

/* Leaves the claim alone: who destroys a write releases it. NULL is fine. */
void write_destroy(struct write *write);

#endif
