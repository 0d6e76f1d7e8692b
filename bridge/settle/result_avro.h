/* Results in Avro, by schemas/delivery-result.avsc, behind the five bytes that name it: Confluent's
 * wire format (decode/framing.h).
 *
 * Owner: one thread. avro-c counts its references without a lock, so nothing of it is shared. */
#ifndef SETTLE_RESULT_AVRO_H
#define SETTLE_RESULT_AVRO_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "settle/verdict.h"

struct result_avro;

/* NULL and `err`: no memory. */
struct result_avro *result_avro_create(struct error *err);
void result_avro_destroy(struct result_avro *avro);

/* Adds the value. Bytes that are not UTF-8 become U+FFFD, as in JSON. What can't be is `out`
 * failed: no memory. */
void result_avro_write(struct result_avro *avro, uint32_t schema_id, const struct verdict *verdict,
                       struct buffer *out);

#endif
