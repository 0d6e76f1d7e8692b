/* A dead letter: the record byte for byte, plus headers that say what became of it. */
#ifndef SETTLE_DEAD_LETTER_H
#define SETTLE_DEAD_LETTER_H

#include "settle/verdict.h"
#include "settle/write.h"

/* The source record's own headers, then the grapnel- ones of the contract: grapnel-id,
 * -subscription, -reason, -error, -status (none without an answer), -attempts, -source-topic,
 * -source-partition, -source-offset, -source-timestamp, -failed-at. The caller owns the list;
 * NULL: no memory. */
rd_kafka_headers_t *dead_letter_headers(const struct verdict *verdict);

#endif
