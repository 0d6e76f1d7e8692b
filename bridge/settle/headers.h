/* A record's headers as librdkafka's list, to be written with more behind them. */
#ifndef SETTLE_HEADERS_H
#define SETTLE_HEADERS_H

#include <librdkafka/rdkafka.h>

#include "consume/record.h"

/* In the order published, null values included, with room for `more`. The caller owns the list;
 * NULL: no memory. */
rd_kafka_headers_t *headers_of_record(const struct record *record, size_t more);

#endif
