/* Transactions, which the simulated cluster does not have: its scenarios leave `transactional` out,
 * and who calls these all the same ends the simulation. The real cluster's are tried in
 * tests/integration/transactional_test.py. */
#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <stdlib.h>

static void missing(const char *what)
{
    fprintf(stderr, "the simulated Kafka has no %s\n", what);
    exit(3);
}

#define MISSING(type, name, ...)                                                                   \
    type name(__VA_ARGS__)                                                                         \
    {                                                                                              \
        missing(#name);                                                                            \
        return (type)0;                                                                            \
    }

#pragma GCC diagnostic ignored "-Wunused-parameter"

MISSING(rd_kafka_error_t *, rd_kafka_init_transactions, rd_kafka_t *rk, int timeout_ms)
MISSING(rd_kafka_error_t *, rd_kafka_begin_transaction, rd_kafka_t *rk)
MISSING(rd_kafka_error_t *, rd_kafka_commit_transaction, rd_kafka_t *rk, int timeout_ms)
MISSING(rd_kafka_error_t *, rd_kafka_abort_transaction, rd_kafka_t *rk, int timeout_ms)
MISSING(rd_kafka_error_t *, rd_kafka_send_offsets_to_transaction, rd_kafka_t *rk,
        const rd_kafka_topic_partition_list_t *offsets,
        const rd_kafka_consumer_group_metadata_t *member, int timeout_ms)
MISSING(rd_kafka_consumer_group_metadata_t *, rd_kafka_consumer_group_metadata, rd_kafka_t *rk)
MISSING(int, rd_kafka_error_is_fatal, const rd_kafka_error_t *error)
MISSING(int, rd_kafka_error_is_retriable, const rd_kafka_error_t *error)
MISSING(rd_kafka_resp_err_t, rd_kafka_flush, rd_kafka_t *rk, int timeout_ms)

void rd_kafka_consumer_group_metadata_destroy(rd_kafka_consumer_group_metadata_t *member)
{
    if (member)
        missing("rd_kafka_consumer_group_metadata_destroy");
}
