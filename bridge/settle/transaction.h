/* Writes and offsets in Kafka's transactions: what is read by read_committed has each record's
 * results, dead letters and retries exactly once, whatever is killed.
 *
 * The happy path: what is written of a record is kept until all its claims are there, then produced
 * with that of others; a few times a second all reports are waited for, the source is asked for the
 * offsets behind these records (consume/settlement.h), and both are committed.
 * What can fail: a write, the offsets, the commit. The transaction is aborted, and all that was in
 * it is written again in the next one, but for records whose partitions have been lost. A producer
 * that is fenced off is made anew.
 *
 * A part of the recorder; its thread's. */
#ifndef SETTLE_TRANSACTION_H
#define SETTLE_TRANSACTION_H

#include <librdkafka/rdkafka.h>

#include <stdbool.h>

#include "base/error.h"
#include "config/subscription.h"

struct recorder;
struct transaction;
struct write;

/* Never NULL. */
struct transaction *transaction_create(struct recorder *recorder);
rd_kafka_conf_t *transaction_conf(const struct transaction *transaction,
                                  const struct named_texts *kafka, struct error *err);

/* Makes the producer ready, once the topics are; to be called now and then until it may begin. */
void transaction_prepare(struct transaction *transaction);
bool transaction_may_begin(const struct transaction *transaction);

/* Moves the write. */
void transaction_take(struct transaction *transaction, struct write *write);

/* Goes on as far as it can. */
void transaction_run(struct transaction *transaction);
void transaction_report(struct transaction *transaction, struct write *write,
                        rd_kafka_resp_err_t code);
void transaction_settled(struct transaction *transaction);

/* From now on what Kafka refuses is given up. */
void transaction_drain(struct transaction *transaction);
bool transaction_is_done(const struct transaction *transaction);

/* At the end: what is open is aborted, and then all of it given up. NULL is fine. */
void transaction_abort(struct transaction *transaction);
void transaction_destroy(struct transaction *transaction);

#endif
