/* A write: one record on its way to Kafka, and the claim it has on the record it came of.
 * Its way: made by a worker, posted to the recorder, freed when Kafka has stored it. */
#ifndef SETTLE_WRITE_H
#define SETTLE_WRITE_H

#include <librdkafka/rdkafka.h>

#include "base/buffer.h"
#include "consume/record.h"
#include "loop/mailbox.h"

enum write_topic { WRITE_RESULT, WRITE_DEAD_LETTER };

struct write {
    struct message message;
    enum write_topic topic;
    struct record *record; /* holds one claim */
    struct slice key;      /* borrows the record; data NULL: a null key */
    struct slice value;    /* borrows the record or `made`; data NULL: a null value */
    struct buffer made;
    rd_kafka_headers_t *headers; /* owned; NULL: none */
};

/* Takes over one claim on `record`, which the caller gives. NULL: no memory. */
struct write *write_create(enum write_topic topic, struct record *record);

/* Leaves the claim alone: who destroys a write releases it. NULL is fine. */
void write_destroy(struct write *write);

#endif
