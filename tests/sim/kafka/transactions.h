/* The transaction coordinator: what each producer with a transactional.id has begun, and how it
 * ends.
 *
 * What a transaction holds is kept here, and comes into the logs when it is committed: nobody sees
 * it before, as with read_committed. So its offsets are those of the moment of the commit, and
 * what others write meanwhile is seen at once, where Kafka's readers wait for it. Offsets that an
 * open transaction holds are unstable for who asks for them. */
#ifndef SIM_KAFKA_TRANSACTIONS_H
#define SIM_KAFKA_TRANSACTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <librdkafka/rdkafka.h>

#include "sim/kafka/cluster.h"
#include "sim/kafka/group.h"

#define TRANSACTIONAL_ID_BYTES 128

/* Whom a request is from, and which of its transactions it belongs to. */
struct transaction_party {
    char id[TRANSACTIONAL_ID_BYTES]; /* "": none */
    int epoch;
    uint64_t number;    /* counted by the producer: what comes late is not taken for the next */
    int64_t timeout_us; /* transaction.timeout.ms */
    const struct process *by;
};

/* InitProducerId: what was open under that name is aborted, its producer fenced off. The epoch. */
int transactions_init(const struct transaction_party *party);

/* Opens the transaction where it is not yet. Not 0: it may not. */
rd_kafka_resp_err_t transactions_enter(const struct transaction_party *party);

/* Into the transaction that has been entered: a copy. */
void transactions_hold(const struct transaction_party *party, struct kafka_log *log,
                       const struct kafka_message *message);
void transactions_hold_offsets(const struct transaction_party *party,
                               const struct group_offsets *offsets);

/* EndTxn; a second time for the same end is fine. */
rd_kafka_resp_err_t transactions_end(const struct transaction_party *party, bool commit);

/* Does an open one hold an offset of that group's there? */
bool transactions_make_unstable(const char *group, const struct kafka_log *log);

#endif
